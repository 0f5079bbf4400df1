"""What an engine answers: numerator over denominator, with the interval within which the truth probably lies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import sqrt
from typing import Any

from sqlglot import exp

from leadbell.metrics import question
from leadbell.metrics.engines import Engine
from leadbell.metrics.figures import clock
from leadbell.metrics.metric import Metric, Need, Unit
from leadbell.metrics.question import EVERY, Which
from leadbell.metrics.tables import why_not
from leadbell.words import Words

#: Of the normal distribution, for an interval of 95 %.
Z = 1.959963984540054
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """One figure of one group of leads, in the figure's unit. `value` is the share, the ratio, or the mean of a
    measure; None where the base is too small to say."""

    metric: Metric
    #: Values of the keys asked for, in their order; empty for all leads.
    group: tuple[str | int | None, ...]
    numerator: int
    denominator: int
    value: float | None
    #: Wilson, 95 %; only of shares.
    interval: Interval | None = None
    median: float | None = None
    p10: float | None = None
    p90: float | None = None

    @property
    def too_few(self) -> bool:
        return self.denominator < self.metric.fewest

    @property
    def printed(self) -> str:
        """`38.2 %`, `2:10`, `2.6`; nothing where the base is too small to say."""
        return "" if self.value is None else printed(self.value, self.metric.unit)


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A figure that can't be said, and why."""

    metric: Metric
    because: Words


@dataclass(frozen=True, slots=True)
class Answers:
    given: tuple[Answer, ...]
    unsupported: tuple[Unsupported, ...]

    def of(self, name: str, group: tuple[str | int | None, ...] = ()) -> Answer:
        """The figure of this name and group. Raises KeyError where it wasn't asked or can't be said."""
        for answer in self.given:
            if answer.metric.name == name and answer.group == group:
                return answer
        raise KeyError(name, group)


def printed(value: float, unit: Unit) -> str:
    """A figure in its unit: `38.2 %`, `2:10` or `1:02:07`, `2.6`."""
    if unit == "share":
        return f"{100 * value:.1f} %"
    return clock(round(value / 1000) * 1000) if unit == "ms" else f"{value:.1f}"


def wilson(part: int, of: int) -> Interval | None:
    """The 95 % interval of a share; None over nothing."""
    if of <= 0 or not 0 <= part <= of:
        return None
    p, z2 = part / of, Z * Z
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z * sqrt(p * (1 - p) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return (middle - half if part else 0.0), (middle + half if part < of else 1.0)


def difference(before: tuple[int, int], after: tuple[int, int]) -> Interval | None:
    """The 95 % interval of how much a share has changed (Newcombe 1998, method 10); None over nothing."""
    first, second = wilson(*before), wilson(*after)
    if first is None or second is None:
        return None
    p1, p2 = before[0] / before[1], after[0] / after[1]
    low = sqrt((p2 - second[0]) ** 2 + (first[1] - p1) ** 2)
    high = sqrt((second[1] - p2) ** 2 + (p1 - first[0]) ** 2)
    return p2 - p1 - low, p2 - p1 + high


def missing_for(needs: Iterable[Need], lacks: frozenset[str]) -> Words | None:
    """Why what has these needs can't be said without the columns that lack; None if it can."""
    for need in needs:
        either = (need,) if isinstance(need, str) else need
        if all(column in lacks for column in either):
            return why_not(either[0])
    return None


def ask(
    engine: Engine,
    metrics: Iterable[Metric],
    as_of_ms: int,
    by: Sequence[str] = (),
    which: Which = EVERY,
) -> Answers:
    """All these figures in one pass over the leads, per group of `by` (question.KEYS), at the moment `as_of_ms`.

    Groups without leads aren't there; without `by` there is always one answer per figure.
    """
    can, cannot = [], []
    for metric in metrics:
        because = missing_for(metric.needs, engine.lacks)
        if because is None:
            can.append(metric)
        else:
            cannot.append(Unsupported(metric, because))
    if not can:
        return Answers((), tuple(cannot))
    asked = _asked(tuple(can), tuple(by), which, as_of_ms, engine.relation)
    given = _read(tuple(can), len(by), tuple(map(tuple, engine.rows(asked))))
    return Answers(given, tuple(cannot))


@lru_cache(maxsize=32)
def _read(metrics: tuple[Metric, ...], keys: int, rows: tuple[tuple[Any, ...], ...]) -> tuple[Answer, ...]:
    """Screens get the same rows again and again: of hundreds of dealers they aren't read anew each time."""
    given = []
    for row in rows:
        values = iter(row[keys:])
        group = tuple(_plain(value) for value in row[:keys])
        given += [_answer(metric, group, values) for metric in metrics]
    return tuple(given)


@lru_cache(maxsize=256)
def _asked(
    metrics: tuple[Metric, ...], by: tuple[str, ...], which: Which, as_of_ms: int, relation: str | None
) -> exp.Select:
    # Without groups a base that all share may be left out early; with them a group without it would be missing.
    bases = {metric.of if metric.shape != "ratio" else None for metric in metrics}
    among = bases.pop() if not by and len(bases) == 1 else None
    shown = {
        name: sql
        for i, metric in enumerate(metrics)
        for name, sql in question.counted(replace(metric, of="true") if among else metric, f"m{i}").items()
    }
    return question.select(shown, question.keys(by), which, as_of_ms, relation, among)


def _plain(value: Any) -> str | int | None:
    return value if value is None or isinstance(value, str) else int(value)


def _answer(metric: Metric, group: tuple[str | int | None, ...], values: Any) -> Answer:
    part, of = int(next(values) or 0), int(next(values) or 0)
    if metric.shape == "measure":
        quantiles = [
            None if q is None else round(float(q), 3) / metric.scale
            for q in (next(values) for _ in question.QUANTILES)
        ]
        low, middle, high = quantiles if of >= metric.fewest else (None, None, None)
        mean = part / of / metric.scale if of >= metric.fewest else None
        return Answer(metric, group, part, of, mean, None, middle, low, high)
    value = part / of if of >= max(1, metric.fewest) else None
    interval = wilson(part, of) if metric.unit == "share" else None
    return Answer(metric, group, part, of, value, interval)
