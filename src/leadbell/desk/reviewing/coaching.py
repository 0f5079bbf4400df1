"""Coaching: what the evidence says of one person, beside the team's median and the lines of the field.

No league: a salesperson sees the own figures and the team's middle; a manager gets the people by name.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from leadbell.dealers.people import NoSuchPerson, colleagues_in, person_at
from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.reader import SALES
from leadbell.desk.reports.scope import asked_of
from leadbell.desk.reviewing.evidence import MOVED, OVER, TITLES, Change, changed, figures, heard
from leadbell.followup.listening import to_hear
from leadbell.review.coaching import NoSuchAction, actions_of, agree, close, open_actions
from leadbell.review.shelves import newest_reviews
from leadbell.words import Words

if TYPE_CHECKING:
    from leadbell.dealers.models import Person
    from leadbell.review.models import CoachingAction

ROLES = ("salesperson", "bdc")


@dataclass(frozen=True, slots=True)
class Agreed:
    action: "CoachingAction"
    title: Words | None
    change: Change | None


@door_for(*SALES)
@require_GET
def team(request: Visit, now: datetime) -> HttpResponse:
    """The manager's people, by name; everybody else gets to the own page."""
    if not request.user.manages:
        return redirect("coaching-person", request.user.pk)
    people = colleagues_in(request.dealers, ROLES)
    still = open_actions([one.pk for one in people])
    rows = [(one, still.get(one.pk, 0)) for one in people]
    shown = {"active": "review", "now": now, "rows": rows, "several": len(request.dealers) > 1}
    return render(request, "review/team.html", shown)


@door_for(*SALES)
@require_GET
def person(request: Visit, now: datetime, number: int) -> HttpResponse:
    whose = _whose(request, number)
    return _page(request, now, whose, {})


def _page(
    request: Visit, now: datetime, whose: "Person", more: dict[str, Any], status: int = 200
) -> HttpResponse:
    today = whose.organisation.opening_hours.local_day(now)
    people = colleagues_in([whose.organisation_id], [whose.role])
    ids = {one.pk for one in people} | {whose.pk}
    with asked_of(request, (whose.organisation_id,)) as engine:
        lines = figures(engine, whose.pk, ids, today)
        agreed = [
            Agreed(one, TITLES.get(one.figure), changed(engine, one, today)) for one in actions_of(whose)
        ]
    lines += heard(whose, ids, now)
    due = to_hear(request.user, [whose.organisation_id], now) if request.user.pk != whose.pk else []
    shown = {
        "active": "review",
        "now": now,
        "whose": whose,
        "own": whose.pk == request.user.pk,
        "lines": lines,
        "days": OVER.days,
        "people": len(ids),
        "agreed": agreed,
        "moved": [(name, TITLES[name]) for name in MOVED],
        "may_agree": request.user.manages,
        "due_on": today + timedelta(days=28),
        "first_day": today,
        "heard": newest_reviews([whose.organisation_id], whose.pk),
        "due": [one for one in due if one.talk.person == whose.pk],
        "may_hear": request.user.pk != whose.pk,
    }
    return render(request, "review/person.html", shown | more, status=status)


def _whose(request: Visit, number: int) -> "Person":
    """Oneself, or for a manager everybody at the dealer. A colleague gets 403, another dealer's people 404."""
    if number == request.user.pk:
        return request.user
    try:
        found = person_at(request.dealers, number)
    except NoSuchPerson:
        raise Http404 from None
    if not request.user.manages:
        raise PermissionDenied
    return found


@door_for(*SALES)
@require_POST
def agreement(request: Visit, now: datetime, number: int) -> HttpResponse:
    """A manager writes down what was agreed."""
    whose = _managed(request, number)
    today = whose.organisation.opening_hours.local_day(now)
    outcome = agree(whose, request.POST.dict(), MOVED, request.user, today, now)
    return answer(request, outcome, reverse("coaching-person", args=[number]), _("Agreed."))


@door_for(*SALES)
@require_POST
def closing(request: Visit, now: datetime, number: int, action: int) -> HttpResponse:
    whose = _managed(request, number)
    try:
        outcome = close(whose, action, request.POST.get("how") == "done", now)
    except NoSuchAction:
        raise Http404 from None
    return answer(request, outcome, reverse("coaching-person", args=[number]), _("Closed."))


def _managed(request: Visit, number: int) -> "Person":
    whose = _whose(request, number)
    if not request.user.manages:
        raise PermissionDenied
    return whose
