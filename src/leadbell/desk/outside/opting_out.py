"""The page behind "rather not hear from us": public, signed, one button, and one click for mail programs (RFC 8058)."""

from datetime import UTC, datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from leadbell.allowance import Allowance
from leadbell.conversation.actions import is_marketing_to, opt_out_by_link
from leadbell.conversation.shelves import language_of
from leadbell.desk.outside.allowed import at_most
from leadbell.lead.consent import contact_forbidden
from leadbell.lead.doors import NoSuchLead, take_for, tenant
from leadbell.lead.thread import thread_named

#: So many a minute from one address; a mail provider clicks for many customers.
_ALLOWED = Allowance(120)


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@at_most(_ALLOWED)
def opting_out(request: HttpRequest, name: str) -> HttpResponse:
    """GET shows the button, since scanners follow links; POST honours it at once. No cookie, no sign-in."""
    thread = thread_named(name)
    if thread is None:
        raise Http404
    now = datetime.now(UTC)
    with tenant([thread.dealer]):
        try:
            lead = take_for(thread.dealer, thread.lead)
        except NoSuchLead:
            raise Http404 from None
        with translation.override(language_of(lead)):
            marketing = is_marketing_to(lead)
            if request.method == "POST":
                opt_out_by_link(lead, "link", _("Used the link below our message."), now)
            about = {
                "dealer": lead.dealer.name,
                "marketing": marketing,
                "done": contact_forbidden(lead) is not None,
            }
            return render(request, "messages/opting_out.html", about)
