"""From envelope to lead: read it, recognise the customer, open or join a lead; or quarantine it with the reason."""

import hashlib
import json
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

import msgspec
import structlog
from django.db import connection, transaction

from leadbell.announce import announce, wake_clockwork
from leadbell.intake.inquiry import Inquiry, Refused, Vehicle, as_json
from leadbell.intake.models import Envelope, Source
from leadbell.intake.models import Inquiry as InquiryRow
from leadbell.intake.reading import read
from leadbell.intake.rules import (
    Duplicate,
    HandleKey,
    Joins,
    KnownCustomer,
    Opens,
    SeenBefore,
    handles_of,
    language_of,
    recognise,
)
from leadbell.lead.history import Arrived, AskedAgain, Origin
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Customer, Handle, Lead
from leadbell.lead.refused import Refused as NotDone
from leadbell.words import Words, say

log = structlog.get_logger("leadbell.intake")

#: The same bytes from the same source within this time are the same delivery.
SAME_DELIVERY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Received:
    """What became of an envelope: the leads it opened or joined, in its own order."""

    envelope: uuid.UUID
    status: str
    leads: tuple[int, ...] = ()


def uuid7(now: datetime) -> uuid.UUID:
    """A time-ordered id (RFC 9562), so that new envelopes lie together in the index."""
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds << 80) | (0x7 << 76) | (int.from_bytes(os.urandom(10), "big") & ((1 << 76) - 1))
    return uuid.UUID(int=(value & ~(0x3 << 62)) | (0x2 << 62))


@transaction.atomic
def receive(envelope: Envelope, now: datetime) -> Received:
    """Turn one accepted envelope, locked by the caller, into leads."""
    source, dealer = envelope.source, envelope.dealer
    began = time.perf_counter()
    if envelope.corrected is not None:
        body, content_type = bytes(envelope.corrected), "application/json"
    else:
        body, content_type = bytes(envelope.body), envelope.content_type
    inquiries = read(body, content_type, dealer.country, ZoneInfo(dealer.zone), envelope.received_at)
    if isinstance(inquiries, Refused):
        return quarantine(envelope, inquiries.because, now)
    _lock(dealer.pk, source.pk, inquiries, bytes(envelope.sha256))
    earlier = _same_bytes(envelope)
    rows = [
        _place(envelope, source, place, inquiry, earlier.get(place), now)
        for place, inquiry in enumerate(inquiries)
    ]
    duplicate = all(row.outcome == InquiryRow.Outcome.DUPLICATE for row in rows)
    envelope.status = Envelope.Status.DUPLICATE if duplicate else Envelope.Status.READ
    envelope.reason = rows[0].because if duplicate else None
    envelope.items, envelope.read_at = len(rows), now
    envelope.save(update_fields=["status", "reason", "items", "read_at"])
    log.info(
        "read", dealer=dealer.pk, envelope=str(envelope.pk), status=envelope.status, channel=inquiries[0].channel,
        ms=round((time.perf_counter() - began) * 1000, 1),
    )  # fmt: skip
    return Received(envelope.pk, envelope.status, tuple(row.lead_id for row in rows))


def quarantine(envelope: Envelope, because: Words, now: datetime) -> Received:
    """Keep what can't be understood where a person sees it; nothing that arrives is lost."""
    envelope.status, envelope.reason = Envelope.Status.QUARANTINED, msgspec.to_builtins(because)
    envelope.read_at = now
    envelope.save(update_fields=["status", "reason", "read_at"])
    announce(envelope.dealer_id, "inbox")
    log.info("quarantined", dealer=envelope.dealer_id, envelope=str(envelope.pk), reason=because.text)
    return Received(envelope.pk, envelope.status)


def _lock(dealer: int, source: int, inquiries: Sequence[Inquiry], sha256: bytes) -> None:
    """One at a time for the same customer, sender's id or bytes: eight simultaneous posts are one lead.

    Sorted, so that two clockworks never wait for each other.
    """
    names = {f"{source}:{sha256.hex()}"}
    for inquiry in inquiries:
        names |= {f"{dealer}:{kind}:{value}" for kind, value in handles_of(inquiry)}
        if inquiry.source_id:
            names.add(f"{source}:id:{inquiry.source_id}")
    keys = sorted(
        int.from_bytes(hashlib.blake2b(n.encode(), digest_size=8).digest(), "big", signed=True) for n in names
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(k) from unnest(%s::bigint[]) with ordinality as t(k, n) order by n",
            [keys],
        )


def _same_bytes(envelope: Envelope) -> dict[int, tuple[int, int]]:
    """(lead, customer) by place, of an earlier delivery of the same bytes; empty if there was none."""
    if envelope.corrected is not None:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select i.place, i.lead_id, l.customer_id from leadbell_envelope e
            join leadbell_inquiry i on i.envelope_id = e.id join leadbell_lead l on l.id = i.lead_id
            where e.source_id = %s and e.sha256 = %s and e.id <> %s and e.corrected is null
                and e.status in ('read', 'duplicate') and e.received_at between %s and %s
            order by e.received_at desc
            """,
            [
                envelope.source_id, bytes(envelope.sha256), envelope.pk, envelope.received_at - SAME_DELIVERY,
                envelope.received_at + SAME_DELIVERY,
            ],
        )  # fmt: skip
        return {place: (lead, customer) for place, lead, customer in cursor}


def _place(
    envelope: Envelope,
    source: Source,
    place: int,
    inquiry: Inquiry,
    same_bytes: tuple[int, int] | None,
    now: datetime,
) -> InquiryRow:
    """Give one prospect its place: a new lead, an open one, or a duplicate."""
    understood = as_json(inquiry)
    if same_bytes:
        seen: SeenBefore | None = SeenBefore(*same_bytes, same_bytes=True, same_content=True)
        known: list[KnownCustomer] = []
    else:
        seen = _seen(source, inquiry, understood)
        known = _known(envelope.dealer_id, handles_of(inquiry))
    answer = recognise(inquiry, seen, known)
    match answer:
        case Duplicate():
            lead_number, outcome = answer.of, InquiryRow.Outcome.DUPLICATE
        case Joins():
            lead = locked(answer.lead)
            if lead.is_open:
                lead_number, outcome = (
                    _join(lead, envelope, source, inquiry, answer).pk,
                    InquiryRow.Outcome.JOINED,
                )
            else:
                # Closed between recognising and locking: a new lead of the same customer.
                again = Opens(answer.customer, lead.owner_id, answer.because)
                lead_number, outcome = _open(envelope, source, inquiry, again).pk, InquiryRow.Outcome.OPENED
        case Opens():
            lead_number, outcome = _open(envelope, source, inquiry, answer).pk, InquiryRow.Outcome.OPENED
    return InquiryRow.objects.create(
        envelope=envelope, place=place, dealer_id=envelope.dealer_id, source=source, lead_id=lead_number,
        outcome=outcome, because=msgspec.to_builtins(answer.because), sender_id=inquiry.source_id or "",
        understood=understood, received_at=envelope.received_at,
    )  # fmt: skip


def _seen(source: Source, inquiry: Inquiry, understood: dict[str, Any]) -> SeenBefore | None:
    if not inquiry.source_id:
        return None
    row = (
        InquiryRow.objects.filter(source=source, sender_id=inquiry.source_id)
        .order_by("-id").values_list("lead_id", "lead__customer_id", "understood").first()
    )  # fmt: skip
    if row is None:
        return None
    lead, customer, before = row
    same = all(before.get(part) == understood[part] for part in ("vehicles", "message"))
    return SeenBefore(lead, customer, same_bytes=False, same_content=same)


_KNOWN = """
select h.customer_id, array_agg(h.kind), array_agg(h.value),
    (select l.id from leadbell_lead l where l.customer_id = h.customer_id and l.closed_at is null
        order by l.id desc limit 1),
    (select l.owner_id from leadbell_lead l where l.customer_id = h.customer_id and l.owner_id is not null
        order by l.id desc limit 1)
from leadbell_handle h
join unnest(%s::text[], %s::text[]) as asked(kind, value) on h.kind = asked.kind and h.value = asked.value
where h.dealer_id = %s group by h.customer_id order by h.customer_id
"""


def _known(dealer: int, handles: Sequence[HandleKey]) -> list[KnownCustomer]:
    if not handles:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [[k for k, _ in handles], [v for _, v in handles], dealer])
        return [
            KnownCustomer(customer, tuple(zip(kinds, values, strict=True)), open_lead, owner)
            for customer, kinds, values, open_lead, owner in cursor
        ]


def _join(lead: Lead, envelope: Envelope, source: Source, inquiry: Inquiry, answer: Joins) -> Lead:
    """Another inquiry on the open lead: its cars and message become the ones to talk about."""
    _learn(lead.customer, inquiry)
    _remember(lead.customer, inquiry)
    wanted = [c for c in as_json(inquiry)["vehicles"] if c not in lead.cars]
    Lead.objects.filter(pk=lead.pk).update(
        cars=(wanted + lead.cars)[:20], message=inquiry.message or lead.message
    )
    record(
        lead,
        AskedAgain(
            at=envelope.received_at, channel=inquiry.channel, source=source.name, envelope=str(envelope.pk),
            by_phone=_diallable(inquiry) is not None, by_email=bool(inquiry.customer.emails), because=answer.because,
        ),
    )  # fmt: skip
    return lead


def _open(envelope: Envelope, source: Source, inquiry: Inquiry, answer: Opens) -> Lead:
    dealer = envelope.dealer
    who = inquiry.customer
    if answer.customer is None:
        customer = Customer.objects.create(
            dealer=dealer, full_name=who.full_name or "", first_name=who.first_name or "",
            last_name=who.last_name or "", address=who.address,
            language=language_of(_diallable(inquiry), dealer.country) or "",
            emails=list(who.emails), phones=as_json(inquiry)["customer"]["phones"], created_at=envelope.received_at,
        )  # fmt: skip
    else:
        customer = Customer.objects.get(pk=answer.customer)
        _learn(customer, inquiry)
    _remember(customer, inquiry)
    hours = dealer.opening_hours
    lead = Lead.objects.create(
        dealer=dealer, customer=customer, origin=source.origin, channel=inquiry.channel, source=source.name,
        cars=as_json(inquiry)["vehicles"], message=inquiry.message or "", received_at=envelope.received_at,
        received_on=hours.local_day(envelope.received_at), in_hours=hours.is_open(envelope.received_at),
    )  # fmt: skip
    wanted = next((v for v in inquiry.vehicles if v.interest != "trade-in"), None)
    record(
        lead,
        Arrived(
            at=envelope.received_at, origin=cast(Origin, source.origin), channel=inquiry.channel, source=source.name,
            envelope=str(envelope.pk), by_phone=customer.phone is not None, by_email=bool(customer.emails),
            brand=wanted.make if wanted else None,
            condition=_condition(wanted),
            language=customer.language or None, known_to=answer.known_to, because=answer.because,
        ),
    )  # fmt: skip
    return lead


def _condition(wanted: Vehicle | None) -> Literal["new", "used"] | None:
    """New or used, where the sender says it in words we know."""
    status = wanted.status if wanted else None
    return "used" if status == "used" else "new" if status == "new" else None


def _diallable(inquiry: Inquiry) -> str | None:
    return next((p.number for p in inquiry.customer.phones if p.number), None)


def _learn(customer: Customer, inquiry: Inquiry) -> None:
    """What a known customer tells now comes first: the newest number is the one to dial."""
    who, known = inquiry.customer, {p.get("number") or p["raw"] for p in customer.phones}
    new_phones = [p for p in as_json(inquiry)["customer"]["phones"] if (p["number"] or p["raw"]) not in known]
    new_emails = [e for e in who.emails if e.lower() not in {k.lower() for k in customer.emails}]
    if not new_phones and not new_emails and (customer.full_name or not who.full_name):
        return
    customer.phones = (new_phones + customer.phones)[:10]
    customer.emails = (new_emails + customer.emails)[:10]
    customer.full_name = customer.full_name or who.full_name or ""
    customer.first_name = customer.first_name or who.first_name or ""
    customer.last_name = customer.last_name or who.last_name or ""
    customer.save()


def _remember(customer: Customer, inquiry: Inquiry) -> None:
    """Recognise the customer by these next time; a handle that is somebody else's stays theirs."""
    rows = [
        Handle(dealer_id=customer.dealer_id, kind=k, value=v, customer=customer)
        for k, v in handles_of(inquiry)
    ]
    Handle.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def release(envelope: Envelope, corrected: bytes | None, person: int, now: datetime) -> Envelope | NotDone:
    """Let a quarantined envelope in, as corrected by hand (an inquiry as JSON) or as it is; it is read again."""
    envelope = (
        Envelope.objects.select_for_update(of=("self",))
        .select_related("dealer", "source")
        .get(pk=envelope.pk)
    )
    if envelope.status != Envelope.Status.QUARANTINED:
        return NotDone(say("Somebody released it already."))
    body = corrected if corrected is not None else bytes(envelope.body)
    content_type = "application/json" if corrected is not None else envelope.content_type
    answer = read(
        body, content_type, envelope.dealer.country, ZoneInfo(envelope.dealer.zone), envelope.received_at
    )
    if isinstance(answer, Refused):
        return NotDone(answer.because)
    envelope.status, envelope.reason, envelope.dismissed_at = Envelope.Status.ACCEPTED, None, None
    envelope.corrected, envelope.released_by, envelope.released_at = corrected, person, now
    envelope.save(
        update_fields=["status", "reason", "dismissed_at", "corrected", "released_by", "released_at"]
    )
    announce(envelope.dealer_id, "inbox")
    wake_clockwork()
    return envelope


@transaction.atomic
def dismiss(envelope: Envelope, person: int, now: datetime) -> Envelope | NotDone:
    """Not a lead: it stays in the books as quarantined, off the list of what waits for a person."""
    envelope = Envelope.objects.select_for_update(of=("self",)).get(pk=envelope.pk)
    if envelope.status != Envelope.Status.QUARANTINED:
        return NotDone(say("Somebody released it already."))
    envelope.dismissed_at, envelope.released_by = now, person
    envelope.save(update_fields=["dismissed_at", "released_by"])
    announce(envelope.dealer_id, "inbox")
    return envelope


@transaction.atomic
def type_in(source: Source, typed: dict[str, Any], person: int, now: datetime) -> Envelope | NotDone:
    """A lead typed in by hand (walk-in, phone): it takes the same way as every other, envelope first."""
    body = json.dumps(typed, ensure_ascii=False).encode()
    dealer = source.dealer
    answer = read(body, "application/json", dealer.country, ZoneInfo(dealer.zone), now)
    if isinstance(answer, Refused):
        return NotDone(answer.because)
    envelope = Envelope.objects.create(
        id=uuid7(now), dealer=dealer, source=source, received_at=now, transport="hand", content_type="application/json",
        body=body, sha256=hashlib.sha256(body + now.isoformat().encode()).digest(), released_by=person,
    )  # fmt: skip
    wake_clockwork()
    return envelope
