"""Connected calendars are looked into, and what they said stays while they are away."""

from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, transaction

from leadbell.appointment.calendars import (
    AGAIN_M,
    EVERY,
    FORGOTTEN,
    MOST_CALENDARS,
    connect,
    disconnect,
    due,
    looked,
)
from leadbell.appointment.looking import Looked, Same, Unread
from leadbell.appointment.models import Busy, BusyCalendar, BusyCalendarSecret
from leadbell.appointment.rules import Span
from leadbell.dealers.models import Organisation, Person
from leadbell.refused import Refused
from leadbell.words import say
from tests.conftest import NOON

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TIMES = (Span(NOON + HOUR, NOON + 2 * HOUR), Span(NOON + 3 * HOUR, NOON + 4 * HOUR))


@pytest.fixture
def connected(northside: Organisation, rosa: Person) -> BusyCalendar:
    made = connect(rosa, northside.pk, "ical", "webcal://calendar.example/secret/basic.ics", "", "", NOON)
    assert isinstance(made, BusyCalendar)
    return made


def test_it_is_looked_into_at_once_and_then_every_few_minutes(connected: BusyCalendar) -> None:
    (one,) = due(NOON, 5)
    assert one.where.address == "https://calendar.example/secret/basic.ics"
    assert (one.where.whole, one.zone) == (True, "Europe/Amsterdam")
    assert due(NOON, 5) == [], "it is being looked into"
    looked(connected.pk, Looked(TIMES, '"one"'), NOON)
    assert due(NOON + EVERY - MINUTE, 5) == []
    (again,) = due(NOON + EVERY, 5)
    assert (again.where.etag, again.where.whole) == ('"one"', False)
    assert [one.until_at for one in Busy.objects.order_by("from_at")] == [span.until_at for span in TIMES]


def test_a_look_that_was_lost_with_a_crash_is_repeated(connected: BusyCalendar) -> None:
    due(NOON, 5)
    assert due(NOON + FORGOTTEN - MINUTE, 5) == []
    assert [one.number for one in due(NOON + FORGOTTEN, 5)] == [connected.pk]


def test_what_is_known_stays_while_it_is_away(connected: BusyCalendar) -> None:
    looked(connected.pk, Looked(TIMES, "1", "", say("1 of it")), NOON)
    moment = NOON
    for pause in AGAIN_M:
        moment += EVERY
        looked(connected.pk, Unread(say("it doesn't answer")), moment)
        connected.refresh_from_db()
        assert connected.next_at == moment + pause * MINUTE
    assert Busy.objects.count() == 2
    assert connected.answered_at == NOON
    assert connected.because["text"] == "it doesn't answer"
    looked(connected.pk, Same(), moment + HOUR)
    connected.refresh_from_db()
    assert (connected.because, connected.left_out["text"], connected.tries) == (None, "1 of it", 0)
    assert connected.answered_at == moment + HOUR


def test_it_is_forgotten_with_all_it_said(connected: BusyCalendar, rosa: Person, samir: Person) -> None:
    looked(connected.pk, Looked(TIMES), NOON)
    assert not disconnect(samir, connected.pk)
    assert disconnect(rosa, connected.pk)
    assert (Busy.objects.count(), BusyCalendarSecret.objects.count()) == (0, 0)
    looked(connected.pk, Looked(TIMES), NOON)
    assert Busy.objects.count() == 0, "an answer that came too late"


def test_who_left_is_looked_after_no_more(connected: BusyCalendar, rosa: Person) -> None:
    rosa.is_active = False
    rosa.save()
    assert due(NOON, 5) == []


@pytest.mark.parametrize(
    ("kind", "address", "login", "password"),
    [
        ("ical", "calendar", "", ""),
        ("ical", "file:///etc/passwd", "", ""),
        ("ical", "https://user:secret@calendar.example/", "", ""),
        ("caldav", "https://calendar.example/", "", ""),
        ("caldav", "https://calendar.example/", "rosa", "x" * 501),
        ("caldav", "https://calendar.example/", "ro\0sa", "secret"),
        ("carrier pigeon", "https://calendar.example/", "", ""),
    ],
)
def test_what_can_not_be_connected_is_said(
    northside: Organisation, rosa: Person, kind: str, address: str, login: str, password: str
) -> None:
    assert isinstance(connect(rosa, northside.pk, kind, address, login, password, NOON), Refused)
    assert BusyCalendar.objects.count() == 0


def test_there_are_not_more_than_a_few(northside: Organisation, rosa: Person) -> None:
    for nth in range(MOST_CALENDARS):
        assert not isinstance(
            connect(rosa, northside.pk, "ical", f"https://c.example/{nth}", "", "", NOON), Refused
        )
    assert isinstance(connect(rosa, northside.pk, "ical", "https://c.example/x", "", "", NOON), Refused)


def test_the_web_can_not_read_where_a_calendar_lies(connected: BusyCalendar) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
        cursor.execute("select set_config('app.dealers', %s, true)", [f"{{{connected.dealer_id}}}"])
        assert BusyCalendarSecret.objects.filter(calendar=connected).count() == 1
        for column in ("address", "password", "login"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                cursor.execute(f"select {column} from leadbell_busycalendarsecret")
