"""The Desk: what rings, the call under way, what is due now, appointments, later."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leadbell.appointment.rules import LOOKED_AT, Span, taken
from leadbell.appointment.shelves import busy_between, diary_of
from leadbell.chat.shelves import ChatShown, newest_chats, open_chats_of
from leadbell.conversation.rules import nothing_agreed_yet
from leadbell.dealers.rules import times_to_propose
from leadbell.dealers.shelves import colleagues_of
from leadbell.desk.entrance import Visit, door
from leadbell.desk.handing.handovers import handed_to, refusals
from leadbell.desk.pictures import with_pictures
from leadbell.desk.seen import on_the_website, seen_at, with_visits
from leadbell.followup.shelves import Done, InPlan, how_far, plan_on
from leadbell.lead.finding import lost_reasons
from leadbell.lead.shelves import MOST_DUE, desk_of, in_cadence, why_they_ring
from leadbell.metrics.figures import REFERENCE_RESPONSE
from leadbell.metrics.now.mine import my_day
from leadbell.ring.calling import Live, calls_at, rung_by_line
from leadbell.words import Words

if TYPE_CHECKING:
    from leadbell.dealers.models import Person
    from leadbell.lead.models import Lead

#: A call back may be soon, a visit takes the way there.
SOONEST_CALL_BACK = timedelta(minutes=45)
SOONEST_VISIT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Card:
    """A lead that asks for the whole attention: it rings, is being called, or was just spoken to."""

    lead: "Lead"
    because: Sequence[Words] = ()
    connected_at: datetime | None = None
    visits: Sequence[datetime] = ()
    call_backs: Sequence[datetime] = field(default=())
    #: The call on a line that hears it: that rings at this person, is under way, or was this conversation.
    live: Live | None = None
    #: Somebody waits in a chat for an answer.
    chat: ChatShown | None = None

    @property
    def by_phone(self) -> bool:
        return bool(self.lead.customer.phone or self.lead.customer.raw_phone)


def card(
    lead: "Lead",
    now: datetime,
    because: Sequence[Words] = (),
    live: Live | None = None,
    busy: Mapping[int, Sequence[Span]] | None = None,
) -> Card:
    """With the times worth proposing for what follows a conversation; `busy` as `busy_of` these leads knows it."""
    hours = lead.dealer.opening_hours
    taken_by_others = (busy_of([lead], now) if busy is None else busy).get(lead.owner_id or 0, ())
    return Card(
        lead, because, lead.standing.connected_at, live=live,
        visits=times_to_propose(hours, now, SOONEST_VISIT, lambda at: taken(taken_by_others, at) is None),
        call_backs=times_to_propose(hours, now, SOONEST_CALL_BACK),
    )  # fmt: skip


def busy_of(leads: Iterable["Lead"], now: datetime) -> Mapping[int, Sequence[Span]]:
    """When the salespeople of these leads have something else to do, as far ahead as times are proposed."""
    owners = {lead.owner_id for lead in leads if lead.owner_id}
    return busy_between(owners, now, now + LOOKED_AT) if owners else {}


@dataclass(frozen=True, slots=True)
class Heard:
    """The calls on lines, sorted by the card they belong to; what is left over has a strip of its own."""

    ringing: Mapping[int, Live]
    attempts: Mapping[str, Live]
    conversations: Mapping[int, Live]
    strips: Sequence[Live]

    def calling(self, lead: "Lead") -> Live | None:
        return self.attempts.get(f"{lead.pk}:{lead.standing.calling}")


def heard(
    live: Sequence[Live], ringing: Iterable["Lead"], calling: Iterable["Lead"], talked: Iterable["Lead"]
) -> Heard:
    """`live` is the newest first; of several calls of a lead the newest counts."""
    at_a_ring, at_a_talk = {lead.pk for lead in ringing}, {lead.pk for lead in talked}
    at_a_call = {f"{lead.pk}:{lead.standing.calling}" for lead in calling}
    rings: dict[int, Live] = {}
    attempts: dict[str, Live] = {}
    conversations: dict[int, Live] = {}
    strips: list[Live] = []
    for one in live:
        number, attempt = one.call.lead_id or 0, f"{one.call.lead_id}:{one.call.attempt}"
        if attempt in at_a_call:
            attempts.setdefault(attempt, one)
        elif one.rings and number in at_a_ring:
            rings.setdefault(number, one)
        elif one.is_over and one.call.outcome == "conversation" and number in at_a_talk:
            conversations.setdefault(number, one)
        else:
            strips.append(one)
    return Heard(rings, attempts, conversations, strips)


@require_GET
@door
def desk(request: Visit, now: datetime) -> HttpResponse:
    person = request.user
    plan = my_plan(person, now)
    mine = desk_of(person, request.dealers, now, [row.lead.pk for row in plan.rows])
    why = why_they_ring(mine.ringing, person)
    open_calls = [lead for lead in mine.calling if lead.standing.calling]
    talked = _to_be_told(request, mine.talked, now)
    asked = {lead.pk for lead in talked}
    hours = person.organisation.opening_hours
    lines = rung_by_line(person, request.dealers, now)
    busy = busy_of([*open_calls, *talked], now)
    by_line = heard(calls_at(person, request.dealers, now), mine.ringing, open_calls, talked)
    seen = seen_at(person, request.dealers, now)
    chats = newest_chats(mine.ringing)
    shown = {
        "active": "desk",
        "now": now,
        "desk": mine,
        "ringing_here": mine.ringing,
        "ringing": [
            Card(lead, why.get(lead.pk, ()), live=by_line.ringing.get(lead.pk), chat=chats.get(lead.pk))
            for lead in mine.ringing
        ],
        "chats": open_chats_of(person),
        "calling": [card(lead, now, live=by_line.calling(lead), busy=busy) for lead in open_calls],
        "talked": [card(lead, now, live=by_line.conversations.get(lead.pk), busy=busy) for lead in talked],
        "strips": by_line.strips,
        "handed": handed_to(person, request.dealers),
        "refusals": refusals(),
        "seen": seen,
        "looking": on_the_website(person, request.dealers, seen, now),
        "lines_of": lines,
        "due": with_visits([lead for lead in mine.due.leads if lead.pk not in asked], request.dealers, now),
        "later": [lead for lead in mine.later.leads if lead.pk not in asked],
        "settling": [lead for lead in mine.settling if lead.pk not in asked],
        "plan": plan,
        "diary": diary_of(person, now),
        "day": my_day(person.pk, hours.day_begins(hours.local_day(now)), now),
        "reference": REFERENCE_RESPONSE,
        "colleagues": colleagues_of(person, now),
        "lost_reasons": lost_reasons(),
    }
    page = render(request, "desk/live.html" if request.htmx else "desk/desk.html", shown)
    return with_pictures(page, request.dealers)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A follow-up of today and why it stands where it stands."""

    lead: "Lead"
    place: InPlan


@dataclass(frozen=True, slots=True)
class MyPlan:
    """One person's planned follow-ups of today: what is still to do in order, and how far they are."""

    rows: Sequence[PlanRow]
    far: Done

    @property
    def shown(self) -> Sequence[PlanRow]:
        return self.rows[:MOST_DUE]

    @property
    def more(self) -> int:
        return len(self.rows) - len(self.shown)


def my_plan(person: "Person", now: datetime) -> MyPlan:
    """As the clockwork planned it last; nothing before it did."""
    dealer = person.organisation
    mine = plan_on(dealer, dealer.opening_hours.local_day(now), person.pk)
    left = {one.lead: one for one in mine if one.fits and not one.done}
    return MyPlan([PlanRow(lead, left[lead.pk]) for lead in in_cadence(list(left))], how_far(mine))


def _to_be_told(request: Visit, leads: Iterable["Lead"], now: datetime) -> list["Lead"]:
    return [
        lead for lead in leads
        if nothing_agreed_yet(lead.standing, now)
    ]  # fmt: skip
