"""Dealers side by side: those whose intervals overlap the leader's of their place share it."""

from collections.abc import Sequence
from dataclasses import dataclass

from leadbell.metrics.answers import Answer, ask
from leadbell.metrics.engines import Engine
from leadbell.metrics.metric import Metric
from leadbell.metrics.question import Which

#: Shares that dealers are set side by side by; more is better for each.
MEASURED = (
    "appointment_rate_of_reached", "appointment_rate", "sales_conversion", "attempted_rate",
    "called_within_2_minutes", "first_attempt_contact_rate", "three_attempt_rate", "show_rate", "confirmed_rate",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Placed:
    """`place` counts from 1; None where there are too few leads to say."""

    dealer: str | int | None
    place: int | None
    answer: Answer


def league(engine: Engine, metric: Metric, as_of_ms: int, which: Which) -> tuple[Placed, ...]:
    """The best first, then those with too few leads."""
    answers = ask(engine, [metric], as_of_ms, by=("dealer",), which=which).given
    said = sorted((one for one in answers if one.value is not None), key=lambda one: -(one.value or 0.0))
    few = [one for one in answers if one.value is None and one.denominator]
    placed = [Placed(one.group[0], place, one) for one, place in zip(said, places(said), strict=True)]
    return (*placed, *(Placed(one.group[0], None, one) for one in few))


def places(ordered: Sequence[Answer]) -> list[int]:
    """Of shares from the highest down: a new place begins where the interval lies wholly below the place's first."""
    found: list[int] = []
    floor = 0.0
    for at, one in enumerate(ordered):
        low, high = one.interval or (0.0, 1.0)
        if not found or high < floor:
            found.append(at + 1)
            floor = low
        else:
            found.append(found[-1])
    return found


@dataclass(frozen=True, slots=True)
class Mover:
    """A dealer whose share is surely another than in the days before: the intervals don't overlap."""

    dealer: str | int | None
    before: Answer
    now: Answer

    @property
    def up(self) -> bool:
        return (self.now.value or 0.0) > (self.before.value or 0.0)


def movers(engine: Engine, metric: Metric, as_of_ms: int, which: Which, before: Which) -> tuple[Mover, ...]:
    """The largest change first."""
    then = {one.group[0]: one for one in ask(engine, [metric], as_of_ms, by=("dealer",), which=before).given}
    found = []
    for one in ask(engine, [metric], as_of_ms, by=("dealer",), which=which).given:
        was = then.get(one.group[0])
        if was is None or was.value is None or one.value is None or not was.interval or not one.interval:
            continue
        if one.interval[0] > was.interval[1] or one.interval[1] < was.interval[0]:
            found.append(Mover(one.group[0], was, one))
    return tuple(sorted(found, key=lambda one: -abs((one.now.value or 0) - (one.before.value or 0))))
