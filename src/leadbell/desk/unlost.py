"""The Unlost page: who is on the website now, lost leads that were seen again in order of chances, and the choices."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from leadbell.dealers.shelves import names_of
from leadbell.desk.dealer.people import framed, managed
from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.pictures import with_pictures
from leadbell.desk.reader import SALES
from leadbell.metrics.now.unlost import DAYS
from leadbell.metrics.now.unlost import unlost as counted
from leadbell.refused import Refused
from leadbell.ring.calling import rung_by_line
from leadbell.unlost.actions import choose
from leadbell.unlost.rules import WINDOWS, Ranked, Seen, rank
from leadbell.unlost.shelves import LostLead, chosen, lost_and_seen
from leadbell.visits.shelves import KnownShown, here_now, seen_since

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation

#: Visits of the last days are worth a call; older ones are in the lead's story.
SEEN_WITHIN = timedelta(days=30)
MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A lost lead, its newest visit, its place in the list with the reasons, and who was told."""

    lost: LostLead
    known: KnownShown
    ranked: Ranked
    told: tuple[str, ...]

    @property
    def lead(self) -> object:
        return self.lost.lead


@door_for(*SALES)
@require_GET
def unlost(request: Visit, now: datetime) -> HttpResponse:
    """Salespeople see their own leads and those that are nobody's; managers and BDC agents all."""
    asked = request.GET.get("window", "")
    window = int(asked) if asked in {str(one) for one in WINDOWS} else WINDOWS[0]
    rows = _rows(request, window, now)
    figures = counted(request.dealers, WINDOWS, now, timezone.localdate(now))
    shown = {
        "active": "unlost",
        "now": now,
        "window": window,
        "figures": [figures[one] for one in WINDOWS],
        "figure": figures[window],
        "days": DAYS,
        "seen_days": SEEN_WITHIN.days,
        "reference": [round(100 * share, 1) for share in figures[window].reference],
        "here": [one for one in rows if one.known.here],
        "others_here": _others_here(request, rows, now),
        "rows": rows[:MOST_ROWS],
        "total": len(rows),
        "several": len(request.dealers) > 1,
        "lines_of": rung_by_line(request.user, request.dealers, now),
    }
    page = render(request, "unlost/live.html" if request.htmx else "unlost/unlost.html", shown)
    return with_pictures(page, request.dealers)


def _rows(request: Visit, window: int, now: datetime) -> list[Row]:
    visits = {known.visit.customer_id: known for known in seen_since(request.dealers, now - SEEN_WITHIN, now)}
    seen = {customer: (known.visit.pk, known.visit.last_at) for customer, known in visits.items()}
    found = {one.lead.pk: one for one in lost_and_seen(request.user, request.dealers, seen, window)}
    known_of = {number: visits[one.lead.customer_id] for number, one in found.items()}
    names = names_of({person for one in found.values() for person in one.told})
    order = rank((_seen(number, known) for number, known in known_of.items()), now)
    return [
        Row(found[one.lead], known_of[one.lead], one, _told(found[one.lead], names)) for one in order
    ]  # fmt: skip


def _seen(lead: int, known: KnownShown) -> Seen:
    """What the list is ordered by. That a car is still there we know only from its page, when somebody opened it."""
    sum_ = known.sum
    return Seen(
        lead, known.visit.last_at, sum_.pages, sum_.seconds, sum_.again,
        sum_.cars[0].at if sum_.cars else None, {signal.kind: signal.times for signal in sum_.signals},
    )  # fmt: skip


def _told(lost: LostLead, names: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(names[person] for person in lost.told if person in names)


def _others_here(request: Visit, rows: list[Row], now: datetime) -> int:
    """How many more of the people we know are on the websites: their leads are in hand, or somebody else's."""
    listed = {row.known.visit.customer_id for row in rows}
    return len({one.visit.customer_id for one in here_now(request.dealers, now)} - listed)


@managed
@require_http_methods(["GET", "POST"])
def choices(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """The dealer's choices: the window, how many alerts a day, how long buyers are left alone, and the switch."""
    if request.method == "GET":
        return _choices(request, dealer, {})
    outcome = choose(dealer, request.POST.dict())
    if isinstance(outcome, Refused):
        return _choices(request, dealer, {"refused": outcome.because, "said": request.POST}, status=409)
    return answer(request, outcome, reverse("dealer-unlost", args=[dealer.pk]), _("Saved."))


def _choices(request: Visit, dealer: "Organisation", more: dict[str, Any], status: int = 200) -> HttpResponse:
    seen = framed(request, dealer, "unlost") | {"said": chosen(dealer), "windows": WINDOWS}
    return render(request, "dealer/unlost.html", seen | more, status=status)
