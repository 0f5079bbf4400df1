"""What is agreed with a salesperson or a BDC agent, and what listening says of them beside the team."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from django.db import connection, transaction

from leadbell.dealers.models import Person
from leadbell.refused import Refused
from leadbell.review.models import CoachingAction
from leadbell.review.shelves import counted, score_of
from leadbell.words import say

LONGEST_TEXT, LONGEST = 300, timedelta(days=366)
#: A team's median is shown from so many people on: of fewer it would say who.
FEWEST_PEOPLE = 3
#: So many agreements of one person are shown.
MOST_SHOWN = 30


class NoSuchAction(LookupError):
    """There is no such agreement with this person."""


@dataclass(frozen=True, slots=True)
class Count:
    """`part` of `of`."""

    part: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """What listening says of one person: asked of opportunities, made of opportunities, the mean score of criteria."""

    asked: Count = Count()
    made: Count = Count()
    #: Scores of reviews, 0 to 1.
    scores: tuple[float, ...] = ()


def heard_of(dealers: Collection[int], since: datetime, until: datetime) -> dict[int, Heard]:
    """Of everybody, over the conversations of these days that were drawn by lot: what a rule names isn't fair."""
    found: dict[int, list[tuple[bool | None, bool | None, float | None]]] = {}
    for one in counted(dealers, since, until):
        if one.drawn and one.verdict == "opportunity":
            found.setdefault(one.person_id, []).append((one.asked, one.made, score_of(one)))
    return {
        person: Heard(
            Count(sum(a is True for a, _, _ in said), sum(a is not None for a, _, _ in said)),
            Count(sum(m is True for _, m, _ in said), sum(m is not None for _, m, _ in said)),
            tuple(score for _, _, score in said if score is not None),
        )
        for person, said in found.items()
    }


_RDR = """
select by, count(*) filter (where (body ->> 'rdr')::boolean), count(*) from leadbell_fact
where dealer_id = any(%(dealers)s) and at >= %(since)s and at < %(until)s and by is not null and kind = 'first_contact'
group by by
"""


def rdr_of(dealers: Collection[int], since: datetime, until: datetime) -> dict[int, Count]:
    """First contacts with qualified customers, and how many of them took fright [S1]."""
    with connection.cursor() as cursor:
        cursor.execute(_RDR, {"dealers": list(dealers), "since": since, "until": until})
        return {person: Count(rdr or 0, all_) for person, rdr, all_ in cursor.fetchall()}


def team_median(values: Mapping[int, float | None]) -> float | None:
    """The middle of those of whom something can be said; None where they are too few to hide in."""
    said = [value for value in values.values() if value is not None]
    return median(said) if len(said) >= FEWEST_PEOPLE else None


@transaction.atomic
def agree(
    person: Person, said: Mapping[str, str], figures: Sequence[str], by: Person, today: date, now: datetime
) -> CoachingAction | Refused:
    """Something to do until a day, and the figure it is to move, if one is named."""
    text, figure = said.get("text", "").strip()[:LONGEST_TEXT], said.get("figure", "")
    if not text:
        return Refused(say("Write what you have agreed."))
    try:
        due_on = date.fromisoformat(said.get("due_on", ""))
    except ValueError:
        return Refused(say("Choose the day until which it is to be done."))
    if not today <= due_on <= today + LONGEST:
        return Refused(say("Choose a day from today on, within a year."))
    return CoachingAction.objects.create(
        dealer_id=person.organisation_id, person=person, text=text, figure=figure if figure in figures else "",
        agreed_by=by, agreed_at=now, due_on=due_on,
    )  # fmt: skip


@transaction.atomic
def close(person: Person, number: int, is_done: bool, now: datetime) -> CoachingAction | Refused:
    """Done, or given up. Raises NoSuchAction."""
    action = CoachingAction.objects.select_for_update().filter(pk=number, person=person).first()
    if action is None:
        raise NoSuchAction(number)
    if action.closed_at is not None:
        return Refused(say("This is closed already."))
    action.closed_at, action.is_done = now, is_done
    action.save(update_fields=["closed_at", "is_done"])
    return action


def actions_of(person: Person) -> list[CoachingAction]:
    """Open ones first, the one due next on top; then those closed last."""
    theirs = CoachingAction.objects.filter(person=person).select_related("agreed_by")
    found = list(theirs.order_by("-pk")[:MOST_SHOWN])
    still = sorted((one for one in found if one.closed_at is None), key=lambda one: (one.due_on, one.pk))
    return [*still, *(one for one in found if one.closed_at is not None)]


def open_actions(people: Collection[int]) -> dict[int, int]:
    """How many agreements are open with each of these people."""
    found: dict[int, int] = {}
    for person in CoachingAction.objects.filter(person__in=list(people), closed_at=None).values_list(
        "person", flat=True
    ):
        found[person] = found.get(person, 0) + 1
    return found
