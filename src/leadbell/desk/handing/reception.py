"""Reception: who is expected today, and with one tap whether they came."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leadbell.appointment.shelves import expected
from leadbell.desk.dealers import dealer_of, switch
from leadbell.desk.entrance import Visit, door_for
from leadbell.desk.reader import SALES

if TYPE_CHECKING:
    from leadbell.appointment.models import Appointment

#: So early somebody may be here already.
EARLY = timedelta(minutes=45)


@door_for(*SALES, "reception")
@require_GET
def reception(request: Visit, now: datetime) -> HttpResponse:
    dealer = dealer_of(request)
    hours = dealer.opening_hours
    today = hours.local_day(now)
    found = expected(dealer.pk, hours.day_begins(today), hours.day_begins(today + timedelta(days=1)))
    rows = [
        (_place(one, now)[0], one, _can_come(one, now), one.starts_at <= now)
        for one in sorted(found, key=lambda one: _place(one, now))
    ]
    shown = {
        "active": "reception",
        "now": now,
        "dealer": dealer,
        "dealers": switch(request),
        "rows": rows,
        "left": sum(one.status in ("booked", "confirmed") for one in found),
        "came": sum(one.status == "shown" for one in found),
        "missed": sum(one.status == "no_show" for one in found),
    }
    return render(request, "reception/live.html" if request.htmx else "reception/reception.html", shown)


def _place(one: "Appointment", now: datetime) -> tuple[int, datetime]:
    """What can be marked now stands first, then who is still to come, then what is known; each by the clock."""
    waits = one.status in ("booked", "confirmed")
    return (0 if _can_come(one, now) else 1 if waits else 2), one.starts_at


def _can_come(one: "Appointment", now: datetime) -> bool:
    """Whether it can be said that they are here."""
    return one.status in ("booked", "confirmed") and one.lead.is_open and one.starts_at - EARLY <= now
