"""Who reads the screen: language, theme, and what the frame around every page shows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.people import leads_agents
from leadbell.intake.shelves import quarantined
from leadbell.lead.shelves import ringing_at
from leadbell.unlost.shelves import news_for

if TYPE_CHECKING:
    from leadbell.dealers.models import Person

THEMES = {"auto": _("As the device"), "light": _("Light"), "dark": _("Dark")}
THEME_COOKIE = "leadbell_theme"


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation; `name` is the page's URL name and the `active` of its context."""

    name: str
    label: str | Promise
    icon: str
    roles: frozenset[str]


SALES = frozenset({"salesperson", "bdc", "manager"})
PLACES = (
    Place("bdc", _("BDC"), "headset", frozenset({"bdc"})),
    Place("desk", _("Desk"), "bell", SALES),
    Place("leads", _("Leads"), "users", SALES),
    Place("floor", _("Floor"), "layout-dashboard", SALES),
    Place("reception", _("Reception"), "door-enter", SALES | {"reception"}),
    Place("unlost", _("Unlost"), "world-share", SALES),
    Place("bdc", _("BDC"), "headset", frozenset({"manager"})),
    Place("calls", _("Calls"), "phone", SALES),
    Place("review", _("Review"), "headphones", SALES),
    Place("inbox", _("Inbox"), "inbox", frozenset({"manager", "bdc"})),
    Place("passings", _("Leads sent"), "arrows-split", frozenset({"importer"})),
    Place("network", _("Network"), "sitemap", frozenset({"importer"})),
    Place("league", _("League"), "trophy", frozenset({"importer"})),
    Place("agreements", _("Agreements"), "contract", frozenset({"importer"})),
    Place("verdict", _("Reports"), "chart-bar", SALES | {"importer"}),
    Place("dealer", _("Dealer"), "building-store", frozenset({"manager"})),
)
#: So many stand in the bottom line of a narrow screen; the rest behind "More".
NARROW = 4
LANDING = {"manager": "floor", "importer": "passings", "bdc": "bdc", "reception": "reception"}
#: Who gets no further than these URL names; everybody else's pages say themselves who may see them.
ONLY = {
    "reception": frozenset(
        {"home", "reception", "attendance", "bell", "language", "theme", "weekly-off", "shift"}
    ),
}


def landing(person: "Person") -> str:
    """The URL of the page that this person begins with; who leads the group's BDC begins with its page."""
    if person.manages and leads_agents(person):
        return reverse("bdc")
    return reverse(LANDING.get(person.role, "desk"))


def speak_the_readers_language(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language() or "en"
        return get_response(request)

    return middleware


def frame(request: HttpRequest) -> dict[str, Any]:
    """What `base.html` needs on every page; whatever costs a query is asked only where it is shown."""
    now = getattr(request, "now", None) or datetime.now(UTC)
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    dealers: tuple[int, ...] = getattr(request, "dealers", ())
    # The server's error page is made without a person.
    reader = getattr(request, "user", None)
    person = reader if reader is not None and reader.is_authenticated else None
    return {
        "demo": settings.DEMO,
        "went_wrong": {"level": "danger", "text": _("That did not work. Please try again.")},
        "reader": person,
        "server_now": now,
        "theme": theme if theme in THEMES else "auto",
        "themes": THEMES,
        "languages": settings.LANGUAGES,
        "places": _places(person.role) if person else (),
        "narrow": NARROW,
        "quarantined": SimpleLazyObject(lambda: quarantined(dealers) if dealers else 0),
        "ringing_here": SimpleLazyObject(
            lambda: ringing_at(person, dealers, now) if person and dealers else ()
        ),
        "seen_here": SimpleLazyObject(lambda: news_for(person, dealers, now) if person and dealers else ()),
    }


def _places(role: str) -> list[dict[str, Any]]:
    return [
        {"name": place.name, "label": place.label, "icon": place.icon, "url": reverse(place.name)}
        for place in PLACES
        if role in place.roles
    ]
