"""New leads come over the real doors, calmly, and first to where somebody has just sat down."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from random import Random
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from leadbell.dealers.models import Person
from leadbell.demo import stage
from leadbell.demo.cast import STAR
from leadbell.demo.payloads import Delivered
from leadbell.demo.trickle import EVERY_S, FIRST_S, Doors, Trickle
from leadbell.intake.inquiry import Refused
from leadbell.intake.models import Source
from leadbell.intake.reading import read
from tests.demo.conftest import NOW

SECOND = timedelta(seconds=1)


class Postbox:
    """Takes what is handed in; closed, it answers like a server that isn't there."""

    def __init__(self) -> None:
        self.taken: list[tuple[Delivered, str]] = []
        self.closed = False

    def __call__(self, came: Delivered, key: str) -> None:
        if self.closed:
            raise ConnectionRefusedError
        self.taken.append((came, key))


@pytest.fixture
def postbox(db: None) -> Postbox:
    stage.set_up(NOW - timedelta(days=90), NOW)
    return Postbox()


def website() -> str:
    """The key of Northside's website."""
    return Source.objects.get(dealer__name="Northside", name="Website").key


def trickle(postbox: Postbox, every_s: float = EVERY_S, seed: int = 1) -> Trickle:
    return Trickle(Random(seed), postbox, every_s, NOW + timedelta(seconds=FIRST_S))


def run(one: Trickle, seconds: int, begin: int = 0, step: int = 1) -> None:
    for second in range(begin, seconds, step):
        one.tick(NOW + second * SECOND)


def test_the_first_lead_comes_after_ten_seconds_to_northsides_website(postbox: Postbox) -> None:
    one = trickle(postbox)
    run(one, int(FIRST_S))
    assert postbox.taken == []
    run(one, int(FIRST_S) + 1, int(FIRST_S))
    ((came, key),) = postbox.taken[:1]
    assert key == website()
    assert isinstance(read(came.body, came.content_type, "NL", ZoneInfo("Europe/Amsterdam"), NOW), list)


def test_leads_of_all_kinds_come_to_all_dealers(postbox: Postbox) -> None:
    one = trickle(postbox)
    run(one, 3 * 3600, step=15)
    sources = {source.key: source for source in Source.objects.select_related("dealer")}
    assert 150 < len(postbox.taken) < 400
    came_to = [sources[key] for _, key in postbox.taken]
    assert {source.dealer.name for source in came_to} == {"Northside", "De Linde", "Lanterna Riga"}
    assert {came.transport for came, _ in postbox.taken} == {"http", "smtp"}
    assert len({came.content_type for came, _ in postbox.taken}) >= 4
    no_leads = 0
    for came, key in postbox.taken:
        dealer = sources[key].dealer
        found = read(came.body, came.content_type, dealer.country, ZoneInfo(dealer.zone), NOW)
        no_leads += isinstance(found, Refused)
    assert 0 < no_leads < len(postbox.taken) * 0.15


def test_whoever_opens_a_desk_hears_a_ring_soon(postbox: Postbox) -> None:
    one = trickle(postbox, every_s=4000)
    run(one, 60)
    before = len(postbox.taken)
    Person.objects.filter(email=STAR).update(seen_at=NOW + 60 * SECOND)
    run(one, 60 + int(FIRST_S) + 2, 60)
    assert len(postbox.taken) > before
    assert postbox.taken[-1][1] == website()


def test_none_come_where_none_are_wanted(postbox: Postbox) -> None:
    Person.objects.filter(email=STAR).update(seen_at=NOW)
    run(trickle(postbox, every_s=0), 600, step=5)
    assert postbox.taken == []


def test_closed_doors_are_tried_again(postbox: Postbox) -> None:
    one = trickle(postbox)
    postbox.closed = True
    run(one, 120)
    postbox.closed = False
    run(one, 240, 120)
    assert postbox.taken[0][1] == website()


class Mailroom:
    """What arrived by HTTP and by mail."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, str, bytes]] = []
        self.mailed: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mailed.append((envelope.rcpt_tos, bytes(envelope.content or b"")))
        return "250 kept"


@pytest.fixture
def mailroom() -> Iterator[tuple[Mailroom, Doors]]:
    room = Mailroom()

    class Web(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            room.posted.append((self.path, self.headers["Content-Type"], body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    web = HTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        smtp_port = free.getsockname()[1]
    mail = Controller(room, hostname="127.0.0.1", port=smtp_port)
    mail.start()
    yield room, Doors("127.0.0.1", web.server_port, "127.0.0.1", smtp_port, "leads.localhost")
    mail.stop()
    web.shutdown()
    web.server_close()


def test_what_comes_by_http_is_posted(mailroom: tuple[Mailroom, Doors]) -> None:
    room, doors = mailroom
    doors.hand_in(Delivered(b"<adf/>", "application/xml", "http"), "abc")
    assert room.posted == [("/in/abc", "application/xml", b"<adf/>")]


def test_what_comes_by_mail_is_mailed(mailroom: tuple[Mailroom, Doors]) -> None:
    room, doors = mailroom
    doors.hand_in(Delivered("Subject: Günther\r\n\r\nхочу\r\n".encode(), "message/rfc822", "smtp"), "abc")
    assert room.mailed == [(["abc@leads.localhost"], "Subject: Günther\r\n\r\nхочу\r\n".encode())]
