"""The Dealer page, third part: where leads come from, with the keys and a command to try them."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from leadbell.desk.dealer.people import framed, managed
from leadbell.desk.entrance import Visit, answer
from leadbell.desk.inbox import ORIGINS
from leadbell.intake.actions import type_in
from leadbell.intake.fetching import renew_token
from leadbell.intake.sources import COUNTED_DAYS, NoSuchSource, add_source, channels_of, revoke, source_of
from leadbell.network.agreeing import show_customers
from leadbell.network.shelves import agreement_of, importer_of
from leadbell.refused import Refused

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation
    from leadbell.intake.models import Source


@managed
@require_http_methods(["GET", "POST"])
def channels(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """All channels with what they delivered, and a form for a new one."""
    if request.method == "GET":
        return _channels(request, dealer, now, {})
    said = request.POST
    outcome = add_source(dealer, said.get("name", ""), said.get("origin", ""), now, said.get("secret", ""))
    if isinstance(outcome, Refused):
        return _channels(request, dealer, now, {"refused": outcome.because, "said": said}, status=409)
    return answer(request, outcome, _here(dealer), _("The channel is open: give its address to the sender."))


@managed
@require_POST
def sharing(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """Whether the importer sees what became of the customers it sent."""
    importer = importer_of(dealer)
    if importer is None:
        raise Http404
    shown = bool(request.POST.get("shows_customers"))
    done = (
        _("Saved: the importer sees its customers’ names.")
        if shown
        else _("Saved: the importer sees no names.")
    )
    return answer(request, show_customers(importer.pk, dealer.pk, shown), _here(dealer), done)


@managed
@require_POST
def revocation(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """Close a channel for ever: its key opens nothing any more."""
    outcome = revoke(source_or_404(dealer, number), now)
    return answer(
        request, outcome, _here(dealer), _("Revoked. Senders hear within seconds that the key is unknown.")
    )


@managed
@require_POST
def access_token(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """Fetch this channel's answers from Meta with this token from now on; an empty one ends that."""
    token = request.POST.get("token", "")
    outcome = renew_token(source_or_404(dealer, number), token, now)
    done = (
        _("Saved: the answers that wait at Meta are fetched now.")
        if token.strip()
        else _("Taken away: nothing is fetched from Meta any more.")
    )
    return answer(request, outcome, _here(dealer), done)


@managed
@require_POST
def test(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """A lead from the manager themselves, with their own number: it rings like any other."""
    person = request.user
    typed = {
        "name": _("Test by %(name)s") % {"name": person.name},
        "phone": person.phone,
        "email": person.email,
        "message": _("A test from the Dealer page. Close it as “not a customer” afterwards."),
    }
    outcome = type_in(source_or_404(dealer, number), {k: v for k, v in typed.items() if v}, person.pk, now)
    return answer(request, outcome, _here(dealer), _("The test lead is on its way: a desk rings."))


def _channels(
    request: Visit, dealer: "Organisation", now: datetime, more: dict[str, Any], status: int = 200
) -> HttpResponse:
    found = channels_of(dealer, now)
    seen = framed(request, dealer, "channels") | {
        "channels": [one for one in found if not one.by_hand and one.source.revoked_at is None],
        "by_hand": [one for one in found if one.by_hand],
        "revoked": [one for one in found if not one.by_hand and one.source.revoked_at is not None],
        "origins": ORIGINS,
        "days": COUNTED_DAYS,
        "importer": importer_of(dealer),
        "agreement": agreement_of(dealer.pk),
    }
    return render(request, "dealer/channels.html", seen | more, status=status)


def _here(dealer: "Organisation") -> str:
    return reverse("dealer-channels", args=[dealer.pk])


def source_or_404(dealer: "Organisation", number: int) -> "Source":
    try:
        return source_of(dealer, number)
    except NoSuchSource:
        raise Http404 from None
