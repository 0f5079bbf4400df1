"""All leads: found by state, origin, owner, time and what somebody remembers; a link keeps its filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from leadbell.dealers.shelves import names_of, sales_staff
from leadbell.desk.entrance import Visit, door
from leadbell.desk.lead.next_step import next_step
from leadbell.lead.finding import ORIGINS, STATES, Wanted, find_leads
from leadbell.ring.calling import rung_by_line
from leadbell.words import Words

if TYPE_CHECKING:
    from leadbell.lead.models import Lead

PERIODS: tuple[tuple[str, str | Promise], ...] = (
    ("1", _("today")), ("7", _("7 days")), ("30", _("30 days")), ("90", _("90 days")), ("all", _("ever")),
)  # fmt: skip
USUAL = {"state": "open", "period": "90"}
FILTERS = ("q", "state", "origin", "owner", "period")


@dataclass(frozen=True, slots=True)
class Row:
    lead: "Lead"
    next: Words
    late: bool


@require_GET
@door
def leads(request: Visit, now: datetime) -> HttpResponse:
    asked = _asked(request.GET)
    before = request.GET.get("before", "")
    found = find_leads(
        request.dealers, _wanted(asked), timezone.localdate(now), int(before) if _is_number(before) else None
    )
    names = names_of(lead.next_for for lead in found.leads if lead.next_for)
    shown = {
        "active": "leads",
        "now": now,
        "rows": [_row(lead, names, now) for lead in found.leads],
        "asked": asked,
        "filtered": {name: asked[name] for name in FILTERS}
        != {name: USUAL.get(name, "") for name in FILTERS},
        "kept": _kept(asked),
        "before": found.before,
        "first_page": not before,
        "states": STATES,
        "origins": ORIGINS,
        "periods": PERIODS,
        "staff": sales_staff(request.dealers),
        "several": len(request.dealers) > 1,
        "lines_of": rung_by_line(request.user, request.dealers, now),
    }
    return render(request, "lead/list.html" if request.htmx else "lead/leads.html", shown)


def _asked(query: Mapping[str, str]) -> dict[str, str]:
    """What the address asks for. A search looks everywhere unless a state or period is named, too."""
    usual = {} if query.get("q", "").strip() else USUAL
    asked = {name: query.get(name, usual.get(name, "")).strip() for name in FILTERS}
    states, origins = {"", "open", *dict(STATES)}, {"", *dict(ORIGINS)}
    return asked | {
        "state": asked["state"] if asked["state"] in states else "",
        "origin": asked["origin"] if asked["origin"] in origins else "",
        "owner": asked["owner"] if _is_number(asked["owner"]) else "",
        "period": asked["period"] if asked["period"] in dict(PERIODS) else "all",
    }


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 19


def _wanted(asked: Mapping[str, str]) -> Wanted:
    return Wanted(
        text=asked["q"],
        state=asked["state"],
        origin=asked["origin"],
        owner=int(asked["owner"]) if asked["owner"] else None,
        days=None if asked["period"] == "all" else int(asked["period"]),
    )


def _kept(asked: Mapping[str, str]) -> str:
    """The filters as the query of a link."""
    query = QueryDict(mutable=True)
    query.update(dict(asked))
    return query.urlencode()


def _row(lead: "Lead", names: Mapping[int, str], now: datetime) -> Row:
    late = lead.next_at is not None and lead.next_at <= now and lead.next_kind not in ("wait", "ring", "rest")
    return Row(lead, next_step(lead.next_kind, names.get(lead.next_for or 0, ""), lead.next_at), late)
