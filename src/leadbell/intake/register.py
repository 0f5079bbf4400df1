"""The dealer's register of customers: who shares a handle, what came before, and what we learn about them."""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from leadbell import statement
from leadbell.intake.inquiry import Inquiry, understood
from leadbell.intake.models import Envelope
from leadbell.intake.rules import HandleKey, KnownCustomer, SeenBefore, handles_of, language_of
from leadbell.lead.models import Customer, Handle
from leadbell.lead.numbers import next_number

#: The same bytes from the same source within this time are the same delivery.
SAME_DELIVERY = timedelta(hours=24)
#: By the website and by the CRM the same lead comes within this time.
SAME_LEAD = timedelta(minutes=30)

_LOOK_UP = """
select
    (select json_build_array(i.lead_id, l.customer_id) from leadbell_envelope e
        join leadbell_inquiry i on i.envelope_id = e.id and i.place = %(place)s
        join leadbell_lead l on l.id = i.lead_id
        where e.source_id = %(source)s and e.sha256 = %(sha256)s and e.id <> %(envelope)s and e.corrected is null
            and e.status in ('read', 'duplicate') and e.received_at between %(since)s and %(until)s
            and not %(corrected)s
        order by e.received_at desc limit 1),
    (select json_build_array(i.lead_id, l.customer_id, i.understood, not exists (
            select from leadbell_handle h where h.customer_id = l.customer_id)) from leadbell_inquiry i
        join leadbell_lead l on l.id = i.lead_id
        where i.source_id = %(source)s and i.sender_id = %(sender_id)s and i.sender_id <> ''
        order by i.id desc limit 1),
    (select json_agg(k) from (
        select h.customer_id, array_agg(h.kind) as kinds, array_agg(h.value) as handles,
            (select l.id from leadbell_lead l where l.customer_id = h.customer_id and l.closed_at is null
                order by l.id desc limit 1) as open_lead,
            (select l.owner_id from leadbell_lead l where l.customer_id = h.customer_id and l.owner_id is not null
                order by l.id desc limit 1) as last_owner,
            exists (select from leadbell_inquiry i join leadbell_source s on s.id = i.source_id
                where i.lead_id = (select max(l.id) from leadbell_lead l
                        where l.customer_id = h.customer_id and l.closed_at is null)
                    and i.source_id <> %(source)s and s.way <> %(way)s
                    and i.received_at between %(way_since)s and %(way_until)s) as another_way
        from unnest(%(kinds)s::text[], %(handles)s::text[]) as asked(kind, value)
        join leadbell_handle h on h.dealer_id = %(dealer)s and h.kind = asked.kind and h.value = asked.value
        group by h.customer_id order by h.customer_id
    ) k)
"""


def look_up(
    envelope: Envelope, place: int, inquiry: Inquiry
) -> tuple[SeenBefore | None, list[KnownCustomer]]:
    """The same delivery before, and the customers who share a handle. Costs the same at any number of leads."""
    told = envelope.__dict__.pop(_TOLD, None)
    same, sent, known = told or statement.run(_LOOK_UP, _about(envelope, place, inquiry))[0]
    customers = [
        KnownCustomer(
            k["customer_id"],
            tuple(zip(k["kinds"], k["handles"], strict=True)),
            k["open_lead"],
            k["last_owner"],
            k["another_way"],
        )
        for k in known or ()
    ]
    if same:
        lead, customer = same
        return SeenBefore(lead, customer, same_bytes=True, same_content=True), []
    if sent:
        lead, customer, before, nameless = sent
        now_says = understood(inquiry)
        alike = (before["vehicles"], before["message"]) == (list(now_says["vehicles"]), now_says["message"])
        return SeenBefore(lead, customer, same_bytes=False, same_content=alike, nameless=nameless), customers
    return None, customers


def _about(envelope: Envelope, place: int, inquiry: Inquiry) -> dict[str, Any]:
    handles = handles_of(inquiry)
    return {
        "place": place, "source": envelope.source_id, "sha256": bytes(envelope.sha256),
        "way": envelope.source.way, "way_since": envelope.received_at - SAME_LEAD,
        "way_until": envelope.received_at + SAME_LEAD, "envelope": envelope.pk,
        "since": envelope.received_at - SAME_DELIVERY,
        "until": envelope.received_at + SAME_DELIVERY, "corrected": envelope.corrected is not None,
        "sender_id": inquiry.source_id or "", "dealer": envelope.dealer_id,
        "kinds": [kind for kind, _ in handles], "handles": [value for _, value in handles],
    }  # fmt: skip


#: What was answered about an envelope's only inquiry travels with it to `look_up`, once.
_TOLD = "told_together"
_LOOK_UP_TOGETHER = (
    re.sub(r"%\((\w+)\)s", r"about.\1", _LOOK_UP).rstrip()
    + """
from jsonb_to_recordset(%(asked)s::jsonb) as about(
    nth int, place int, source bigint, sha256 bytea, way text, way_since timestamptz, way_until timestamptz,
    envelope uuid, since timestamptz, until timestamptz, corrected boolean, sender_id text, dealer bigint,
    kinds text[], handles text[])
order by about.nth
"""
)


def look_up_together(arrived: Sequence[tuple[Envelope, Sequence[Inquiry]]]) -> None:
    """Ask for all claimed envelopes in one question, and let `look_up` answer from that in their order.

    Whose customer or delivery may be that of an earlier one among them is asked about when that one has its place.
    """
    asked = [(one, place, inquiry) for one, said in arrived for place, inquiry in enumerate(said)]
    if len(asked) < 2:
        return
    about = [_about(*one) for one in asked]
    plain = [one | {"nth": nth, "sha256": f"\\x{one['sha256'].hex()}"} for nth, one in enumerate(about)]
    rows = iter(statement.run(_LOOK_UP_TOGETHER, {"asked": msgspec.json.encode(plain).decode()}))
    before: set[str | int] = set()
    for envelope, said in arrived:
        told = [next(rows) for _ in said]
        touched = names_of(envelope, said).union(*(_customers_in(row) for row in told))
        if len(told) == 1 and before.isdisjoint(touched):
            envelope.__dict__[_TOLD] = told[0]
        before |= touched


def _customers_in(row: tuple[Any, ...]) -> set[int]:
    same, sent, known = row
    return {one[1] for one in (same, sent) if one} | {one["customer_id"] for one in known or ()}


def names_of(envelope: Envelope, inquiries: Iterable[Inquiry]) -> set[str]:
    """By which another envelope may turn out to be the same delivery, or of the same customer."""
    names = {f"{envelope.source_id}:{bytes(envelope.sha256).hex()}"}
    for inquiry in inquiries:
        names |= {f"{envelope.dealer_id}:{kind}:{value}" for kind, value in handles_of(inquiry)}
        if inquiry.source_id:
            names.add(f"{envelope.source_id}:id:{inquiry.source_id}")
    return names


def new_customer(envelope: Envelope, inquiry: Inquiry) -> Customer:
    """Somebody this dealer doesn't know yet, remembered by every handle that is nobody else's."""
    who, dealer = inquiry.customer, envelope.dealer
    customer = Customer(
        dealer=dealer, full_name=who.full_name or "", first_name=who.first_name or "",
        last_name=who.last_name or "", address=who.address,
        language=language_of(diallable(inquiry), dealer.country) or "", emails=list(who.emails),
        phones=understood(inquiry)["customer"]["phones"], created_at=envelope.received_at,
    )  # fmt: skip
    customer.pk = next_number("customer")
    statement.later(statement.insert, customer)
    remember(customer, inquiry, frozenset())
    return customer


def diallable(inquiry: Inquiry) -> str | None:
    return next((p.number for p in inquiry.customer.phones if p.number), None)


def learn(customer: Customer, inquiry: Inquiry) -> None:
    """What a known customer tells now comes first: the newest number is the one to dial."""
    who, known = inquiry.customer, {p.get("number") or p["raw"] for p in customer.phones}
    new_phones = [
        p for p in understood(inquiry)["customer"]["phones"] if (p["number"] or p["raw"]) not in known
    ]
    new_emails = [e for e in who.emails if e.lower() not in {k.lower() for k in customer.emails}]
    if not new_phones and not new_emails and (customer.full_name or not who.full_name):
        return
    customer.phones = (new_phones + customer.phones)[:10]
    customer.emails = (new_emails + customer.emails)[:10]
    customer.full_name = customer.full_name or who.full_name or ""
    customer.first_name = customer.first_name or who.first_name or ""
    customer.last_name = customer.last_name or who.last_name or ""
    # Django's own save counts rows, which nobody knows while statements travel without waiting.
    Customer.objects.filter(pk=customer.pk).update(
        phones=customer.phones, emails=customer.emails, full_name=customer.full_name,
        first_name=customer.first_name, last_name=customer.last_name,
    )  # fmt: skip


def remember(customer: Customer, inquiry: Inquiry, known: frozenset[HandleKey]) -> None:
    """Recognise the customer by these next time; a handle that is somebody's already (`known`) stays theirs."""
    for kind, value in handles_of(inquiry):
        if (kind, value) not in known:
            handle = Handle(dealer_id=customer.dealer_id, kind=kind, value=value, customer_id=customer.pk)
            statement.later(_remember, handle)


_HANDLES = statement.Rows(Handle, "dealer_id", "kind", "value", "customer_id")


def _remember(handles: Sequence[Handle]) -> None:
    _HANDLES.insert(handles, unless="on conflict do nothing")
