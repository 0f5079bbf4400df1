"""What a calendar says about when its owner is busy: bytes of anybody's (iCalendar, RFC 5545) in, times out.

It runs as a process of its own (`python -m leadbell.appointment.reading SINCE UNTIL ZONE`, the calendar on stdin, JSON
on stdout) with little time and memory: a calendar can be made so that repeating it takes for ever.
"""

import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Calendar, Event
from recurring_ical_events import of

#: Seconds of the processor, and bytes of memory.
CPU_S, MEMORY = 20, 1_500_000_000
#: More times than these in two months are no person's calendar.
MOST_TIMES = 2000
#: What repeats more often than daily by its rule isn't followed: nobody's day looks like that.
_TOO_OFTEN = ("SECONDLY", "MINUTELY")
#: Our own appointments come back to us in a salesperson's calendar: `appointment.ical.UID`.
_OURS = ("appointment-", "@leadbell")
_FREE = ("FREE", "WORKINGELSEWHERE")


@dataclass(frozen=True, slots=True)
class Times:
    """From and until (aware UTC), in order; what of the calendar was left out."""

    times: tuple[tuple[datetime, datetime], ...]
    #: Events that can't be read, or repeat every minute.
    odd: int = 0
    #: There are more than MOST_TIMES; these are the first.
    cut: bool = False


def busy_times(raw: bytes, since: datetime, until: datetime, zone: str) -> Times:
    """When the owner of this calendar is busy within that time. Times without a zone are in `zone`.

    Events that are free, cancelled or our own appointments don't count. Raises ValueError where it is no calendar.
    """
    found: set[tuple[datetime, datetime]] = set()
    odd = 0
    calendars = Calendar.from_ical(raw, multiple=True)
    if not calendars or any(one.name != "VCALENDAR" for one in calendars):
        raise ValueError("no calendar")
    for calendar in calendars:
        clock = _zone(str(calendar.get("X-WR-TIMEZONE") or ""), zone)
        odd += _drop_odd(calendar)
        spans, unread = _spans(calendar, since, until, clock)
        found |= spans
        odd += unread
        found.update(_told_free_busy(calendar))
    within = sorted(one for one in found if one[0] < until and one[1] > since and one[0] < one[1])
    return Times(tuple(within[:MOST_TIMES]), odd, len(within) > MOST_TIMES)


def _spans(
    calendar: Calendar, since: datetime, until: datetime, clock: ZoneInfo
) -> tuple[set[tuple[datetime, datetime]], int]:
    """The busy times, and how many series could not be read: where one spoils all, each is read by itself."""

    def spans_of(one: Calendar) -> set[tuple[datetime, datetime]]:
        there = (_span(event, clock) for event in of(one, skip_bad_series=True).between(since, until))
        return {span for span in there if span}

    try:
        return spans_of(calendar), 0
    except (ArithmeticError, ValueError, TypeError, AttributeError, LookupError):
        series: dict[str, Calendar] = {}
        for event in calendar.walk("VEVENT"):
            uid = str(event.get("UID") or id(event))
            series.setdefault(uid, Calendar()).add_component(event)
    found, unread = set(), 0
    for one in series.values():
        try:
            found |= spans_of(one)
        except (ArithmeticError, ValueError, TypeError, AttributeError, LookupError):
            unread += 1
    return found, unread


def _drop_odd(calendar: Calendar) -> int:
    """Take out what can't be repeated by us; how many."""
    kept, odd = [], 0
    for part in calendar.subcomponents:
        rules = part.get("RRULE") if isinstance(part, Event) else None
        often = [rule for rule in (rules if isinstance(rules, list) else [rules]) if rule]
        if isinstance(part, Event) and (
            part.errors or "DTSTART" not in part or any(_too_often(rule) for rule in often)
        ):
            odd += 1
        else:
            kept.append(part)
    calendar.subcomponents[:] = kept
    return odd


def _too_often(rule: Any) -> bool:
    return any(str(one).upper() in _TOO_OFTEN for one in rule.get("FREQ", ()))


def _span(event: Any, clock: ZoneInfo) -> tuple[datetime, datetime] | None:
    """None where nobody is busy because of it."""
    said = {
        name: str(event.get(name) or "").upper()
        for name in ("TRANSP", "STATUS", "X-MICROSOFT-CDO-BUSYSTATUS")
    }
    if said["TRANSP"] == "TRANSPARENT" or said["STATUS"] == "CANCELLED":
        return None
    if said["X-MICROSOFT-CDO-BUSYSTATUS"] in _FREE:
        return None
    uid = str(event.get("UID") or "")
    if uid.startswith(_OURS[0]) and uid.endswith(_OURS[1]):
        return None
    start, end = event.get("DTSTART"), event.get("DTEND")
    if start is None:
        return None
    begins = start.dt
    ends = end.dt if end is not None else _lasting(begins, event.get("DURATION"))
    return _moment(begins, clock), _moment(ends, clock)


def _lasting(begins: Any, duration: Any) -> Any:
    if duration is not None:
        return begins + duration.dt
    return begins if isinstance(begins, datetime) else begins + timedelta(days=1)


def _moment(at: date | datetime, clock: ZoneInfo) -> datetime:
    """A day begins at its local midnight."""
    if not isinstance(at, datetime):
        at = datetime.combine(at, time(0), clock)
    return (at if at.tzinfo else at.replace(tzinfo=clock)).astimezone(UTC)


def _told_free_busy(calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """What a server has worked out by itself (VFREEBUSY)."""
    for part in calendar.walk("VFREEBUSY"):
        said = part.get("FREEBUSY") or []
        for one in said if isinstance(said, list) else [said]:
            if str(one.params.get("FBTYPE", "BUSY")).upper() == "FREE":
                continue
            for period in getattr(one, "dts", [one]):
                start, end = getattr(period, "dt", (None, None))
                ends = start + end if isinstance(end, timedelta) and isinstance(start, datetime) else end
                if isinstance(start, datetime) and isinstance(ends, datetime) and start.tzinfo:
                    yield start.astimezone(UTC), ends.astimezone(UTC)


def _zone(said: str, otherwise: str) -> ZoneInfo:
    try:
        return ZoneInfo(said or otherwise)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(otherwise)


def main() -> None:
    """Read stdin, tell `{"times": [[from, until] …], "odd": …, "cut": …}` in seconds since 1970; or exit 2."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    since, until = (datetime.fromisoformat(said) for said in sys.argv[1:3])
    try:
        read = busy_times(sys.stdin.buffer.read(), since, until, sys.argv[3])
    except Exception:  # whatever a library makes of hostile bytes, it is no calendar
        sys.exit(2)
    times = [(one.timestamp(), other.timestamp()) for one, other in read.times]
    json.dump({"times": times, "odd": read.odd, "cut": read.cut}, sys.stdout)


if __name__ == "__main__":
    main()
