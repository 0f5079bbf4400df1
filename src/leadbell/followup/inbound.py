"""A customer calls: their lead, and who is rung for it."""

import hashlib
import json
from datetime import datetime

from django.db import transaction

from leadbell.followup.actions import follow_up
from leadbell.intake.actions import claim, receive
from leadbell.intake.inquiry import Customer, Inquiry, Phone
from leadbell.intake.models import Envelope, Source
from leadbell.intake.post import uuid7
from leadbell.lead.journal import locked
from leadbell.ring.actions import ring
from leadbell.ring.calls import arrives as call_arrives
from leadbell.ring.claiming import bell_of
from leadbell.ring.models import TrackingNumber
from leadbell.ring.ports import Bell, Heard
from leadbell.routing.actions import whom_to_ring
from leadbell.visits.joining import join_by_call

#: A customer who calls hears it ring so long before they hear that we call back; nobody else is rung meanwhile.
RINGS_S, LONGEST_S = 30, 45
#: Whoever spoke to this customer last hears it first, for so long alone.
ALONE_S = 8.0


@transaction.atomic
def arrives(news: Heard, line: str, now: datetime) -> Bell | None:
    """A customer calls one of our numbers: their lead, ringing at whom they know and then at all; None: not ours."""
    number = TrackingNumber.objects.filter(number=news.called, removed_at=None).first()
    source = Source.objects.select_related("dealer").filter(pk=number.source).first() if number else None
    if source is None:
        return None
    body = json.dumps({"called": news.called, "caller": news.caller, "call": news.key}).encode()
    envelope = Envelope.objects.create(
        id=uuid7(now), dealer=source.dealer, source=source, received_at=now, transport="call",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip
    phones = (Phone(news.caller, news.caller),) if news.caller else ()
    inquiry = Inquiry("call", now, Customer(phones=phones), source_id=news.key)
    claim([(envelope, [inquiry])])
    (found,) = receive(envelope, [inquiry], now).leads
    lead = locked(found.pk)
    if number is not None and number.site is not None:
        join_by_call(source.dealer_id, lead.pk, number.pk, number.number, now, bool(news.caller))
    hours = source.dealer.opening_hours
    first = (
        whom_to_ring(lead, "owner", hours, now, True).people
        if lead.owner_id or lead.standing.known_to
        else ()
    )
    everybody = whom_to_ring(lead, "all", hours, now, True) if hours.is_open(now) else None
    people = tuple(dict.fromkeys((*first, *(everybody.people if everybody else ()))))
    ranked = everybody.ranked if everybody else ()
    excluded = everybody.excluded if everybody else ()
    if people:
        ring(lead, people, "all", LONGEST_S, now, (), ranked, excluded, phones=False)
    call = call_arrives(news, line, lead, people, RINGS_S, now)
    follow_up(lead, now)
    later = {person: ALONE_S for person in people if first and person not in first}
    return bell_of(call, now, later)
