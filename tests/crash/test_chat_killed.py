"""Web and clockwork are killed in the middle of a chat: no line that was acknowledged is lost, none is there twice."""

import http.client
import json
import os
import secrets
import signal
import sys
import uuid
from pathlib import Path

import pytest

from tests.crash.house import House
from tests.waiting import eventually

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose child a process is"),
]

HOME = "https://www.northside.example"
KEY = "0123456789abcdef0123"


def says(house: House, what: str, **about: str) -> int:
    """The status of one question, 0 where nobody answered."""
    where = house.http
    if where is None:
        return 0
    connection = http.client.HTTPConnection(*where, timeout=10)
    try:
        connection.request("POST", f"/chat/{what}", json.dumps({"site": KEY, **about}), {"Origin": HOME})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def test_acknowledged_lines_outlive_kills(tmp_path: Path) -> None:
    house = House(tmp_path / "house")
    dealer = house.prepare()["dealer"]
    try:
        house.start()
        with house.reading() as database:
            database.execute(
                "with site as (insert into leadbell_site (dealer_id, name, key, origins, patterns, keep_days, consent,"
                " price_pages, trade_in_pages, own_networks, created_at)"
                " values (%(dealer)s, 'Website', %(key)s, %(origins)s, '{}', 60, 'ask', '{}', '{}', '{}', now())"
                " returning id), source as (insert into leadbell_source (dealer_id, name, origin, key, secret,"
                " created_at) values (%(dealer)s, 'Chat', 'chat', %(key)s, '', now()) returning id)"
                " insert into leadbell_chatsite (dealer_id, site, source, is_on, greets, patience_s, changed_at)"
                " select %(dealer)s, site.id, source.id, true, false, 30, now() from site, source",
                {"dealer": dealer, "key": KEY, "origins": [HOME]},
            )
            token = secrets.token_hex(32)
            first = uuid.uuid4().hex
            assert eventually(lambda: says(house, "begin", token=token, key=first, text="0") == 200, 20)
            acknowledged = ["0"]
            for n in range(1, 8):
                key = uuid.uuid4().hex
                victim = house.pid("web" if n == 2 else "clockwork") if n in (2, 5) else None
                if victim:
                    os.kill(victim, signal.SIGKILL)

                def kept(key: str = key, n: int = n) -> bool:
                    return says(house, "say", token=token, key=key, text=str(n)) == 200

                assert eventually(kept, 40)
                acknowledged.append(str(n))
            rows = database.execute("select text from leadbell_chatline order by id").fetchall()
            assert [row[0] for row in rows] == acknowledged

            def message() -> str:
                row = database.execute("select message from leadbell_lead").fetchone()
                return str(row[0]) if row else ""

            assert eventually(lambda: message().split("\n") == acknowledged, 30), message()
            count = database.execute("select count(*) from leadbell_lead").fetchone()
            assert count == (1,)
    finally:
        house.remove()
