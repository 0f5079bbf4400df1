"""A kill costs beacons of a moment, never an alert: who was seen is told of, exactly once."""

import http.client
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.crash.house import House
from tests.crash.lost import HOME
from tests.waiting import eventually

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose child a process is"),
]

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36"
MANY = 60
#: The clockwork is killed after each of these returns, and the web once.
KILLED_AT = (5, 20, 35, 50)
WEB_KILLED_AT = 27


def test_alerts_and_leads_outlive_a_kill(tmp_path: Path) -> None:
    house = House(tmp_path / "house")
    house.prepare()
    lost = json.loads(house.run("tests.crash.lost", str(house.folder), str(MANY)).stdout.splitlines()[-1])
    try:
        house.start()
        assert eventually(lambda: knows(house), 20)
        for n, browser in enumerate(lost["browsers"]):
            assert eventually(lambda told=browser: tell(house, lost["key"], told["visitor"]), 60)  # type: ignore[misc]  # the loop's own browser
            victim = "clockwork" if n in KILLED_AT else "web" if n == WEB_KILLED_AT else None
            if victim and (pid := house.pid(victim)):
                os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: house.is_well, 60)
        with house.reading() as database:

            def seen() -> set[str]:
                rows = database.execute("select distinct visitor from leadbell_beacon").fetchall()
                return {row[0].hex for row in rows}

            def told() -> dict[int, int]:
                rows = database.execute("select lead_id, count(*) from leadbell_alert group by lead_id")
                return dict(rows.fetchall())

            lead_of = {one["visitor"]: one["lead"] for one in lost["browsers"]}
            # Nothing told after the web had started again is lost: only what it held when it was killed.
            order = [one["visitor"] for one in lost["browsers"]]
            missing = [n for n, visitor in enumerate(order) if visitor.replace("-", "") not in seen()]
            assert all(n <= WEB_KILLED_AT for n in missing)
            assert eventually(lambda: told().keys() == {lead_of[visitor] for visitor in seen()}, 60), (
                len(told()), len(seen()),
            )  # fmt: skip
            assert set(told().values()) == {1}
            facts = database.execute(
                "select lead_id, count(*) from leadbell_fact where kind = 'seen_again' group by lead_id"
            ).fetchall()
            assert dict(facts) == told()
            open_again = database.execute(
                "select count(*) from leadbell_lead where closed_at is null and id = any(%s)", [list(told())]
            ).fetchone()
            assert open_again == (len(told()),)
    finally:
        house.remove()


def knows(house: House) -> bool:
    return bool(answer_of(house, "OPTIONS").get("allows") == HOME)


def tell(house: House, key: str, visitor: str) -> bool:
    """Whether the door answered."""
    told = {
        "s": key, "v": visitor, "c": True, "t": time.time() * 1000, "k": "view", "p": visitor[:9], "u": "/cars/kona",
        "car": {"model": "Kona"},
    }  # fmt: skip
    return "status" in answer_of(house, "POST", json.dumps(told))


def answer_of(house: House, method: str, body: str | None = None) -> dict[str, Any]:
    where = house.http
    if where is None:
        return {}
    connection = http.client.HTTPConnection(*where, timeout=5)
    try:
        connection.request(method, "/v", body, {"Origin": HOME, "User-Agent": BROWSER})
        answer = connection.getresponse()
        answer.read()
        return {"status": answer.status, "allows": answer.headers["Access-Control-Allow-Origin"]}
    except (OSError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
