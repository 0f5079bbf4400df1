"""When a dealer is open and when a person is on shift: aware UTC in and out, local time only inside."""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leadbell.words import Words, say

#: From and until on the clock of the wall, "09:00" and "18:00"; "24:00" is the end of the day.
Interval = tuple[str, str]
Day = tuple[Interval, ...]
#: Seven days, Monday first; a day without intervals is closed.
Week = tuple[Day, ...]
#: [from, until) in milliseconds since 1970 UTC, in order and apart from each other.
Spans = tuple[tuple[int, int], ...]
#: Of a week's seven days: [from, until) in minutes since midnight.
Minutes = tuple[tuple[tuple[int, int], ...], ...]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DEFAULT_WEEK: Week = ((("09:00", "18:00"),),) * 5 + ((("10:00", "17:00"),), ())

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
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00")
_CLOSED_ON = (
    say("closed on Mondays"),
    say("closed on Tuesdays"),
    say("closed on Wednesdays"),
    say("closed on Thursdays"),
    say("closed on Fridays"),
    say("closed on Saturdays"),
    say("closed on Sundays"),
)


class WrongHours(ValueError):
    """Hours nobody could keep: `because` says why, `where` names the part (a weekday, a date, "zone")."""

    def __init__(self, where: str, because: Words) -> None:
        super().__init__(f"{where.capitalize()}: {because}")
        self.where = where
        self.because = because


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
        object.__setattr__(self, "week", _checked_week(self.week))
        open_days = tuple(sorted((day, _checked(day.isoformat(), hours)) for day, hours in self.open_days))
        closed_days = tuple(sorted(self.closed_days))
        before = tuple(sorted((day, _checked_week(week)) for day, week in self.before))
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
        _known_parts(stored, _PARTS)
        return cls(
            zone=str(stored.get("zone", "")),
            week=week_from_json(stored["week"]) if stored.get("week") is not None else DEFAULT_WEEK,
            country=stored.get("country") or None,
            subdivision=stored.get("subdivision") or None,
            language=stored.get("language") or None,
            closed_days=tuple(
                (_date(day), str(on or "")) for day, on in (stored.get("closed_days") or {}).items()
            ),
            open_days=tuple(
                (_date(day), _checked(day, hours)) for day, hours in (stored.get("open_days") or {}).items()
            ),
            before=tuple(
                (_date(day), week_from_json(week)) for day, week in (stored.get("before") or {}).items()
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
            "open_days": {day.isoformat(): _day_as_json(hours) for day, hours in self.open_days},
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
        minute = _minute(clock, day.isoformat())
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
        return _public_holidays(self.country, self.subdivision, self.language, day.year).get(day)

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
        return tuple((day, tuple(_minutes(hours) for hours in week)) for day, week in every)

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
            hours = _minutes(self._opened[day])
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
            object.__setattr__(self, "week", _checked_week(self.week))

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], hours: OpeningHours) -> "Shift":
        """Read `{"week": {"monday": [["09:00", "13:00"]], …} or null, "days_off": [{"first", "until"}]}`;
        both may be missing. Raises WrongHours."""
        _known_parts(stored, ("week", "days_off"))
        week = stored.get("week")
        return cls(
            hours,
            None if week is None else week_from_json(week),
            tuple(DaysOff(_date(off["first"]), _date(off["until"])) for off in stored.get("days_off") or ()),
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


def holidays_known(country: str, subdivision: str | None = None) -> bool:
    """Whether public holidays are known for this ISO 3166 country and, if given, this subdivision."""
    return _calendar(country, subdivision, None, 2000) is not None


def week_from_json(stored: Mapping[str, Any]) -> Week:
    """Read `{"monday": [["09:00", "18:00"]], …}`; a weekday not named is closed. Raises WrongHours."""
    _known_parts(stored, WEEKDAYS)
    return tuple(_checked(weekday, stored.get(weekday) or ()) for weekday in WEEKDAYS)


def week_as_json(week: Week) -> dict[str, list[list[str]]]:
    return {weekday: _day_as_json(hours) for weekday, hours in zip(WEEKDAYS, week, strict=True)}


_PARTS = ("zone", "week", "country", "subdivision", "language", "closed_days", "open_days", "before")


def _day_as_json(hours: Day) -> list[list[str]]:
    return [[start, end] for start, end in hours]


def _known_parts(stored: Mapping[str, Any], parts: Sequence[str]) -> None:
    for part in stored:
        if part not in parts:
            raise WrongHours(str(part), say("nothing in the hours is called this"))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongHours(text, say("a day is written like 2026-12-24")) from None


def _checked_week(week: Sequence[Sequence[Sequence[str]]]) -> Week:
    if len(week) != len(WEEKDAYS):
        raise WrongHours("week", say("a week has seven days"))
    return tuple(_checked(weekday, hours) for weekday, hours in zip(WEEKDAYS, week, strict=True))


def _checked(where: str, hours: Sequence[Sequence[str]]) -> Day:
    """The day's intervals sorted, with hours in two digits; adjoining ones may touch."""
    day: list[tuple[int, int]] = []
    for interval in hours:
        if isinstance(interval, str) or len(interval) != 2:
            raise WrongHours(where, say("hours are written as a start and an end"))
        start, end = (_minute(clock, where) for clock in interval)
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


def _minute(clock: str, where: str) -> int:
    if not isinstance(clock, str) or not _CLOCK.fullmatch(clock):
        raise WrongHours(where, say("“%(time)s” is no time: write it like 09:00", time=str(clock)))
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _minutes(hours: Day) -> tuple[tuple[int, int], ...]:
    return tuple((_minute(start, ""), _minute(end, "")) for start, end in hours)


def _written(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


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


@lru_cache(maxsize=4096)
def _public_holidays(
    country: str, subdivision: str | None, language: str | None, year: int
) -> Mapping[date, str]:
    """A subdivision nobody knows gets the holidays of the whole country."""
    known = _calendar(country, subdivision, language, year)
    if known is None and subdivision is not None:
        known = _calendar(country, None, language, year)
    return known or {}


def _calendar(
    country: str, subdivision: str | None, language: str | None, year: int
) -> dict[date, str] | None:
    # Importing the package and its first calendar takes a third of a second.
    import holidays

    code = country.upper()
    if not re.fullmatch("[A-Z]{2}", code) or not hasattr(holidays, code):
        return None
    entity = getattr(holidays, code)
    try:
        # Left to itself the package takes the language from the environment of the process.
        spoken = _spoken(language, entity.supported_languages) or entity.default_language or "en_US"
        days = entity(years=year, subdiv=subdivision, language=spoken, expand=False)
    except NotImplementedError:
        return None
    return {day: str(name) for day, name in days.items()}


def _spoken(language: str | None, supported: Sequence[str]) -> str | None:
    """The supported language that is, or begins with, the wanted one: "en" is "en_US" where that is all."""
    if language is None:
        return None
    wanted = language.replace("-", "_").casefold()
    tongue = wanted.split("_")[0]
    by_likeness = [s for s in supported if s.casefold() == wanted] + [
        s for s in supported if s.casefold().split("_")[0] == tongue
    ]
    return by_likeness[0] if by_likeness else None
