"""Is it the process or are there too few leads to tell? The funnel, its leak, and what closing it is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sqlglot import exp

from leadbell.metrics import question
from leadbell.metrics.answers import Answer, ask, missing_for, wilson
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.catalogue.conversion import NORM, RIPE_MS
from leadbell.metrics.engines import Engine
from leadbell.metrics.figures import (
    FEWEST,
    REFERENCE_APPOINTMENT,
    REFERENCE_FIRST_ATTEMPT,
)
from leadbell.metrics.metric import Need
from leadbell.metrics.question import EVERY, Which
from leadbell.words import Words, say

Stage = Literal["received", "attempted", "reached", "appointment", "shown", "sold"]
Said = Literal["process", "meets the norm", "too few leads to tell"]
_LEAKS: dict[Stage, Words] = {
    "attempted": say("%(lost)s of %(of)s customers are never called."),
    "reached": say("%(lost)s of %(of)s customers called are never reached."),
    "appointment": say("%(lost)s of %(of)s customers reached make no appointment."),
    "shown": say("%(lost)s of %(of)s appointments don’t come."),
    "sold": say("%(lost)s of %(of)s visitors don’t buy."),
}
_ACTIVE = "set_aside is null and active"
_RIPE = f"{_ACTIVE} and received_ms + {RIPE_MS} <= as_of"


@dataclass(frozen=True, slots=True)
class _Stage:
    stage: Stage
    title: Words
    took: str
    needs: tuple[Need, ...] = ()
    #: Of the stage `after`, as the sources have it.
    reference: float | None = None
    after: Stage | None = None


_WAY: tuple[_Stage, ...] = (
    _Stage("received", say("Received"), "true"),
    _Stage(
        "attempted",
        say("Attempted"),
        "first_attempt_ms is not null",
        ("touches.started_ms",),
        0.85,
        "received",
    ),
    _Stage(
        "reached",
        say("Reached"),
        "conversations > 0",
        ("touches.outcome",),
        REFERENCE_FIRST_ATTEMPT,
        "attempted",
    ),
    _Stage(
        "appointment",
        say("Appointment"),
        "booked_ms is not null",
        ("leads.booked_ms",),
        REFERENCE_APPOINTMENT,
        "reached",
    ),
    _Stage("shown", say("Shown"), "shown_ms is not null", ("leads.shown_ms",)),
    _Stage("sold", say("Sold"), "sold_ms is not null", ("leads.sold_ms",)),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of the funnel. Who took a later one counts here too; `implied` is how many count only because of that."""

    stage: Stage
    title: Words
    leads: int
    implied: int
    #: The leads of the step before, and the share of them that came so far; None at the first step.
    of: int | None
    share: float | None
    interval: tuple[float, float] | None
    #: The share the sources give for this step [S0]; None where they give none.
    reference: float | None

    @property
    def lost(self) -> int:
        return 0 if self.of is None else self.of - self.leads


@dataclass(frozen=True, slots=True)
class Worth:
    """What closing the leak would bring, for the leads looked at: `more` at the leaking step, `sales` in the end."""

    more: float
    #: Of the leads at the leaking step, how many are sold today.
    sold_share: float
    sales: float


@dataclass(frozen=True, slots=True)
class Verdict:
    said: Said
    conversion: Answer
    #: No lead is 45 days old yet: the conversion is that of all, and will grow.
    unripe: bool
    funnel: tuple[Step, ...]
    #: The step with a reference that loses most against it; None where no such step can be said.
    leak: Step | None
    worth: Worth | None
    because: Words


def funnel(engine: Engine, as_of_ms: int, which: Which = EVERY, *, ripe: bool = False) -> tuple[Step, ...]:
    """Active leads, from received to sold; stages the data can't say aren't there. `ripe`: at least 45 days old."""
    stages = _stages(engine.lacks)
    (row,) = engine.rows(_asked(engine.lacks, which, as_of_ms, engine.relation, ripe))
    counts = [(int(row[2 * i]), int(row[2 * i + 1])) for i in range(len(stages))]
    return tuple(_step(stages, counts, i) for i in range(len(stages)))


def _stages(lacks: frozenset[str]) -> tuple[_Stage, ...]:
    return tuple(one for one in _WAY if missing_for(one.needs, lacks) is None)


@lru_cache(maxsize=256)
def _asked(
    lacks: frozenset[str], which: Which, as_of_ms: int, relation: str | None, ripe: bool
) -> exp.Select:
    stages = _stages(lacks)
    base = _RIPE if ripe else _ACTIVE
    shown = {}
    for i, one in enumerate(stages):
        later = " or ".join(f"({other.took})" for other in stages[i:])
        shown[f"{one.stage}_all"] = f"count(case when ({base}) and ({later}) then 1 end)"
        shown[f"{one.stage}_took"] = f"count(case when ({base}) and ({one.took}) then 1 end)"
    return question.select(shown, {}, which, as_of_ms, relation)


#: What the funnel looks at.
COLUMNS = question.looked_at(_RIPE, *(one.took for one in _WAY))


def _step(stages: Sequence[_Stage], counts: Sequence[tuple[int, int]], i: int) -> Step:
    one, (leads, took) = stages[i], counts[i]
    if i == 0:
        return Step(one.stage, one.title, leads, 0, None, None, None, None)
    of = counts[i - 1][0]
    reference = one.reference if stages[i - 1].stage == one.after else None
    share = leads / of if of >= FEWEST else None
    return Step(one.stage, one.title, leads, leads - took, of, share, wilson(leads, of), reference)


def process_verdict(engine: Engine, as_of_ms: int, which: Which = EVERY) -> Verdict | Words:
    """The verdict over active leads at least 45 days old (over all where none is), or why it can't be said."""
    names = ("sales_conversion_ripe", "sales_conversion")
    answers = ask(engine, [METRICS[name] for name in names], as_of_ms, which=which)
    if answers.unsupported:
        return answers.unsupported[0].because
    conversion = answers.of("sales_conversion_ripe")
    unripe = conversion.denominator == 0
    if unripe:
        conversion = answers.of("sales_conversion")
    steps = funnel(engine, as_of_ms, which, ripe=not unripe)
    said = _said(conversion)
    leak = leaking(steps)
    return Verdict(said, conversion, unripe, steps, leak, worth(steps, leak), _because(said, conversion))


def _said(conversion: Answer) -> Said:
    low, high = conversion.interval or (0.0, 1.0)
    if high < NORM:
        return "process"
    return "meets the norm" if low >= NORM else "too few leads to tell"


def _because(said: Said, conversion: Answer) -> Words:
    low, high = conversion.interval or (0.0, 1.0)
    about: dict[str, str | int] = {
        "sold": conversion.numerator, "leads": conversion.denominator,
        "low": f"{100 * low:.1f}", "high": f"{100 * high:.1f}",
    }  # fmt: skip
    if said == "process":
        return say(
            "%(sold)s of %(leads)s active leads were sold. With the interval from %(low)s to %(high)s %% under the "
            "norm of 13 %%, the fault is in the process, whatever the leads are like.", **about,
        )  # fmt: skip
    if said == "meets the norm":
        return say(
            "%(sold)s of %(leads)s active leads were sold. The interval from %(low)s to %(high)s %% is at or over the "
            "norm of 13 %%.", **about,
        )  # fmt: skip
    return say(
        "%(sold)s of %(leads)s active leads were sold. The interval from %(low)s to %(high)s %% holds the norm of "
        "13 %%: these are too few leads to tell.", **about,
    )  # fmt: skip


def headline(found: Verdict) -> tuple[Words, Words | None]:
    """The sentence a manager can repeat, and where it leaks."""
    leak = falling_short(found.funnel)
    tail = None if leak is None else say(_LEAKS[leak.stage].text, lost=leak.lost, of=leak.of)
    match found.said:
        case "process":
            return say("It’s the process, not the leads."), tail
        case "meets the norm":
            return say("The process meets the norm."), tail
        case _:
            return say("Too few leads to tell."), tail


def leaking(steps: Sequence[Step]) -> Step | None:
    """The step that is least of its reference; also where all are above it."""
    judged = [
        (step.share / step.reference, step) for step in steps if step.share is not None and step.reference
    ]
    return min(judged, key=lambda one: one[0])[1] if judged else None


def falling_short(steps: Sequence[Step]) -> Step | None:
    """The leaking step where it is under its reference; None where nothing leaks."""
    leak = leaking(steps)
    short = leak is not None and leak.share is not None and leak.reference is not None
    return leak if leak is not None and short and (leak.share or 0) < (leak.reference or 0) else None


def worth(steps: Sequence[Step], leak: Step | None) -> Worth | None:
    """More leads at the leaking step, times the share of its leads that is sold today; None where nothing leaks."""
    if leak is None or leak.share is None or leak.reference is None or leak.of is None:
        return None
    sold = steps[-1]
    if leak.share >= leak.reference or sold.stage != "sold" or not leak.leads:
        return None
    more = leak.of * (leak.reference - leak.share)
    sold_share = sold.leads / leak.leads
    return Worth(more, sold_share, more * sold_share)


def bdc_break_even(base: float, cost_per_lead: float, margin_per_sale: float) -> float | None:
    """The conversion at which an internal team pays for itself: `base` without it, plus cost over margin (in the same
    money). None where a sale earns nothing. S3's rule of thumb is 13 % without and over 20 % with."""
    return base + cost_per_lead / margin_per_sale if margin_per_sale > 0 else None


@dataclass(frozen=True, slots=True)
class Cohort:
    """Active leads of one month of arrival; immature while its youngest lead is younger than 45 days."""

    month: int
    conversion: Answer
    immature: bool


def cohorts(engine: Engine, as_of_ms: int, which: Which = EVERY) -> tuple[Cohort, ...] | Words:
    """Sales conversion by month received (202611), oldest first; or why it can't be said."""
    metrics = [METRICS["sales_conversion"], METRICS["sales_conversion_ripe"]]
    answers = ask(engine, metrics, as_of_ms, by=("received_month",), which=which)
    if answers.unsupported:
        return answers.unsupported[0].because
    ripe = {one.group: one.denominator for one in answers.given if one.metric is metrics[1]}
    return tuple(
        Cohort(int(one.group[0] or 0), one, ripe[one.group] < one.denominator)
        for one in answers.given if one.metric is metrics[0]
    )  # fmt: skip
