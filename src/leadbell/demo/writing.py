"""The told past as rows: written in bulk, exactly as intake, journal and clockwork would have left them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from django.db import connection

from leadbell.demo.course import Told
from leadbell.demo.past import CustomerRow, EnvelopeRow, InquiryRow, LeadRow, Past
from leadbell.followup.actions import LOOK_AGAIN
from leadbell.followup.decisions import Ask, GiveUp, HandOn, Rest, Ring, Wait
from leadbell.followup.rules import decide
from leadbell.intake.inquiry import Inquiry, as_json
from leadbell.lead.facts import (
    AskedAgain,
    Attempted,
    AttemptEnded,
    Booked,
    Cancelled,
    Confirmed,
    Moved,
    NoShow,
    Replied,
    Shown,
    encode_fact,
    kind_of,
)
from leadbell.lead.history import History
from leadbell.lead.journal import projected
from leadbell.lead.standing import encode_standing
from leadbell.words import Words

#: What rings when the demo begins rings one after the other.
BETWEEN_RINGS = timedelta(seconds=9)

_ENVELOPE = (
    "id", "dealer_id", "source_id", "received_at", "transport", "content_type", "body", "sha256", "status", "reason",
    "items", "released_by", "dismissed_at", "read_at",
)  # fmt: skip
_CUSTOMER = (
    "id", "dealer_id", "full_name", "first_name", "last_name", "language", "address", "emails", "phones",
    "opted_out_at", "created_at",
)  # fmt: skip
_LEAD = (
    "id", "dealer_id", "customer_id", "origin", "channel", "source", "cars", "message", "received_at", "received_on",
    "in_hours",
)  # fmt: skip
_STANDING = (
    "standing", "state", "owner_id", "ringing", "ring_until", "calling_by", "calling_since", "accepted_at", "attempts",
    "first_attempt_at", "first_attempt_reached", "last_outcome", "reached_at", "worked_at", "appointment_at",
    "closed_at", "lost_reason", "next_kind", "next_for", "next_at", "next_because", "wake_at", "next_touch",
)  # fmt: skip
_APPOINTMENT = (
    "id", "lead_id", "dealer_id", "salesperson_id", "starts_at", "minutes", "what", "status", "sequence", "created_at",
    "doubled",
)  # fmt: skip
_INQUIRY = (
    "envelope_id", "place", "dealer_id", "source_id", "lead_id", "outcome", "because", "sender_id", "understood",
    "received_at",
)  # fmt: skip
_CALL = (
    "id", "dealer_id", "lead_id", "kind", "line", "status", "people", "ring_s", "person_id", "number", "leg", "attempt",
    "asked_at", "placed_at", "accepted_at", "dialled_at", "connected_at", "ended_at", "talk_ms", "outcome", "steps",
)  # fmt: skip
#: The Calls page of the demo tells of so long, as if a line had been heard.
CALLS_HEARD = timedelta(days=14)
#: A salesperson's phone has rung for so long when they press 1.
_PICKED_UP_AFTER = timedelta(seconds=4)

_FACT = ("lead_id", "dealer_id", "at", "kind", "key", "by", "body")


def write(past: Past, now: datetime) -> None:
    """Write everything that is new: envelopes, customers, leads with their facts and appointments."""
    _copy("leadbell_envelope", _ENVELOPE, map(_envelope, past.envelopes))
    _copy("leadbell_customer", _CUSTOMER, map(_customer, past.customers))
    handles = [(who.dealer, *handle, who.number) for who in past.customers for handle in who.handles]
    _copy("leadbell_handle", ("dealer_id", "kind", "value", "customer_id"), handles)
    rings = (now + BETWEEN_RINGS * place for place in range(1, 1_000_000))
    _copy("leadbell_lead", (*_LEAD, *_STANDING), (_lead(lead, now, rings) for lead in past.leads))
    _copy("leadbell_appointment", _APPOINTMENT, appointments(past.leads))
    _nobody_twice()
    _copy("leadbell_inquiry", _INQUIRY, map(_inquiry, past.inquiries))
    write_facts((lead.number, lead.house.number, lead.told) for lead in past.leads)
    _copy("leadbell_call", _CALL, calls(past.leads, now - CALLS_HEARD))
    with connection.cursor() as cursor:
        for table in ("leadbell_customer", "leadbell_lead", "leadbell_appointment"):
            cursor.execute(
                f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table} having count(*) > 0"  # noqa: S608 (our own names)
            )


def calls(leads: Iterable[LeadRow], since: datetime) -> Iterator[tuple[Any, ...]]:
    """The attempts after `since` as calls on a line, not recorded."""
    for lead in leads:
        ends = {one.fact.key: one.fact for one in lead.told if isinstance(one.fact, AttemptEnded)}
        for one in lead.told:
            begun = one.fact
            if not isinstance(begun, Attempted) or begun.at < since or begun.key not in ends:
                continue
            ended = ends[begun.key]
            asked_at = begun.at - _PICKED_UP_AFTER
            yield (
                uuid5(NAMESPACE_URL, f"demo:{lead.number}:{begun.key}:{begun.at.isoformat()}"), lead.house.number,
                lead.number, "lead" if begun.key == "attempt:1" else "outbound", "asterisk", "over", [begun.by], 20,
                begun.by, "", "", begun.key, asked_at, asked_at, begun.at, begun.at, ended.connected_at, ended.at,
                ended.talk_ms, ended.outcome, "[]",
            )  # fmt: skip


def write_facts(stories: Iterable[tuple[int, int, Sequence[Told]]]) -> None:
    """The facts of all leads in the order in which they happened; (lead, dealer, facts) each."""
    rows = [
        (one.fact.at, lead, place, dealer, one) for lead, dealer, told in stories for place, one in enumerate(told)
    ]  # fmt: skip
    rows.sort(key=lambda row: row[:3])
    _copy(
        "leadbell_fact", _FACT,
        (
            (
                lead, dealer, at, kind_of(one.fact), one.key, getattr(one.fact, "by", None),
                encode_fact(one.fact).decode(),
            )
            for at, lead, _, dealer, one in rows
        ),
    )  # fmt: skip


def go_on(leads: Sequence[tuple[LeadRow, Sequence[Told]]], now: datetime) -> None:
    """Write what happened since to leads that are in the books already; (lead, its new facts) each."""
    write_facts((lead.number, lead.house.number, new) for lead, new in leads)
    rings = (now + BETWEEN_RINGS * place for place in range(1, 1_000_000))
    columns = ", ".join(f"{column} = %s" for column in _STANDING)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"update leadbell_lead set {columns} where id = %s",  # noqa: S608 (our own names)
            [(*_standing(lead, now, rings), lead.number) for lead, _ in leads],
        )
        marks = ", ".join(["%s"] * len(_APPOINTMENT))
        cursor.executemany(
            f"insert into leadbell_appointment ({', '.join(_APPOINTMENT)}) values ({marks}) on conflict (id) do update"  # noqa: S608 (our own names)
            " set starts_at = excluded.starts_at, status = excluded.status, sequence = excluded.sequence,"
            " doubled = true",
            list(appointments(lead for lead, _ in leads)),
        )
    _nobody_twice()


def _nobody_twice() -> None:
    """Invented appointments change hands with their lead, and then two may fall together: those are let be."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update leadbell_appointment a set doubled = false where doubled and not exists ("
            " select from leadbell_appointment b where b.salesperson_id = a.salesperson_id and b.id <> a.id"
            " and b.status in ('booked', 'confirmed') and (b.id < a.id or not b.doubled)"
            " and b.starts_at < a.starts_at + a.minutes * interval '1 minute'"
            " and a.starts_at < b.starts_at + b.minutes * interval '1 minute')"
        )


def _copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {table} ({', '.join(columns)}) from stdin") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _words(words: Words | None) -> str | None:
    return msgspec.json.encode(words).decode() if words else None


def _envelope(row: EnvelopeRow) -> tuple[Any, ...]:
    return (
        row.id, row.dealer, row.source, row.received_at, row.transport, row.content_type, row.body, row.sha256,
        row.status, _words(row.reason), 1, row.released_by, row.dismissed_at,
        row.received_at + timedelta(milliseconds=40),
    )  # fmt: skip


def _customer(row: CustomerRow) -> tuple[Any, ...]:
    who = row.inquiry.customer
    phones = as_json(row.inquiry)["customer"]["phones"]
    address = _json(who.address) if who.address else None
    return (
        row.number, row.dealer, who.full_name or "", who.first_name or "", who.last_name or "", row.language, address,
        list(who.emails), _json(phones), row.opted_out_at, row.created_at,
    )  # fmt: skip


def _number(row: CustomerRow) -> str | None:
    """The number to dial, E.164."""
    told = (phone.number for phone in row.inquiry.customer.phones if phone.number)
    known = (value for kind, value in row.handles if kind == "phone")
    return next(chain(told, known), None)


def _inquiry(row: InquiryRow) -> tuple[Any, ...]:
    envelope = row.envelope
    return (
        envelope.id, 0, envelope.dealer, envelope.source, row.lead, row.outcome, _words(row.because),
        row.inquiry.source_id or "", _json(as_json(row.inquiry)), envelope.received_at,
    )  # fmt: skip


def _lead(row: LeadRow, now: datetime, rings: Iterator[datetime]) -> tuple[Any, ...]:
    hours = row.house.hours_at(row.received_at)
    cars, message = _asked(row.asked)
    return (
        row.number, row.house.number, row.customer.number, row.line.origin, row.inquiry.channel, row.line.name,
        _json(cars), message, row.received_at, hours.local_day(row.received_at), hours.is_open(row.received_at),
        *_standing(row, now, rings),
    )  # fmt: skip


def _asked(inquiries: Sequence[Inquiry]) -> tuple[list[dict[str, Any]], str]:
    """Cars and message as intake keeps them: of the newest inquiry first."""
    cars: list[dict[str, Any]] = []
    message = ""
    for inquiry in inquiries:
        wanted = [car for car in as_json(inquiry)["vehicles"] if car not in cars]
        cars = (wanted + cars)[:20]
        message = inquiry.message or message
    return cars, message


def _standing(row: LeadRow, now: datetime, rings: Iterator[datetime]) -> tuple[Any, ...]:
    columns = projected(row.standing)
    columns["standing"] = encode_standing(row.standing).decode()
    columns |= next_step(row, now, rings)
    return tuple(columns[name] for name in _STANDING)


def next_step(row: LeadRow, now: datetime, rings: Iterator[datetime]) -> dict[str, Any]:
    """What the clockwork would have written on the lead at `now`; what has to ring waits for its turn."""
    standing, history = row.standing, History(tuple(one.fact for one in row.told))
    asked = bool(history.of(AskedAgain, Replied))
    playbook = row.house.playbook(standing.origin, now, _number(row.customer), asked)
    decision = decide(playbook, history, now)
    match decision:
        case Wait():
            kind = "ring" if standing.ringing else "wait"
            until = decision.until
            return _planned(kind, standing.owner, until, decision.because, until, decision.touch)
        case Ask():
            due = decision.due_at <= now
            later = (at for at in (decision.again_at, now + LOOK_AGAIN) if at and at > now)
            wake_at = min(later) if due else decision.due_at
            due_at, because = decision.due_at, decision.because
            return _planned(decision.task, decision.person, due_at, because, wake_at, decision.touch)
        case Rest():
            return _planned("rest", None, None, decision.because, None)
        case Ring() | GiveUp() | HandOn():
            at = next(rings)
            return _planned(
                "ring" if isinstance(decision, Ring) else "wait", standing.owner, at, decision.because, at
            )


def _planned(
    kind: str,
    whom: int | None,
    at: datetime | None,
    because: Words | None,
    wake_at: datetime | None,
    touch: int | None = None,
) -> dict[str, Any]:
    said = _words(because)
    return {
        "next_kind": kind, "next_for": whom, "next_at": at, "next_because": said, "wake_at": wake_at,
        "next_touch": touch,
    }  # fmt: skip


def appointments(leads: Iterable[LeadRow]) -> Iterator[tuple[Any, ...]]:
    """Each appointment as its facts left it; a moved one is the same appointment."""
    for lead in leads:
        rows: dict[int, list[Any]] = {}
        for one in lead.told:
            fact = one.fact
            match fact:
                case Booked():
                    whose = lead.standing.owner or fact.by
                    rows[fact.appointment] = [whose, fact.starts_at, fact.what, "booked", 0, fact.at]
                case Moved():
                    row = rows[fact.appointment]
                    row[1], row[3], row[4] = fact.starts_at, "booked", row[4] + 1
                case Confirmed():
                    rows[fact.appointment][3] = "confirmed"
                case Shown():
                    rows[fact.appointment][3] = "shown"
                case NoShow():
                    rows[fact.appointment][3] = "no_show"
                case Cancelled():
                    rows[fact.appointment][3] = "cancelled"
                    rows[fact.appointment][4] += 1
        for number, (whose, starts_at, what, status, sequence, created_at) in rows.items():
            yield (
                number,
                lead.number,
                lead.house.number,
                whose,
                starts_at,
                60,
                what,
                status,
                sequence,
                created_at,
                True,
            )
