"""A customer calls: their lead, and who is rung for it."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from leadbell.followup.actions import follow_up
from leadbell.intake.actions import claim, receive
from leadbell.intake.inquiry import Customer, Inquiry, Phone
from leadbell.intake.models import Envelope, Source
from leadbell.intake.phones import read_phone
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
#: Digits of the shortest number that may be a tracking number.
SHORTEST = 6
_NO_DIGIT = re.compile(r"\D")


@transaction.atomic
def arrives(news: Heard, line: str, now: datetime) -> Bell | None:
    """A customer calls one of our numbers: their lead, ringing at whom they know and then at all; None: not ours."""
    number = _called(news.called) or _called(news.addressed)
    source = Source.objects.select_related("dealer").filter(pk=number.source).first() if number else None
    if source is None:
        return None
    body = json.dumps({"called": news.called, "caller": news.caller, "call": news.key}).encode()
    envelope = Envelope.objects.create(
        id=uuid7(now), dealer=source.dealer, source=source, received_at=now, transport="call",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip
    phones = (_caller(news.caller, source.dealer.country),) if news.caller else ()
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


def _called(number: str) -> TrackingNumber | None:
    """Trunks write a number with + or 00, with neither, or as it is dialled within the country."""
    digits = _NO_DIGIT.sub("", number)
    if len(digits) < SHORTEST:
        return None
    ours = TrackingNumber.objects.filter(removed_at=None)
    written = {f"+{digits}", f"+{digits.removeprefix('00')}"}
    if found := ours.filter(number__in=written).first():
        return found
    near = ours.filter(number__endswith=digits.lstrip("0")).select_related("dealer")
    same = [one for one in near if read_phone(number, one.dealer.country).number == one.number]
    return same[0] if len(same) == 1 else None


def _caller(number: str, country: str) -> Phone:
    """As it can be dialled, so that a customer is the same however the trunk writes them."""
    read = read_phone(number, country)
    return (
        read
        if read.number or number.startswith("+")
        else replace(read_phone(f"+{number}", country), raw=number)
    )
