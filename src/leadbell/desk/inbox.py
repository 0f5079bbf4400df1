"""The Inbox: everything that arrived, what became of it, and what a person has to look at."""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from leadbell.desk.dealers import dealer_of, switch
from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.intake.actions import dismiss, read_envelope, release, type_in
from leadbell.intake.inquiry import Refused as NotALead
from leadbell.intake.shelves import (
    NoSuchEnvelope,
    Shelf,
    as_it_came,
    on_shelf,
    quarantined,
    the_envelope,
)
from leadbell.intake.sources import by_hand
from leadbell.lead.facts import Origin
from leadbell.refused import Refused
from leadbell.words import say

if TYPE_CHECKING:
    from leadbell.intake.inquiry import Inquiry
    from leadbell.intake.models import Envelope

#: People who look after what arrives.
INBOX = ("manager", "bdc")
#: How a lead that is typed in came; the first is chosen.
ORIGINS: Mapping[Origin, Any] = {
    "walk_in": gettext_lazy("walked in"),
    "call": gettext_lazy("called us"),
    "online": gettext_lazy("wrote to us"),
    "chat": gettext_lazy("chat"),
    "direct_mail": gettext_lazy("answered a mailing"),
    "lost_sale": gettext_lazy("lost-sale campaign"),
}
FIELDS = ("name", "phone", "email", "make", "model", "condition", "message")
#: Longer than any field a person types; the reading cuts each to its own length.
LONGEST = 20_000


@door_for(*INBOX)
@require_GET
def inbox(request: Visit, now: datetime) -> HttpResponse:
    dealer = dealer_of(request)
    shelf: Shelf = "all" if request.GET.get("shelf") == "all" else "quarantine"
    source = request.GET.get("source", "")
    only = int(source) if source.isdecimal() else None
    page = on_shelf(dealer, shelf, _moment(request.GET.get("older_than", "")), only)
    seen = {
        "active": "inbox",
        "dealer": dealer,
        "dealers": switch(request),
        "shelf": shelf,
        "page": page,
        "source": only,
        "older": "older_than" in request.GET,
        "waiting": quarantined([dealer.pk]),
        "now": now,
    }
    return render(request, "inbox/live.html" if request.htmx else "inbox/inbox.html", seen)


@door_for(*INBOX)
@require_GET
def envelope(request: Visit, now: datetime, number: uuid.UUID) -> HttpResponse:
    """One envelope: as it came, as it is understood, and what may be done with it."""
    return _opened(request, _the_envelope(request, number))


@door_for(*INBOX)
@require_POST
def released(request: Visit, now: datetime, number: uuid.UUID) -> HttpResponse:
    """Let it in: as it is, or as the form says."""
    found = _the_envelope(request, number)
    corrected = None
    if request.POST.get("as") == "corrected":
        corrected = json.dumps(typed(request), ensure_ascii=False).encode()
    outcome = release(found, corrected, request.user.pk, now)
    if isinstance(outcome, Refused) and not request.htmx:
        return _opened(request, found, outcome, status=409)
    return answer(request, outcome, reverse("envelope", args=[number]), _("Released: it is read now."))


@door_for(*INBOX)
@require_POST
def dismissed(request: Visit, now: datetime, number: uuid.UUID) -> HttpResponse:
    """Not a lead: off the list, but in the books."""
    found = _the_envelope(request, number)
    outcome = dismiss(found, request.user.pk, now)
    page = f"{reverse('inbox')}?dealer={found.dealer_id}"
    response = answer(request, outcome, page, _("Dismissed: it stays in the books as quarantined."))
    if response.status_code == 303 and not isinstance(outcome, Refused):
        response["Location"] = page
    return response


@door_for("manager", "bdc", "salesperson")
@require_http_methods(["GET", "POST"])
def by_typing(request: Visit, now: datetime) -> HttpResponse:
    """Type in a lead: somebody walked in, or called."""
    dealer = dealer_of(request)
    seen = {"active": "inbox", "dealer": dealer, "dealers": switch(request), "origins": ORIGINS}
    if request.method == "GET":
        return render(request, "inbox/type_in.html", seen | {"typed": {}})
    origin = next((one for one in ORIGINS if one == request.POST.get("origin")), None)
    outcome: object
    if origin is None:
        outcome = Refused(say("Choose how this customer came."))
    else:
        outcome = type_in(by_hand(dealer, origin, now), typed(request), request.user.pk, now)
    if isinstance(outcome, Refused):
        again = {"typed": request.POST, "refused": outcome.because}
        return render(request, "inbox/type_in.html", seen | again, status=409)
    away = (
        reverse("desk")
        if request.user.role == "salesperson"
        else f"{reverse('inbox')}?dealer={dealer.pk}&shelf=all"
    )
    response = answer(request, outcome, away, _("Typed in: it takes its way like every other lead."))
    response["Location"] = away
    return response


def typed(request: HttpRequest) -> dict[str, Any]:
    """The fields of the form as the lead that reading understands; empty ones are left out."""
    said = {name: request.POST.get(name, "").strip()[:LONGEST] for name in FIELDS}
    car = {part: said[part] for part in ("make", "model", "condition") if said[part]}
    lead: dict[str, Any] = {part: said[part] for part in ("name", "phone", "email", "message") if said[part]}
    if car.keys() - {"condition"}:
        lead["vehicles"] = [car]
    return lead


def _opened(
    request: Visit, found: "Envelope", refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    understood = read_envelope(found)
    seen = {
        "active": "inbox",
        "envelope": found,
        "dealer": found.dealer,
        "raw": as_it_came(found),
        "refused": refused.because if refused else None,
        "typed": request.POST if refused else {},
    }
    if isinstance(understood, NotALead):
        seen |= {"because": understood.because, "inquiries": []}
    else:
        seen |= {"inquiries": understood}
        if not refused:
            seen["typed"] = _prefilled(understood[0])
    return render(request, "inbox/envelope.html", seen, status=status)


def _prefilled(inquiry: "Inquiry") -> dict[str, str]:
    """What was understood, in the fields of the form."""
    who = inquiry.customer
    car = next((one for one in inquiry.vehicles if one.interest != "trade-in"), None)
    return {
        "name": who.full_name or "",
        "phone": next((phone.number or phone.raw for phone in who.phones), ""),
        "email": next(iter(who.emails), ""),
        "make": (car and car.make) or "",
        "model": (car and car.model) or "",
        "condition": (car and car.status) or "",
        "message": inquiry.message or "",
    }


def _the_envelope(request: Visit, number: uuid.UUID) -> "Envelope":
    try:
        return the_envelope(request.dealers, number)
    except NoSuchEnvelope:
        raise Http404 from None


def _moment(said: str) -> datetime | None:
    """The moment a link says, or None; nonsense is the first page."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None
    return at if at.tzinfo else None
