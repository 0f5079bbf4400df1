"""The Dealer page: the dealer's websites, the snippet for each, and whether it works."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from leadbell.chat.shelves import chat_sites_of
from leadbell.desk.dealer.people import framed, managed
from leadbell.desk.entrance import Visit, answer, door
from leadbell.followup.pool import pools_of, set_up_pool
from leadbell.intake.ways import caught_forms_of
from leadbell.lead.doors import open_lead
from leadbell.refused import Refused
from leadbell.visits.actions import add_site, change_site, remove_site, undo_join
from leadbell.visits.shelves import NoSuchJoin, NoSuchSite, join_of, site_of, sites_of

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation
    from leadbell.visits.models import Site

#: Why a beacon is not kept, as a manager reads it.
REASONS = {
    "wrong_key": gettext_lazy("the key in the snippet is not this website’s"),
    "foreign_origin": gettext_lazy("from another address than those named here"),
    "oversized": gettext_lazy("too large"),
    "slow": gettext_lazy("sent too slowly"),
    "unreadable": gettext_lazy("not readable"),
    "absurd_clock": gettext_lazy("the clock is off by more than a day"),
    "own_people": gettext_lazy("from a network of your own people"),
    "no_consent": gettext_lazy("the visitor didn’t agree"),
    "opted_out": gettext_lazy("the browser asks not to be tracked"),
    "bot_search": gettext_lazy("bot: search engine"),
    "bot_preview": gettext_lazy("bot: preview in a messenger"),
    "bot_monitor": gettext_lazy("bot: monitoring"),
    "bot_ai": gettext_lazy("bot: collects for an AI"),
    "bot_tool": gettext_lazy("bot: a program, no browser"),
    "bot_headless": gettext_lazy("bot: a browser without a screen"),
    "bot_other": gettext_lazy("bot: other"),
    "bot_nameless": gettext_lazy("bot: without a name"),
    "too_many": gettext_lazy("too many at once"),
    "database_away": gettext_lazy("the database didn’t answer"),
}


@managed
@require_http_methods(["GET", "POST"])
def sites(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """All websites with what came from them today, and a form for a new one."""
    if request.method == "GET":
        return _sites(request, dealer, now, {})
    said = request.POST
    outcome = add_site(dealer, said.dict(), now)
    if isinstance(outcome, Refused):
        return _sites(request, dealer, now, {"refused": outcome.because, "said": said}, status=409)
    return answer(request, outcome, _here(dealer), _("Added: put the snippet on every page of the website."))


@managed
@require_POST
def site(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """Change a website's addresses, car pages, consent and time to keep."""
    outcome = change_site(site_or_404(dealer, number), request.POST.dict())
    return answer(request, outcome, _here(dealer), _("Saved: it counts within seconds."))


@managed
@require_POST
def numbers(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """Which phone numbers this website shows to one visitor at a time."""
    outcome = set_up_pool(dealer, site_or_404(dealer, number), request.POST.dict(), now)
    return answer(request, outcome, _here(dealer), _("Saved: visitors’ browsers know within two minutes."))


@managed
@require_POST
def removal(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """From now on nothing is taken in from this website."""
    outcome = remove_site(site_or_404(dealer, number), now)
    return answer(request, outcome, _here(dealer), _("Removed. What was kept goes when its time is over."))


@require_POST
@door
def undoing(request: Visit, now: datetime, number: int, join: int) -> HttpResponse:
    """This browser was somebody else's."""
    lead = open_lead(request.user, number)
    try:
        found = join_of(lead, join)
    except NoSuchJoin:
        raise Http404 from None
    outcome = undo_join(lead, found, request.user.pk, now)
    return answer(request, outcome, reverse("lead", args=[number]), _("Undone: these visits are not theirs."))


def _sites(
    request: Visit, dealer: "Organisation", now: datetime, more: dict[str, Any], status: int = 200
) -> HttpResponse:
    chats, forms, pools = chat_sites_of(dealer), caught_forms_of(dealer), pools_of(dealer, now)
    shown = [
        {
            "about": one,
            "site": one.site,
            "origins": "\n".join(one.site.origins),
            "patterns": "\n".join(one.site.patterns),
            "price_pages": "\n".join(one.site.price_pages),
            "trade_in_pages": "\n".join(one.site.trade_in_pages),
            "own_networks": "\n".join(one.site.own_networks),
            "picture_hosts": "\n".join(one.site.picture_hosts),
            "drops": [(REASONS.get(why, why), count) for why, count in one.drops],
            "chat": chats.get(one.site.pk),
            "forms": forms.get(one.site.pk),
            "numbers": pools.get(one.site.pk),
        }
        for one in sites_of(dealer, now)
    ]
    seen = framed(request, dealer, "sites") | {"sites": shown, "keep_days": (30, 60, 90), "said": {}}
    return render(request, "dealer/sites.html", seen | more, status=status)


def _here(dealer: "Organisation") -> str:
    return reverse("dealer-sites", args=[dealer.pk])


def site_or_404(dealer: "Organisation", number: int) -> "Site":
    try:
        return site_of(dealer, number)
    except NoSuchSite:
        raise Http404 from None
