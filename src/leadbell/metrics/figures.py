"""What every figure is made of: a numerator over a named base, and the reference it is read against."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Below this base nothing may be said: the screen shows "too few".
FEWEST = 5
#: "Call within" two minutes [S0][S3].
TARGET = timedelta(minutes=2)
TARGET_MS = TARGET // timedelta(milliseconds=1)

#: S0 gives the mean response time; the median beside it is ours.
REFERENCE_RESPONSE = timedelta(minutes=2, seconds=10)
REFERENCE_ATTEMPTED = 0.85
REFERENCE_FIRST_ATTEMPT = 0.73
#: 534 of 1,398 opportunities; over all 2,379 reviewed calls it is 22.4 % [S0].
REFERENCE_APPOINTMENT = 0.38
REFERENCE_APPOINTMENT_OF_CALLS = 0.224


@dataclass(frozen=True, slots=True)
class Rate:
    """`part` of `of`."""

    part: int
    of: int

    @property
    def too_few(self) -> bool:
        return self.of < FEWEST

    @property
    def share(self) -> float | None:
        """0 to 1, or None where the base is too small to say."""
        return None if self.too_few else self.part / self.of

    @property
    def percent(self) -> int | None:
        return None if self.too_few else round(100 * self.part / self.of)


@dataclass(frozen=True, slots=True)
class Median:
    """The middle of `n` durations in milliseconds; None where they are too few."""

    ms: int | None
    n: int

    @property
    def clock(self) -> str:
        return "" if self.ms is None else clock(self.ms)


def median(durations_ms: Sequence[int]) -> Median:
    """Of an even number the mean of the two in the middle, as PostgreSQL's percentile_cont has it."""
    n = len(durations_ms)
    if n < FEWEST:
        return Median(None, n)
    ordered = sorted(durations_ms)
    return Median((ordered[(n - 1) // 2] + ordered[n // 2]) // 2, n)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Of values in order, between the two it falls between, as PostgreSQL's percentile_cont has it."""
    place = share * (len(ordered) - 1)
    return between(ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)], place)


def between(low: float, high: float, place: float) -> float:
    """At a place between two that follow each other, `low` at its whole part."""
    return low + (place - int(place)) * (high - low)


def ms_between(a: datetime, b: datetime) -> int:
    """Milliseconds from `a` to `b`, never negative: a clock corrected in between loses no lead."""
    return max(0, (b - a) // timedelta(milliseconds=1))


def clock(ms: int) -> str:
    """`1:24`, or with hours `1:02:07`."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
