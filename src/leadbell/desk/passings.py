"""An importer's own leads: what to decide now, whom they were offered to, and what was agreed with the dealers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.intake.sources import add_source, channels_of
from leadbell.lead.doors import dealers_below, dealers_named, dealers_of, tenant
from leadbell.network.actions import choose_by_hand, close
from leadbell.network.agreeing import agree, change_plan
from leadbell.network.shelves import (
    agreements,
    answering,
    became,
    books,
    is_here,
    newest,
    plan,
    returned,
    running,
    who,
)
from leadbell.refused import Refused

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation
    from leadbell.network.models import Agreement, NetworkPlan, Offer, Passing

DAYS = timedelta(days=30)
BOOKS = timedelta(days=7)


@contextmanager
def at_the_importer(request: Visit) -> Iterator["Organisation"]:
    """The importer's own rows: what it received and offered, and no dealer's lead."""
    with tenant([request.user.organisation_id]):
        yield request.user.organisation
    # The setting outlives a savepoint.
    with tenant(dealers_of(request.user)):
        pass


def at_an_importer(page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for the importer's people; everybody else is told so (403)."""

    def enter(request: Visit, now: datetime, **named: Any) -> HttpResponse:
        with at_the_importer(request) as importer:
            return page(request, now, importer, **named)

    entered: Callable[..., HttpResponse] = wraps(page)(enter)
    return never_cache(door_for("importer")(entered))


@dataclass(frozen=True, slots=True)
class ToDecide:
    """A lead that came back, who it is, and which dealers had it."""

    passing: "Passing"
    who: dict[str, Any]
    offers: "list[Offer]"


@dataclass(frozen=True, slots=True)
class Now:
    """What an importer should do now."""

    to_decide: list[ToDecide]
    running: "list[Offer]"
    dealers: "list[Organisation]"


def now_of(importer: "Organisation") -> Now:
    dealers = list(dealers_named(dealers_below(importer.pk)))
    decide = [
        ToDecide(one, who(one), list(one.offers.select_related("dealer"))) for one in returned(importer.pk)
    ]
    return Now(decide, running(importer.pk), dealers)


@at_an_importer
@require_GET
def passings(request: Visit, now: datetime, importer: "Organisation") -> HttpResponse:
    dealers = list(dealers_named(dealers_below(importer.pk)))
    latest = newest(importer.pk)
    shown = [dealer for dealer, agreed in agreements(importer.pk).items() if agreed.shows_customers]
    since = importer.opening_hours.local_day(now - BOOKS)
    seen = {
        "active": "passings",
        "here": importer,
        "now": now,
        "whats_now": now_of(importer),
        "newest": latest,
        "became": {},
        "books": books(importer.pk, since),
        "answering": [one for one in answering(importer.pk, dealers, now - DAYS) if one.offered],
        "days": DAYS.days,
    }
    if shown:
        theirs = [one.lead for one in latest if one.lead and one.dealer_id in shown and one.state == "taken"]
        with tenant(shown):
            seen["became"] = became(theirs)
        with tenant([importer.pk]):
            pass
    return render(request, "network/passings_live.html" if request.htmx else "network/passings.html", seen)


@at_an_importer
@require_POST
def choice(request: Visit, now: datetime, importer: "Organisation", number: int) -> HttpResponse:
    """Give a lead that came back to this dealer."""
    if not is_here(importer.pk, number):
        raise Http404
    dealer = request.POST.get("dealer", "")
    outcome = choose_by_hand(importer.pk, number, int(dealer) if dealer.isdecimal() else 0, now)
    return answer(request, outcome, reverse("passings"), _("It rings at the dealer now."))


@at_an_importer
@require_POST
def closing(request: Visit, now: datetime, importer: "Organisation", number: int) -> HttpResponse:
    if not is_here(importer.pk, number):
        raise Http404
    outcome = close(importer.pk, number, request.user.pk, now)
    return answer(request, outcome, reverse("passings"), _("Closed: the customer is forgotten here."))


@dataclass(frozen=True, slots=True)
class Agreed:
    dealer: "Organisation"
    agreement: "Agreement | None"


@at_an_importer
@require_http_methods(["GET", "POST"])
def agreed(request: Visit, now: datetime, importer: "Organisation") -> HttpResponse:
    """What holds for every lead, the importer's own channels, and what was agreed with each dealer."""
    if request.method == "GET":
        return _agreed(request, importer, now, {})
    said = request.POST
    if "name" in said:
        outcome: Any = add_source(importer, said.get("name", ""), said.get("origin", ""), now)
        done = _("The channel is open: give its address to the sender.")
    else:
        outcome, done = change_plan(importer.pk, said.dict()), _("Saved: it holds for the next lead.")
    if isinstance(outcome, Refused):
        return _agreed(request, importer, now, {"refused": outcome.because, "said": said}, status=409)
    return answer(request, outcome, reverse("agreements"), done)


@at_an_importer
@require_POST
def agreement(request: Visit, now: datetime, importer: "Organisation", dealer: int) -> HttpResponse:
    """Area, share and room of one dealer."""
    if dealer not in dealers_below(importer.pk):
        raise Http404
    outcome = agree(importer.pk, dealer, request.POST.dict())
    if isinstance(outcome, Refused):
        again = {"refused": outcome.because, "refused_at": dealer, "said": request.POST}
        return _agreed(request, importer, now, again, status=409)
    return answer(request, outcome, reverse("agreements"), _("Saved: it holds for the next lead."))


def _agreed(
    request: Visit, importer: "Organisation", now: datetime, more: dict[str, Any], status: int = 200
) -> HttpResponse:
    known = agreements(importer.pk)
    chosen: NetworkPlan = plan(importer.pk)
    dealers = [Agreed(one, known.get(one.pk)) for one in dealers_named(dealers_below(importer.pk))]
    seen = {"active": "agreements", "here": importer, "plan": chosen, "agreed": dealers, "now": now}
    seen["channels"] = [one for one in channels_of(importer, now) if one.source.revoked_at is None]
    return render(request, "network/agreements.html", seen | more, status=status)
