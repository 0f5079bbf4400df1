"""Listening back: marks and moments. Nothing is silently overwritten: a correction is the next version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction

from leadbell.announce import announce
from leadbell.dealers.models import Person
from leadbell.lead.facts import Reviewed, ReviewWanted, Verdict
from leadbell.lead.journal import record
from leadbell.lead.models import Lead
from leadbell.lead.talk import Talk
from leadbell.refused import Refused
from leadbell.review.models import Moment, Review
from leadbell.review.rules import VERDICTS
from leadbell.words import say

LONGEST_NOTE, LONGEST_COMMENT, MOST_MOMENTS = 2000, 500, 100
#: Who listens to colleagues' conversations.
REVIEWERS = frozenset({Person.Role.MANAGER, Person.Role.BDC})


class NoSuchMoment(LookupError):
    """There is no such moment in this conversation."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One criterion of the dealer: met, not met, or None where the conversation gave no occasion."""

    criterion: int
    weight: int
    met: bool | None


@dataclass(frozen=True, slots=True)
class Marks:
    """What was heard. `asked` and `made` are about the appointment; None: can't be heard."""

    verdict: Verdict
    asked: bool | None = None
    made: bool | None = None
    answers: tuple[Answered, ...] = ()
    note: str = ""


def may_review(person: Person, talk: Talk) -> bool:
    """Managers and BDC agents, but nobody marks their own conversation."""
    return person.role in REVIEWERS and person.pk != talk.person


@transaction.atomic
def review(
    lead: Lead, talk: Talk, reviewer: Person, marks: Marks, drawn: bool, seen: int, now: datetime
) -> Review | Refused:
    """Keep the marks as this reviewer's next version, and as a fact of the locked lead.

    `seen` is the version the marks were made on (0: none): whoever marks in two windows is told, not overwritten.
    """
    if not may_review(reviewer, talk):
        return Refused(say("Nobody marks their own conversation."))
    former = Review.objects.filter(call=talk.call).order_by("version")
    mine = [one for one in former if one.reviewer_id == reviewer.pk]
    if len(mine) != seen:
        return Refused(say("You have marked this conversation in another window: look at it first."))
    if mine and _marks(mine[-1]) == marks:
        return mine[-1]
    second = mine[0].second if mine else any(one.reviewer_id != reviewer.pk for one in former)
    kept = Review.objects.create(
        dealer_id=lead.dealer_id, lead=lead, call=UUID(talk.call), attempt=talk.attempt, person_id=talk.person,
        talked_at=talk.at, reviewer=reviewer, version=len(mine) + 1, at=now, verdict=marks.verdict, asked=marks.asked,
        made=marks.made, second=second, drawn=mine[0].drawn if mine else drawn,
        answers=[{"criterion": one.criterion, "weight": one.weight, "met": one.met} for one in marks.answers],
        note=marks.note[:LONGEST_NOTE],
    )  # fmt: skip
    fact = Reviewed(
        at=now, key=talk.attempt, reviewer=reviewer.pk, verdict=marks.verdict, asked=marks.asked, made=marks.made,
        second=second,
    )  # fmt: skip
    record(lead, fact, key=f"review:{talk.call}:{reviewer.pk}:{kept.version}")
    return kept


def _marks(row: Review) -> Marks:
    answers = tuple(Answered(one["criterion"], one["weight"], one["met"]) for one in row.answers)
    return Marks(VERDICTS[row.verdict], row.asked, row.made, answers, row.note)


@transaction.atomic
def mark_moment(lead: Lead, talk: Talk, by: Person, at_ms: int, text: str, now: datetime) -> Moment | Refused:
    """A comment at so many milliseconds of the conversation."""
    text = text.strip()
    if not text:
        return Refused(say("Write what is to be heard at this moment."))
    if not 0 <= at_ms <= talk.talk_ms + 1000:
        return Refused(say("The conversation isn't that long."))
    if Moment.objects.filter(call=talk.call, taken_back_at=None).count() >= MOST_MOMENTS:
        return Refused(say("There are %(most)s moments already.", most=MOST_MOMENTS))
    made = Moment.objects.create(
        dealer_id=lead.dealer_id, lead=lead, call=UUID(talk.call), by=by, at_ms=at_ms, text=text[:LONGEST_COMMENT],
        made_at=now,
    )  # fmt: skip
    announce(lead.dealer_id, "review", lead.pk, [talk.person])
    return made


@transaction.atomic
def take_back(talk: Talk, number: int, by: Person, now: datetime) -> Moment | Refused:
    """Whoever made it takes it back; it is not shown any more, and not deleted. Raises NoSuchMoment."""
    moment = Moment.objects.select_for_update().filter(pk=number, call=talk.call, taken_back_at=None).first()
    if moment is None:
        raise NoSuchMoment(number)
    if moment.by_id != by.pk:
        return Refused(say("Only who made a comment takes it back."))
    moment.taken_back_at = now
    moment.save(update_fields=["taken_back_at"])
    announce(talk.dealer, "review", talk.lead, [talk.person])
    return moment


@transaction.atomic
def want_review(
    lead: Lead, talk: Talk, person: Person, why: Literal["complaint", "learning"], note: str, now: datetime
) -> ReviewWanted | Refused:
    """Put the conversation in front of everybody's queue, once per reason."""
    key = f"wanted:{talk.call}:{why}"
    if lead.facts.filter(key=key).exists():
        return Refused(say("It is to be listened to already."))
    wanted = ReviewWanted(
        at=now, key=talk.attempt, person=person.pk, why=why, note=note.strip()[:LONGEST_COMMENT]
    )
    return record(lead, wanted, key=key)


def reviewers_of(calls: Sequence[str]) -> dict[str, frozenset[int]]:
    """Who has listened to each of these calls."""
    found: dict[str, set[int]] = {}
    for call, reviewer in Review.objects.filter(call__in=calls, version=1).values_list("call", "reviewer"):
        found.setdefault(call.hex, set()).add(reviewer)
    return {call: frozenset(them) for call, them in found.items()}
