"""What the evidence says of one person: figures, what was heard, and what changed since something was agreed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from leadbell.metrics.answers import Answer, Interval, ask, difference, printed, wilson
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.figures import FEWEST
from leadbell.metrics.metric import Metric
from leadbell.metrics.question import Which
from leadbell.metrics.rows.live import Live
from leadbell.metrics.tables import day_number
from leadbell.review.coaching import Count, heard_of, rdr_of, team_median
from leadbell.words import Words, say

if TYPE_CHECKING:
    from leadbell.dealers.models import Person
    from leadbell.review.models import CoachingAction

#: The figures are over leads of so many days.
OVER = timedelta(days=90)
#: Before and after an agreement are compared over at most so many days each.
COMPARED = timedelta(days=60)
FIGURES = (
    "response_time", "called_within_2_minutes", "attempted_rate", "three_attempt_rate", "talk_time", "appointment_rate",
    "fallout_rate",
)  # fmt: skip
ASKED = "asked_for_appointment"
#: What an agreement may want to move: shares, of which a change can be judged.
MOVED = (
    "called_within_2_minutes",
    "attempted_rate",
    "three_attempt_rate",
    "appointment_rate",
    "fallout_rate",
    ASKED,
)
TITLES: dict[str, Words] = {
    **{name: METRICS[name].title for name in FIGURES},
    ASKED: say("asked for the appointment, of opportunities heard"),
    "rdr_rate": say("took fright at the first contact (RDR), of first contacts noted"),
    "score": say("what we want to hear, mean of conversations heard"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of a person beside the team's median; `says` is the line of the field. Too few: no value."""

    title: Words
    value: str
    base: str
    team: str
    says: Words | None = None
    interval: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A share before and after an agreement; `verdict` says what may be said."""

    before: tuple[int, int]
    after: tuple[int, int]
    before_says: str
    after_says: str
    verdict: Words


def which_leads(first: date, until: date, people: set[int]) -> Which:
    only = {"salesperson": tuple(str(one) for one in sorted(people))}
    return Which(day_number(first), day_number(until), only)


def figures(engine: Live, person: int, people: set[int], today: date) -> list[Line]:
    which = which_leads(today - OVER, today + timedelta(days=1), people)
    metrics = [METRICS[name] for name in FIGURES]
    given = ask(engine, metrics, engine.as_of_ms, by=("salesperson",), which=which).given
    lines = []
    for metric in metrics:
        of = {int(str(one.group[0])): one for one in given if one.metric is metric and one.group[0]}
        lines.append(_line(metric, of.get(person), {who: _middle(one) for who, one in of.items()}))
    return lines


def _middle(one: Answer) -> float | None:
    """Of a measure its median: one slow night isn't a habit."""
    if one.too_few:
        return None
    return one.median if one.metric.shape == "measure" else one.value


def _line(metric: Metric, mine: Answer | None, team: dict[int, float | None]) -> Line:
    own = None if mine is None else _middle(mine)
    middle = team_median(team)
    reference = metric.reference
    counts = (0, 0) if mine is None else (mine.numerator, mine.denominator)
    return Line(
        metric.title,
        "" if own is None else printed(own, metric.unit),
        _base(*counts, metric.shape == "measure"),
        "" if middle is None else printed(middle, metric.unit),
        None if reference is None else reference.says,
        _between(mine.interval) if mine and mine.interval and own is not None else "",
    )  # fmt: skip


def _base(part: int, of: int, is_measure: bool) -> str:
    return (
        _("median of %(n)s") % {"n": of} if is_measure else _("%(part)s of %(of)s") % {"part": part, "of": of}
    )


def _between(interval: Interval) -> str:
    return f"{100 * interval[0]:.0f}–{100 * interval[1]:.0f} %"


def heard(whose: "Person", people: set[int], now: datetime) -> list[Line]:
    """What listening says: over what was drawn by lot only."""
    dealers, since = [whose.organisation_id], now - OVER
    said = {who: one for who, one in heard_of(dealers, since, now).items() if who in people}
    rdr = {who: one for who, one in rdr_of(dealers, since, now).items() if who in people}
    asked = {who: one.asked for who, one in said.items()}
    means = {who: _mean(one.scores) for who, one in said.items()}
    mine = said.get(whose.pk)
    middle = team_median(means)
    own = means.get(whose.pk)
    return [
        _share(TITLES[ASKED], whose.pk, asked),
        Line(
            TITLES["score"], "" if own is None else printed(own, "share"),
            _("%(n)s conversations") % {"n": len(mine.scores) if mine else 0},
            "" if middle is None else printed(middle, "share"),
        ),
        _share(TITLES["rdr_rate"], whose.pk, rdr),
    ]  # fmt: skip


def _mean(scores: tuple[float, ...]) -> float | None:
    return sum(scores) / len(scores) if len(scores) >= FEWEST else None


def _value(count: Count) -> float | None:
    return count.part / count.of if count.of >= FEWEST else None


def _share(title: Words, person: int, counts: dict[int, Count]) -> Line:
    mine = counts.get(person, Count())
    own, middle = _value(mine), team_median({who: _value(one) for who, one in counts.items()})
    interval = wilson(mine.part, mine.of)
    return Line(
        title, "" if own is None else printed(own, "share"), _base(mine.part, mine.of, False),
        "" if middle is None else printed(middle, "share"), None,
        _between(interval) if interval and own is not None else "",
    )  # fmt: skip


def changed(engine: Live, action: "CoachingAction", today: date) -> Change | None:
    """The figure of an agreement over as many days before it as since; None where it names none."""
    if action.figure not in MOVED:
        return None
    on = action.person.organisation.opening_hours.local_day(action.agreed_at)
    days = min(COMPARED, max(today - on, timedelta(days=1)))
    if action.figure == ASKED:
        span = partial(heard_of, [action.dealer_id])
        counts = [
            span(action.agreed_at - days, action.agreed_at), span(action.agreed_at, action.agreed_at + days)
        ]  # fmt: skip
        before, after = (
            (one[action.person_id].asked if action.person_id in one else Count()) for one in counts
        )
        pairs = ((before.part, before.of), (after.part, after.of))
    else:
        metric = METRICS[action.figure]
        people = {action.person_id}
        answers = [
            ask(engine, [metric], engine.as_of_ms, which=which).given
            for which in (which_leads(on - days, on, people), which_leads(on, on + days, people))
        ]
        first, second = ((one[0].numerator, one[0].denominator) if one else (0, 0) for one in answers)
        pairs = (first, second)
    better = "more" if action.figure == ASKED else METRICS[action.figure].better
    return change(*pairs, better)


def change(before: tuple[int, int], after: tuple[int, int], better: str) -> Change:
    """What two shares allow to say: better, worse, no difference that can be told, or too few."""
    gap = difference(before, after)
    if min(before[1], after[1]) < FEWEST or gap is None:
        verdict = say("too few to tell")
    elif gap[0] <= 0 <= gap[1]:
        verdict = say("no difference that can be told from chance")
    else:
        verdict = (
            say("better than before") if (gap[0] > 0) == (better == "more") else say("worse than before")
        )
    return Change(before, after, _said(before), _said(after), verdict)


def _said(count: tuple[int, int]) -> str:
    interval = wilson(*count)
    if count[1] < FEWEST or interval is None:
        return ""
    return f"{printed(count[0] / count[1], 'share')} ({_between(interval)})"
