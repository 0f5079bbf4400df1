"""Whoever is killed, a dealer's DMS is told of every lead, signed, under one number however often."""

import base64
import json
import os
import signal
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from leadbell.dms.rules import kinds_of, signature
from tests.crash.house import House
from tests.dms.receiving import Dms, running
from tests.waiting import eventually

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose child a process is"),
]

SECRET = "whsec_" + base64.b64encode(b"n" * 32).decode()
LEADS = 24
_RECEIVER = """
with receiver as (
    insert into leadbell_dmsreceiver (dealer_id, name, kind, host, kinds, failures, created_at)
    values (%(dealer)s, 'CarDesk', 'webhook', '127.0.0.1', %(kinds)s, 0, now()) returning id
), place as (
    insert into leadbell_dmsplace (dealer_id, receiver_id, address, login, password)
    select %(dealer)s, id, %(url)s, '', '' from receiver
)
insert into leadbell_dmskey (dealer_id, receiver_id, secret, made_at)
select %(dealer)s, id, %(secret)s, now() from receiver
"""


@pytest.fixture(scope="module")
def dms() -> Iterator[Dms]:
    with running() as one:
        yield one


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("crash") / "data", LEADBELL_OUTGOING_ALLOW="127.0.0.1/32")
    yield made
    made.remove()


@pytest.fixture(scope="module")
def key(house: House, dms: Dms) -> str:
    told = house.prepare()
    house.start()
    with house.reading() as database:
        database.execute(
            _RECEIVER,
            {
                "dealer": told["dealer"], "url": dms.url, "secret": SECRET,
                "kinds": json.dumps(kinds_of(["lead.received", "lead.accepted"])),
            },
        )  # fmt: skip
    return str(told["keys"][0])


def post(house: House, key: str) -> None:
    """A lead of somebody new."""
    assert eventually(lambda: house.http, 60)
    assert house.http
    who = uuid.uuid4().hex[:12]
    body = json.dumps({"name": f"Customer {who}", "email": f"{who}@example.org"}).encode()
    url = f"http://{house.http[0]}:{house.http[1]}/in/{key}"
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    assert urllib.request.urlopen(asked, timeout=60).status == 202


def kill(house: House, name: str) -> None:
    assert eventually(lambda: house.pid(name), 60), house.said()
    pid = house.pid(name)
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: house.pid(name) not in (None, pid), 120), house.said()


def statuses(house: House) -> list[str]:
    with house.reading() as database:
        return [row[0] for row in database.execute("select status from leadbell_dmsdelivery").fetchall()]


def test_killed_between_sending_and_writing_down_it_is_sent_again_under_its_number(
    house: House, key: str, dms: Dms
) -> None:
    dms.may_answer.clear()
    dms.asked.clear()
    post(house, key)
    assert dms.asked.wait(120), house.said()
    kill(house, "messenger")
    dms.may_answer.set()
    assert eventually(lambda: len(dms.got) > 1 and "waiting" not in statuses(house), 120), house.said()
    first, again = dms.got[:2]
    assert first[0]["webhook-id"] == again[0]["webhook-id"]
    assert first[1] == again[1]


def test_no_lead_is_lost_on_its_way_to_the_dms(house: House, key: str, dms: Dms) -> None:
    for nth in range(LEADS):
        post(house, key)
        if nth % 6 == 5:
            kill(house, ("messenger", "clockwork")[nth // 6 % 2])

    def arrived() -> set[Any]:
        with house.reading() as database:
            return {row[0] for row in database.execute("select id from leadbell_lead").fetchall()}

    assert eventually(lambda: len(arrived()) == LEADS + 1, 120), house.said()
    assert eventually(lambda: {*statuses(house)} == {"taken"} and len(statuses(house)) > LEADS, 120), (
        statuses(house),
        house.said(),
    )
    told = []
    for headers, body in dms.got:
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        assert headers["webhook-signature"] == signature(SECRET, headers["webhook-id"], at, body)
        said = json.loads(body)
        if said["type"] == "lead.received":
            told.append(said["data"]["lead"]["number"])
    assert set(told) == arrived(), "each at least once"
