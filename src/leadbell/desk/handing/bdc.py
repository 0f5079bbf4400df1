"""The BDC's page: what to do now, in order, and what was handed over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leadbell.dealers.people import agents_of
from leadbell.dealers.shelves import names_of
from leadbell.desk.entrance import Visit, door_for
from leadbell.followup.playbook import Plan
from leadbell.followup.playbooks import plans_of
from leadbell.handover.rules import ORDER, Deal, Queued, deal_of, why_in_queue
from leadbell.handover.shelves import of_agent, unowned, waiting, workloads
from leadbell.lead.journal import read_histories

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation
    from leadbell.lead.facts import Origin
    from leadbell.lead.models import Lead

BDC = ("bdc", "manager")
#: Rows of a list; more are counted.
MOST = 40


@dataclass(frozen=True, slots=True)
class Row:
    lead: "Lead"
    queued: Queued


@dataclass(frozen=True, slots=True)
class Offered:
    """A handover that waits, and how it reads."""

    lead: "Lead"
    deal: Deal
    to: str
    #: The question that waits for the reader's answer.
    question: str


@door_for(*BDC)
@require_GET
def queue(request: Visit, now: datetime) -> HttpResponse:
    """What should I do now: questions first, then my own, then the queue."""
    offered = offers(request, waiting(request.dealers))
    rows = _queue(request, now)
    mine = of_agent(request.user)
    shown = {
        "active": "bdc",
        "now": now,
        "questions": [one for one in offered if one.question],
        "offered": [one for one in offered if not one.question],
        "mine": mine[:MOST],
        "more_mine": len(mine) - len(mine[:MOST]),
        "rows": rows[:MOST],
        "more": len(rows) - len(rows[:MOST]),
        "total": len(rows),
        "several": len(request.dealers) > 1,
        "agents": workloads(agents_of(request.user, request.dealers), now) if request.user.manages else [],
        "against": next((row.queued.against for row in rows if row.queued.against), None),
    }
    return render(request, "bdc/live.html" if request.htmx else "bdc/bdc.html", shown)


def _queue(request: Visit, now: datetime) -> list[Row]:
    plans: dict[int, Mapping[Origin, Plan]] = {}
    rows = []
    for lead in unowned(request.dealers):
        dealer: Organisation = lead.dealer
        if dealer.pk not in plans:
            plans[dealer.pk] = plans_of(dealer)
        plan = plans[dealer.pk][lead.standing.origin]
        queued = why_in_queue(
            lead.standing,
            dealer.opening_hours,
            now,
            len(plan.rounds),
            plan.wait_before_m,
            plan.first == "bdc",
        )
        if queued is not None:
            rows.append(Row(lead, queued))
    return sorted(
        rows, key=lambda row: (row.queued.not_before or now, ORDER[row.queued.why], row.lead.received_at)
    )


def offers(request: Visit, leads: "Sequence[Lead]") -> list[Offered]:
    """Those that the reader handed over; a manager sees everybody's."""
    found = []
    theirs = [
        (lead, lead.standing.contract) for lead in leads
        if lead.standing.contract and (request.user.manages or lead.standing.contract.by == request.user.pk)
    ]  # fmt: skip
    names = names_of({contract.to for _, contract in theirs})
    histories = read_histories(lead.pk for lead, _ in theirs)
    for lead, contract in theirs:
        deal = deal_of(histories[lead.pk])
        if deal is None:
            continue
        question = deal.talk[-1][1] if contract.asked_at is not None and deal.talk else ""
        found.append(Offered(lead, deal, names.get(contract.to, "?"), question))
    return found
