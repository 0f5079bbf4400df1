"""One lead: where it stands, what comes next and why, what can be done, and its story."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from leadbell.appointment.shelves import appointment_of
from leadbell.chat.shelves import chats_of, newest_chats
from leadbell.conversation.actions import opened
from leadbell.conversation.rules import nothing_agreed_yet
from leadbell.conversation.shelves import can_send, thread_of
from leadbell.dealers.shelves import names_of, sales_staff
from leadbell.desk.desk import Card, card, heard
from leadbell.desk.entrance import Visit, door
from leadbell.desk.handing.bdc import BDC
from leadbell.desk.handing.handovers import drop_reasons, refusals
from leadbell.desk.handing.handovers import shown as handover_shown
from leadbell.desk.lead.next_step import next_step
from leadbell.desk.pictures import with_pictures
from leadbell.desk.seen import lines_of, with_lines
from leadbell.desk.story.story import people_in, story
from leadbell.followup.shelves import InPlan, plan_on
from leadbell.handover.rules import REASONS
from leadbell.intake.asked import asked_for
from leadbell.lead.consent import consents_of, contact_forbidden, kinds
from leadbell.lead.doors import open_lead, take_lead
from leadbell.lead.finding import lost_reasons, others_of
from leadbell.lead.journal import read_history
from leadbell.lead.shelves import why_they_ring
from leadbell.network.shelves import offer_of
from leadbell.ring.calling import calls_about, rung_by_line
from leadbell.ring.shelves import calls_of
from leadbell.visits.shelves import joins_of, visits_of, visits_of_customer

if TYPE_CHECKING:
    from leadbell.lead.models import Lead

NEWEST_MESSAGES = 4
TARGET = timedelta(minutes=2)


@require_GET
@door
def lead(request: Visit, now: datetime, number: int) -> HttpResponse:
    shown = open_lead(request.user, number)
    if not request.htmx and _is_looked_at_first(shown, request.user.pk):
        shown = take_lead(request.user, number)
        opened(shown, request.user.pk, now)
    with timezone.override(ZoneInfo(shown.dealer.zone)):
        page = "lead/live.html" if request.htmx else "lead/lead.html"
        return with_pictures(render(request, page, _about(request, shown, now)), [shown.dealer_id])


def _is_looked_at_first(lead: "Lead", person: int) -> bool:
    """Whoever has the lead and hasn't called yet is looking at it: over-preparation is measured from it [S3]."""
    return lead.owner_id == person and lead.is_open and lead.attempts == 0


def _about(request: Visit, lead: "Lead", now: datetime) -> dict[str, Any]:
    history = read_history(lead)
    standing = history.standing
    people = {*people_in(history), *standing.hands, *(p for p in (lead.next_for, standing.known_to) if p)}
    names = names_of(people)
    agreed = appointment_of(standing.appointment)
    return {
        "active": "leads",
        "now": now,
        "lead": lead,
        "standing": standing,
        "hands": [names.get(person, "?") for person in standing.hands],
        "handover": handover_shown(lead, history, request.user),
        "refusals": refusals(),
        "drop_reasons": drop_reasons(),
        "reasons": list(REASONS.items()),
        "may_qualify": lead.is_open
        and request.user.role in BDC
        and lead.owner_id in (None, request.user.pk)
        and standing.contract is None,
        "owner_name": names.get(lead.owner_id or 0, ""),
        "next": next_step(lead.next_kind, names.get(lead.next_for or 0, ""), lead.next_at),
        "place": _place(lead, now),
        "late": lead.next_at is not None
        and lead.next_kind not in ("wait", "ring", "rest")
        and lead.next_at <= now,
        "story": with_lines(story(history, names), lines_of(visits_of_customer(lead, now))),
        "names": names,
        "calls": calls_of(lead, request.user, now),
        "thread": thread_of(lead)[-NEWEST_MESSAGES:],
        "can_send": can_send(lead.dealer_id),
        "visits": visits_of(lead),
        "chats": chats_of(lead),
        "joins": joins_of(lead),
        "appointment": agreed,
        "asked": asked_for(lead.pk),
        "offered": offer_of(lead.pk) if lead.is_open else None,
        "consents": consents_of(lead),
        "consent_kinds": kinds(),
        "unwanted": contact_forbidden(lead, history),
        "others": others_of(lead),
        "colleagues": [one for one in sales_staff([lead.dealer_id]) if one.pk != lead.owner_id],
        "lost_reasons": lost_reasons(),
        "response": _response(lead),
        "may_hand_over": lead.is_open and (request.user.manages or lead.owner_id == request.user.pk),
        "card": card(lead, now),
        "here": _here(request, lead, now),
        "by_line": bool(lead.customer.phone and rung_by_line(request.user, [lead.dealer_id], now)),
    }


def _place(lead: "Lead", now: datetime) -> InPlan | None:
    """Where the lead stands in today's plan, while that is what comes next."""
    if lead.next_touch is None:
        return None
    found = plan_on(lead.dealer, lead.dealer.opening_hours.local_day(now), lead=lead.pk)
    return next((one for one in found if not one.done), None)


def _response(lead: "Lead") -> dict[str, Any] | None:
    if lead.first_attempt_at is None:
        return None
    took = lead.first_attempt_at - lead.received_at
    return {"took": took, "in_time": took <= TARGET}


def _here(request: Visit, lead: "Lead", now: datetime) -> dict[str, Any]:
    """The cards of the Desk that stand on top of the page: it rings here, is called, or was just spoken to."""
    person, standing = request.user.pk, lead.standing
    rings = person in lead.ringing and lead.ring_until is not None and lead.ring_until > now
    calls = standing.calling is not None and lead.calling_by == person
    talked = lead.owner_id == person and nothing_agreed_yet(standing, now)
    why = why_they_ring([lead], request.user) if rings else {}
    by_line = heard(
        calls_about(lead, request.user, now),
        [lead] if rings else [],
        [lead] if calls else [],
        [lead] if talked else [],
    )
    cards = {
        "ringing": [
            Card(
                lead,
                why.get(lead.pk, ()),
                live=by_line.ringing.get(lead.pk),
                chat=newest_chats([lead]).get(lead.pk),
            )
        ]
        if rings
        else [],
        "calling": [card(lead, now, live=by_line.calling(lead))] if calls else [],
        "talked": [card(lead, now, live=by_line.conversations.get(lead.pk))] if talked else [],
    }
    busy = [*cards["ringing"], *cards["calling"], *cards["talked"]]
    return {**cards, "busy": busy, "strips": by_line.strips}
