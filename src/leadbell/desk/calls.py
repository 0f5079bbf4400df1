"""The Calls page: what was called, by whom, how it ended; a link keeps its filters."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from leadbell.dealers.shelves import sales_staff
from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.leads import PERIODS
from leadbell.desk.reader import SALES
from leadbell.metrics.figures import Rate
from leadbell.ring.finding import KINDS, OUTCOMES, Wanted, find_calls
from leadbell.ring.wanted import NoSuchCall, hang_up

USUAL = {"period": "30"}
FILTERS = ("person", "outcome", "kind", "period", "recorded")


@door_for(*SALES)
@require_GET
def calls(request: Visit, now: datetime) -> HttpResponse:
    """Salespeople see their own; managers and BDC agents all of their dealers'."""
    asked = _asked(request.GET)
    before = request.GET.get("before", "")
    found = find_calls(request.dealers, request.user, _wanted(asked), now, before)
    totals = found.totals
    shown = {
        "active": "calls",
        "now": now,
        "calls": found.calls,
        "totals": totals,
        "reached": Rate(totals.reached, totals.tried),
        "taken": Rate(totals.taken, totals.came),
        "asked": asked,
        "filtered": asked != {name: USUAL.get(name, "") for name in FILTERS},
        "kept": _kept(asked),
        "before": found.before,
        "first_page": not before,
        "outcomes": OUTCOMES,
        "kinds": KINDS,
        "periods": PERIODS,
        "everybody": request.user.role != "salesperson",
        "staff": sales_staff(request.dealers),
        "several": len(request.dealers) > 1,
    }
    return render(request, "calls/list.html" if request.htmx else "calls/calls.html", shown)


@door_for(*SALES)
@require_POST
def ending(request: Visit, now: datetime, call: UUID) -> HttpResponse:
    """Hang up for both."""
    try:
        outcome = hang_up(call, request.user, request.dealers, now)
    except NoSuchCall:
        raise Http404 from None
    return answer(request, outcome, reverse("desk"))


def _asked(query: Mapping[str, str]) -> dict[str, str]:
    """What the address asks for; what can't be understood is not asked."""
    asked = {name: query.get(name, USUAL.get(name, "")).strip() for name in FILTERS}
    person = asked["person"]
    return asked | {
        "person": person if person.isdecimal() and len(person) < 19 else "",
        "outcome": asked["outcome"] if asked["outcome"] in dict(OUTCOMES) else "",
        "kind": asked["kind"] if asked["kind"] in dict(KINDS) else "",
        "period": asked["period"] if asked["period"] in dict(PERIODS) else "all",
        "recorded": "1" if asked["recorded"] == "1" else "",
    }


def _wanted(asked: Mapping[str, str]) -> Wanted:
    return Wanted(
        person=int(asked["person"]) if asked["person"] else None,
        outcome=asked["outcome"],
        kind=asked["kind"],
        days=None if asked["period"] == "all" else int(asked["period"]),
        recorded=bool(asked["recorded"]),
    )


def _kept(asked: Mapping[str, str]) -> str:
    """The filters as the query of a link."""
    query = QueryDict(mutable=True)
    query.update(dict(asked))
    return query.urlencode()
