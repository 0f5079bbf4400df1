"""Mondays at seven where the reader is, whatever the clocks did on Sunday."""

from datetime import UTC, date, datetime, timedelta

import pytest

from leadbell.metrics.weekly.rules import LATE, Week, due, last_week

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
#: 23 November 2026 is a Monday; Amsterdam is an hour ahead of UTC.
SEVEN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
THE_WEEK = Week(date(2026, 11, 16))


@pytest.mark.parametrize(
    ("wanted_from", "now", "says"),
    [
        (LONG_AGO, SEVEN - SECOND, None),
        (LONG_AGO, SEVEN, THE_WEEK),
        (LONG_AGO, SEVEN + LATE - SECOND, THE_WEEK),
        (LONG_AGO, SEVEN + LATE, None),
        (LONG_AGO, SEVEN + timedelta(days=6), None),
        (SEVEN + SECOND, SEVEN + timedelta(hours=1), None),
        (SEVEN + SECOND, SEVEN + timedelta(days=7), Week(date(2026, 11, 23))),
    ],
)  # fmt: skip
def test_due(wanted_from, now, says):
    assert due("Europe/Amsterdam", wanted_from, now) == says


@pytest.mark.parametrize(
    ("zone", "seven", "monday"),
    [
        ("Europe/Amsterdam", datetime(2026, 3, 30, 5, 0, tzinfo=UTC), date(2026, 3, 23)),  # summer began on Sunday
        ("Europe/Amsterdam", datetime(2026, 10, 26, 6, 0, tzinfo=UTC), date(2026, 10, 19)),  # and ended
        ("Pacific/Auckland", datetime(2026, 11, 22, 18, 0, tzinfo=UTC), date(2026, 11, 16)),  # Sunday in UTC
        ("America/Los_Angeles", datetime(2026, 11, 23, 15, 0, tzinfo=UTC), date(2026, 11, 16)),
    ],
)  # fmt: skip
def test_seven_is_seven_on_the_wall(zone, seven, monday):
    assert due(zone, LONG_AGO, seven - SECOND) is None
    assert due(zone, LONG_AGO, seven) == Week(monday)
    assert due(zone, LONG_AGO, seven + LATE - SECOND) == Week(monday)
    assert due(zone, LONG_AGO, seven + LATE) is None


@pytest.mark.parametrize("day", [date(2026, 11, 23), date(2026, 11, 26), date(2026, 11, 29)])
def test_the_last_week_is_over(day):
    assert last_week(day) == THE_WEEK


def test_a_week_and_the_four_before():
    assert THE_WEEK.sunday == date(2026, 11, 22)
    assert THE_WEEK.before == (date(2026, 10, 19), date(2026, 11, 15))
    assert THE_WEEK.key == "week:2026-11-16"
