"""Texts that are no answer to a customer's thread: a stranger's is a lead, a salesperson's says what was agreed."""

import hashlib
import json
from datetime import datetime

from leadbell.dealers.models import Person
from leadbell.followup.actions import follow_up
from leadbell.followup.keypad import agreed_by_key
from leadbell.intake.actions import claim, receive
from leadbell.intake.inquiry import Customer, Inquiry, Phone
from leadbell.intake.models import Envelope, Source
from leadbell.intake.post import uuid7
from leadbell.lead.journal import locked


def stranger(dealer: int, number: str, text: str, sid: str, now: datetime) -> int | None:
    """A text from a number nobody knows is a lead of the dealer's oldest online channel; None: there is none."""
    sources = Source.objects.select_related("dealer").filter(dealer=dealer, origin="online", revoked_at=None)
    source = sources.order_by("pk").first()
    if source is None or not number.startswith("+"):
        return None
    body = json.dumps({"from": number, "text": text, "sid": sid}).encode()
    envelope = Envelope.objects.create(
        id=uuid7(now), dealer=source.dealer, source=source, received_at=now, transport="sms",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip
    inquiry = Inquiry("sms", now, Customer(phones=(Phone(number, number),)), message=text, source_id=sid)
    claim([(envelope, [inquiry])])
    (found,) = receive(envelope, [inquiry], now).leads
    lead = locked(found.pk)
    follow_up(lead, now)
    return lead.pk


def colleague(lead: int, person: int, key: str, now: datetime) -> bool:
    """What a salesperson answered to "what was agreed?"; False where they are none any more."""
    return Person.objects.filter(pk=person, is_active=True).exists() and agreed_by_key(
        locked(lead), person, key, now
    )
