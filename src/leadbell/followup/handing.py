"""Between BDC and salesperson: what needs the rooms handover, appointment, conversation and routing together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from leadbell.appointment.actions import book, cancel, confirm, give_to, move
from leadbell.appointment.shelves import busy
from leadbell.conversation.actions import agree_call_back, promise_quote
from leadbell.dealers.models import Organisation, Person
from leadbell.dealers.people import people_around, people_of, shift_of
from leadbell.followup.playbook import Playbook
from leadbell.handover import actions as handover
from leadbell.handover.actions import Answered, offer
from leadbell.handover.rules import DAYS_AHEAD, Receiver, accept_by, why_not_free
from leadbell.lead.facts import (
    Accepted,
    AnsweredBack,
    Assigned,
    FirstContact,
    Goal,
    HandedOver,
    Qualified,
    RdrAnswer,
    Went,
)
from leadbell.lead.models import Lead
from leadbell.lead.standing import Contract
from leadbell.refused import Refused
from leadbell.ring.actions import take
from leadbell.ring.shelves import recordings_of
from leadbell.routing.actions import assign
from leadbell.words import Words, say

#: A handover is offered to so many salespeople; then it is the manager's.
MOST_OFFERED = 2


def receivers(
    dealer: Organisation, since: datetime, until: datetime, apart_from: int | None = None
) -> list[Receiver]:
    """Who can receive a customer of this dealer, with what they have to do meanwhile."""
    people = [
        one for one in people_around(dealer)
        if one.is_active and one.role in (Person.Role.SALESPERSON, Person.Role.MANAGER)
    ]  # fmt: skip
    taken = busy([one.pk for one in people], since, until, apart_from)
    return [Receiver(one.pk, one.name, one.role, shift_of(one, dealer), taken[one.pk]) for one in people]


def hand_on(lead: Lead, because: Words, playbook: Playbook, now: datetime) -> HandedOver | Assigned | None:
    """To the next salesperson who is free then; after MOST_OFFERED, or where nobody is, to a manager."""
    contract = lead.standing.contract
    if contract is None:
        return None
    visit_at = lead.standing.appointment_at
    until = max(now, visit_at or now) + timedelta(days=1)
    people = receivers(lead.dealer, now, until, lead.standing.appointment)
    following = _next(lead, contract, people, playbook, now)
    if following is not None:
        by = accept_by(following, playbook.hours, now, playbook.plan.accept_m, visit_at)
        if by > now:
            return offer(lead, following.person, by, contract.goal, now, because=because)
    return _to_the_manager(lead, contract, people, because, now)


def _next(
    lead: Lead, contract: Contract, people: Sequence[Receiver], playbook: Playbook, now: datetime
) -> Receiver | None:
    if len(contract.offered) >= MOST_OFFERED or lead.standing.origin == "lost_sale":
        return None
    visit_at = lead.standing.appointment_at
    able = [
        one for one in people
        if one.role == Person.Role.SALESPERSON and one.person not in contract.offered
        and (visit_at is None or why_not_free(one, playbook.hours, visit_at) is None)
    ]  # fmt: skip
    return min(
        able,
        key=lambda one: (one.shift.next_on(now) or now + timedelta(days=DAYS_AHEAD), one.person),
        default=None,
    )


def _to_the_manager(
    lead: Lead, contract: Contract, people: Sequence[Receiver], because: Words, now: datetime
) -> Assigned | None:
    """Never silently: a manager has it now; where there is none, the agent who handed it over."""
    managers = [one for one in people if one.role == Person.Role.MANAGER]
    here = {one.person for one in managers if one.shift.is_on(now)}
    # The dealer's own, before those of the group above it.
    own = {one.pk for one in people_of(lead.dealer)}
    ordered = sorted(managers, key=lambda one: (one.person not in own, one.person not in here, one.person))
    for whom in [*(one.person for one in ordered), contract.by]:
        outcome = assign(lead, whom, None, now, because)
        if not isinstance(outcome, Refused):
            give_to(lead, whom)
            return outcome
    return None


@dataclass(frozen=True, slots=True)
class Reached:
    """What a BDC agent reached with a customer: a time with somebody, a quote by somebody, or not yet."""

    goal: Goal
    answered: Answered
    #: Who receives the customer or makes the quote.
    to: int | None = None
    starts_at: datetime | None = None
    #: When they are called again, where it is not yet.
    due_at: datetime | None = None
    #: What was agreed, and what the customer wants to know.
    text: str = ""
    note: str = ""
    told: bool = False


@transaction.atomic
def qualify(
    lead: Lead, agent: Person, reached: Reached, playbook: Playbook, now: datetime
) -> HandedOver | Qualified | Refused:
    """Keep what was reached and hand the lead over; Refused: nothing has changed."""
    if lead.owner_id not in (None, agent.pk):
        return Refused(say("A colleague has this lead: only they can hand it over."))
    if lead.standing.contract is not None:
        return Refused(say("It is handed over already and waits to be accepted."))
    receiver = _receiver(lead, reached, playbook, now)
    if isinstance(receiver, Refused):
        return receiver
    if lead.owner_id is None and isinstance(taken := take(lead, agent.pk, now), Refused):
        return taken
    if isinstance(agreed := _agree(lead, agent, reached, now), Refused):
        transaction.set_rollback(True)
        return agreed
    qualified = handover.qualified(lead, agent.pk, reached.goal, reached.answered, now, reached.note)
    if isinstance(qualified, Refused) or receiver is None:
        return qualified
    by = accept_by(receiver, playbook.hours, now, playbook.plan.accept_m, reached.starts_at)
    recordings = list(recordings_of(lead, agent))
    return offer(
        lead, receiver.person, by, reached.goal, now, by=agent.pk, text=reached.text, note=reached.note,
        recordings=recordings, told=reached.told,
    )  # fmt: skip


def _receiver(lead: Lead, reached: Reached, playbook: Playbook, now: datetime) -> Receiver | Refused | None:
    """Whom it goes to, and whether they are free then; None where nothing is agreed yet."""
    if reached.goal == "later":
        return None
    if reached.goal == "appointment" and reached.starts_at is None:
        return Refused(say("Choose a day and a time."))
    until = (reached.starts_at or now) + timedelta(days=1)
    found = receivers(lead.dealer, now, max(until, now), lead.standing.appointment)
    receiver = next((one for one in found if one.person == reached.to), None)
    if receiver is None:
        return Refused(say("Choose who receives the customer."))
    if reached.starts_at is None or reached.goal != "appointment":
        return receiver
    because = why_not_free(receiver, playbook.hours, reached.starts_at)
    return Refused(because) if because else receiver


def _agree(lead: Lead, agent: Person, reached: Reached, now: datetime) -> object:
    match reached.goal:
        case "appointment" if reached.starts_at is not None:
            if lead.standing.appointment is not None:
                give_to(lead, reached.to or agent.pk)
                return move(lead, agent.pk, reached.starts_at, now)
            return book(lead, agent.pk, reached.starts_at, now, reached.text, reached.to)
        case "quote":
            return promise_quote(lead, agent.pk, now)
        case _ if reached.due_at is not None:
            return agree_call_back(lead, agent.pk, reached.due_at, now, reached.note)
    return Refused(say("Choose when they are called again."))


@transaction.atomic
def take_over(lead: Lead, person: int, now: datetime) -> Accepted | Refused:
    """Accept a handover: the lead and its appointment are theirs."""
    outcome = handover.accept(lead, person, now)
    if not isinstance(outcome, Refused):
        give_to(lead, person)
    return outcome


@transaction.atomic
def answer_back(
    lead: Lead, person: Person, text: str, playbook: Playbook, now: datetime
) -> AnsweredBack | Refused:
    """The agent, or a manager, answers what was asked back."""
    contract = lead.standing.contract
    if contract is None or (person.pk != contract.by and not person.manages):
        return Refused(say("Only who handed it over, or a manager, answers."))
    people = receivers(lead.dealer, now, now + timedelta(days=1))
    asked = next((one for one in people if one.person == contract.to), None)
    until = now + timedelta(minutes=playbook.plan.accept_m)
    if asked is not None:
        until = accept_by(asked, playbook.hours, now, playbook.plan.accept_m, lead.standing.appointment_at)
    return handover.answer_back(lead, person.pk, text, until, now)


@dataclass(frozen=True, slots=True)
class Met:
    """What became of what was agreed, at the first contact."""

    went: Went
    reason: str = ""
    rdr: bool = False
    answered: RdrAnswer | None = None
    note: str = ""
    #: The new time, where it was moved.
    starts_at: datetime | None = None


@transaction.atomic
def first_contact(lead: Lead, person: int, met: Met, now: datetime) -> FirstContact | Refused:
    """Keep what became of it; who dropped off goes back to the BDC, never to the bin [S1]."""
    visit, agent = lead.standing.appointment, lead.standing.qualified_by
    told = handover.first_contact(lead, person, met.went, now, met.reason, met.rdr, met.answered, met.note)
    if isinstance(told, Refused):
        return told
    done: object = None
    if met.went == "moved" and visit is not None:
        if met.starts_at is None:
            done = Refused(say("Choose a day and a time."))
        else:
            done = move(lead, person, met.starts_at, now)
    elif met.went == "kept" and visit is not None:
        done = confirm(lead, person, "phone", now)
    elif met.went == "dropped":
        if visit is not None:
            cancel(lead, person, now)
        _back_to_the_bdc(lead, person, agent, now)
    if isinstance(done, Refused):
        transaction.set_rollback(True)
        return done
    return told


def _back_to_the_bdc(lead: Lead, person: int, agent: int | None, now: datetime) -> None:
    """The agent who knows the customer calls again; where they don't work here any more, follow-up goes on."""
    if agent is not None and agent != person:
        assign(lead, agent, person, now, say("dropped off at the first contact: back to the BDC"))
