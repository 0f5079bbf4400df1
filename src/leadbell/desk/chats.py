"""Chats at the desk: answer what rings, write, say goodbye; and what a manager chooses for a website's chat."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from leadbell.chat import actions as chat
from leadbell.desk.dealer.people import managed
from leadbell.desk.dealer.sites import site_or_404
from leadbell.desk.entrance import Visit, answer, door
from leadbell.desk.lead.resources import Outcome, first_was, resource
from leadbell.intake.sources import source_for_chat
from leadbell.lead.doors import take_lead
from leadbell.refused import Refused
from leadbell.ring import actions as ring

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation
    from leadbell.lead.models import Lead


@require_POST
@door
def acceptance(request: Visit, now: datetime, number: int) -> HttpResponse:
    """Accept a chat that rings here, and go where it is answered; the first to accept has it."""
    lead = take_lead(request.user, number)
    page = reverse("lead", args=[number])
    outcome: Outcome = _make_mine(request, lead, now)
    if isinstance(outcome, Refused):
        return answer(request, outcome, page)
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": f"{page}#chat"})
    return HttpResponse(status=303, headers={"Location": f"{page}#chat"})


@resource
def lines(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """Write a line. Whoever is rung for it, or finds it without an owner, takes it by writing."""
    mine = _make_mine(request, lead, now)
    if isinstance(mine, Refused):
        return mine, ""
    key = request.POST.get("key", "")
    return chat.write(
        lead, request.user.pk, request.POST.get("text", ""), now, key if key.isalnum() else ""
    ), ""


@resource
def ending(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    return chat.end(lead, request.user.pk, now), _("The chat is over; the lead goes on.")


@managed
@require_POST
def settings(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """Switch a website's chat on or off, choose its patience and greeting."""
    site = site_or_404(dealer, number)
    source = source_for_chat(dealer, site.name, now)
    outcome = chat.set_up(dealer, site.pk, source.pk, request.POST.dict(), now)
    return answer(
        request, outcome, reverse("dealer-sites", args=[dealer.pk]),
        _("Saved: visitors see it within two minutes."),
    )  # fmt: skip


def _make_mine(request: Visit, lead: "Lead", now: datetime) -> Outcome:
    """Nothing to do where it is theirs already."""
    person = request.user.pk
    if lead.owner_id == person:
        return None
    if person in lead.standing.ringing:
        outcome: Outcome = ring.accept(lead, person, now)
    else:
        outcome = ring.take(lead, person, now)
    if isinstance(outcome, Refused) and lead.owner_id not in (None, person):
        return first_was(lead)
    return outcome
