"""The weekly report: what the reader would get by e-mail, their switch for it, and the link that ends it."""

from datetime import UTC, datetime

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from leadbell.allowance import Allowance
from leadbell.conversation.staffmail import can_send, last_told
from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.outside.allowed import at_most
from leadbell.desk.reports.pages import frame
from leadbell.desk.reports.scope import asked_of, scope_of
from leadbell.lead.doors import dealers_below
from leadbell.metrics.letters import READERS
from leadbell.metrics.weekly.actions import turn_off, want
from leadbell.metrics.weekly.letter import Written, letter, person_named
from leadbell.metrics.weekly.report import weekly
from leadbell.metrics.weekly.rules import last_week

#: So many a minute from one address; a mail provider clicks for several readers.
_ALLOWED = Allowance(60)


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


#: A letter has its styles inline, and nothing that runs, is loaded or is sent.
LETTERS_POLICY = {
    "default-src": [NONE], "script-src": [NONE], "style-src": [UNSAFE_INLINE], "form-action": [NONE],
    "frame-ancestors": [SELF],
}  # fmt: skip


@csp_replace(LETTERS_POLICY)
@require_GET
@xframe_options_sameorigin
@door_for(*READERS)
def weekly_letter(request: Visit, now: datetime) -> HttpResponse:
    """The letter itself, as it would be sent; in a policy of its own, since mail has its styles inline."""
    written = _written(request, now)
    if request.GET.get("as") == "text":
        return HttpResponse(written.text, content_type="text/plain; charset=utf-8")
    return HttpResponse(written.html)


def _written(request: Visit, now: datetime) -> Written:
    person = request.user
    dealers = dealers_below(person.organisation_id)
    with asked_of(request, dealers) as engine:
        said = weekly(engine, engine.as_of_ms, last_week(timezone.localdate(now)), dealers)
    return letter(said, person, len(dealers))


@require_POST
@door_for(*READERS)
def weekly_switch(request: Visit, now: datetime) -> HttpResponse:
    on = request.POST.get("on") == "1"
    want(request.user, now, on=on)
    done = _("You get it from next Monday on.") if on else _("You get it no more.")
    return answer(request, None, reverse("weekly"), done)


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@at_most(_ALLOWED)
def weekly_off(request: HttpRequest, name: str) -> HttpResponse:
    """GET shows the button, since scanners follow links; POST ends it at once (RFC 8058). No cookie, no sign-in."""
    if person_named(name) is None:
        raise Http404
    done = request.method == "POST"
    person = turn_off(name, datetime.now(UTC)) if done else None
    if done and person is None:
        raise Http404
    with translation.override(person.language if person else translation.get_language()):
        return render(request, "reports/weekly_off.html", {"done": done})
