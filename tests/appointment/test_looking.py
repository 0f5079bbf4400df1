"""Calendars where people have them: addresses and CalDAV, a real server over loopback."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from leadbell.appointment.caldav import NOT_CALDAV, REFUSED, Login, NoCalendars, calendars_of
from leadbell.appointment.looking import NO_CALENDAR, Looked, Same, Unread, Where, look
from leadbell.appointment.rules import Span
from leadbell.outgoing import PRIVATE
from tests.appointment.radicale import PASSWORD, USER, Radicale, radicale
from tests.appointment.test_reading import calendar

SINCE = datetime(2026, 11, 23, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=60)
ZONE = "Europe/Amsterdam"
NINE = Span(datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 24, 10, tzinfo=UTC))
EVENT = "DTSTART:20261124T090000Z DTEND:20261124T100000Z SUMMARY:Dentist"


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.OUTGOING_ALLOW = ["127.0.0.1/32"]


class _Shelf(BaseHTTPRequestHandler):
    body: bytes = b""
    asked: list[str | None]

    def do_GET(self) -> None:
        self.asked.append(self.headers.get("If-None-Match"))
        if self.path == "/huge":
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(50 * 16):
                    self.wfile.write(b"X" * 65536)
            except OSError:
                return
        elif self.path.startswith("/status/"):
            self.send_response(int(self.path.rpartition("/")[2]))
            self.end_headers()
        elif self.headers.get("If-None-Match") == '"one"':
            self.send_response(304)
            self.end_headers()
        else:
            self.send_response(200)
            self.send_header("ETag", '"one"')
            self.send_header("Last-Modified", formatdate(0, usegmt=True))
            self.end_headers()
            self.wfile.write(type(self).body)

    def do_PROPFIND(self) -> None:
        self.send_response(207)
        self.end_headers()
        self.wfile.write(type(self).body)

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def shelf() -> Iterator[tuple[str, type[_Shelf]]]:
    """A web server with one calendar; its address and what answers."""
    handler = type("Handler", (_Shelf,), {"body": calendar(EVENT), "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_is_read_and_then_asked_whether_it_changed(shelf: Any) -> None:
    url, server = shelf
    first = look(Where("ical", f"{url}/basic.ics"), SINCE, UNTIL, ZONE)
    assert isinstance(first, Looked)
    assert (first.times, first.etag, first.because) == ((NINE,), '"one"', None)
    again = Where("ical", f"{url}/basic.ics", etag=first.etag, modified=first.modified)
    assert look(again, SINCE, UNTIL, ZONE) == Same()
    whole = Where("ical", f"{url}/basic.ics", etag=first.etag, modified=first.modified, whole=True)
    assert isinstance(look(whole, SINCE, UNTIL, ZONE), Looked)
    assert server.asked == [None, '"one"', None]


def test_fifty_megabytes_are_not_read(shelf: Any) -> None:
    url, _ = shelf
    outcome = look(Where("ical", f"{url}/huge"), SINCE, UNTIL, ZONE)
    assert isinstance(outcome, Unread)
    assert str(outcome.because) == "it sends more than 10 MB"


@pytest.mark.parametrize(
    ("status", "because"),
    [(404, "no calendar at this address any more"), (401, "refuses us"), (500, "an error (500)")],
)
def test_what_the_server_says_is_said(shelf: Any, status: int, because: str) -> None:
    outcome = look(Where("ical", f"{shelf[0]}/status/{status}"), SINCE, UNTIL, ZONE)
    assert isinstance(outcome, Unread)
    assert because in str(outcome.because)


def test_a_page_to_sign_in_is_no_calendar(shelf: Any) -> None:
    url, server = shelf
    server.body = b"<!doctype html><title>Sign in</title>"
    assert look(Where("ical", f"{url}/basic.ics"), SINCE, UNTIL, ZONE) == Unread(NO_CALENDAR)


def test_a_private_address_is_not_looked_into(settings: Any) -> None:
    settings.OUTGOING_ALLOW = []
    for kind in ("ical", "caldav"):
        outcome = look(Where(kind, "http://127.0.0.1:9/", "rosa", "secret"), SINCE, UNTIL, ZONE)
        assert outcome == Unread(PRIVATE)


# -- CalDAV ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    from django.test import override_settings

    with (
        override_settings(OUTGOING_ALLOW=["127.0.0.1/32"]),
        radicale(Path(tmp_path_factory.mktemp("radicale"))) as server,
    ):
        yield server


def test_busy_times_from_a_real_server(dav: Radicale) -> None:
    """Found from the server's address alone; read again only when something changed."""
    dav.put("dentist", EVENT)
    dav.put("weekly", "DTSTART:20261125T140000Z DURATION:PT1H RRULE:FREQ=WEEKLY;COUNT=2")
    dav.put("free", "DTSTART:20261126T140000Z DURATION:PT1H TRANSP:TRANSPARENT")
    dav.put("past", "DTSTART:20251126T140000Z DURATION:PT1H")
    dav.make("tasks", "VTODO")
    where = Where("caldav", dav.url, USER, PASSWORD)
    first = look(where, SINCE, UNTIL, ZONE)
    assert isinstance(first, Looked)
    assert [f"{one.from_at:%d %H}" for one in first.times] == ["24 09", "25 14", "02 14"]
    known = Where("caldav", dav.url, USER, PASSWORD, etag=first.etag)
    assert look(known, SINCE, UNTIL, ZONE) == Same()
    dav.put("new", "DTSTART:20261127T140000Z DURATION:PT1H")
    changed = look(known, SINCE, UNTIL, ZONE)
    assert isinstance(changed, Looked)
    assert len(changed.times) == 4


def test_calendars_are_found_from_each_of_their_addresses(dav: Radicale) -> None:
    for path in ("", "/", "/rosa/", "/rosa/own/"):
        found = calendars_of(Login(dav.url + path, USER, PASSWORD))
        assert [one.url for one in found] == [f"{dav.url}/rosa/own/"], path
        assert all(one.tag for one in found)


def test_a_wrong_password_is_said(dav: Radicale) -> None:
    with pytest.raises(NoCalendars) as said:
        calendars_of(Login(dav.url, USER, "wrong"))
    assert said.value.words == REFUSED


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY e SYSTEM "file:///etc/hostname">]><m>&e;</m>',
        b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><m>&b;</m>',
        b"\x00\x01",
    ],
)
def test_who_speaks_no_caldav_is_told_apart(shelf: Any, body: bytes) -> None:
    url, server = shelf
    server.body = body
    assert look(Where("caldav", f"{url}/", USER, PASSWORD), SINCE, UNTIL, ZONE) == Unread(NOT_CALDAV)


def test_a_server_that_is_down_is_said(tmp_path: Path) -> None:
    with radicale(tmp_path) as server:
        url = server.url
    outcome = look(Where("caldav", url, USER, PASSWORD), SINCE, UNTIL, ZONE)
    assert isinstance(outcome, Unread)
    assert str(outcome.because) == "it doesn't answer"
