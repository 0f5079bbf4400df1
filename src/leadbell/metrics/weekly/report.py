"""What a week says beside the four before: the verdict, the leaking step, five figures. Asked of any engine."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from leadbell.metrics.answers import Answer, ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.engines import Engine
from leadbell.metrics.question import Which
from leadbell.metrics.reports.verdict import Verdict, funnel, process_verdict
from leadbell.metrics.tables import day_number
from leadbell.metrics.weekly.rules import Week
from leadbell.words import Words

#: In the order in which a lead meets them; of each, more is better.
FIGURES = (
    "attempted_rate", "called_within_2_minutes", "first_attempt_contact_rate", "appointment_rate_of_reached",
    "show_rate",
)  # fmt: skip
#: The verdict is about leads received within so many days, as on its own page.
VERDICT_DAYS = 365

Change = Literal["better", "worse", ""]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of the week, and of the four weeks before."""

    now: Answer
    before: Answer

    @property
    def change(self) -> Change:
        """Only where the intervals don't overlap; empty where nobody can tell."""
        now, before = self.now.interval, self.before.interval
        if self.now.value is None or self.before.value is None or now is None or before is None:
            return ""
        if now[0] <= before[1] and before[0] <= now[1]:
            return ""
        return "better" if now[0] > before[1] else "worse"


@dataclass(frozen=True, slots=True)
class Weekly:
    """`received`: active leads of the week; `received_before`: of the four weeks before, together."""

    week: Week
    received: int
    received_before: int
    verdict: Verdict | Words
    lines: tuple[Line, ...]
    #: Figures that can't be said from this data, and why.
    cannot: tuple[tuple[Words, Words], ...]


def weekly(engine: Engine, as_of_ms: int, week: Week, dealers: Collection[int]) -> Weekly:
    """The week of these dealers together; of nobody else, whatever the engine may see."""
    now = _days(week.monday, week.sunday, dealers)
    before = _days(*week.before, dealers)
    metrics = [METRICS[name] for name in FIGURES]
    said, was = (ask(engine, metrics, as_of_ms, which=which) for which in (now, before))
    lines = tuple(Line(one, was.of(one.metric.name)) for one in said.given)
    year = _days(week.sunday - timedelta(days=VERDICT_DAYS - 1), week.sunday, dealers)
    return Weekly(
        week, _received(engine, as_of_ms, now), _received(engine, as_of_ms, before),
        process_verdict(engine, as_of_ms, year), lines,
        tuple((one.metric.title, one.because) for one in said.unsupported),
    )  # fmt: skip


def _received(engine: Engine, as_of_ms: int, which: Which) -> int:
    return next((step.leads for step in funnel(engine, as_of_ms, which) if step.stage == "received"), 0)


def _days(first: date, last: date, dealers: Collection[int]) -> Which:
    ours = {"dealer": tuple(str(one) for one in sorted(dealers))}
    return Which(day_number(first), day_number(last + timedelta(days=1)), ours)
