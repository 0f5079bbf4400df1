"""Delete a customer: what goes, what stays, and a button for managers."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from leadbell.desk.entrance import Visit, answer, door
from leadbell.followup.deleting import delete_customer, kept_of
from leadbell.lead.doors import open_lead
from leadbell.refused import Refused
from leadbell.words import say

if TYPE_CHECKING:
    from leadbell.lead.models import Lead


@require_http_methods(["GET", "POST"])
@door
def deletion(request: Visit, now: datetime, number: int) -> HttpResponse:
    """Asks first; deletes what is confirmed with a tick. For managers, of leads they may see."""
    lead = open_lead(request.user, number)
    if not request.user.manages:
        raise PermissionDenied
    back_to_lead = reverse("lead", args=[number])
    if request.method == "POST":
        outcome: object = Refused(say("Tick that you want it: nobody can bring it back."))
        if request.POST.get("sure") == "1":
            outcome = delete_customer(lead, request.user, now)
        if isinstance(outcome, Refused):
            return _asks(request, lead, outcome)
        return answer(request, outcome, back_to_lead, _("Deleted: nothing here says any more who this was."))
    return _asks(request, lead)


def _asks(request: Visit, lead: "Lead", refused: Refused | None = None) -> HttpResponse:
    seen = {
        "active": "leads",
        "lead": lead,
        "kept": kept_of(lead.customer),
        "because": refused and refused.because,
    }
    return render(request, "lead/deletion.html", seen, status=409 if refused else 200)
