"""The weekly report: what the reader would get by e-mail, their switch for it, and the link that ends it."""

from datetime import datetime

from csp.constants import SELF
from csp.decorators import csp_replace, csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from leadbell.conversation.staffmail import Draft, can_send, last_told
from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.outside.allowed import at_most
from leadbell.desk.reports.mailed import ENDINGS, LETTERS_POLICY, as_sent, ending
from leadbell.desk.reports.pages import frame
from leadbell.desk.reports.scope import asked_of, scope_of
from leadbell.lead.doors import dealers_below
from leadbell.metrics.letters import READERS
from leadbell.metrics.weekly.letter import LETTERS, letter
from leadbell.metrics.weekly.report import weekly
from leadbell.metrics.weekly.rules import last_week


@csp_update({"frame-src": [SELF]})
@require_GET
@door_for(*READERS)
def weekly_page(request: Visit, now: datetime) -> HttpResponse:
    person = request.user
    shown = frame(request, scope_of(request, now), "verdict") | {
        "active_section": "weekly",
        "wanted": person.weekly_from is not None,
        "address": person.email,
        "can_send": can_send(person.organisation_id),
        "told": last_told(person.pk, "week"),
        "subject": _written(request, now).subject,
    }
    return render(request, "reports/weekly.html", shown)


@csp_replace(LETTERS_POLICY)
@require_GET
@xframe_options_sameorigin
@door_for(*READERS)
def weekly_letter(request: Visit, now: datetime) -> HttpResponse:
    """The letter itself, as it would be sent; in a policy of its own, since mail has its styles inline."""
    return as_sent(request, _written(request, now))


def _written(request: Visit, now: datetime) -> Draft:
    person = request.user
    dealers = dealers_below(person.organisation_id)
    with asked_of(request, dealers) as engine:
        said = weekly(engine, engine.as_of_ms, last_week(timezone.localdate(now)), dealers)
    return letter(said, person, len(dealers))


@require_POST
@door_for(*READERS)
def weekly_switch(request: Visit, now: datetime) -> HttpResponse:
    on = request.POST.get("on") == "1"
    LETTERS.want(request.user, now, on=on)
    done = _("You get it from next Monday on.") if on else _("You get it no more.")
    return answer(request, None, reverse("weekly"), done)


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@at_most(ENDINGS)
def weekly_off(request: HttpRequest, name: str) -> HttpResponse:
    return ending(request, LETTERS, name, "reports/weekly_off.html")
