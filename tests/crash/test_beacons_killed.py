"""A kill of the web loses at most the beacons of the last moment: what waits for the next commit."""

import http.client
import json
import os
import signal
import sys
import time
import uuid
from pathlib import Path

import pytest

from leadbell.visits.writer import EVERY_S
from tests.crash.house import House
from tests.waiting import eventually

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose child a process is"),
]

HOME = "https://www.northside.example"
KEY = "0123456789abcdef0123"
#: What one commit may take on a busy machine.
COMMIT_S = 0.4


def test_only_the_last_moment_is_lost(tmp_path: Path) -> None:
    house = House(tmp_path / "house")
    dealer = house.prepare()["dealer"]
    try:
        house.start()
        with house.reading() as database:
            database.execute(
                "insert into leadbell_site (dealer_id, name, key, origins, patterns, keep_days, consent, created_at)"
                " values (%s, 'Website', %s, %s, '{}', 60, 'ask', now())",
                [dealer, KEY, [HOME]],
            )
            assert house.http
            connection = http.client.HTTPConnection(*house.http, timeout=5)
            assert eventually(lambda: known(connection), 10)
            answered: dict[str, float] = {}
            began = time.monotonic()
            while time.monotonic() - began < 1.5:
                page = uuid.uuid4().hex[:12]
                tell(connection, page)
                answered[page] = time.monotonic()
            web = house.pid("web")
            assert web
            killed_at = time.monotonic()
            os.kill(web, signal.SIGKILL)
            kept = {row[0] for row in database.execute("select page from leadbell_beacon").fetchall()}
            lost = {page: killed_at - at for page, at in answered.items() if page not in kept}
            assert kept <= answered.keys()
            assert len(kept) > 50
            assert max(lost.values(), default=0) <= EVERY_S + COMMIT_S, sorted(lost.values())[-5:]
            assert eventually(lambda: house.is_well, 30)
            assert house.http
            connection = http.client.HTTPConnection(*house.http, timeout=5)
            assert eventually(lambda: known(connection), 10)
            tell(connection, "afterwards")
            assert eventually(
                lambda: (
                    database.execute("select 1 from leadbell_beacon where page = 'afterwards'").fetchone()
                    is not None
                ),
                5,
            )
    finally:
        house.remove()


def known(connection: http.client.HTTPConnection) -> bool:
    """Whether the door knows the site already."""
    connection.request("OPTIONS", "/v", headers={"Origin": HOME})
    answer = connection.getresponse()
    answer.read()
    return answer.headers["Access-Control-Allow-Origin"] == HOME


def tell(connection: http.client.HTTPConnection, page: str) -> None:
    told = {
        "s": KEY, "v": uuid.uuid4().hex, "c": True, "t": time.time() * 1000, "k": "view", "p": page, "u": "/",
    }  # fmt: skip
    browser = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36"
    connection.request("POST", "/v", json.dumps(told), {"Origin": HOME, "User-Agent": browser})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 204
