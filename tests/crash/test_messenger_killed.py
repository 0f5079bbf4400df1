"""Whenever the messenger is killed, a message went out once, or is shown as perhaps sent: never twice, never lost."""

import asyncio
import json
import os
import signal
import sys
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.conversation.mail import MailServer, Taken
from tests.crash.house import House
from tests.waiting import eventually

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose child a process is"),
]

WRITTEN = """
insert into leadbell_message (dealer_id, lead_id, way, carrier, key, automation, status, address, subject, text,
    calendar, files, language, message_id, "references", provider_id, created_at, send_at, tries)
values (%s, %s, 'out', 'email', %s, '', 'queued', 'okafor@example.org', %s, 'Dear Mr Okafor', '',
    '{}', 'en', %s, '', '', now(), now(), 0)
"""


class Slow(Taken):
    """A mail server that stops at one step until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.stops_at, self.reached, self.go_on = "", threading.Event(), threading.Event()

    async def _stop(self, step: str) -> None:
        if self.stops_at == step:
            self.reached.set()
            await asyncio.to_thread(self.go_on.wait, 30)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        await self._stop("recipient")
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        await self._stop("answer")
        return answer


@pytest.fixture(scope="module")
def slow() -> Iterator[tuple[Slow, Controller]]:
    taken = Slow()
    server = MailServer(taken)
    server.start()
    yield taken, server
    taken.go_on.set()
    server.stop()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("crash") / "data")
    yield made
    made.remove()


@pytest.fixture(scope="module")
def lead(house: House, slow: tuple[Slow, Controller]) -> tuple[int, int]:
    told = house.prepare()
    house.start()
    assert house.http
    url = f"http://{house.http[0]}:{house.http[1]}/in/{told['keys'][0]}"
    body = json.dumps({"name": "Mr Okafor", "email": "okafor@example.org", "phone": "+31612345678"}).encode()
    urllib.request.urlopen(
        urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=10
    )
    with house.reading() as database:
        asked = "select id from leadbell_lead where dealer_id = %s"
        assert eventually(lambda: database.execute(asked, [told["dealer"]]).fetchone(), 20)
        found = database.execute(asked, [told["dealer"]]).fetchone()
        assert found
        database.execute(
            "insert into leadbell_messagesetup (dealer_id, mail_on, sender, host, port, security, login, replies,"
            " bounces_here, imap_host, imap_port, imap_security, imap_login, imap_validity, imap_uid, test_to,"
            " test_status, sms_number, automations, changed_at) values (%s, true, 'sales@northside.example',"
            " '127.0.0.1', %s, 'none', '', 'unseen', false, '', 993, 'tls', '', 0, 0, '', '', '', '{}', now())",
            [told["dealer"], slow[1].port],
        )
    return told["dealer"], found[0]


@pytest.mark.parametrize(
    ("killed_at", "letters", "status"),
    [("before", 1, "sent"), ("recipient", 0, "unsure"), ("answer", 1, "unsure")],
    ids=["before it is claimed", "before the letter", "after the letter, before the answer"],
)
def test_a_message_is_sent_once_or_shown_as_perhaps_sent(
    house: House,
    lead: tuple[int, int],
    slow: tuple[Slow, Controller],
    killed_at: str,
    letters: int,
    status: str,
) -> None:
    taken, _ = slow
    taken.letters.clear()
    taken.reached.clear()
    taken.go_on.clear()
    taken.stops_at = killed_at
    assert eventually(lambda: house.pid("messenger"), 30)
    victim = house.pid("messenger")
    assert victim
    if killed_at == "before":
        os.kill(victim, signal.SIGSTOP)
    key = uuid.uuid4().hex[:12]
    with house.reading() as database:
        database.execute(WRITTEN, [*lead, key, "Hello", f"<{key}@northside.example>"])
        if killed_at != "before":
            assert taken.reached.wait(30), house.said()
        os.kill(victim, signal.SIGKILL)
        taken.stops_at = ""
        taken.go_on.set()

        def state() -> Any:
            row = database.execute("select status from leadbell_message where key = %s", [key]).fetchone()
            return row and row[0]

        assert eventually(lambda: state() == status, 120), (state(), house.said())
    assert house.pid("messenger") != victim
    assert len(taken.letters) == letters


def test_it_sends_on_afterwards(house: House, lead: tuple[int, int], slow: tuple[Slow, Controller]) -> None:
    taken, _ = slow
    taken.letters.clear()
    with house.reading() as database:
        database.execute(WRITTEN, [*lead, "last", "Last", "<last@northside.example>"])
    assert eventually(lambda: taken.letters, 30)
    assert [mail["Subject"] for _, _, mail in taken.letters] == ["Last"], "and nothing of before was repeated"
