"""When one person works: aware UTC in and out, local time only inside."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.week import (
    Week,
    WrongHours,
    checked_week,
    day_of,
    known_parts,
    week_as_json,
    week_from_json,
)
from leadbell.words import say


@dataclass(frozen=True)
class DaysOff:
    """Whole days in the dealer's calendar, the last one included."""

    first: date
    until: date

    def __post_init__(self) -> None:
        if self.until < self.first:
            raise WrongHours(
                "days off",
                say("%(until)s comes before %(first)s", until=str(self.until), first=str(self.first)),
            )


@dataclass(frozen=True)
class Shift:
    """When one person works, in the dealer's time zone.

    Without a week of their own they follow the dealer's hours. With one they also work while the dealer is
    closed (a BDC agent in the evening), but not on public holidays and extra closed days; on an extra open
    day everybody has that day's hours. Days off go before all.
    """

    hours: OpeningHours
    week: Week | None = None
    days_off: tuple[DaysOff, ...] = ()

    def __post_init__(self) -> None:
        if self.week is not None:
            object.__setattr__(self, "week", checked_week(self.week))

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], hours: OpeningHours) -> "Shift":
        """Read `{"week": {"monday": [["09:00", "13:00"]], …} or null, "days_off": [{"first", "until"}]}`;
        both may be missing. Raises WrongHours."""
        known_parts(stored, ("week", "days_off"))
        week = stored.get("week")
        return cls(
            hours,
            None if week is None else week_from_json(week),
            tuple(
                DaysOff(day_of(off["first"]), day_of(off["until"])) for off in stored.get("days_off") or ()
            ),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "week": None if self.week is None else week_as_json(self.week),
            "days_off": [{"first": str(off.first), "until": str(off.until)} for off in self.days_off],
        }

    def is_on(self, now: datetime) -> bool:
        return self._off_until(self.hours.local_day(now)) is None and self._worked.is_open(now)

    def worked_ms_on(self, day: date) -> int:
        """Milliseconds of work on the dealer's calendar day; none on a day off."""
        if self._off_until(day) is not None:
            return 0
        begins = self.hours.day_begins(day)
        return self._worked.open_ms_between(begins, self.hours.day_begins(day + timedelta(days=1)))

    def next_on(self, now: datetime) -> datetime | None:
        """`now` itself when on; None if there is no shift within HORIZON_DAYS of the last day off."""
        at = now
        while (begins := self._worked.next_opening(at)) is not None:
            until = self._off_until(self.hours.local_day(begins))
            if until is None:
                return begins
            at = self._worked.day_begins(until + timedelta(days=1))
        return None

    @cached_property
    def _worked(self) -> OpeningHours:
        return self.hours if self.week is None else replace(self.hours, week=self.week, before=())

    def _off_until(self, day: date) -> date | None:
        return max((off.until for off in self.days_off if off.first <= day <= off.until), default=None)
