"""Envelopes as the mouth leaves them, and the rows of a lead written without Leadbell."""

import hashlib
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from benchmarks.leads import adf
from leadbell.intake.post import uuid7

Database = psycopg.Connection[Any]
AT_ONCE = 8

_ENVELOPE = """
insert into leadbell_envelope (id, dealer_id, source_id, received_at, transport, content_type, body, sha256, status,
    items) values (%s, %s, %s, %s, 'http', 'application/xml', %s, %s, %s, 1)
"""
_ALONE = (
    """
    with customer as (
        insert into leadbell_customer (dealer_id, full_name, first_name, last_name, language, emails, phones, created_at)
        values (%(dealer)s, %(name)s, '', '', '', array[%(email)s], '[]', %(at)s) returning id
    ), handles as (
        insert into leadbell_handle (dealer_id, kind, value, customer_id)
        select %(dealer)s, h.kind, h.value, customer.id
        from customer, (values ('phone', %(phone)s), ('email', %(email)s)) as h(kind, value)
    ), lead as (
        insert into leadbell_lead (dealer_id, customer_id, origin, channel, source, cars, message, received_at,
            received_on, in_hours, standing, state, ringing, attempts, first_attempt_reached, last_outcome,
            lost_reason, next_kind)
        select %(dealer)s, id, 'online', 'adf', 'Website', '[]', 'Is it there?', %(at)s, %(at)s::timestamptz::date, true,
            '{}', 'received', '{}', 0, false, '', '', '' from customer returning id
    ), arrived as (
        insert into leadbell_fact (lead_id, dealer_id, at, kind, body)
        select id, %(dealer)s, %(at)s, 'arrived', '{"type":"arrived"}' from lead
    )
    insert into leadbell_inquiry (envelope_id, place, dealer_id, source_id, lead_id, outcome, sender_id, understood,
        received_at)
    select %(envelope)s, 0, %(dealer)s, %(source)s, id, 'opened', '', '{}', %(at)s from lead returning lead_id
    """,
    """
    insert into leadbell_fact (lead_id, dealer_id, at, kind, key, body)
    values (%(lead)s, %(dealer)s, %(at)s, 'rang', 'ring:1', '{"type":"rang"}')
    """,
    "update leadbell_lead set state = 'ringing' where id = %(lead)s",
    "update leadbell_envelope set status = 'read', read_at = now() where id = %(envelope)s",
)


def write_envelopes(database: Database, told: dict[str, Any], first: int, many: int) -> list[UUID]:
    """Leads `first`, `first` + 1 …, spread over the dealers, unread, in one commit that wakes the clockwork."""
    dealers, now = told["dealers"], datetime.now(UTC)
    written = []
    for number in range(first, first + many):
        dealer = dealers[number % len(dealers)]
        written.append(envelope(dealer, adf(number), now, "accepted"))
    keep(database, written)
    return [row[0] for row in written]


def keep(database: Database, envelopes: list[tuple[Any, ...]]) -> None:
    with database.transaction(), database.cursor() as cursor:
        cursor.executemany(_ENVELOPE, envelopes)
        cursor.execute("notify leadbell_clockwork")


def envelope(dealer: dict[str, Any], body: bytes, now: datetime, status: str) -> tuple[Any, ...]:
    return (uuid7(now), dealer["id"], dealer["source"], now, body, hashlib.sha256(body).digest(), status)


def write_alone(database: Database, told: dict[str, Any], first: int, many: int) -> float:
    """Seconds that the same rows take with nothing decided: prepared, AT_ONCE leads in a commit."""
    dealers, now = told["dealers"], datetime.now(UTC)
    owed = [dealers[number % len(dealers)] for number in range(first, first + many)]
    envelopes = [envelope(dealer, adf(first + n), now, "duplicate") for n, dealer in enumerate(owed)]
    keep(database, envelopes)
    began = time.perf_counter()
    for start in range(0, many, AT_ONCE):
        with database.transaction():
            for n in range(start, min(start + AT_ONCE, many)):
                _write_one(database, first + n, envelopes[n][0], owed[n], now)
    return time.perf_counter() - began


def _write_one(
    database: Database, number: int, envelope: UUID, dealer: dict[str, Any], now: datetime
) -> None:
    values = {
        "dealer": dealer["id"], "source": dealer["source"], "envelope": envelope, "at": now, "name": f"Alone {number}",
        "phone": f"+317{number:08d}", "email": f"alone{number}@example.org",
    }  # fmt: skip
    row = database.execute(_ALONE[0], values, prepare=True).fetchone()
    assert row
    for statement in _ALONE[1:]:
        database.execute(statement, values | {"lead": row[0]}, prepare=True)


def quieten(database: Database) -> None:
    """Nothing rings and nothing is due, as when everything was accepted."""
    database.execute(
        "update leadbell_lead set ringing = '{}', ring_until = null, wake_at = null where ring_until is not null"
    )
