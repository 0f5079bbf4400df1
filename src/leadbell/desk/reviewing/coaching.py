"""Coaching: what the evidence says of one person, beside the team's median and the lines of the field.

No league: a salesperson or BDC agent sees the own figures and the team's middle; a manager gets the people by name.
Agents of a group's BDC are coached by who manages the group, over what they did for its dealers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
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
from leadbell.desk.reviewing import agents, evidence
from leadbell.desk.reviewing.changes import Change, changed
from leadbell.followup.listening import to_hear
from leadbell.lead.doors import dealers_below, tenant
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
    where = {request.user.organisation_id, *request.dealers}
    people = colleagues_in(where, ROLES)
    with _and_of(request, request.user):
        still = open_actions([one.pk for one in people])
    rows = [(one, still.get(one.pk, 0)) for one in people]
    shown = {"active": "review", "now": now, "rows": rows, "several": len(where) > 1}
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
    ids, dealers = {one.pk for one in people} | {whose.pk}, dealers_below(whose.organisation_id)
    evidence_of = agents.of_agent if whose.role == "bdc" else evidence.of_salesperson
    with _and_of(request, whose):
        actions = actions_of(whose)
    with asked_of(request, dealers) as engine:
        lines = evidence_of(engine, whose.pk, ids, dealers, today, now)
        agreed = [
            Agreed(one, agents.AGENTS_TITLES.get(one.figure), changed(engine, one, whose, dealers, now))
            for one in actions
        ]
    due = to_hear(request.user, dealers, now) if request.user.pk != whose.pk else []
    shown = {
        "active": "review",
        "now": now,
        "whose": whose,
        "own": whose.pk == request.user.pk,
        "lines": lines,
        "days": evidence.OVER.days,
        "people": len(ids),
        "agreed": agreed,
        "moved": [(name, agents.AGENTS_TITLES[name]) for name in _moved(whose)],
        "may_agree": request.user.manages,
        "due_on": today + timedelta(days=28),
        "first_day": today,
        "heard": newest_reviews(dealers, whose.pk),
        "due": [one for one in due if one.talk.person == whose.pk],
        "may_hear": request.user.pk != whose.pk,
    }
    return render(request, "review/person.html", shown | more, status=status)


def _whose(request: Visit, number: int) -> "Person":
    """Oneself, or for a manager everybody at the dealers and at the group itself. A colleague gets 403, other
    dealers' and other groups' people 404."""
    if number == request.user.pk:
        return request.user
    try:
        found = person_at({request.user.organisation_id, *request.dealers}, number)
    except NoSuchPerson:
        raise Http404 from None
    if not request.user.manages:
        raise PermissionDenied
    return found


def _moved(whose: "Person") -> tuple[str, ...]:
    return agents.MOVED if whose.role == "bdc" else evidence.MOVED


@contextmanager
def _and_of(request: Visit, whose: "Person") -> Iterator[None]:
    """What is agreed with somebody is kept where they work, which may be a group; afterwards as before."""
    with tenant((*request.dealers, whose.organisation_id)):
        yield
    with tenant(request.dealers):
        pass


@door_for(*SALES)
@require_POST
def agreement(request: Visit, now: datetime, number: int) -> HttpResponse:
    """A manager writes down what was agreed."""
    whose = _managed(request, number)
    today = whose.organisation.opening_hours.local_day(now)
    with _and_of(request, whose):
        outcome = agree(whose, request.POST.dict(), _moved(whose), request.user, today, now)
    return answer(request, outcome, reverse("coaching-person", args=[number]), _("Agreed."))


@door_for(*SALES)
@require_POST
def closing(request: Visit, now: datetime, number: int, action: int) -> HttpResponse:
    whose = _managed(request, number)
    try:
        with _and_of(request, whose):
            outcome = close(whose, action, request.POST.get("how") == "done", now)
    except NoSuchAction:
        raise Http404 from None
    return answer(request, outcome, reverse("coaching-person", args=[number]), _("Closed."))


def _managed(request: Visit, number: int) -> "Person":
    whose = _whose(request, number)
    if not request.user.manages:
        raise PermissionDenied
    return whose
