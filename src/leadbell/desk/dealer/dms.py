"""The Dealer page, eighth part: the dealer's own DMS or CRM, what it is told, and the log of every delivery."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from leadbell.desk.dealer.people import framed, managed
from leadbell.desk.entrance import Visit, answer
from leadbell.dms import actions
from leadbell.dms.rules import ADF_EVENTS, BOTH_SECRETS, EVENTS, KEPT, MOST_BACK, TEST, events_for
from leadbell.dms.shelves import (
    deliveries_of,
    delivery_of,
    headers_of,
    receiver_of,
    receivers_of,
)
from leadbell.refused import Refused

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation
    from leadbell.dms.models import DmsDelivery
    from leadbell.dms.shelves import Told

#: What each event is about, for whoever chooses.
SAID: dict[str, str | Promise] = {
    "lead.received": gettext_lazy("A lead came in"),
    "lead.asked_again": gettext_lazy("The same customer asked again"),
    "lead.accepted": gettext_lazy("Somebody has it: accepted, assigned, or took the customer’s call"),
    "lead.called": gettext_lazy("A call to the customer ended, with its outcome"),
    "lead.qualified": gettext_lazy("The BDC qualified it"),
    "lead.quoted": gettext_lazy("A quote was made"),
    "appointment.booked": gettext_lazy("An appointment was made"),
    "appointment.moved": gettext_lazy("An appointment was moved"),
    "appointment.confirmed": gettext_lazy("An appointment was confirmed personally"),
    "appointment.cancelled": gettext_lazy("An appointment was cancelled"),
    "appointment.shown": gettext_lazy("The customer was here"),
    "appointment.no_show": gettext_lazy("The customer didn’t come"),
    "lead.sold": gettext_lazy("Sold"),
    "lead.lost": gettext_lazy("Lost, with the reason"),
    "lead.reopened": gettext_lazy("Reopened"),
    "lead.seen_again": gettext_lazy("A lost customer is back on the website"),
    "customer.opted_out": gettext_lazy("The customer wants no contact any more"),
    "customer.deleted": gettext_lazy("The customer was deleted here: delete them, too"),
    TEST: gettext_lazy("A test"),
}


@managed
@require_http_methods(["GET", "POST"])
def systems(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """All systems that are told, and a form for another one."""
    if request.method == "GET":
        return _systems(request, dealer, {})
    said = request.POST
    outcome = actions.add_receiver(
        dealer, said.get("name", ""), said.get("kind", ""), _place(said), said.getlist("event"), now
    )
    if isinstance(outcome, Refused):
        again = {"refused": outcome.because, "said": said.dict(), "chosen": said.getlist("event")}
        return _systems(request, dealer, again, status=409)
    return _system(request, dealer, outcome.receiver.pk, {"secret": outcome.secret, "is_new": True})


@managed
@require_GET
def system(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """One system: how it is doing, the log, and what can be done; htmx gets the log, which moves."""
    return _system(request, dealer, number, {})


@managed
@require_POST
def events(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    told, said = _told(dealer, number), request.POST
    outcome = actions.change_events(
        told.receiver, said.get("name", ""), said.getlist("event"), mails="mails" in said
    )
    return _after(request, dealer, number, outcome, _("Saved."))


@managed
@require_POST
def place(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """It lies somewhere else from now on."""
    outcome = actions.move(_told(dealer, number).receiver, _place(request.POST), now)
    return _after(request, dealer, number, outcome, _("Saved: what waits goes there now."))


@managed
@require_POST
def secret(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """A new signing secret, shown once."""
    outcome = actions.renew_secret(_told(dealer, number).receiver, now)
    if isinstance(outcome, Refused):
        return _after(request, dealer, number, outcome, "")
    return _system(request, dealer, number, {"secret": outcome.secret})


@managed
@require_POST
def test(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    outcome = actions.send_test(_told(dealer, number).receiver, now)
    return _after(request, dealer, number, outcome, _("A test is on its way: it stands in the log."))


@managed
@require_POST
def pausing(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """Tell it nothing for now; with `on`, let it go on."""
    receiver = _told(dealer, number).receiver
    if request.POST.get("on") == "1":
        return _after(
            request, dealer, number, actions.go_on(receiver, now), _("It goes on: what waited is sent now.")
        )
    return _after(
        request, dealer, number, actions.pause(receiver, now), _("Paused: what happens now waits for it.")
    )


@managed
@require_POST
def removal(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    actions.remove(_told(dealer, number).receiver)
    done = _("It is told nothing any more; its address, secrets and log are forgotten.")
    here = reverse("dealer-dms", args=[dealer.pk])
    return answer(request, None, here, done) if request.htmx else _to(request, here, done)


@managed
@require_POST
def replay(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """Everything since a moment, once more."""
    receiver, said = _told(dealer, number).receiver, request.POST.get("since", "")
    try:
        since = datetime.fromisoformat(said)
    except ValueError:
        since = now
    if since.tzinfo is None:
        since = since.replace(tzinfo=ZoneInfo(dealer.zone))
    outcome = actions.tell_again(receiver, since, now)
    done = "" if isinstance(outcome, Refused) else _("%(count)s events are sent again.") % {"count": outcome}
    return _after(request, dealer, number, outcome, done)


@managed
@require_GET
def delivery(
    request: Visit, now: datetime, dealer: "Organisation", number: int, delivery: int
) -> HttpResponse:
    """One delivery: what was sent, and each answer."""
    one = _delivery(dealer, number, delivery)
    tries = sorted(one.attempts.all(), key=lambda tried: tried.pk, reverse=True)
    seen = framed(request, dealer, "dms") | {
        "one": one, "tries": tries, "headers": headers_of(one, tries[0].at if tries else None),
        "about": SAID.get(one.event, one.event), "kept": KEPT.days,
    }  # fmt: skip
    return render(request, "dealer/dms_delivery.html", seen)


@managed
@require_POST
def again(request: Visit, now: datetime, dealer: "Organisation", number: int, delivery: int) -> HttpResponse:
    """Send it once more."""
    outcome = actions.send_again(_delivery(dealer, number, delivery), now)
    here = reverse("dms-delivery", args=[dealer.pk, number, delivery])
    return answer(request, outcome, here, _("It is sent again, under the same number."))


def _systems(request: Visit, dealer: "Organisation", more: dict[str, Any], status: int = 200) -> HttpResponse:
    chosen = more.pop("chosen", list(EVENTS))
    seen = framed(request, dealer, "dms") | {
        "systems": receivers_of(dealer.pk), "said": {"kind": "webhook"},
        "events": [(name, SAID[name], name in chosen, name in ADF_EVENTS) for name in EVENTS],
    }  # fmt: skip
    return render(request, "dealer/dms.html", seen | more, status=status)


def _system(
    request: Visit, dealer: "Organisation", number: int, more: dict[str, Any], status: int = 200
) -> HttpResponse:
    told, asked = _told(dealer, number), request.GET
    receiver = told.receiver
    lead, before = asked.get("lead", ""), asked.get("before", "")
    page = deliveries_of(
        receiver.pk, asked.get("status", ""), asked.get("event", ""), int(lead) if _is_number(lead) else None,
        int(before) if _is_number(before) else None,
    )  # fmt: skip
    seen = framed(request, dealer, "dms") | {
        "told": told, "receiver": receiver, "page": page,
        "rows": [(one, SAID.get(one.event, one.event)) for one in page.deliveries],
        "events": [
            (name, SAID[name], name in receiver.events, False) for name in events_for(receiver.kind)
        ],
        "asked": {name: asked.get(name, "") for name in ("status", "event", "lead")},
        "statuses": [("waiting", _("on its way")), ("taken", _("taken")), ("failed", _("given up"))],
        "kept": KEPT.days, "most_back": MOST_BACK.days, "hours": int(BOTH_SECRETS.total_seconds() // 3600),
    }  # fmt: skip
    return render(
        request,
        "dealer/dms_log.html" if request.htmx else "dealer/dms_system.html",
        seen | more,
        status=status,
    )


def _is_number(said: str) -> bool:
    return said.isascii() and said.isdigit() and len(said) < 19


def _place(said: Any) -> actions.Place:
    return actions.Place(said.get("address", ""), said.get("login", ""), said.get("password", ""))


def _told(dealer: "Organisation", number: int) -> "Told":
    found = receiver_of(dealer.pk, number)
    if found is None:
        raise Http404
    return found


def _delivery(dealer: "Organisation", number: int, delivery: int) -> "DmsDelivery":
    found = delivery_of(dealer.pk, number, delivery)
    if found is None:
        raise Http404
    return found


def _after(request: Visit, dealer: "Organisation", number: int, outcome: object, done: str) -> HttpResponse:
    """Back to the system's page; or the page with the reason."""
    if isinstance(outcome, Refused) and not request.htmx:
        return _system(request, dealer, number, {"refused": outcome.because}, status=409)
    return _to(request, reverse("dms-system", args=[dealer.pk, number]), done, outcome)


def _to(request: Visit, here: str, done: str, outcome: object = None) -> HttpResponse:
    """To this page, wherever the form stood: what was posted may have answered with a page of its own."""
    response = answer(request, outcome, here, done)
    response["Location"] = here
    return response
