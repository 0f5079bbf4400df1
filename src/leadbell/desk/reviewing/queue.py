"""Review: the conversations to listen to next, each with its reason, and how far listeners agree."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from leadbell.dealers.shelves import names_of
from leadbell.desk.entrance import Visit, door_for
from leadbell.desk.reader import SALES
from leadbell.followup.listening import to_hear
from leadbell.lead.doors import leads_for
from leadbell.review.actions import REVIEWERS
from leadbell.review.rules import FEWEST_PAIRS, Due
from leadbell.review.shelves import agreement, newest_reviews

if TYPE_CHECKING:
    from leadbell.lead.models import Lead

#: Agreement is said of conversations of so many days.
AGREED_OVER = timedelta(days=180)
MOST_DUE = 60


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation to hear, its lead, and the first name of who talked."""

    due: Due
    lead: "Lead"
    name: str

    @property
    def talk_s(self) -> float:
        return self.due.talk.talk_ms / 1000


@door_for(*SALES)
@require_GET
def queue(request: Visit, now: datetime) -> HttpResponse:
    """Managers and BDC agents listen; a salesperson gets to what was heard of them."""
    if request.user.role not in REVIEWERS:
        return redirect("coaching-person", request.user.pk)
    due = to_hear(request.user, request.dealers, now)
    first = due[:MOST_DUE]
    leads = leads_for(request.user).in_bulk([one.talk.lead for one in first])
    names = names_of(one.talk.person for one in first)
    rows = [
        Row(one, leads[one.talk.lead], names.get(one.talk.person, "?"))
        for one in first
        if one.talk.lead in leads
    ]
    shown = {
        "active": "review",
        "now": now,
        "rows": rows,
        "total": len(due),
        "agreement": agreement(request.dealers, now - AGREED_OVER),
        "agreed_days": AGREED_OVER.days,
        "fewest_pairs": FEWEST_PAIRS,
        "newest": newest_reviews(request.dealers),
        "several": len(request.dealers) > 1,
    }
    return render(request, "review/queue_live.html" if request.htmx else "review/queue.html", shown)


@door_for(*REVIEWERS)
@require_GET
def following(request: Visit, now: datetime) -> HttpResponse:
    """On to the conversation to hear after the one just heard; back to the queue where nothing is left."""
    heard = request.GET.get("after", "").replace("-", "")
    due = [one.talk for one in to_hear(request.user, request.dealers, now) if one.talk.call != heard]
    return redirect("review-call", due[0].number) if due else redirect("review")
