"""Missing: leads that came to us and not by the dealer's CRM, and the other way round; and the catching of forms."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from leadbell.desk.dealer.channels import source_or_404
from leadbell.desk.dealer.people import managed
from leadbell.desk.dealer.sites import site_or_404
from leadbell.desk.dealers import dealer_of, switch
from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.lead.resources import Outcome, resource
from leadbell.desk.reader import SALES
from leadbell.intake.ways import MISSED_AFTER, catch_forms, compare, is_the_crm, settle_gap

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation
    from leadbell.lead.models import Lead


@door_for(*SALES)
@require_GET
def missing(request: Visit, now: datetime) -> HttpResponse:
    dealer = dealer_of(request)
    seen = {
        "active": "inbox",
        "dealer": dealer,
        "dealers": switch(request),
        "now": now,
        "comparison": compare(dealer, now),
        "minutes": int(MISSED_AFTER.total_seconds() // 60),
    }
    return render(request, "inbox/missing_live.html" if request.htmx else "inbox/missing.html", seen)


@resource
def settling(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    said = request.POST
    return settle_gap(lead, said.get("missing", ""), said.get("how", ""), request.user.pk, now), _("Settled.")


@managed
@require_POST
def forms(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """Catch the forms of a website, or stop it."""
    site = site_or_404(dealer, number)
    outcome = catch_forms(dealer, site.pk, site.name, request.POST.dict(), now)
    here = reverse("dealer-sites", args=[dealer.pk])
    return answer(request, outcome, here, _("Saved: visitors’ browsers know within two minutes."))


@managed
@require_POST
def crm(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """Say that this channel is the dealer's CRM, or that it isn't."""
    outcome = is_the_crm(source_or_404(dealer, number), request.POST.get("crm") == "yes")
    return answer(request, outcome, reverse("dealer-channels", args=[dealer.pk]), _("Saved."))
