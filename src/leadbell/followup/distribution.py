"""An importer's lead goes to one of its dealers, and to the next where nobody answers in time.

At the dealer it arrives as every lead does: as an envelope of a source that bears the importer's name.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce
from operator import or_
from typing import cast

import msgspec
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from leadbell.dealers.models import Organisation
from leadbell.followup.actions import follow_up
from leadbell.intake.actions import claim, quarantine, receive
from leadbell.intake.inquiry import Inquiry, Refused, as_json, from_json
from leadbell.intake.keys import new_source
from leadbell.intake.models import Envelope, Source
from leadbell.intake.post import uuid7
from leadbell.intake.rules import handles_of
from leadbell.lead.doors import dealers_below
from leadbell.lead.facts import Origin
from leadbell.lead.journal import locked
from leadbell.lead.models import Handle, Lead
from leadbell.network.actions import (
    Prospect,
    anything_is_open,
    arrive,
    come_back,
    decide,
    due,
    forget,
    offer,
    pass_on,
    take,
    waiting,
)
from leadbell.network.models import Offer, Passing
from leadbell.network.rules import Choice, Nobody, Wish, postcode_in
from leadbell.sale.actions import lose
from leadbell.words import say

#: Offers and leads of one commit.
AT_ONCE = 8


def take_in(envelope: Envelope, inquiries: Sequence[Inquiry] | Refused, now: datetime) -> None:
    """What an importer receives: kept until a dealer has it, or quarantined with the reason."""
    if isinstance(inquiries, Refused):
        quarantine(envelope, inquiries.because, now)
        return
    new = [
        arrive(envelope.dealer, _prospect(envelope, place, inquiry), now)
        for place, inquiry in enumerate(inquiries)
    ]
    envelope.status = Envelope.Status.READ if any(new) else Envelope.Status.DUPLICATE
    envelope.reason = None if any(new) else msgspec.to_builtins(say("the sender sent it before"))
    envelope.items, envelope.read_at = len(new), now
    # Django's own save counts rows, which nobody knows while statements travel without waiting.
    Envelope.objects.filter(pk=envelope.pk).update(
        status=envelope.status, reason=envelope.reason, items=envelope.items, read_at=now
    )
    for passing in new:
        if passing is not None:
            hand_out(passing, now)


def settle_some(now: datetime, most: int = AT_ONCE) -> int:
    """Look at the offers that were answered or are over, and at what waits for a dealer; how many there were."""
    if not anything_is_open():
        return 0
    with transaction.atomic():
        offers = due(now, most)
        for one in offers:
            _settle(one, now)
        passings = waiting(most) if not offers else []
        for passing in passings:
            hand_out(passing, now)
    return len(offers) + len(passings)


def hand_out(passing: Passing, now: datetime) -> Choice | Nobody:
    """To the next dealer by the rules, where it rings at once; or back to the importer."""
    if passing.inquiry is None:
        return forget(passing, now)
    inquiry = from_json(passing.inquiry)
    decision = decide(passing, wish_of(passing, inquiry), now)
    if isinstance(decision, Nobody):
        come_back(passing, decision.because, now)
    else:
        _give(passing, inquiry, decision, now)
    return decision


def wish_of(passing: Passing, inquiry: Inquiry) -> Wish:
    """What the rules ask of an inquiry, and who of the network knows this customer."""
    handles = handles_of(inquiry)
    below = dealers_below(passing.importer_id)
    # A dealer from whom the customer was taken back doesn't know them for that.
    worked_on = Exists(Lead.objects.filter(customer=OuterRef("customer")).exclude(lost_reason="withdrawn"))
    theirs = reduce(or_, (Q(kind=kind, value=value) for kind, value in handles), Q(pk=None))
    known = Handle.objects.filter(worked_on, theirs, dealer__in=below).values_list("dealer_id", flat=True)
    return Wish(
        passing.brand, postcode_in(inquiry.customer.address or ""), inquiry.dealer or "", frozenset(known)
    )


def _prospect(envelope: Envelope, place: int, inquiry: Inquiry) -> Prospect:
    car = inquiry.vehicles[0] if inquiry.vehicles else None
    return Prospect(
        envelope.pk, place, envelope.source_id, envelope.source.name, envelope.source.origin, inquiry.source_id or "",
        as_json(inquiry), (car.make if car else None) or "",
        " ".join(part for part in (car.make, car.model) if part) if car else "", envelope.received_at,
    )  # fmt: skip


def _give(passing: Passing, inquiry: Inquiry, choice: Choice, now: datetime) -> Offer:
    """An envelope at the dealer, read at once; its new lead rings."""
    dealer = Organisation.objects.get(pk=choice.dealer)
    source = _source_at(dealer, passing, now)
    # The same dealer may get it a second time, by hand: that is no second delivery of the first.
    inquiry = replace(inquiry, source_id=f"{passing.pk}-{passing.offers.count() + 1}")
    body = json.dumps(as_json(inquiry), sort_keys=True).encode()
    envelope = Envelope.objects.create(
        id=uuid7(now), dealer=dealer, source=source, received_at=now, transport="pass",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip
    claim([(envelope, [inquiry])])
    (lead,) = receive(envelope, [inquiry], now).leads
    lead = locked(lead.pk)
    theirs = lead.received_at < now
    made = offer(passing, choice, lead, theirs, now)
    if lead.wake_at is not None and lead.wake_at <= now:
        follow_up(lead, now)
    return made


def _source_at(dealer: Organisation, passing: Passing, now: datetime) -> Source:
    """The dealer's source that bears the importer's name."""
    name = passing.importer.name
    found = Source.objects.filter(dealer=dealer, name=name, origin=passing.origin, revoked_at=None).first()
    return found or new_source(dealer, name, cast(Origin, passing.origin), now)


def _settle(one: Offer, now: datetime) -> None:
    lead = locked(one.lead)
    answered = lead.accepted_at or lead.first_attempt_at or lead.worked_at or not lead.is_open
    # Whoever closed it has answered, too.
    if answered:
        take(one, now)
        return
    # It doesn't ring at this dealer any more.
    lose(lead, None, "withdrawn", now, one.passing.importer.name)
    pass_on(one, now)
    hand_out(one.passing, now)
