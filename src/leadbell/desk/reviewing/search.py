"""Words that were said: in which conversations, and at which second."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leadbell.dealers.shelves import names_of
from leadbell.desk.entrance import Visit, door_for
from leadbell.lead.doors import leads_for
from leadbell.review.actions import REVIEWERS
from leadbell.review.finding import LONGEST_QUESTION, Places, find_words
from leadbell.ring.heard import people_in
from leadbell.ring.recordings.listening import read

if TYPE_CHECKING:
    from leadbell.lead.models import Lead


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation that holds the words, its lead, and the first name of who talked."""

    places: Places
    lead: "Lead"
    name: str


@door_for(*REVIEWERS)
@require_GET
def search(request: Visit, now: datetime) -> HttpResponse:
    """Over the transcripts of the reader's dealers; what is shown of a conversation counts as read."""
    asked = request.GET.get("q", "").strip()[:LONGEST_QUESTION]
    found, more = find_words(asked)
    leads = leads_for(request.user).select_related("customer", "dealer").in_bulk(
        [one.transcript.lead_id for one in found]
    )  # fmt: skip
    people = people_in([one.call for one in found])
    names = names_of(people.values())
    rows = [
        Row(one, leads[one.transcript.lead_id], names.get(people.get(one.call, 0), "?"))
        for one in found
        if one.transcript.lead_id in leads
    ]
    read([row.places.call for row in rows], request.user, now)
    shown = {
        "active": "review",
        "now": now,
        "q": asked,
        "rows": rows,
        "more": more,
        "total": sum(len(row.places.found) for row in rows),
        "several": len(request.dealers) > 1,
    }
    return render(request, "review/search.html", shown)
