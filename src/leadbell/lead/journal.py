"""The one place where facts are recorded: append, project, wake, announce, in the caller's transaction."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import structlog
from django.db import connection

from leadbell.announce import CLOCKWORK, SCREENS
from leadbell.lead.history import AnyFact, History, Standing, after, decode_fact, encode, kind_of
from leadbell.lead.models import Lead
from leadbell.words import Words

log = structlog.get_logger("leadbell.fact")
F = TypeVar("F", bound=AnyFact)


class NotInTransaction(RuntimeError):
    """A fact was recorded outside a transaction; it would not be one with the lead's row."""


def locked(number: int) -> Lead:
    """The lead, its row locked until the transaction ends: whoever decides about a lead holds it."""
    return Lead.objects.select_for_update(of=("self",)).select_related("dealer", "customer").get(pk=number)


def read_history(lead: Lead) -> History:
    with connection.cursor() as cursor:
        cursor.execute("select body::text from leadbell_fact where lead_id = %s order by id", [lead.pk])
        return History(tuple(decode_fact(body) for (body,) in cursor.fetchall()))


_RECORD = """
with recorded as (
    insert into leadbell_fact (lead_id, dealer_id, at, kind, key, by, body)
    values (%(lead)s, %(dealer)s, %(fact_at)s, %(kind)s, %(key)s, %(by)s, %(body)s)
), told as (
    select pg_notify(%(screens)s, %(news)s), pg_notify(%(clockwork)s, '')
)
update leadbell_lead set
    standing = %(standing)s, state = %(state)s, owner_id = %(owner)s, ringing = %(ringing)s::bigint[],
    ring_until = %(ring_until)s, calling_by = %(calling_by)s, calling_since = %(calling_since)s,
    accepted_at = %(accepted_at)s, attempts = %(attempts)s, first_attempt_at = %(first_attempt_at)s,
    first_attempt_reached = %(first_attempt_reached)s, last_outcome = %(last_outcome)s,
    reached_at = %(reached_at)s, worked_at = %(worked_at)s, appointment_at = %(appointment_at)s,
    closed_at = %(closed_at)s, lost_reason = %(lost_reason)s, wake_at = %(wake_at)s
from told where id = %(lead)s
"""
_PROJECTED = (
    "state", "owner", "ring_until", "calling_by", "calling_since", "accepted_at", "attempts", "first_attempt_at",
    "first_attempt_reached", "reached_at", "worked_at", "appointment_at", "closed_at",
)  # fmt: skip


def projected(standing: Standing) -> dict[str, Any]:
    """The lead's columns as this standing has them."""
    columns: dict[str, Any] = {name: getattr(standing, name) for name in _PROJECTED}
    columns["ringing"] = list(standing.ringing)
    columns["last_outcome"] = standing.last_outcome or ""
    columns["lost_reason"] = standing.lost_reason or ""
    return columns


def record(lead: Lead, fact: F, key: str | None = None, also: Iterable[int] = ()) -> F:
    """Append the fact, project it on the lead, wake the clockwork and the screens that show it.

    The lead must be `locked`. `key` lets it happen once per lead: a second time raises IntegrityError.
    `also`: people whose desk changes besides the owner and whoever rings or rang.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction(NotInTransaction.__doc__)
    before = lead.standing
    standing = after(before, fact)
    columns = projected(standing)
    people = {*before.ringing, *standing.ringing, *also, *(p for p in (before.owner, standing.owner) if p)}
    news = {"d": lead.dealer_id, "w": kind_of(fact), "l": lead.pk, "p": sorted(people)}
    with connection.cursor() as cursor:
        cursor.execute(
            _RECORD,
            columns
            | {
                "lead": lead.pk, "dealer": lead.dealer_id, "fact_at": fact.at, "kind": kind_of(fact), "key": key,
                "by": getattr(fact, "by", None), "body": encode(fact).decode(), "standing": encode(standing).decode(),
                "wake_at": fact.at, "screens": SCREENS, "news": json.dumps(news, separators=(",", ":")),
                "clockwork": CLOCKWORK,
            },
        )  # fmt: skip
    lead.standing_json = msgspec.to_builtins(standing)
    lead.__dict__["standing"] = standing
    lead.owner_id = columns.pop("owner")
    for name, value in columns.items():
        setattr(lead, name, value)
    lead.wake_at = fact.at
    log.info("recorded", dealer=lead.dealer_id, lead=lead.pk, fact=kind_of(fact))
    return fact


def plan(
    lead: Lead,
    kind: str,
    because: Words | None,
    *,
    at: datetime | None,
    wake_at: datetime | None,
    whom: int | None = None,
) -> None:
    """Write on the lead what comes next, for whom, when and why; screens are told only when it changed."""
    said = msgspec.to_builtins(because) if because else None
    new = (kind, whom, at, said)
    changed = new != (lead.next_kind, lead.next_for, lead.next_at, lead.next_because)
    news = {
        "d": lead.dealer_id,
        "w": "planned",
        "l": lead.pk,
        "p": sorted(p for p in {whom, lead.next_for} if p),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "update leadbell_lead set next_kind = %s, next_for = %s, next_at = %s, next_because = %s, wake_at = %s"
            " where id = %s",
            [kind, whom, at, json.dumps(said) if said else None, wake_at, lead.pk],
        )
        if changed:
            cursor.execute("select pg_notify(%s, %s)", [SCREENS, json.dumps(news, separators=(",", ":"))])
    lead.next_kind, lead.next_for, lead.next_at, lead.next_because, lead.wake_at = (
        kind,
        whom,
        at,
        said,
        wake_at,
    )
