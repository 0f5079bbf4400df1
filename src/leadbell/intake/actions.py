"""From envelope to lead: read it, recognise the customer, open or join a lead; or quarantine it with the reason."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

import msgspec
import structlog
from django.db import transaction

from leadbell import statement
from leadbell.announce import announce, wake_clockwork
from leadbell.intake.inquiry import Inquiry, Refused, Vehicle, understood
from leadbell.intake.models import Envelope, Source
from leadbell.intake.models import Inquiry as InquiryRow
from leadbell.intake.post import uuid7
from leadbell.intake.reading import read
from leadbell.intake.register import diallable, learn, look_up, names_of, new_customer, remember
from leadbell.intake.rules import (
    CHAT,
    Duplicate,
    HandleKey,
    Joins,
    Opens,
    recognise,
)
from leadbell.lead.consent import keep
from leadbell.lead.facts import Arrived, AskedAgain, Lost, Origin
from leadbell.lead.journal import begin, locked, record
from leadbell.lead.law import MARKETING
from leadbell.lead.models import Customer, Lead
from leadbell.lead.numbers import draw
from leadbell.lead.reference import TEST_LEAD, references_in
from leadbell.lead.visitor import How, told
from leadbell.refused import Refused as NotDone
from leadbell.words import Words, say

log = structlog.get_logger("leadbell.intake")

#: So much of a delivery is searched for a number of ours.
MOST_SEARCHED = 200_000


@dataclass(frozen=True, slots=True)
class Received:
    """What became of an envelope: the leads it opened or joined, in its own order."""

    envelope: uuid.UUID
    status: str
    leads: tuple[Lead, ...] = ()
    #: Of each lead whether it is new.
    opened: tuple[bool, ...] = ()


def read_envelope(envelope: Envelope) -> list[Inquiry] | Refused:
    """What an envelope says, as corrected by hand where it was."""
    dealer = envelope.dealer
    body, content_type = bytes(envelope.body), envelope.content_type
    if envelope.corrected is not None:
        body, content_type = bytes(envelope.corrected), "application/json"
    return read(body, content_type, dealer.country, ZoneInfo(dealer.zone), envelope.received_at)


def claim(envelopes: Sequence[tuple[Envelope, list[Inquiry] | Refused]]) -> None:
    """One at a time for the same customer, sender's id or bytes: eight simultaneous posts are one lead.

    Sorted, so that two clockworks never wait for each other.
    """
    names: set[str] = set()
    for envelope, inquiries in envelopes:
        names |= names_of(envelope, inquiries if isinstance(inquiries, list) else ())
    hashes = (hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names)
    keys = sorted(int.from_bytes(h, "big", signed=True) for h in hashes)
    statement.tell(
        "select pg_advisory_xact_lock(k) from unnest(%(keys)s::bigint[]) with ordinality as t(k, n) order by n",
        {"keys": keys},
    )
    draw(sum(len(inquiries) for _, inquiries in envelopes if isinstance(inquiries, list)))


def receive(envelope: Envelope, inquiries: list[Inquiry] | Refused, now: datetime) -> Received:
    """Turn one accepted envelope, claimed by the caller, into leads: new ones, open ones, duplicates."""
    if isinstance(inquiries, Refused):
        return quarantine(envelope, inquiries.because, now)
    known = zip(inquiries, _sent_back(envelope, inquiries), strict=True)
    leads = [(inquiry, ours) for inquiry, ours in known if ours != TEST_LEAD]
    if inquiries and not leads:
        return quarantine(envelope, say("a test of the connection to your DMS or CRM, sent back by it"), now)
    placed = [
        _place(envelope, place, inquiry)
        if ours is None
        else _Placed(Lead(pk=ours), InquiryRow.Outcome.DUPLICATE, SENT_BACK, inquiry)
        for place, (inquiry, ours) in enumerate(leads)
    ]
    duplicate = all(one.outcome == InquiryRow.Outcome.DUPLICATE for one in placed)
    envelope.status = Envelope.Status.DUPLICATE if duplicate else Envelope.Status.READ
    envelope.reason = msgspec.to_builtins(placed[0].because) if duplicate else None
    envelope.items, envelope.read_at = len(placed), now
    _settle(envelope, placed)
    for one in placed:
        if one.inquiry.visitor:
            how: How = "chat" if one.inquiry.channel == CHAT else "form"
            told(
                envelope.dealer_id,
                one.lead.pk,
                one.inquiry.visitor,
                str(envelope.pk),
                envelope.received_at,
                how,
            )
    log.info(
        "read", dealer=envelope.dealer_id, envelope=str(envelope.pk), status=envelope.status,
        channel=inquiries[0].channel, items=len(placed),
    )  # fmt: skip
    opened = tuple(one.outcome == InquiryRow.Outcome.OPENED for one in placed)
    return Received(envelope.pk, envelope.status, tuple(one.lead for one in placed), opened)


def quarantine(envelope: Envelope, because: Words, now: datetime) -> Received:
    """Keep what can't be understood where a person sees it; nothing that arrives is lost."""
    envelope.status, envelope.reason = Envelope.Status.QUARANTINED, msgspec.to_builtins(because)
    envelope.read_at = now
    # Django's own save counts rows, which nobody knows while statements travel without waiting.
    Envelope.objects.filter(pk=envelope.pk).update(
        status=envelope.status, reason=envelope.reason, read_at=envelope.read_at
    )
    announce(envelope.dealer_id, "inbox")
    log.info("quarantined", dealer=envelope.dealer_id, envelope=str(envelope.pk), reason=because.text)
    return Received(envelope.pk, envelope.status)


@dataclass(frozen=True, slots=True)
class _Placed:
    """One prospect in its place."""

    lead: Lead
    outcome: str
    because: Words
    inquiry: Inquiry


SENT_BACK = say("your own DMS or CRM sent back what it got from here")


def _sent_back(envelope: Envelope, inquiries: Sequence[Inquiry]) -> list[int | None]:
    """Of each the lead that went out from here to the dealer's own systems and came back, where it is one."""
    body = bytes(envelope.body[:MOST_SEARCHED])
    if envelope.corrected is not None or b"leadbell-" not in body.lower():
        return [None] * len(inquiries)
    found: list[int | None] = []
    for inquiry in inquiries:
        # Whoever numbers it anew often keeps ours beside it.
        named = references_in(inquiry.source_id or "") or (
            references_in(body.decode("utf-8", "replace")) if len(inquiries) == 1 else frozenset()
        )
        leads = {one.lead for one in named if one.dealer == envelope.dealer_id}
        found.append(leads.pop() if len(leads) == 1 else None)
    there = {
        TEST_LEAD,
        *Lead.objects.filter(pk__in=[lead for lead in found if lead]).values_list("pk", flat=True),
    }
    return [lead if lead in there else None for lead in found]


def _place(envelope: Envelope, place: int, inquiry: Inquiry) -> _Placed:
    """Give one prospect its place: a new lead, an open one, or a duplicate."""
    seen, known = look_up(envelope, place, inquiry)
    answer = recognise(inquiry, seen, known)
    handles = frozenset(handle for one in known for handle in one.by)
    match answer:
        case Duplicate():
            if inquiry.consents and not (seen is not None and seen.same_bytes):
                _keep_consents(locked(answer.of), envelope, inquiry, anew=False)
            return _Placed(Lead(pk=answer.of), InquiryRow.Outcome.DUPLICATE, answer.because, inquiry)
        case Joins():
            lead = _one_of_two(answer, envelope.received_at) if answer.instead_of else locked(answer.lead)
            if lead.is_open:
                _join(lead, envelope, inquiry, answer, handles)
                _keep_consents(lead, envelope, inquiry)
                return _Placed(lead, InquiryRow.Outcome.JOINED, answer.because, inquiry)
            # Closed between recognising and locking: a new lead of the same customer.
            answer = Opens(answer.customer, lead.owner_id, answer.because)
    lead = _open(envelope, inquiry, answer, handles)
    _keep_consents(lead, envelope, inquiry)
    return _Placed(lead, InquiryRow.Outcome.OPENED, answer.because, inquiry)


def _one_of_two(answer: Joins, at: datetime) -> Lead:
    """Their open lead, the nameless one ended; or that one, where either has come too far to be ended or joined."""
    first, second = (locked(number) for number in sorted((answer.lead, answer.instead_of or answer.lead)))
    theirs, nameless = (first, second) if first.pk == answer.lead else (second, first)
    standing = nameless.standing
    if (
        not theirs.is_open
        or not nameless.is_open
        or standing.calling
        or standing.appointment
        or standing.quoted_at
    ):
        return nameless
    record(nameless, Lost(at=at, reason="merged", note=f"#{theirs.pk}"))
    # What was written goes on in the other lead, and would be deleted with its customer there.
    Lead.objects.filter(pk=nameless.pk).update(message="")
    return theirs


def _keep_consents(lead: Lead, envelope: Envelope, inquiry: Inquiry, *, anew: bool = True) -> None:
    """What the customer ticked, with the envelope as its proof; no statement where there is nothing.

    What a campaign's own list says is not the customer's word, and what is delivered again was not said anew.
    """
    if inquiry.consents:
        at, proof = envelope.received_at, str(envelope.pk)
        theirs = anew and envelope.source.origin not in MARKETING
        keep(lead, inquiry.consents, at, channel=inquiry.channel, envelope=proof, theirs=theirs)


def _settle(envelope: Envelope, placed: Sequence[_Placed]) -> None:
    """Write down how each prospect was understood and what became of it, and close the envelope."""
    for place, one in enumerate(placed):
        statement.later(
            statement.insert,
            InquiryRow(
                envelope_id=envelope.pk, place=place, dealer_id=envelope.dealer_id, source_id=envelope.source_id,
                lead_id=one.lead.pk, outcome=one.outcome, because=msgspec.to_builtins(one.because),
                sender_id=one.inquiry.source_id or "", understood=understood(one.inquiry),
                received_at=envelope.received_at,
            ),
        )  # fmt: skip
    # An envelope that isn't written yet is written as it is by then.
    if not envelope._state.adding:
        statement.later(close, envelope)


_CLOSED = statement.Rows(Envelope, "id", "status", "reason", "items", "read_at")


def close(envelopes: Sequence[Envelope]) -> None:
    """Write down what became of these."""
    _CLOSED.update(envelopes)


def _join(
    lead: Lead, envelope: Envelope, inquiry: Inquiry, answer: Joins, known: frozenset[HandleKey]
) -> None:
    """Another inquiry on the open lead: its cars and message become the ones to talk about."""
    if answer.customer != lead.customer_id:
        # Somebody in a chat has said who they are: the lead was theirs from the beginning.
        lead.customer = Customer.objects.get(pk=answer.customer)
        Lead.objects.filter(pk=lead.pk).update(customer=lead.customer)
    learn(lead.customer, inquiry)
    remember(lead.customer, inquiry, known)
    wanted = [c for c in understood(inquiry)["vehicles"] if c not in lead.cars]
    lead.cars, lead.message = (wanted + lead.cars)[:20], inquiry.message or lead.message
    Lead.objects.filter(pk=lead.pk).update(cars=lead.cars, message=lead.message)
    record(
        lead,
        AskedAgain(
            at=envelope.received_at, channel=inquiry.channel, source=envelope.source.name,
            envelope=str(envelope.pk), by_phone=diallable(inquiry) is not None,
            by_email=bool(inquiry.customer.emails), because=answer.because,
        ),
    )  # fmt: skip


def _open(envelope: Envelope, inquiry: Inquiry, answer: Opens, known: frozenset[HandleKey]) -> Lead:
    dealer, source = envelope.dealer, envelope.source
    if answer.customer is None:
        customer = new_customer(envelope, inquiry)
    else:
        customer = Customer.objects.get(pk=answer.customer)
        learn(customer, inquiry)
        remember(customer, inquiry, known)
    hours = dealer.opening_hours
    wanted = next((v for v in inquiry.vehicles if v.interest != "trade-in"), None)
    lead = Lead(
        dealer=dealer, customer=customer, origin=source.origin, channel=inquiry.channel, source=source.name,
        cars=understood(inquiry)["vehicles"], message=inquiry.message or "", received_at=envelope.received_at,
        received_on=hours.local_day(envelope.received_at), in_hours=hours.is_open(envelope.received_at),
    )  # fmt: skip
    arrived = Arrived(
        at=envelope.received_at, origin=cast(Origin, source.origin), channel=inquiry.channel, source=source.name,
        envelope=str(envelope.pk), by_phone=customer.phone is not None, by_email=bool(customer.emails),
        brand=wanted.make if wanted else None, condition=_condition(wanted), language=customer.language or None,
        known_to=answer.known_to, because=answer.because, campaign=inquiry.campaign,
    )  # fmt: skip
    return begin(lead, arrived)


def _condition(wanted: Vehicle | None) -> Literal["new", "used"] | None:
    """New or used, where the sender says it in words we know."""
    status = wanted.status if wanted else None
    return "used" if status == "used" else "new" if status == "new" else None


@transaction.atomic
def release(
    envelope: Envelope, corrected: bytes | None, person: int | None, now: datetime
) -> Envelope | NotDone:
    """Let a quarantined envelope in, as it is or with another body as JSON; it is read again.

    That body is what a person corrected by hand, or without a `person` the answers that were fetched.
    """
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
    envelope.fetch_at = None
    envelope.save(
        update_fields=[
            "status",
            "reason",
            "dismissed_at",
            "corrected",
            "released_by",
            "released_at",
            "fetch_at",
        ]
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
