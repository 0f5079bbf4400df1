"""The one place where facts are recorded: append, project, wake, announce, in the caller's transaction.

That the lead changed is noted for the figures, which are made right afterwards (`metrics.rows.keeping`).
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import msgspec
import structlog
from django.db import connection

from leadbell import statement
from leadbell.announce import CLOCKWORK, FACT, SCREENS
from leadbell.dealers.models import Organisation
from leadbell.lead.facts import HEARD_MEANWHILE, AnyFact, Arrived, decode_fact, encode_fact, kind_of
from leadbell.lead.history import History, after
from leadbell.lead.models import Customer, Lead
from leadbell.lead.numbers import next_number
from leadbell.lead.standing import Standing, encode_standing
from leadbell.statement import Joined
from leadbell.words import Words

log = structlog.get_logger("leadbell.fact")
F = TypeVar("F", bound=AnyFact)


class NotInTransaction(RuntimeError):
    """A fact was recorded outside a transaction; it would not be one with the lead's row."""


def locked(number: int) -> Lead:
    """The lead, its row locked until the transaction ends: whoever decides about a lead holds it.

    Raises Lead.DoesNotExist.
    """
    _in_transaction()
    rows = statement.run(f"{_leads()} where l.id = %(lead)s for update of l", {"lead": number})
    if not rows:
        raise Lead.DoesNotExist(number)
    return _made(rows[0])


def locked_that_are_due(now: datetime, most: int) -> list[Lead]:
    """Those that are due longest, locked, with all their facts; none that somebody else holds."""
    _in_transaction()
    rows = statement.run(
        f"{_leads()} where l.wake_at <= %(now)s order by l.wake_at limit %(most)s for update of l skip locked",
        {"now": now, "most": most},
    )
    leads = [_made(row) for row in rows]
    histories = read_histories(lead.pk for lead in leads) if leads else {}
    for lead in leads:
        lead.__dict__[_KNOWN] = histories.get(lead.pk, History(()))
    return leads


def _made(row: Sequence[Any]) -> Lead:
    lead: Lead
    (lead, lead.dealer, lead.customer), _ = _LEADS.made(row)
    return lead


_LEADS = Joined(l=Lead, d=Organisation, c=Customer)
_FROM = """
from leadbell_lead l
join leadbell_organisation d on d.id = l.dealer_id join leadbell_customer c on c.id = l.customer_id
"""


@cache
def _leads() -> str:
    """Leads with their dealers and customers."""
    return _LEADS.select(_FROM)


_READ = "select body::text from leadbell_fact where lead_id = %(lead)s order by id"


#: A lead that began in this transaction, or is locked together with others, carries its facts along: nobody else can
#: add one.
_KNOWN = "known_history"


def read_history(lead: Lead) -> History:
    """All facts of the lead, oldest first."""
    known = lead.__dict__.get(_KNOWN)
    if isinstance(known, History):
        return known
    rows = statement.run(_READ, {"lead": lead.pk})
    return History(tuple(decode_fact(body) for (body,) in rows))


_READ_ALL = """
select lead_id, body::text from leadbell_fact where lead_id = any (%(leads)s) order by lead_id, id
"""


def read_histories(leads: Iterable[int]) -> dict[int, History]:
    """The same of many leads, in one query."""
    bodies: dict[int, list[AnyFact]] = {}
    for lead, body in statement.run(_READ_ALL, {"leads": sorted(set(leads))}):
        bodies.setdefault(lead, []).append(decode_fact(body))
    return {lead: History(tuple(told)) for lead, told in bodies.items()}


_COLUMNS = (
    "standing", "state", "owner_id", "ringing", "ring_until", "calling_by", "calling_since", "accepted_at",
    "attempts", "first_attempt_at", "first_attempt_reached", "last_outcome", "reached_at", "worked_at",
    "appointment_at", "closed_at", "lost_reason", "wake_at",
)  # fmt: skip
_CASTS = {"standing": "::jsonb", "ringing": "::bigint[]"}
_VALUES = [f"%({name})s{_CASTS.get(name, '')}" for name in _COLUMNS]

_RECORD = f"""
with recorded as (
    insert into leadbell_fact (lead_id, dealer_id, at, kind, key, by, body)
    values (%(lead)s, %(dealer)s, %(fact_at)s, %(kind)s, %(key)s, %(by)s, %(body)s::jsonb)
), changed as (
    insert into leadbell_leadchange (lead_id, dealer_id) values (%(lead)s, %(dealer)s)
), told as (
    select pg_notify(%(screens)s, %(news)s), case when %(decides)s then pg_notify(%(clockwork)s, '{FACT}') end
)
update leadbell_lead set {", ".join(f"{n} = {v}" for n, v in zip(_COLUMNS, _VALUES, strict=True))}
from told where id = %(lead)s
"""  # noqa: S608 (the parts are the constants above)

_BEGIN = f"""
with lead as (
    insert into leadbell_lead (
        id, dealer_id, customer_id, origin, channel, source, cars, message, received_at, received_on, in_hours,
        next_kind, {", ".join(_COLUMNS)}
    ) values (
        %(lead)s, %(dealer)s, %(customer)s, %(origin)s, %(channel)s, %(source)s, %(cars)s::jsonb, %(message)s,
        %(received_at)s, %(received_on)s, %(in_hours)s, '', {", ".join(_VALUES)}
    ) returning id
), recorded as (
    insert into leadbell_fact (lead_id, dealer_id, at, kind, key, by, body)
    select id, %(dealer)s, %(fact_at)s, %(kind)s, null, null, %(body)s::jsonb from lead
), changed as (
    insert into leadbell_leadchange (lead_id, dealer_id) select id, %(dealer)s from lead
)
select pg_notify(%(screens)s, json_build_object('d', %(dealer)s::bigint, 'w', %(kind)s::text, 'l', id,
    'p', '[]'::json)::text) from lead
"""  # noqa: S608 (the parts are the constants above)

#: Fields of Standing that have a column of the same name.
_PROJECTED = (
    "state", "ring_until", "calling_by", "calling_since", "accepted_at", "attempts", "first_attempt_at",
    "first_attempt_reached", "reached_at", "worked_at", "appointment_at", "closed_at",
)  # fmt: skip


def projected(standing: Standing) -> dict[str, Any]:
    """The lead's columns as this standing has them."""
    columns: dict[str, Any] = {name: getattr(standing, name) for name in _PROJECTED}
    columns["owner_id"] = standing.owner
    columns["ringing"] = list(standing.ringing)
    columns["last_outcome"] = standing.last_outcome or ""
    columns["lost_reason"] = standing.lost_reason or ""
    return columns


def _project(lead: Lead, standing: Standing, columns: dict[str, Any], wake_at: datetime | None) -> None:
    """Let the lead in memory say what its row says now."""
    lead.standing_json = msgspec.to_builtins(standing)
    lead.__dict__["standing"] = standing
    for name, value in columns.items():
        setattr(lead, name, value)
    lead.wake_at = wake_at


def _in_transaction() -> None:
    if not connection.in_atomic_block:
        raise NotInTransaction(NotInTransaction.__doc__)


def begin(lead: Lead, arrived: Arrived) -> Lead:
    """A new lead with its first fact, in one statement; it is due at once. Its row is ours until commit."""
    _in_transaction()
    standing = after(Standing(), arrived)
    columns = projected(standing)
    lead.pk = next_number("lead")
    statement.tell(
        _BEGIN,
        columns
        | {
            "lead": lead.pk, "dealer": lead.dealer_id, "customer": lead.customer_id, "origin": lead.origin,
            "channel": lead.channel, "source": lead.source, "cars": json.dumps(lead.cars), "message": lead.message,
            "received_at": lead.received_at, "received_on": lead.received_on, "in_hours": lead.in_hours,
            "standing": encode_standing(standing).decode(), "wake_at": arrived.at, "fact_at": arrived.at,
            "kind": kind_of(arrived), "body": encode_fact(arrived).decode(), "screens": SCREENS,
        },
    )  # fmt: skip
    lead._state.adding = False
    _project(lead, standing, columns, arrived.at)
    lead.__dict__[_KNOWN] = History((arrived,))
    log.info("recorded", dealer=lead.dealer_id, lead=lead.pk, fact=kind_of(arrived))
    return lead


def record(lead: Lead, fact: F, key: str | None = None, also: Iterable[int] = ()) -> F:
    """Append the fact, project it on the lead, wake the screens that show it, and the clockwork where it has to decide.

    The lead must be `locked`. `key` lets it happen once per lead: a second time raises IntegrityError.
    `also`: people whose desk changes besides the owner and whoever rings or rang.
    """
    _in_transaction()
    before = lead.standing
    standing = after(before, fact)
    columns = projected(standing)
    decides = not isinstance(fact, HEARD_MEANWHILE)
    wake_at = fact.at if decides else lead.wake_at
    people = {*before.ringing, *standing.ringing, *also, *(p for p in (before.owner, standing.owner) if p)}
    news = {"d": lead.dealer_id, "w": kind_of(fact), "l": lead.pk, "p": sorted(people)}
    statement.tell(
        _RECORD,
        columns
        | {
            "lead": lead.pk, "dealer": lead.dealer_id, "fact_at": fact.at, "kind": kind_of(fact), "key": key,
            "by": getattr(fact, "by", None), "body": encode_fact(fact).decode(),
            "standing": encode_standing(standing).decode(), "wake_at": wake_at,
            "decides": decides, "screens": SCREENS, "news": json.dumps(news, separators=(",", ":")),
            "clockwork": CLOCKWORK,
        },
    )  # fmt: skip
    _project(lead, standing, columns, wake_at)
    if (known := lead.__dict__.get(_KNOWN)) is not None:
        lead.__dict__[_KNOWN] = History((*known.facts, fact))
    log.info("recorded", dealer=lead.dealer_id, lead=lead.pk, fact=kind_of(fact))
    return fact


_PLAN = """
with told as (
    select case when %(changed)s then pg_notify(%(screens)s, %(news)s) end
)
update leadbell_lead set next_kind = %(kind)s, next_for = %(whom)s, next_at = %(at)s,
    next_because = %(because)s::jsonb, wake_at = %(wake_at)s, next_touch = %(touch)s
from told where id = %(lead)s
"""


def plan(
    lead: Lead,
    kind: str,
    because: Words | None,
    *,
    at: datetime | None,
    wake_at: datetime | None,
    whom: int | None = None,
    touch: int | None = None,
) -> None:
    """Write on the lead what comes next, for whom, when and why; screens are told only when it changed.

    `touch` is the day of the cadence, where that is what comes next.
    """
    said = msgspec.to_builtins(because) if because else None
    changed = (kind, whom, at, said) != (lead.next_kind, lead.next_for, lead.next_at, lead.next_because)
    people = sorted(p for p in {whom, lead.next_for} if p)
    news = {"d": lead.dealer_id, "w": "planned", "l": lead.pk, "p": people}
    statement.tell(
        _PLAN,
        {
            "kind": kind, "whom": whom, "at": at, "because": json.dumps(said) if said else None,
            "wake_at": wake_at, "touch": touch, "lead": lead.pk, "changed": changed, "screens": SCREENS,
            "news": json.dumps(news, separators=(",", ":")),
        },
    )  # fmt: skip
    lead.next_kind, lead.next_for, lead.next_at, lead.next_because = kind, whom, at, said
    lead.wake_at, lead.next_touch = wake_at, touch
