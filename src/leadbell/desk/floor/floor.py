"""The manager's wall: who waits, who is free, how fast today's leads were answered, and what went wrong."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leadbell.dealers.people import manages, people_around
from leadbell.desk.dealers import dealer_of, switch
from leadbell.desk.entrance import Visit, door_for
from leadbell.desk.floor.dots import Chart, draw
from leadbell.desk.floor.wall import ROWS, at_work, breaches, waits
from leadbell.desk.floor.wall_hands import hands
from leadbell.desk.reader import SALES
from leadbell.dms.shelves import in_trouble
from leadbell.followup.shelves import Done, by_person, day_before, how_far, plan_on
from leadbell.intake.ways import missing_count
from leadbell.metrics.figures import REFERENCE_RESPONSE
from leadbell.metrics.now.today import (
    Received,
    Today,
    late,
    reached_of_attempted,
    reached_of_received,
    response,
    today,
    within_target,
)
from leadbell.metrics.now.waiting import attention
from leadbell.ring.calling import lines_of, under_way

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation

#: Seconds after which a wait turns amber and red.
SOON_S, LATE_S = 90, 120
#: Width and height of the chart on a wide and on a narrow screen.
WIDE, NARROW = (760, 250), (350, 220)


@door_for(*SALES)
@require_GET
def floor(request: Visit, now: datetime) -> HttpResponse:
    dealer = dealer_of(request)
    wall = "wall" in request.GET
    page = "floor/live.html" if request.htmx else "floor/floor.html"
    look = {"theme": "dark"} if wall else {}
    return render(request, page, _seen(request, dealer, now) | {"wall": wall} | look)


@door_for(*SALES)
@require_GET
def responses(request: Visit, now: datetime) -> HttpResponse:
    """The dots as a table."""
    dealer = dealer_of(request)
    of_today = _today(dealer, now)
    rows = sorted(of_today.received, key=lambda lead: lead.received_at, reverse=True)
    return render(request, "floor/responses.html", {"rows": rows, "now": now, "dealer": dealer})


@door_for(*SALES)
@require_GET
def breached(request: Visit, now: datetime) -> HttpResponse:
    """All breaches of the day, as far as they are listed."""
    dealer = dealer_of(request)
    names = {person.pk: person.first_name for person in people_around(dealer)}
    groups = breaches(late(_today(dealer, now).received, now), attention(dealer.pk, now), names)
    groups += hands(dealer, names, now)
    seen = {"groups": groups, "dealer": dealer, "dealers": switch(request), "now": now, "active": "floor"}
    return render(request, "floor/all_breaches.html", seen)


def _today(dealer: "Organisation", now: datetime) -> Today:
    hours = dealer.opening_hours
    day = hours.local_day(now)
    return today(dealer.pk, day, hours.day_begins(day))


def _seen(request: Visit, dealer: "Organisation", now: datetime) -> dict[str, object]:
    """Everything on the wall."""
    people = people_around(dealer)
    names = {person.pk: person.first_name for person in people}
    of_today, needs = _today(dealer, now), attention(dealer.pk, now)
    waiting = waits(needs.waiting, dealer, names, now)
    held = sum(one.held for one in waiting)
    active = [one for one in waiting if not one.held]
    longest = min((one.since for one in active), default=None)
    over, between = late(of_today.received, now), hands(dealer, names, now)
    calls = under_way([dealer.pk], now, request.user)
    return {
        "active": "floor",
        "dealer": dealer,
        "dealers": switch(request),
        "now": now,
        "manages": manages(request.user, dealer, request.dealers),
        "open_now": dealer.opening_hours.is_open(now),
        "why_closed": dealer.opening_hours.why_closed(now),
        "waiting": waiting[:ROWS],
        "more_waiting": needs.waiting_count - len(waiting[:ROWS]),
        "waiting_now": needs.waiting_count - held,
        "held": held,
        "longest": longest,
        "longest_s": (now - longest).total_seconds() if longest else 0,
        "response": response(of_today.received),
        "received": len(of_today.received),
        "within": within_target(of_today.received, now),
        "reached": reached_of_received(of_today.received),
        "reached_of_attempted": reached_of_attempted(of_today.received),
        "work": of_today.work,
        "reference_ms": REFERENCE_RESPONSE // timedelta(milliseconds=1),
        "people": at_work(dealer, people, needs, of_today.work.last_at, calls, now),
        "charts": _charts(dealer, of_today.received, now),
        "breaches": [*breaches(over, needs, names), *between],
        "breach_count": len(over)
        + needs.overdue_count
        + needs.unconfirmed_count
        + sum(one.count for one in between),
        "follow_ups": _follow_ups(dealer, names, now),
        "missing": missing_count(dealer, now),
        "systems": in_trouble(dealer.pk, now),
        "lines": lines_of(dealer.pk, now),
        "calls": calls,
        "soon_s": SOON_S,
        "late_s": LATE_S,
    }


def _follow_ups(dealer: "Organisation", names: Mapping[int, str], now: datetime) -> dict[str, object]:
    """Today's plan and the one before: done, not done and what didn't fit, in all and for each person."""
    today = dealer.opening_hours.local_day(now)
    plan, before = plan_on(dealer, today), day_before(dealer, today)
    people: list[tuple[str, Done]] = [(names.get(one, ""), far) for one, far in by_person(plan).items()]
    return {
        "all": how_far(plan),
        "people": sorted(people),
        "before": before,
        "then": how_far(plan_on(dealer, before)) if before else None,
    }


def _charts(dealer: "Organisation", leads: Sequence[Received], now: datetime) -> Mapping[str, Chart]:
    """The same dots for a wide and for a narrow screen; empty where nothing came."""
    if not leads:
        return {}
    hours = dealer.opening_hours
    begins = hours.day_begins(hours.local_day(now))
    opens = hours.next_opening(begins) or now
    closes = hours.latest_open_at_or_before(begins + timedelta(days=1)) or now
    zone = ZoneInfo(dealer.zone)
    return {
        "wide": draw(leads, opens, closes, now, zone, *WIDE),
        "narrow": draw(leads, opens, closes, now, zone, *NARROW),
    }
