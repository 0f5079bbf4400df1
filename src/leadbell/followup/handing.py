"""Between BDC and salesperson: what needs the rooms handover, appointment, conversation and routing together."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from leadbell.appointment.actions import give_to
from leadbell.appointment.shelves import busy
from leadbell.dealers.models import Organisation, Person
from leadbell.dealers.people import people_around, shift_of
from leadbell.followup.playbook import Playbook
from leadbell.handover.actions import offer
from leadbell.handover.rules import DAYS_AHEAD, Receiver, accept_by, why_not_free
from leadbell.lead.facts import Assigned, HandedOver
from leadbell.lead.history import Contract
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.routing.actions import assign
from leadbell.words import Words

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
    ordered = sorted(managers, key=lambda one: (one.person not in here, one.person))
    for whom in [*(one.person for one in ordered), contract.by]:
        outcome = assign(lead, whom, None, now, because)
        if not isinstance(outcome, Refused):
            give_to(lead, whom)
            return outcome
    return None
