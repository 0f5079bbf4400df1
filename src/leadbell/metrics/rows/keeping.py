"""Keeps the leads' rows current: what the journal noted as changed is made anew, with the same SQL as everywhere."""

import hashlib
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
import structlog
from django.db import connection, transaction

from leadbell.announce import announce
from leadbell.dealers.models import Organisation, Person
from leadbell.lead.facts import decode_fact
from leadbell.lead.history import History
from leadbell.metrics.question import columns, facts
from leadbell.metrics.rows.exchange import LeadOf, rows_of
from leadbell.metrics.tables import TABLES, Table

log = structlog.get_logger("leadbell.figures")

#: Leads of one commit.
AT_ONCE = 400
#: Raised when a journal becomes other rows than before; what was made before is then made again.
VERSION = 2
#: Announced when rows of a dealer changed.
FIGURES = "figures"

_TAKE = """
with taken as (
    delete from leadbell_leadchange where id in (select id from leadbell_leadchange order by id limit %(most)s)
    returning lead_id, dealer_id
)
select distinct lead_id, dealer_id from taken
"""
#: Rows that were never made, or by another version.
_STALE = """
insert into leadbell_leadchange (lead_id, dealer_id)
select l.id, l.dealer_id from leadbell_lead l
left join leadbell_leadrow r on r.lead = l.id and r.made_with = %(version)s
where r.lead is null
"""
#: Visits leave no fact where nobody is told of them.
_SEEN = """
insert into leadbell_leadchange (lead_id, dealer_id)
select r.lead, r.dealer_id
from leadbell_knownvisit k
join leadbell_lead l on l.customer_id = k.customer_id and l.dealer_id = k.dealer_id
join leadbell_leadrow r on r.lead = l.id
where k.last_at >= %(since)s
    and coalesce(r.last_seen_ms, 0) < floor(extract(epoch from k.last_at) * 1000)::bigint
"""
_FACTS = "select lead_id, body::text from leadbell_fact where lead_id = any (%(leads)s) order by lead_id, id"
_VISITS = """
select l.id, k.last_at from leadbell_lead l
join leadbell_knownvisit k on k.customer_id = l.customer_id and k.dealer_id = l.dealer_id
where l.id = any (%(leads)s)
"""


def keep_some(most: int = AT_ONCE) -> int:
    """Make the rows of the leads that changed first, in one commit; how many changes there were."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, {"most": most})
        taken = dict(cursor.fetchall())
        if not taken:
            return 0
        make(taken)
    return len(taken)


def make(leads: dict[int, int]) -> None:
    """Make the rows of these leads ({lead: dealer}), and tell their dealers' screens."""
    rows = rows_of(journals(leads))
    about = {table.name: _json(table, getattr(rows, table.name)) for table in TABLES.values()}
    with connection.cursor() as cursor:
        cursor.execute(_upsert(), about | {"version": version()})
    for dealer in set(leads.values()):
        announce(dealer, FIGURES)


def journals(
    leads: dict[int, int], called: dict[int, str] | None = None, people: dict[int, str] | None = None
) -> Iterable[tuple[LeadOf, History]]:
    """What is known of these leads ({lead: dealer}), in the order of their numbers; dealers and people by number
    where they aren't given names."""
    dealers = Organisation.objects.in_bulk(set(leads.values()))
    bdc = frozenset(Person.objects.filter(role=Person.Role.BDC).values_list("pk", flat=True))
    visits, bodies = _visits(list(leads)), _bodies(list(leads))
    for lead in sorted(leads):
        dealer = leads[lead]
        if dealer not in dealers:
            continue
        name, hours = (called or {}).get(dealer, str(dealer)), dealers[dealer].opening_hours
        about = LeadOf(lead, name, hours, bdc, visits.get(lead, ()), people or {})
        yield about, History(tuple(decode_fact(body) for body in bodies.get(lead, ())))


def _bodies(leads: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"leads": leads})
        for lead, body in cursor:
            found.setdefault(lead, []).append(body)
    return found


def _visits(leads: list[int]) -> dict[int, list[datetime]]:
    found: dict[int, list[datetime]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_VISITS, {"leads": leads})
        for lead, at in cursor:
            found.setdefault(lead, []).append(at)
    return found


def note_stale() -> int:
    """Note every lead without a row of this version; how many."""
    with connection.cursor() as cursor:
        cursor.execute(_STALE, {"version": version()})
        return int(cursor.rowcount)


def note_seen(since: datetime) -> int:
    """Note leads whose customer was on the website since then and whose row doesn't say so; how many."""
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, {"since": since})
        return int(cursor.rowcount)


@lru_cache
def version() -> str:
    """Of the SQL and of what a journal becomes."""
    return f"{VERSION}-{hashlib.sha256(_made().encode()).hexdigest()[:12]}"


@lru_cache
def _made() -> str:
    return facts().sql(dialect="postgres", comments=False)


@lru_cache
def _upsert() -> str:
    given = ", ".join(
        f"{table.name} as materialized "  # noqa: S608 (names of our own tables and columns)
        f"(select * from json_to_recordset(%({table.name})s::json) as given ({_typed(table)}))"
        for table in TABLES.values()
    )
    names = columns()
    kept = ", ".join(f"{name} = excluded.{name}" for name in (*names[1:], "made_with"))
    ours = ", ".join(f"f.{name}" for name in names)
    into = f"insert into leadbell_leadrow ({', '.join(names)}, dealer_id, made_with)"
    return (
        f"with {given} {into} select {ours}, f.dealer::bigint, %(version)s from ({_made()}) as f "  # noqa: S608 (names of our own tables and columns)
        f"on conflict (lead) do update set {kept}"
    )


def _typed(table: Table) -> str:
    return ", ".join(f"{column.name} {column.type}" for column in table.columns)


def _json(table: Table, rows: Collection[tuple[Any, ...]]) -> str:
    return msgspec.json.encode([dict(zip(table.names, row, strict=True)) for row in rows]).decode()


#: How far back visits are looked for again: what comes in late is found.
LOOK_BACK = timedelta(minutes=15)
#: How often.
LOOK_EVERY_S = 30.0


def keep_all(now: datetime, stopping: Callable[[], bool]) -> int:
    """Make whatever is noted; how many rows."""
    made = 0
    while not stopping() and (some := keep_some()):
        made += some
    if made:
        log.info("kept", rows=made)
    return made
