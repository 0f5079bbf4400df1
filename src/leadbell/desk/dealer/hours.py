"""The Dealer page, second part: when the dealer is open."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from leadbell.dealers.actions import change_hours
from leadbell.dealers.hours import OpeningHours
from leadbell.desk.dealer.people import framed, managed
from leadbell.desk.dealer.week import Row, days_said, rows_of, week_said
from leadbell.desk.entrance import Visit, answer
from leadbell.followup.playbooks import look_again
from leadbell.refused import Refused

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation

#: Public holidays are listed this far ahead.
AHEAD = timedelta(days=365)


@managed
@require_http_methods(["GET", "POST"])
def hours(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """The week, extra days and public holidays. Leads that wait for opening are looked at again."""
    if request.method == "GET":
        return _hours(request, dealer, now, {})
    said = request.POST
    extra, kept = days_said(said), dealer.opening_hours.as_json()
    today = dealer.opening_hours.local_day(now).isoformat()
    for part, days in extra.items():
        # Days that are over aren't on the form, and stay as they were.
        days |= {day: about for day, about in kept[part].items() if day < today}
    asked = {"week": week_said(said), "subdivision": said.get("subdivision", "").strip().upper()} | extra
    outcome = change_hours(dealer, asked, now)
    if isinstance(outcome, Refused):
        again = {"refused": outcome.because, "week": rows_of(dealer.opening_hours.week, said)}
        return _hours(request, dealer, now, again, status=409)
    look_again(dealer, now)
    return answer(request, outcome, reverse("dealer-hours", args=[dealer.pk]), _("Saved."))


def _hours(
    request: Visit, dealer: "Organisation", now: datetime, more: dict[str, Any], status: int = 200
) -> HttpResponse:
    opening = dealer.opening_hours
    today = opening.local_day(now)
    seen = framed(request, dealer, "hours") | {
        "week": rows_of(opening.week),
        "why": opening.why_closed(now),
        "open_now": opening.is_open(now),
        "closed_days": [one for one in opening.closed_days if one[0] >= today],
        "open_days": [_row(day, spans) for day, spans in opening.open_days if day >= today],
        "holidays": _holidays(opening, today),
    }
    return render(request, "dealer/hours.html", seen | more, status=status)


def _row(day: date, spans: tuple[tuple[str, str], ...]) -> tuple[date, Row]:
    openings = tuple(
        (number, start, "00:00" if end == "24:00" else end) for number, (start, end) in enumerate(spans)
    )
    return day, Row("", "", openings)


def _holidays(opening: OpeningHours, today: date) -> list[tuple[date, str, bool]]:
    """The public holidays of the year ahead: day, name, and whether the dealer opens all the same."""
    days = (today + timedelta(days=ahead) for ahead in range(AHEAD.days))
    opened = dict(opening.open_days)
    return [(day, name, day in opened) for day in days if (name := opening.public_holiday(day))]
