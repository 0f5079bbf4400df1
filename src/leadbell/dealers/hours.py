"""When a dealer is open: aware UTC in and out, local time only inside."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leadbell.dealers.holidays import public_holidays
from leadbell.dealers.week import (
    DEFAULT_WEEK,
    Day,
    Minutes,
    Week,
    WrongHours,
    checked_day,
    checked_week,
    day_as_json,
    day_of,
    known_parts,
    minute_of,
    minutes_of,
    week_as_json,
    week_from_json,
)
from leadbell.words import Words, say

#: [from, until) in milliseconds since 1970 UTC, in order and apart from each other.
Spans = tuple[tuple[int, int], ...]

#: How many days ahead (or back) an opening is looked for before a dealer counts as never open.
HORIZON_DAYS = 60
#: So many former weeks are kept.
MOST_BEFORE = 40

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_MS = timedelta(milliseconds=1)
_NO_TIME = timedelta()
_MINUTE_MS = 60_000
_DAY_MS = 24 * 60 * _MINUTE_MS
_DAYS_KEPT = 1_000
_CLOSED_ON = (
    say("closed on Mondays"),
    say("closed on Tuesdays"),
    say("closed on Wednesdays"),
    say("closed on Thursdays"),
    say("closed on Fridays"),
    say("closed on Saturdays"),
    say("closed on Sundays"),
)
_PARTS = ("zone", "week", "country", "subdivision", "language", "closed_days", "open_days", "before")


@dataclass(frozen=True)
class OpeningHours:
    """When a dealer is open, in the dealer's own time zone.

    An extra open day has its own hours and beats everything else; then extra closed days, public holidays
    and the week are asked, in this order. A country or subdivision whose holidays nobody knows has none
    (`holidays_known` tells). Where clocks go back, a time that comes twice means the first one; where they
    go forward, a time that is skipped means the moment of the change.
    """

    zone: str
    week: Week = DEFAULT_WEEK
    country: str | None = None
    subdivision: str | None = None
    #: Of the holidays' names, where known in it; else the names are the country's own.
    language: str | None = None
    #: The days and what is on ("stocktaking"; may be empty).
    closed_days: tuple[tuple[date, str], ...] = ()
    open_days: tuple[tuple[date, Day], ...] = ()
    #: Weeks that held before: each until its day came. What happened then is measured by them.
    before: tuple[tuple[date, Week], ...] = ()

    _clock: ZoneInfo = field(init=False, repr=False, compare=False)
    _days: dict[date, Spans] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "_clock", ZoneInfo(self.zone))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise WrongHours("zone", say("there is no time zone called “%(zone)s”", zone=self.zone)) from None
        object.__setattr__(self, "week", checked_week(self.week))
        open_days = tuple(sorted((day, checked_day(day.isoformat(), hours)) for day, hours in self.open_days))
        closed_days = tuple(sorted(self.closed_days))
        before = tuple(sorted((day, checked_week(week)) for day, week in self.before))
        object.__setattr__(self, "before", before)
        object.__setattr__(self, "open_days", open_days)
        object.__setattr__(self, "closed_days", closed_days)
        closed = {day for day, _occasion in closed_days}
        for day, hours in open_days:
            if not hours:
                raise WrongHours(day.isoformat(), say("an extra open day needs hours"))
            if day in closed:
                raise WrongHours(day.isoformat(), say("this day can't be both extra open and extra closed"))

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "OpeningHours":
        """Read `{"zone", "week": {"monday": [["09:00", "18:00"]], …}, "country", "subdivision", "language",
        "closed_days": {"2026-12-24": "stocktaking"}, "open_days": {"2026-12-20": [["12:00", "17:00"]]},
        "before": {"2026-03-01": {"monday": …}}}`.

        Only the zone is required; without a week it is `DEFAULT_WEEK`, a weekday not named is closed.
        Raises WrongHours.
        """
        known_parts(stored, _PARTS)
        return cls(
            zone=str(stored.get("zone", "")),
            week=week_from_json(stored["week"]) if stored.get("week") is not None else DEFAULT_WEEK,
            country=stored.get("country") or None,
            subdivision=stored.get("subdivision") or None,
            language=stored.get("language") or None,
            closed_days=tuple(
                (day_of(day), str(on or "")) for day, on in (stored.get("closed_days") or {}).items()
            ),
            open_days=tuple(
                (day_of(day), checked_day(day, hours))
                for day, hours in (stored.get("open_days") or {}).items()
            ),
            before=tuple(
                (day_of(day), week_from_json(week)) for day, week in (stored.get("before") or {}).items()
            ),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "zone": self.zone,
            "week": week_as_json(self.week),
            "country": self.country,
            "subdivision": self.subdivision,
            "language": self.language,
            "closed_days": {day.isoformat(): occasion for day, occasion in self.closed_days},
            "open_days": {day.isoformat(): day_as_json(hours) for day, hours in self.open_days},
            "before": {day.isoformat(): week_as_json(week) for day, week in self.before},
        }

    def changed(self, new: "OpeningHours", today: date) -> "OpeningHours":
        """The new hours, which hold from today on; those of now are kept for what was before."""
        kept = self.before
        if new.week != self.week and today not in {day for day, _ in kept}:
            kept = (*kept, (today, self.week))
        return replace(new, before=kept[-MOST_BEFORE:])

    def is_open(self, now: datetime) -> bool:
        at = _ms(now)
        today = self.local_day(now)
        # Clocks put back across midnight let the next day begin while the date is still today's.
        return any(
            start <= at < end for day in (today, today + timedelta(days=1)) for start, end in self._spans(day)
        )

    def next_opening(self, now: datetime) -> datetime | None:
        """`now` itself when open; None for a dealer who doesn't open within HORIZON_DAYS."""
        if self.is_open(now):
            return now
        at = _ms(now)
        today = self.local_day(now)
        for ahead in range(HORIZON_DAYS + 1):
            for start, _end in self._spans(today + timedelta(days=ahead)):
                if start > at:
                    return _moment(start)
        return None

    def closing_after(self, now: datetime) -> datetime | None:
        """When the present opening ends, or the next one if closed now; None if there is no such moment
        within HORIZON_DAYS. Hours that meet at midnight are one opening."""
        at = _ms(now)
        today = self.local_day(now)
        closing: int | None = None
        for ahead in range(HORIZON_DAYS + 1):
            for start, end in self._spans(today + timedelta(days=ahead)):
                if end <= at:
                    continue
                if closing is not None and start > closing:
                    return _moment(closing)
                closing = end
        if closing is None or self.is_open(_moment(closing)):
            return None
        return _moment(closing)

    def latest_open_at_or_before(self, when: datetime) -> datetime | None:
        """`when` itself if open, else the last microsecond of the opening before it; None if that is more
        than HORIZON_DAYS ago."""
        if self.is_open(when):
            return when
        at = _ms(when)
        day = self.local_day(when)
        for back in range(-1, HORIZON_DAYS + 1):
            for _start, end in reversed(self._spans(day - timedelta(days=back))):
                if end <= at:
                    return _moment(end) - timedelta(microseconds=1)
        return None

    def shift_into_hours(self, when: datetime) -> datetime:
        """`when` if open or if the dealer never opens (no step is lost), else the next opening."""
        return self.next_opening(when) or when

    def open_for(self, since: datetime, length: timedelta) -> datetime:
        """When `length` of opening time has gone by after `since`; for who never opens, time itself."""
        at, left = self.shift_into_hours(since), length
        while (closing := self.closing_after(at)) is not None and at + left > closing:
            left -= closing - at
            opening = self.next_opening(closing)
            if opening is None:
                break
            at = opening
        return at + left

    def open_ms_between(self, a: datetime, b: datetime) -> int:
        """Opening-hours time from `a` to `b` in milliseconds, 0 if `b` is not after `a`; a and b are cut to
        whole milliseconds, so that parts always add up to the whole."""
        since, until = _ms(a), _ms(b)
        if until <= since:
            return 0
        total = 0
        first = self.local_day(a).toordinal()
        last = self.local_day(b).toordinal() + 1
        for ordinal in range(first, last + 1):
            for start, end in self._spans(date.fromordinal(ordinal)):
                if start < until and end > since:
                    total += min(end, until) - max(start, since)
        return total

    def local_day(self, at: datetime) -> date:
        """The date on the dealer's calendar."""
        if at.tzinfo is None:
            raise TypeError("a moment without time zone can't be placed in opening hours")
        return at.astimezone(self._clock).date()

    def time_on(self, day: date, clock: str) -> datetime | None:
        """When it is `clock` ("18:40") that day, open or not; the first of two, None if clocks skip it."""
        minute = minute_of(clock, day.isoformat())
        first, second = _readings(self._clock, day, minute)
        return _moment(first) if first <= second else None

    def day_begins(self, day: date) -> datetime:
        """The first moment of the day: midnight, or the change of clocks that skips it."""
        return _moment(_midnight(self._clock, day.toordinal()))

    def why_closed(self, now: datetime) -> Words:
        """One sentence a customer could hear; asked while open it says until when."""
        if self.is_open(now):
            closing = self.closing_after(now)
            return say("open until %(time)s", time=self._wall(closing)) if closing else say("always open")
        at = _ms(now)
        today = self.local_day(now)
        spans = self._spans(today)
        for start, _end in spans:
            if start > at:
                return say("closed until %(time)s", time=self._wall(_moment(start)))
        if spans:
            return say("closed since %(time)s", time=self._wall(_moment(spans[-1][1])))
        if today in self._closed:
            occasion = self._closed[today]
            return say("closed: %(occasion)s", occasion=occasion) if occasion else say("closed all day")
        if holiday := self.public_holiday(today):
            return say("closed: %(occasion)s", occasion=holiday)
        return _CLOSED_ON[today.weekday()]

    def public_holiday(self, day: date) -> str | None:
        """Its name in the dealer's language if that is known, else in the country's own."""
        if self.country is None:
            return None
        return public_holidays(self.country, self.subdivision, self.language, day.year).get(day)

    @cached_property
    def _closed(self) -> dict[date, str]:
        return dict(self.closed_days)

    @cached_property
    def _opened(self) -> dict[date, Day]:
        return dict(self.open_days)

    @cached_property
    def _weeks(self) -> tuple[tuple[date, Minutes], ...]:
        """Each week with the day from which it holds no more, in order."""
        every = (*self.before, (date.max, self.week))
        return tuple((day, tuple(minutes_of(hours) for hours in week)) for day, week in every)

    def _week_of(self, day: date) -> Minutes:
        return next((week for until, week in self._weeks if day < until), self._weeks[-1][1])

    def _spans(self, day: date) -> Spans:
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= _DAYS_KEPT:
                self._days.clear()
            known = self._days[day] = self._worked_out(day)
        return known

    def _worked_out(self, day: date) -> Spans:
        if day in self._opened:
            hours = minutes_of(self._opened[day])
        else:
            hours = self._week_of(day)[day.weekday()]
            if not hours or day in self._closed or self.public_holiday(day) is not None:
                return ()
        midnight = _midnight(self._clock, day.toordinal())
        next_midnight = _midnight(self._clock, day.toordinal() + 1)
        if next_midnight - midnight == _DAY_MS:
            spans = [(midnight + a * _MINUTE_MS, midnight + b * _MINUTE_MS) for a, b in hours]
        else:
            spans = [(_starts(self._clock, day, a), _starts(self._clock, day, b)) for a, b in hours]
        return tuple((start, end) for start, end in spans if start < end)

    def _wall(self, at: datetime) -> str:
        return at.astimezone(self._clock).strftime("%H:%M")


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // _MS


@lru_cache(maxsize=16_384)
def _midnight(zone: ZoneInfo, ordinal: int) -> int:
    return _starts(zone, date.fromordinal(ordinal), 0)


def _starts(zone: ZoneInfo, day: date, minute: int) -> int:
    """The moment from which the wall clock shows this time or later (ms)."""
    before, after = _readings(zone, day, minute)
    if before <= after:
        return before
    # Skipped: the change lies between the two readings, on a whole second.
    seconds = range(after // 1000, before // 1000 + 1)
    new_ms = _offset_at(zone, seconds[-1])
    return 1000 * seconds[bisect_left(seconds, True, key=lambda s: _offset_at(zone, s) == new_ms)]


def _readings(zone: ZoneInfo, day: date, minute: int) -> tuple[int, int]:
    """The moment of a wall time by the offset before and by the offset after a change of clocks (ms).

    They differ only around a change: in order where the time comes twice, in reverse where it is skipped.
    """
    wall = datetime(day.year, day.month, day.day, tzinfo=zone)
    if minute:
        wall += timedelta(minutes=minute)
    shown = (day.toordinal() - _EPOCH_DAY) * _DAY_MS + minute * _MINUTE_MS
    return shown - _offset_ms(wall), shown - _offset_ms(wall.replace(fold=1))


def _offset_at(zone: ZoneInfo, second: int) -> int:
    return _offset_ms((_EPOCH + timedelta(seconds=second)).astimezone(zone))


def _offset_ms(wall: datetime) -> int:
    return (wall.utcoffset() or _NO_TIME) // _MS


def _moment(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
