"""What changed since something was agreed: a share before and after, and what may be said of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from leadbell.desk.reviewing.agents import AGENTS_TITLES, SHARES, counted
from leadbell.desk.reviewing.evidence import ASKED, FALLOUT, which_leads
from leadbell.desk.templatetags.figures import interval, percent
from leadbell.handover.agents import work_of
from leadbell.metrics.answers import ask, difference, wilson
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.figures import FEWEST
from leadbell.metrics.rows.live import Live
from leadbell.review.coaching import Count, heard_of
from leadbell.words import Words, say

if TYPE_CHECKING:
    from leadbell.dealers.models import Person
    from leadbell.review.models import CoachingAction

#: Before and after an agreement are compared over at most so many days each.
COMPARED = timedelta(days=60)
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """A share before and after an agreement; `verdict` says what may be said."""

    before: Pair
    after: Pair
    before_says: str
    after_says: str
    verdict: Words


def changed(
    engine: Live, action: "CoachingAction", whose: "Person", dealers: Collection[int], now: datetime
) -> Change | None:
    """The figure of an agreement over as many days before it as since; None where it names none."""
    name, hours = action.figure, whose.organisation.opening_hours
    if name not in AGENTS_TITLES:
        return None
    today, on = hours.local_day(now), hours.local_day(action.agreed_at)
    days = min(COMPARED, max(today - on, timedelta(days=1)))
    if name in METRICS:
        before, after = _leads(engine, name, whose, on - days, on), _leads(engine, name, whose, on, on + days)
        return change(before, after, METRICS[name].better)
    spans = ((action.agreed_at - days, action.agreed_at), (action.agreed_at, action.agreed_at + days))
    before, after = (_facts(name, whose.pk, dealers, since, until, now) for since, until in spans)
    return change(before, after, "more")


def _leads(engine: Live, name: str, whose: "Person", first: date, until: date) -> Pair:
    """Of the leads received in these days. A dropped lead counts for who handed it over and who had taken it over."""
    key = "salesperson" if name != FALLOUT else "bdc_agent" if whose.role == "bdc" else "received_by"
    which = which_leads(first, until, {whose.pk}, key)
    given = ask(engine, [METRICS[name]], engine.as_of_ms, which=which).given
    return (given[0].numerator, given[0].denominator) if given else (0, 0)


def _facts(
    name: str, person: int, dealers: Collection[int], since: datetime, until: datetime, now: datetime
) -> Pair:
    """Of what was done or heard in this time."""
    if name in SHARES:
        return counted(name, work_of(dealers, [person], since, until, now)[person])
    said = heard_of(dealers, since, until)
    asked = said[person].asked if name == ASKED and person in said else Count()
    return asked.part, asked.of


def change(before: Pair, after: Pair, better: str) -> Change:
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


def _said(count: Pair) -> str:
    if count[1] < FEWEST:
        return ""
    return f"{percent(count[0] / count[1])} ({interval(wilson(*count))})"
