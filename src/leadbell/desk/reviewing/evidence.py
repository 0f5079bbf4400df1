"""What the evidence says of one salesperson beside the team: figures, and what was heard."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from leadbell.desk.templatetags.figures import in_unit, interval, percent
from leadbell.metrics.answers import Answer, ask, wilson
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.figures import FEWEST
from leadbell.metrics.metric import Metric
from leadbell.metrics.question import Which
from leadbell.metrics.rows.live import Live
from leadbell.metrics.tables import day_number
from leadbell.review.coaching import Count, heard_of, rdr_of, team_median
from leadbell.words import Words, say

#: The figures are over leads of so many days.
OVER = timedelta(days=90)
FIGURES = (
    "response_time", "called_within_2_minutes", "attempted_rate", "three_attempt_rate", "talk_time", "appointment_rate",
)  # fmt: skip
FALLOUT = "fallout_rate"
ASKED = "asked_for_appointment"
#: What an agreement may want to move: shares, of which a change can be judged.
MOVED = (
    "called_within_2_minutes",
    "attempted_rate",
    "three_attempt_rate",
    "appointment_rate",
    FALLOUT,
    ASKED,
)
TITLES: dict[str, Words] = {
    **{name: METRICS[name].title for name in (*FIGURES, FALLOUT)},
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


def which_leads(first: date, until: date, people: set[int], key: str = "salesperson") -> Which:
    only = {key: tuple(str(one) for one in sorted(people))}
    return Which(day_number(first), day_number(until), only)


def figures(
    engine: Live,
    person: int,
    people: set[int],
    today: date,
    names: Sequence[str] = FIGURES,
    key: str = "salesperson",
) -> list[Line]:
    """Figures of the catalogue, each by who stands in `key`."""
    which = which_leads(today - OVER, today + timedelta(days=1), people, key)
    metrics = [METRICS[name] for name in names]
    given = ask(engine, metrics, engine.as_of_ms, by=(key,), which=which).given
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
        "" if own is None else in_unit(own, metric.unit),
        base(*counts, metric.shape == "measure"),
        "" if middle is None else in_unit(middle, metric.unit),
        None if reference is None else reference.says,
        interval(mine.interval) if mine and own is not None else "",
    )  # fmt: skip


def base(part: int, of: int, is_measure: bool) -> str:
    return (
        _("median of %(n)s") % {"n": of} if is_measure else _("%(part)s of %(of)s") % {"part": part, "of": of}
    )


def of_salesperson(
    engine: Live, person: int, people: set[int], dealers: Collection[int], today: date, now: datetime
) -> list[Line]:
    """A dropped lead isn't theirs any more: fallout counts for who had taken it over."""
    return [
        *figures(engine, person, people, today),
        *figures(engine, person, people, today, (FALLOUT,), "received_by"),
        *heard(person, people, dealers, now),
        frights(person, people, dealers, now),
    ]


def heard(person: int, people: set[int], dealers: Collection[int], now: datetime) -> list[Line]:
    """What listening says: over what was drawn by lot only."""
    said = {who: one for who, one in heard_of(dealers, now - OVER, now).items() if who in people}
    asked = {who: one.asked for who, one in said.items()}
    means = {who: _mean(one.scores) for who, one in said.items()}
    mine = said.get(person)
    middle = team_median(means)
    own = means.get(person)
    return [
        share(TITLES[ASKED], person, asked),
        Line(
            TITLES["score"], "" if own is None else percent(own),
            _("%(n)s conversations") % {"n": len(mine.scores) if mine else 0},
            "" if middle is None else percent(middle),
        ),
    ]  # fmt: skip


def frights(person: int, people: set[int], dealers: Collection[int], now: datetime) -> Line:
    """First contacts that this person noted, and how many of these customers took fright."""
    rdr = {who: one for who, one in rdr_of(dealers, now - OVER, now).items() if who in people}
    return share(TITLES["rdr_rate"], person, rdr)


def _mean(scores: tuple[float, ...]) -> float | None:
    return sum(scores) / len(scores) if len(scores) >= FEWEST else None


def _value(count: Count) -> float | None:
    return count.part / count.of if count.of >= FEWEST else None


def share(title: Words, person: int, counts: Mapping[int, Count], says: Words | None = None) -> Line:
    """A share of this person beside the team's; `says` is the line of the field."""
    mine = counts.get(person, Count())
    own, middle = _value(mine), team_median({who: _value(one) for who, one in counts.items()})
    return Line(
        title, "" if own is None else percent(own), base(mine.part, mine.of, False),
        "" if middle is None else percent(middle), says,
        "" if own is None else interval(wilson(mine.part, mine.of)),
    )  # fmt: skip
