"""Calendars: the reader's appointments to subscribe to, and their own calendars, which say when they are busy."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from leadbell.allowance import Allowance
from leadbell.appointment import calendars
from leadbell.appointment.diary import diary_at, diary_of_person, name_of, named, person_named, shown_by
from leadbell.appointment.ical import as_feed
from leadbell.appointment.shelves import calendars_of, standing_from
from leadbell.dealers.people import people_of
from leadbell.desk.dealer.people import framed, managed
from leadbell.desk.dealers import dealer_of
from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.outside.allowed import at_most
from leadbell.desk.reader import SALES
from leadbell.lead.doors import through_the_door
from leadbell.refused import Refused
from leadbell.words import Words

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation

#: So many a minute from one address; a calendar asks a few times an hour.
_ALLOWED = Allowance(60)
#: A subscribed calendar still shows what was lately.
LATELY = timedelta(days=30)
#: What hasn't been answered for so long is no longer to be relied on.
OLD = timedelta(hours=3)


@door_for(*SALES)
@require_GET
def mine(request: Visit, now: datetime) -> HttpResponse:
    """All of it; htmx gets the calendars that were connected, which move."""
    if request.htmx:
        return render(request, "calendars/connected.html", _connected(request, now))
    return _page(request, now)


@door_for(*SALES)
@require_POST
def address(request: Visit, now: datetime) -> HttpResponse:
    """Make an address to subscribe to, a new one in its place, or with `revoke` none at all."""
    if request.POST.get("revoke") == "1":
        calendars.revoke_address(request.user)
        return answer(request, None, reverse("my-calendar"), _("The address opens nothing any more."))
    calendars.make_address(request.user, _home(request), now)
    return answer(request, None, reverse("my-calendar"), _("Here is your address."))


@door_for(*SALES)
@require_POST
def connecting(request: Visit, now: datetime) -> HttpResponse:
    said = request.POST
    kind, where = said.get("kind", ""), said.get("address", "")
    login, password = said.get("login", ""), said.get("password", "")
    outcome = calendars.connect(request.user, _home(request), kind, where, login, password, now)
    if isinstance(outcome, Refused):
        return _page(request, now, outcome.because)
    return answer(request, None, reverse("my-calendar"), _("It is being looked into."))


@door_for(*SALES)
@require_POST
def looking(request: Visit, now: datetime) -> HttpResponse:
    calendars.look_now(request.user, now)
    return answer(request, None, reverse("my-calendar"), _("They are being looked into."))


@door_for(*SALES)
@require_POST
def removal(request: Visit, now: datetime, number: int) -> HttpResponse:
    if not calendars.disconnect(request.user, number):
        raise Http404
    return answer(request, None, reverse("my-calendar"), _("The calendar is forgotten."))


@managed
@require_http_methods(["GET", "POST"])
def of_the_dealer(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """What people's diaries show, and whose calendars are connected and well."""
    if request.method == "POST":
        outcome = calendars.choose_shown(dealer, request.POST.get("shows", ""))
        return answer(request, outcome, reverse("dealer-calendars", args=[dealer.pk]), _("Saved."))
    people = [one for one in people_of(dealer) if one.is_active]
    return render(
        request, "dealer/calendars.html",
        {**framed(request, dealer, "calendars"), "shows": shown_by(dealer.pk), "people": people, "old": now - OLD,
         "calendars": calendars_of([one.pk for one in people])},
    )  # fmt: skip


@never_cache
@require_safe
@at_most(_ALLOWED)
def feed(request: HttpRequest, name: str) -> HttpResponse:
    """A person's appointments, for whoever has the address; every wrong one is not there (404)."""
    about = named(name)
    person = person_named(about) if about else None
    if about is None or person is None:
        raise Http404
    now = datetime.now(UTC)
    with through_the_door(person):
        diary = diary_at(about)
        if diary is None:
            raise Http404
        calendars.fetched(diary, now)
        there = standing_from(person.pk, now - LATELY)
        shows = {dealer: shown_by(dealer) for dealer in {one.dealer_id for one in there}}
        shown = [(one, shows[one.dealer_id]) for one in there]
        with translation.override(person.language):
            raw = as_feed(shown, f"Leadbell · {person.name}", _("Appointment"), now)
    return HttpResponse(raw, content_type="text/calendar; charset=utf-8")


def _home(request: Visit) -> int:
    """The dealer with whom what is the reader's own is kept."""
    return dealer_of(request).pk


def _page(request: Visit, now: datetime, because: Words | None = None) -> HttpResponse:
    diary = diary_of_person(request.user)
    path = reverse("calendar-feed", args=[name_of(diary)]) if diary else ""
    said = request.POST if because else {}
    return render(
        request, "calendars/calendars.html",
        {"active": "", "diary": diary, "address": f"{settings.PUBLIC_URL}{path}" if path else "",
         "webcal": f"webcal://{settings.PUBLIC_URL.partition('://')[2]}{path}" if path else "",
         "shows": shown_by(_home(request)), "because": because, "said": said, **_connected(request, now)},
        status=409 if because else 200,
    )  # fmt: skip


def _connected(request: Visit, now: datetime) -> dict[str, Any]:
    return {"calendars": calendars_of([request.user.pk]), "now": now, "old": now - OLD}
