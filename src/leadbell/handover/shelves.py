"""What the screens show of handovers: the BDC's queue, what waits to be accepted, no-shows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, QuerySet

from leadbell.dealers.models import Person
from leadbell.lead.models import Lead

#: More than anybody calls in a shift.
MOST = 200
MOST_SHOWN = 50

#: As the partial index `lead_in_hands` has them.
_IN_HANDS = ["contract", "taken_over_at", "missed_at"]


def _open(dealers: Collection[int]) -> QuerySet[Lead]:
    found = Lead.objects.filter(dealer__in=list(dealers), closed_at=None)
    return found.select_related("customer", "dealer", "owner")


def in_hands(dealers: Collection[int]) -> list[Lead]:
    """Leads between BDC and salesperson, and of customers who didn't come; the others below are parts of these."""
    found = _open(dealers).filter(standing_json__has_any_keys=_IN_HANDS)
    return list(found.order_by("received_at", "pk")[:MOST])


def unowned(dealers: Collection[int]) -> list[Lead]:
    """Leads that are nobody's yet, the longest wait first."""
    return list(_open(dealers).filter(owner=None).order_by("received_at", "pk")[:MOST])


def of_agent(agent: Person) -> list[Lead]:
    """What the agent has and hasn't handed over, the next step first."""
    mine = Lead.objects.filter(owner=agent, closed_at=None).select_related("customer", "dealer", "owner")
    return [lead for lead in mine.order_by("next_at", "pk")[:MOST_SHOWN] if lead.standing.contract is None]


@dataclass(frozen=True, slots=True)
class Workload:
    """What an agent has and hasn't handed over, and how much of it was due before now."""

    agent: Person
    leads: int
    overdue: int
    next_at: datetime | None


def workloads(agents: Sequence[Person], now: datetime) -> list[Workload]:
    """One for each agent, in their order."""
    theirs = Lead.objects.filter(owner__in=[one.pk for one in agents], closed_at=None)
    free = theirs.exclude(standing_json__has_key="contract").values("owner")
    counted = {
        row["owner"]: row
        for row in free.annotate(
            n=Count("pk"), late=Count("pk", filter=Q(next_at__lt=now)), first=Min("next_at")
        )
    }
    return [
        Workload(one, row["n"] if row else 0, row["late"] if row else 0, row["first"] if row else None)
        for one in agents
        for row in [counted.get(one.pk)]
    ]


def waiting(dealers: Collection[int]) -> list[Lead]:
    """Handovers that wait to be accepted, the nearest end first."""
    return by_end([lead for lead in in_hands(dealers) if lead.standing.contract is not None])


def by_end(leads: Sequence[Lead]) -> list[Lead]:
    def end(lead: Lead) -> datetime:
        return lead.standing.contract.accept_by if lead.standing.contract else lead.received_at

    return sorted(leads, key=end)


def offered_to(person: Person, dealers: Collection[int]) -> list[Lead]:
    """What this person has to accept, ask back or refuse."""
    return [
        lead for lead in waiting(dealers)
        if lead.standing.contract is not None and lead.standing.contract.to == person.pk
    ]  # fmt: skip


def unconfirmed(leads: Sequence[Lead]) -> list[Lead]:
    """Appointments that a BDC made and who took them over hasn't confirmed yet."""
    return [
        lead for lead in leads
        if lead.standing.taken_over_at is not None and lead.standing.appointment is not None
        and lead.standing.confirmed_at is None
    ]  # fmt: skip


def missed(leads: Sequence[Lead]) -> list[Lead]:
    """Customers who didn't come and with whom nothing new is agreed, the newest first."""
    found = [lead for lead in leads if lead.standing.missed_at is not None]
    return sorted(found, key=lambda lead: lead.standing.missed_at or lead.received_at, reverse=True)
