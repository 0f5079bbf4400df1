"""The Visitors page: how many look at the websites now, in which parts, and what isn't counted; nobody's name."""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leadbell.desk.dealer.sites import REASONS
from leadbell.desk.entrance import Visit, door_for
from leadbell.desk.pictures import with_pictures
from leadbell.desk.reader import SALES
from leadbell.visits.shelves import PULSE, pulse_of
from leadbell.visits.showcase import looked_at

#: The tallest bar, in the units of the drawing.
TALLEST = 40


@door_for(*SALES)
@require_GET
def visitors(request: Visit, now: datetime) -> HttpResponse:
    """The last half hour, minute by minute, for each website of the reader's dealers."""
    pulses = pulse_of(request.dealers, now)
    cars = looked_at((one.site for one in pulses), PULSE, now)
    sites = [
        {
            "about": one,
            "cars": cars[one.site.pk],
            "bars": _bars(one.minutes),
            "drops": [(REASONS.get(why, why), count) for why, count in one.drops],
        }
        for one in pulses
    ]
    shown = {
        "active": "visitors",
        "now": now,
        "sites": sites,
        "minutes": int(PULSE.total_seconds() // 60),
        "several": len(request.dealers) > 1,
    }
    page = render(request, "visitors/live.html" if request.htmx else "visitors/visitors.html", shown)
    return with_pictures(page, request.dealers)


def _bars(minutes: tuple[int, ...]) -> list[dict[str, int]]:
    """One bar a minute: where it stands and how tall it is."""
    most = max(minutes, default=0) or 1
    return [
        {"x": place * 10, "y": TALLEST - height, "height": height, "views": views}
        for place, views in enumerate(minutes)
        for height in [round(views / most * TALLEST)]
    ]
