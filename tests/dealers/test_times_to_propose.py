"""What is proposed lies in opening hours, ahead, and in order."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.rules import PROPOSED, times_to_propose

HOURS = OpeningHours("Europe/Amsterdam", country="NL")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOUR = timedelta(hours=1)


def local(day, clock):
    return datetime.fromisoformat(f"2026-{day}T{clock}").replace(tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("now", "proposed"),
    [
        # Monday noon: today still, tomorrow, and the coming Saturday in place of one more weekday.
        (("11-23", "12:00"), ["Mon 17:00", "Tue 10:00", "Tue 17:00", "Sat 11:00"]),
        (("11-23", "16:30"), ["Tue 10:00", "Tue 17:00", "Wed 10:00", "Sat 11:00"]),
        # The shop closes at 17:00 on Saturdays and all day on Sundays.
        (("11-28", "12:00"), ["Mon 10:00", "Mon 17:00", "Tue 10:00", "Tue 17:00"]),
        (("11-28", "09:00"), ["Sat 11:00", "Mon 10:00", "Mon 17:00", "Tue 10:00"]),
        # Christmas is a public holiday, Friday and Saturday.
        (("12-24", "12:00"), ["Thu 17:00", "Mon 10:00", "Mon 17:00", "Tue 10:00"]),
    ],
)
def test_four_times(now, proposed):
    times = times_to_propose(HOURS, local(*now), HOUR)
    assert [at.astimezone(AMSTERDAM).strftime("%a %H:%M") for at in times] == proposed


def test_what_is_taken_is_not_proposed():
    taken = local("11-24", "10:00")
    times = times_to_propose(HOURS, local("11-23", "12:00"), HOUR, lambda at: at != taken)
    said = [at.astimezone(AMSTERDAM).strftime("%a %H:%M") for at in times]
    assert said == ["Mon 17:00", "Tue 17:00", "Wed 10:00", "Sat 11:00"]


def test_who_never_opens_proposes_nothing():
    closed = OpeningHours("Europe/Amsterdam", week=((),) * 7)
    assert times_to_propose(closed, local("11-23", "12:00"), HOUR) == ()


MINUTES_OF_TWO_YEARS = 2 * 365 * 24 * 60


@given(st.integers(0, MINUTES_OF_TWO_YEARS), st.integers(0, 300))
def test_always_open_always_ahead_always_in_order(minute, ahead):
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    times = times_to_propose(HOURS, now, timedelta(minutes=ahead))
    assert list(times) == sorted(set(times))
    assert len(times) <= PROPOSED
    assert all(HOURS.is_open(at) and at >= now + timedelta(minutes=ahead) for at in times)
