"""When somebody is free: an appointment fits where neither another one nor their own calendar says otherwise."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from leadbell.dealers.hours import OpeningHours

#: How long an appointment takes where nobody says otherwise.
USUAL = timedelta(minutes=60)
#: Other times are looked for in steps of this, and so far ahead.
STEP, LOOKED_AT = timedelta(minutes=30), timedelta(days=14)
OFFERED = 3


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From a moment to before another (aware UTC), and what fills it."""

    from_at: datetime
    until_at: datetime
    what: Literal["appointment", "calendar"] = "calendar"


def taken(busy: Collection[Span], at: datetime, lasts: timedelta = USUAL) -> Span | None:
    """What stands in the way of so long a time, the earliest of it."""
    in_the_way = (span for span in busy if span.from_at < at + lasts and span.until_at > at)
    return min(in_the_way, default=None)


def free_times(
    hours: OpeningHours, busy: Collection[Span], wanted: datetime, now: datetime, lasts: timedelta = USUAL,
    most: int = OFFERED,
) -> tuple[datetime, ...]:  # fmt: skip
    """The next free times at or after the wanted one, never before `now`, while the dealer is open; up to `most`."""
    found: list[datetime] = []
    for at in _open_times(hours, max(wanted, now), lasts):
        if taken(busy, at, lasts) is None and all(at >= one + lasts for one in found):
            found.append(at)
            if len(found) == most:
                break
    return tuple(found)


def _open_times(hours: OpeningHours, since: datetime, lasts: timedelta) -> Iterator[datetime]:
    """Full and half hours from `since` on at which the dealer is open for so long."""
    at, until = _half_hour(since), since + LOOKED_AT
    while at < until:
        if not hours.is_open(at):
            opens = hours.next_opening(at)
            if opens is None:
                return
            at = _half_hour(opens)
            continue
        closes = hours.closing_after(at)
        if closes is None or closes - at >= lasts:
            yield at
        at += STEP


def _half_hour(at: datetime) -> datetime:
    """The full or half hour at or after it."""
    whole = at.replace(minute=0, second=0, microsecond=0)
    while whole < at:
        whole += STEP
    return whole
