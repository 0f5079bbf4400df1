"""The messenger looks into people's calendars, and a slow one keeps no mail waiting."""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from leadbell.appointment.actions import book
from leadbell.appointment.calendars import connect
from leadbell.appointment.models import Busy, BusyCalendar
from leadbell.dealers.models import Organisation, Person
from leadbell.followup.calendars import calendar_errands
from leadbell.followup.messenger import CALENDARS_AT_ONCE as AT_ONCE
from leadbell.followup.messenger import Messenger
from leadbell.refused import Refused
from tests.appointment.test_reading import calendar
from tests.conftest import NOON, lead_of
from tests.waiting import eventually

HOUR = timedelta(hours=1)


def test_what_a_calendar_says_is_in_the_way_of_a_booking(
    northside: Organisation, rosa: Person, settings: Any
) -> None:
    settings.OUTGOING_ALLOW = ["127.0.0.1/32"]

    class Calendar(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(calendar(f"DTSTART:{NOON + 25 * HOUR:%Y%m%dT%H%M%SZ} DURATION:PT1H"))

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Calendar)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    messenger = Messenger(lambda: NOON, lambda _: None)
    try:
        connect(
            rosa, northside.pk, "ical", f"http://127.0.0.1:{server.server_address[1]}/x.ics", "", "", NOON
        )
        assert eventually(lambda: messenger.step() and Busy.objects.exists(), 60)
    finally:
        messenger.finish(5)
        messenger.close()
        server.shutdown()
        thread.join()
        server.server_close()
    assert Busy.objects.get().from_at == NOON + 25 * HOUR
    assert isinstance(book(lead_of(northside), rosa.pk, NOON + 25 * HOUR, NOON), Refused)


def test_only_a_few_are_looked_into_at_once_and_no_dealer_waits_for_them(
    northside: Organisation, rosa: Person, samir: Person
) -> None:
    for nth in range(AT_ONCE + 1):
        connect((rosa, samir)[nth % 2], northside.pk, "ical", f"https://c.example/{nth}", "", "", NOON)
    under_way = {who for who, *_ in calendar_errands(NOON, AT_ONCE, (), lambda: NOON)}
    assert len(under_way) == AT_ONCE
    assert all(who < 0 for who in under_way)
    assert list(calendar_errands(NOON, AT_ONCE, under_way, lambda: NOON)) == []
    left = {-one.pk for one in BusyCalendar.objects.all()} - under_way
    assert {who for who, *_ in calendar_errands(NOON, AT_ONCE, (), lambda: NOON)} == left
