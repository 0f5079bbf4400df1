"""Times worth proposing to a customer."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from leadbell.dealers.hours import OpeningHours

SATURDAY = 5
#: How many are proposed: more is a calendar.
PROPOSED = 4
#: After this many days nobody remembers what was agreed on the phone.
FURTHEST_DAYS = 14


def times_to_propose(
    hours: OpeningHours, now: datetime, at_least: timedelta, is_free: Callable[[datetime], bool] = lambda _: True
) -> tuple[datetime, ...]:  # fmt: skip
    """Today at 17:00, the next days at 10:00 and 17:00, and the coming Saturday at 11:00: the first four that lie
    in opening hours, are free and at least `at_least` ahead, in order."""
    today = hours.local_day(now)
    days = [today + timedelta(days=ahead) for ahead in range(FURTHEST_DAYS)]
    weekend = next(day for day in days if day.weekday() == SATURDAY)
    wanted = [(today, "17:00"), (weekend, "11:00")]
    wanted += [(day, clock) for day in days[1:] if day != weekend for clock in ("10:00", "17:00")]
    found = {
        at
        for day, clock in wanted
        if (at := _open_at(hours, day, clock)) and at >= now + at_least and is_free(at)
    }
    proposed = sorted(found)[:PROPOSED]
    saturday = _open_at(hours, weekend, "11:00")
    if saturday in found and saturday not in proposed:
        proposed[-1] = saturday
    return tuple(proposed)


def _open_at(hours: OpeningHours, day: date, clock: str) -> datetime | None:
    at = hours.time_on(day, clock)
    return at if at is not None and hours.is_open(at) else None
