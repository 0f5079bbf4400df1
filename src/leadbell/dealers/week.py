"""A week on the clock of the wall, as people write it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from leadbell.words import Words, say

#: From and until on the clock of the wall, "09:00" and "18:00"; "24:00" is the end of the day.
Interval = tuple[str, str]
Day = tuple[Interval, ...]
#: Seven days, Monday first; a day without intervals is closed.
Week = tuple[Day, ...]
#: Of a week's seven days: [from, until) in minutes since midnight.
Minutes = tuple[tuple[tuple[int, int], ...], ...]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DEFAULT_WEEK: Week = ((("09:00", "18:00"),),) * 5 + ((("10:00", "17:00"),), ())

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00")


class WrongHours(ValueError):
    """Hours nobody could keep: `because` says why, `where` names the part (a weekday, a date, "zone")."""

    def __init__(self, where: str, because: Words) -> None:
        super().__init__(f"{where.capitalize()}: {because}")
        self.where = where
        self.because = because


def week_from_json(stored: Mapping[str, Any]) -> Week:
    """Read `{"monday": [["09:00", "18:00"]], …}`; a weekday not named is closed. Raises WrongHours."""
    known_parts(stored, WEEKDAYS)
    return tuple(checked_day(weekday, stored.get(weekday) or ()) for weekday in WEEKDAYS)


def week_as_json(week: Week) -> dict[str, list[list[str]]]:
    return {weekday: day_as_json(hours) for weekday, hours in zip(WEEKDAYS, week, strict=True)}


def day_as_json(hours: Day) -> list[list[str]]:
    return [[start, end] for start, end in hours]


def known_parts(stored: Mapping[str, Any], parts: Sequence[str]) -> None:
    for part in stored:
        if part not in parts:
            raise WrongHours(str(part), say("nothing in the hours is called this"))


def day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongHours(text, say("a day is written like 2026-12-24")) from None


def checked_week(week: Sequence[Sequence[Sequence[str]]]) -> Week:
    if len(week) != len(WEEKDAYS):
        raise WrongHours("week", say("a week has seven days"))
    return tuple(checked_day(weekday, hours) for weekday, hours in zip(WEEKDAYS, week, strict=True))


def checked_day(where: str, hours: Sequence[Sequence[str]]) -> Day:
    """The day's intervals sorted, with hours in two digits; adjoining ones may touch."""
    day: list[tuple[int, int]] = []
    for interval in hours:
        if isinstance(interval, str) or len(interval) != 2:
            raise WrongHours(where, say("hours are written as a start and an end"))
        start, end = (minute_of(clock, where) for clock in interval)
        if end <= start:
            raise WrongHours(
                where,
                say(
                    "%(start)s to %(end)s: the end must come after the start; "
                    "a night ends at 24:00 and goes on the next day",
                    start=interval[0],
                    end=interval[1],
                ),
            )
        day.append((start, end))
    day.sort()
    written = tuple((_written(start), _written(end)) for start, end in day)
    for i in range(1, len(day)):
        if day[i][0] < day[i - 1][1]:
            raise WrongHours(
                where,
                say(
                    "%(start)s to %(end)s overlaps %(other_start)s to %(other_end)s",
                    start=written[i][0],
                    end=written[i][1],
                    other_start=written[i - 1][0],
                    other_end=written[i - 1][1],
                ),
            )
    return written


def minute_of(clock: str, where: str) -> int:
    if not isinstance(clock, str) or not _CLOCK.fullmatch(clock):
        raise WrongHours(where, say("“%(time)s” is no time: write it like 09:00", time=str(clock)))
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def minutes_of(hours: Day) -> tuple[tuple[int, int], ...]:
    return tuple((minute_of(start, ""), minute_of(end, "")) for start, end in hours)


def _written(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
