"""When somebody is free, as tables."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from leadbell.appointment.rules import Span, free_times, taken
from leadbell.dealers.hours import OpeningHours

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOURS = OpeningHours("Europe/Amsterdam", country="NL")
HOUR = timedelta(hours=1)


def at(said: str) -> datetime:
    """`23 14:30` of November 2026, in Amsterdam; the 23rd is a Monday."""
    return datetime.strptime(f"2026-11-{said}", "%Y-%m-%d %H:%M").replace(tzinfo=AMSTERDAM).astimezone(UTC)


def span(since: str, until: str) -> Span:
    return Span(at(since), at(until))


def said(times: tuple[datetime, ...]) -> list[str]:
    return [one.astimezone(AMSTERDAM).strftime("%d %H:%M") for one in times]


@pytest.mark.parametrize(
    ("wanted", "in_the_way"),
    [
        ("23 13:00", False),  # it ends when the other begins
        ("23 13:30", True),
        ("23 14:00", True),
        ("23 14:59", True),
        ("23 15:00", False),  # it begins when the other has ended
    ],
)
def test_what_is_in_the_way(wanted: str, in_the_way: bool) -> None:
    assert (taken([span("23 14:00", "23 15:00")], at(wanted)) is not None) is in_the_way


@pytest.mark.parametrize(
    ("wanted", "busy", "free"),
    [
        ("23 14:00", [], ["23 14:00", "23 15:00", "23 16:00"]),
        ("23 14:00", [("23 14:00", "23 15:00")], ["23 15:00", "23 16:00", "23 17:00"]),
        ("23 14:10", [("23 15:15", "23 15:45")], ["23 16:00", "23 17:00", "24 09:00"]),
        # Not after closing, nor across it; the next opening counts.
        ("23 17:30", [], ["24 09:00", "24 10:00", "24 11:00"]),
        # Days away in one piece.
        ("23 14:00", [("23 00:00", "28 00:00")], ["28 10:00", "28 11:00", "28 12:00"]),
        ("23 14:00", [("01 00:00", "30 23:59")], ["01 09:00"]),
    ],
)
def test_the_next_free_times(wanted: str, busy: list[tuple[str, str]], free: list[str]) -> None:
    found = free_times(HOURS, [span(*one) for one in busy], at(wanted), at("23 12:00"))
    assert said(found)[: len(free)] == free


def test_nothing_is_offered_before_now_or_by_who_never_opens() -> None:
    assert said(free_times(HOURS, [], at("20 10:00"), at("23 12:20")))[0] == "23 12:30"
    closed = OpeningHours("Europe/Amsterdam", week=((),) * 7)
    assert free_times(closed, [], at("23 14:00"), at("23 12:00")) == ()


def test_a_dealer_that_never_closes_is_free_at_night() -> None:
    always = OpeningHours("Europe/Amsterdam", week=((("00:00", "24:00"),),) * 7)
    assert said(free_times(always, [], at("23 23:30"), at("23 12:00"), HOUR))[0] == "23 23:30"
