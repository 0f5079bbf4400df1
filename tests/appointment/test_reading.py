"""What is read out of a calendar: when somebody is busy, whatever else it holds."""

from datetime import UTC, datetime, timedelta

import pytest

from leadbell.appointment.looking import NO_CALENDAR, TOO_LONG, Looked, Unread, read
from leadbell.appointment.reading import MOST_TIMES, busy_times

SINCE = datetime(2026, 11, 23, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=60)
ZONE = "Europe/Amsterdam"


def calendar(*events: str, head: str = "") -> bytes:
    """A calendar of these events, their properties separated by spaces."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *head.split()]
    for nth, event in enumerate(events):
        uid = [] if "UID:" in event else [f"UID:{nth}@example.org"]
        lines += ["BEGIN:VEVENT", *uid, "DTSTAMP:20261101T000000Z", *event.split(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def said(raw: bytes) -> list[str]:
    times = busy_times(raw, SINCE, UNTIL, ZONE).times
    return [f"{one:%m-%d %H:%M}–{other:%m-%d %H:%M}" for one, other in times]


@pytest.mark.parametrize(
    ("event", "times"),
    [
        ("DTSTART:20261124T090000Z DTEND:20261124T100000Z", ["11-24 09:00–11-24 10:00"]),
        ("DTSTART:20261124T090000Z DURATION:PT90M", ["11-24 09:00–11-24 10:30"]),
        # Amsterdam is an hour ahead, also of a time that says no zone.
        ("DTSTART;TZID=Europe/Amsterdam:20261124T090000 DTEND;TZID=Europe/Amsterdam:20261124T100000",
         ["11-24 08:00–11-24 09:00"]),
        ("DTSTART:20261124T090000 DTEND:20261124T100000", ["11-24 08:00–11-24 09:00"]),
        # Whole days begin at midnight there; without an end it is one.
        ("DTSTART;VALUE=DATE:20261124 DTEND;VALUE=DATE:20261126", ["11-23 23:00–11-25 23:00"]),
        ("DTSTART;VALUE=DATE:20261124", ["11-23 23:00–11-24 23:00"]),
        # What makes nobody busy.
        ("DTSTART:20261124T090000Z DTEND:20261124T100000Z TRANSP:TRANSPARENT", []),
        ("DTSTART:20261124T090000Z DTEND:20261124T100000Z STATUS:CANCELLED", []),
        ("DTSTART:20261124T090000Z DTEND:20261124T100000Z X-MICROSOFT-CDO-BUSYSTATUS:FREE", []),
        ("DTSTART:20261124T090000Z DTEND:20261124T090000Z", []),
        ("DTSTART:20251124T090000Z DTEND:20251124T100000Z", []),
        # Our own appointments come back to us.
        ("UID:appointment-7@leadbell DTSTART:20261124T090000Z DTEND:20261124T100000Z", []),
        # Repetitions end, leave days out, and keep their local time when the clocks change.
        ("DTSTART:20261124T090000Z DTEND:20261124T100000Z RRULE:FREQ=WEEKLY;COUNT=3 EXDATE:20261201T090000Z",
         ["11-24 09:00–11-24 10:00", "12-08 09:00–12-08 10:00"]),
        ("DTSTART;TZID=Europe/Amsterdam:20261001T090000 DURATION:PT1H RRULE:FREQ=MONTHLY;BYMONTHDAY=1",
         ["12-01 08:00–12-01 09:00", "01-01 08:00–01-01 09:00"]),
        # Begun before the time that is asked for, and still going on.
        ("DTSTART:20261122T230000Z DTEND:20261123T010000Z", ["11-22 23:00–11-23 01:00"]),
    ],
)  # fmt: skip
def test_when_somebody_is_busy(event: str, times: list[str]) -> None:
    assert said(calendar(event)) == times


def test_a_moved_repetition_is_where_it_was_moved_to() -> None:
    weekly = "UID:w DTSTART:20261124T090000Z DTEND:20261124T100000Z RRULE:FREQ=WEEKLY;COUNT=2"
    moved = "UID:w RECURRENCE-ID:20261201T090000Z DTSTART:20261202T120000Z DTEND:20261202T130000Z"
    assert said(calendar(weekly, moved)) == ["11-24 09:00–11-24 10:00", "12-02 12:00–12-02 13:00"]


def test_free_busy_as_a_server_works_it_out() -> None:
    raw = (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VFREEBUSY\r\nUID:1\r\nDTSTAMP:20261101T000000Z\r\n"
        b"FREEBUSY;FBTYPE=BUSY:20261124T090000Z/20261124T100000Z,20261124T120000Z/PT30M\r\n"
        b"FREEBUSY;FBTYPE=FREE:20261125T090000Z/20261125T100000Z\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n"
    )
    assert said(raw) == ["11-24 09:00–11-24 10:00", "11-24 12:00–11-24 12:30"]


def test_titles_never_leave_the_reader() -> None:
    event = "DTSTART:20261124T090000Z DTEND:20261124T100000Z SUMMARY:<script>alert(1)</script>"
    read_it = read(calendar(event), SINCE, UNTIL, ZONE)
    assert isinstance(read_it, Looked)
    assert len(read_it.times) == 1
    assert "script" not in repr(read_it)


@pytest.mark.slow
def test_ten_thousand_events() -> None:
    day = datetime(2010, 1, 1, 9, tzinfo=UTC)
    events = [
        f"DTSTART:{day + timedelta(hours=15 * nth):%Y%m%dT%H%M%SZ} DURATION:PT1H" for nth in range(10_000)
    ]
    read_it = read(calendar(*events), SINCE, UNTIL, ZONE)
    assert isinstance(read_it, Looked)
    assert read_it.because is None
    assert {one.from_at.hour for one in read_it.times} <= set(range(24))
    assert all(one.until_at > SINCE and one.from_at < UNTIL for one in read_it.times)


@pytest.mark.parametrize("often", ["SECONDLY", "MINUTELY"])
def test_who_is_busy_each_minute_is_left_out_and_said(often: str) -> None:
    endless = f"DTSTART:20200101T000000Z DURATION:PT1S RRULE:FREQ={often}"
    read_it = read(calendar(endless, "DTSTART:20261124T090000Z DURATION:PT1H"), SINCE, UNTIL, ZONE)
    assert isinstance(read_it, Looked)
    assert len(read_it.times) == 1
    assert read_it.because is not None
    assert "1 events could not be understood" in str(read_it.because)


def test_more_times_than_anybody_has_are_cut_and_said() -> None:
    hourly = [f"DTSTART:20261101T00{nth:02}00Z DURATION:PT1M RRULE:FREQ=HOURLY" for nth in range(0, 60, 20)]
    read_it = read(calendar(*hourly), SINCE, UNTIL, ZONE)
    assert isinstance(read_it, Looked)
    assert len(read_it.times) == MOST_TIMES
    assert "only the first 2000" in str(read_it.because)


def test_who_takes_too_long_is_ended() -> None:
    raw = calendar("DTSTART:20261124T090000Z DURATION:PT1H")
    assert read(raw, SINCE, UNTIL, ZONE, within_s=0.01) == Unread(TOO_LONG)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00broken",
        b"<html><body>Sign in</body></html>",
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        b"BEGIN:VEVENT\r\nEND:VCALENDAR",
    ],
)
def test_what_is_no_calendar_is_said(raw: bytes) -> None:
    assert read(raw, SINCE, UNTIL, ZONE) == Unread(NO_CALENDAR)


@pytest.mark.parametrize(
    "event",
    [
        "DTSTART:nonsense",
        "SUMMARY:none",
        "DTSTART:20261124T090000Z DTEND:20261124T100000Z RRULE:FREQ=SOMETIMES",
        "DTSTART:20261124T090000Z DTEND;VALUE=DATE:20261125",
        "DTSTART;TZID=Nowhere/At_all:20261124T090000 DURATION:PT1H",
        "DTSTART:00010101T000000Z DURATION:PT1H RRULE:FREQ=YEARLY",
        "DTSTART:20261124T090000Z DURATION:P9999999W",
    ],
)
def test_one_odd_event_spoils_no_other(event: str) -> None:
    read_it = read(calendar(event, "DTSTART:20261125T090000Z DURATION:PT1H"), SINCE, UNTIL, ZONE)
    assert isinstance(read_it, Looked), event
    assert datetime(2026, 11, 25, 9, tzinfo=UTC) in {one.from_at for one in read_it.times}
