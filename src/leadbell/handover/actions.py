"""Qualify, hand over, answer: the contract between BDC and salesperson, one fact each [S1]."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from leadbell.handover.rules import REFUSALS
from leadbell.lead.facts import (
    DROP_REASONS,
    Accepted,
    AnsweredBack,
    Answers,
    AskedBack,
    FirstContact,
    Goal,
    HandedOver,
    HandoverRefused,
    Qualified,
    RdrAnswer,
    Went,
)
from leadbell.lead.journal import record
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.words import Words, say

LONGEST = 1000
CLOSED = Refused(say("This lead is closed: reopen it first."))
NO_HANDOVER = Refused(say("No handover waits for your answer."))


@dataclass(frozen=True, slots=True)
class Answered:
    """What the customer answered, by which version of which script; `asked` are the dealer's words for it."""

    answers: Answers = field(default_factory=Answers)
    script: str = ""
    version: int = 0
    own: Mapping[str, bool | int | str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def qualified(
    lead: Lead, person: int, goal: Goal, answered: Answered, now: datetime, note: str = ""
) -> Qualified | Refused:
    """A BDC agent has spoken with the customer: what was reached, and what they answered."""
    if not lead.is_open:
        return CLOSED
    said = Qualified(
        at=now, by=person, goal=goal, answers=answered.answers, script=answered.script, version=answered.version,
        own=dict(answered.own), asked=dict(answered.asked), note=note.strip()[:LONGEST],
    )  # fmt: skip
    return record(lead, said)


@transaction.atomic
def offer(
    lead: Lead,
    to: int,
    accept_by: datetime,
    goal: Goal,
    now: datetime,
    by: int | None = None,
    text: str = "",
    note: str = "",
    recordings: Sequence[str] = (),
    told: bool = False,
    because: Words | None = None,
) -> HandedOver:
    """Offer the lead to one named person; it stays with who has it until they accept."""
    return record(
        lead,
        HandedOver(
            at=now, by=by, to=to, accept_by=accept_by, goal=goal, text=text.strip()[:LONGEST],
            note=note.strip()[:LONGEST], recordings=tuple(recordings), told=told, because=because,
        ),
        also=[to],
    )  # fmt: skip


@transaction.atomic
def accept(lead: Lead, person: int, now: datetime) -> Accepted | Refused:
    """Whoever it was offered to takes it over. Tapping twice is one acceptance."""
    contract = lead.standing.contract
    if contract is None and lead.owner_id == person and lead.standing.taken_over_at is not None:
        return Accepted(at=lead.standing.taken_over_at, by=person)
    if contract is None or contract.to != person:
        return (
            Refused(say("It went on to somebody else: the time to accept was over."))
            if contract
            else NO_HANDOVER
        )
    return record(lead, Accepted(at=now, by=person), also=[contract.by])


@transaction.atomic
def ask_back(lead: Lead, person: int, text: str, now: datetime) -> AskedBack | Refused:
    contract = lead.standing.contract
    if contract is None or contract.to != person:
        return NO_HANDOVER
    if contract.asked_at is not None:
        return Refused(say("Your question waits for its answer already."))
    if not text.strip():
        return Refused(say("Write what you want to know."))
    return record(
        lead, AskedBack(at=now, by=person, text=text.strip()[:LONGEST]), also=[contract.by, contract.to]
    )


@transaction.atomic
def answer_back(
    lead: Lead, person: int, text: str, accept_by: datetime, now: datetime
) -> AnsweredBack | Refused:
    """Whoever asked has time to accept anew. The agent answers, or a manager (the screen lets nobody else)."""
    contract = lead.standing.contract
    if contract is None or contract.asked_at is None:
        return Refused(say("No question waits for an answer."))
    if not text.strip():
        return Refused(say("Write the answer."))
    said = AnsweredBack(at=now, by=person, text=text.strip()[:LONGEST], accept_by=accept_by)
    return record(lead, said, also=[contract.by, contract.to])


@transaction.atomic
def refuse(lead: Lead, person: int, reason: str, note: str, now: datetime) -> HandoverRefused | Refused:
    """With a reason: the clockwork hands it on at once."""
    contract = lead.standing.contract
    if contract is None or contract.to != person:
        return NO_HANDOVER
    if reason not in REFUSALS:
        return Refused(say("Choose why you can't take it over."))
    said = HandoverRefused(at=now, by=person, because=REFUSALS[reason], note=note.strip()[:LONGEST])
    return record(lead, said, also=[contract.by, contract.to])


@transaction.atomic
def first_contact(
    lead: Lead,
    person: int,
    went: Went,
    now: datetime,
    reason: str = "",
    rdr: bool = False,
    answered: RdrAnswer | None = None,
    note: str = "",
) -> FirstContact | Refused:
    """What became of what the BDC had agreed."""
    if not lead.is_open:
        return CLOSED
    if lead.standing.taken_over_at is None or lead.owner_id != person:
        return Refused(say("There is no first contact after a handover to tell of."))
    if went == "dropped" and reason not in DROP_REASONS:
        return Refused(say("Choose why they dropped off."))
    return record(
        lead,
        FirstContact(
            at=now, by=person, went=went, reason=reason if went == "dropped" else "", rdr=rdr,
            answered=answered if rdr else None, note=note.strip()[:LONGEST],
        ),
    )  # fmt: skip
