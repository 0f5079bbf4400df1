"""The Dealer page, first part: the people, their roles and when they work."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from leadbell.dealers.actions import (
    About,
    add_person,
    change_person,
    change_shift,
    give_new_password,
    switch_shift,
    take_back,
)
from leadbell.dealers.people import NoSuchPerson, people_of, person_of, shift_of
from leadbell.desk.dealer.week import days_off_said, rows_of, week_said
from leadbell.desk.dealers import dealer_of, switch
from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.templatetags.leadbell import language_name
from leadbell.refused import Refused
from leadbell.routing.leaving import leave, open_leads_of

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation, Person

ROLES = ("salesperson", "bdc", "reception", "manager")
#: Languages a salesperson may be asked in; more can be typed.
SPOKEN = ("nl", "en", "de", "fr", "ru", "pl", "uk", "tr", "ar", "es", "it", "pt", "ro", "bg")


def managed(page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page about one dealer, for those who may change it: its managers and the group's. Others are told so
    (403); a dealer that they may not even see is not there (404)."""

    def enter(request: Visit, now: datetime, **named: Any) -> HttpResponse:
        return page(request, now, dealer_of(request, named.pop("dealer")), **named)

    entered: Callable[..., HttpResponse] = wraps(page)(enter)
    return never_cache(door_for("manager")(entered))


@door_for("manager")
@require_GET
def dealer(request: Visit, now: datetime) -> HttpResponse:
    return redirect("dealer-people", dealer_of(request).pk)


@managed
@require_http_methods(["GET", "POST"])
def people(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """Everybody at the dealer, and a form for somebody new."""
    if request.method == "GET":
        return _people(request, dealer, {})
    outcome = add_person(dealer, about(request.POST), now)
    if isinstance(outcome, Refused):
        return _people(request, dealer, {"refused": outcome.because, "said": _said(request.POST)}, status=409)
    return _people(request, dealer, {"welcome": outcome})


@managed
@require_http_methods(["GET", "POST"])
def person(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """One person: who they are, when they work, and how they leave."""
    somebody = _somebody(dealer, number)
    if request.method == "GET":
        return _person(request, dealer, somebody, {})
    outcome = change_person(somebody, about(request.POST))
    if isinstance(outcome, Refused):
        again = {"refused": outcome.because, "said": _said(request.POST)}
        return _person(request, dealer, _somebody(dealer, number), again, status=409)
    return answer(request, outcome, reverse("dealer-person", args=[dealer.pk, number]), _("Saved."))


@managed
@require_POST
def shift(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """When somebody works: the dealer's hours or their own, and days off."""
    somebody = _somebody(dealer, number)
    own = request.POST.get("hours") == "own"
    said = {"week": week_said(request.POST) if own else None, "days_off": days_off_said(request.POST)}
    outcome = change_shift(somebody, said, now)
    if isinstance(outcome, Refused):
        again = {"shift_refused": outcome.because, "shift_said": request.POST}
        return _person(request, dealer, _somebody(dealer, number), again, status=409)
    return answer(request, outcome, reverse("dealer-person", args=[dealer.pk, number]), _("Saved."))


@managed
@require_POST
def presence(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """Switch somebody on shift, or off: who went home and forgot it."""
    somebody = _somebody(dealer, number)
    switch_shift(somebody, request.POST.get("on") == "1", [dealer.pk])
    return answer(request, None, reverse("dealer-people", args=[dealer.pk]))


@managed
@require_POST
def password(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """A new one-time password, shown once."""
    return _person(
        request, dealer, _somebody(dealer, number), {"welcome": give_new_password(_somebody(dealer, number))}
    )


@managed
@require_POST
def leaving(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    """Deactivate somebody; their open leads go to a colleague first."""
    somebody = _somebody(dealer, number)
    to = request.POST.get("to", "")
    outcome = leave(somebody, request.user, int(to) if to.isdecimal() else request.user.pk, now)
    done = (
        ""
        if isinstance(outcome, Refused)
        else _("Deactivated. Leads handed over: %(count)s.") % {"count": outcome}
    )
    return answer(request, outcome, reverse("dealer-person", args=[dealer.pk, number]), done)


@managed
@require_POST
def returning(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    take_back(_somebody(dealer, number))
    return answer(request, None, reverse("dealer-person", args=[dealer.pk, number]), _("Welcome back."))


def about(said: QueryDict) -> About:
    """What the form says about a person."""
    return About(
        name=said.get("name", ""),
        email=said.get("email", ""),
        role=said.get("role", ""),
        phone=said.get("phone", ""),
        extension=said.get("extension", ""),
        language=said.get("language", "en") if said.get("language") in dict(settings.LANGUAGES) else "en",
        speaks=tuple(code for code in said.getlist("speaks") if code in SPOKEN),
        brands=tuple(brand.strip()[:40] for brand in said.get("brands", "").split(",") if brand.strip())[:20],
        conditions=tuple(said.getlist("conditions")),
    )


def _said(said: QueryDict) -> dict[str, Any]:
    """The form as it was sent, to be shown again."""
    return said.dict() | {"speaks": said.getlist("speaks"), "conditions": said.getlist("conditions")}


def _of(somebody: "Person") -> dict[str, Any]:
    """A person as the form says it."""
    return {
        "name": somebody.name, "email": somebody.email, "role": somebody.role, "phone": somebody.phone,
        "language": somebody.language, "speaks": somebody.speaks, "brands": ", ".join(somebody.brands),
        "conditions": somebody.conditions, "extension": somebody.extension,
    }  # fmt: skip


def _people(request: Visit, dealer: "Organisation", more: dict[str, Any], status: int = 200) -> HttpResponse:
    rows = [
        {
            "person": one,
            "shift": shift_of(one, dealer),
            "speaks": [language_name(code) for code in one.speaks],
        }
        for one in people_of(dealer)
    ]
    start = {
        "role": "salesperson",
        "language": dealer.language,
        "speaks": [dealer.language],
        "conditions": [],
    }
    seen = framed(request, dealer, "people") | choices() | {"rows": rows, "said": start}
    return render(request, "dealer/people.html", seen | more, status=status)


def _person(
    request: Visit, dealer: "Organisation", somebody: "Person", more: dict[str, Any], status: int = 200
) -> HttpResponse:
    shift = shift_of(somebody, dealer)
    seen = framed(request, dealer, "people") | choices() | {
        "person": somebody,
        "said": _of(somebody),
        "shift": shift,
        "own_hours": shift.week is not None,
        "week": rows_of(shift.week or dealer.opening_hours.week, more.get("shift_said")),
        "open_leads": open_leads_of(somebody),
        "colleagues": [one for one in people_of(dealer) if one.is_active and one.sells and one.pk != somebody.pk],
    }  # fmt: skip
    return render(request, "dealer/person.html", seen | more, status=status)


def framed(request: Visit, dealer: "Organisation", tab: str) -> dict[str, Any]:
    """What every part of the Dealer page shows around itself."""
    return {"active": "dealer", "dealer": dealer, "dealers": switch(request), "tab": tab, "now": request.now}


def choices() -> dict[str, Any]:
    return {
        "roles": [(role, _role(role)) for role in ROLES],
        "screens": settings.LANGUAGES,
        "spoken": [(code, language_name(code)) for code in SPOKEN],
    }


def _role(role: str) -> str:
    names = {"salesperson": _("salesperson"), "bdc": _("BDC agent"), "reception": _("reception")}
    return names.get(role) or _("sales manager")


def _somebody(dealer: "Organisation", number: int) -> "Person":
    try:
        return person_of(dealer, number)
    except NoSuchPerson:
        raise Http404 from None
