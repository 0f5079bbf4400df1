"""The one place where facts are recorded: append, project, wake, announce, in the caller's transaction.

That the lead changed is noted for the figures, which are made right afterwards (`metrics.rows.keeping`).
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec
import structlog
from django.db import connection

from leadbell import statement
from leadbell.announce import CLOCKWORK, FACT, NOTIFY, News, as_rows, for_screens
from leadbell.dealers.models import Organisation
from leadbell.lead.facts import HEARD_MEANWHILE, AnyFact, Arrived, decode_fact, kind_of
from leadbell.lead.history import History, after
from leadbell.lead.models import Customer, Lead
from leadbell.lead.numbers import next_number
from leadbell.lead.standing import Standing
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


#: What a fact changes of a lead, and what a plan does.
_STANDS = statement.Rows(
    Lead, "id", "standing", "state", "owner_id", "ringing", "ring_until", "calling_by", "calling_since", "accepted_at",
    "attempts", "first_attempt_at", "first_attempt_reached", "last_outcome", "reached_at", "worked_at",
    "appointment_at", "closed_at", "lost_reason", "wake_at",
)  # fmt: skip
_COMES = statement.Rows(
    Lead, "id", "next_kind", "next_for", "next_at", "next_because", "next_touch", "wake_at"
)

_RECORD = """
with told as (
    select * from jsonb_to_recordset(%(facts)s::jsonb) as f(
        lead bigint, dealer bigint, at timestamptz, kind text, key text, by bigint, body jsonb)
), recorded as (
    insert into leadbell_fact (lead_id, dealer_id, at, kind, key, by, body)
    select lead, dealer, at, kind, key, by, body from told
), changed as (
    insert into leadbell_leadchange (lead_id, dealer_id) select distinct lead, dealer from told
), stands as ({update})
{notify}
"""
_PLAN = "with comes as ({update}) {notify}"


class _Step(NamedTuple):
    """What is written about a lead at once; without a fact it is what comes next."""

    lead: Lead
    fact: dict[str, Any] | None
    news: tuple[News, ...]


def _write(steps: Sequence[_Step]) -> None:
    """Write all facts, and of each lead what its last step left; the row of a new one is written whole."""
    new = {step.lead.pk: step.lead for step in steps if step.lead._state.adding}
    statement.insert(list(new.values()))
    if facts := [step for step in steps if step.fact]:
        _update(_RECORD, _STANDS, facts, new, facts=statement.as_json([step.fact for step in facts]))
    if plans := [step for step in steps if not step.fact]:
        _update(_PLAN, _COMES, plans, new)


def _update(
    sql: str, rows: statement.Rows, steps: Sequence[_Step], new: Collection[int], **more: str
) -> None:
    leads = {step.lead.pk: step.lead for step in steps if step.lead.pk not in new}
    about = {"rows": rows.told(leads.values()), "news": as_rows(news for step in steps for news in step.news)}
    statement.tell(sql.format(update=rows.updated, notify=NOTIFY), about | more)


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
    """A new lead with its first fact; it is due at once. Its row is ours until commit."""
    _in_transaction()
    standing = after(Standing(), arrived)
    lead.pk = next_number("lead")
    _project(lead, standing, projected(standing), arrived.at)
    lead.__dict__[_KNOWN] = History((arrived,))
    news = for_screens(lead.dealer_id, kind_of(arrived), lead.pk)
    statement.later(_write, _Step(lead, _fact(lead, arrived), (news,)))
    log.info("recorded", dealer=lead.dealer_id, lead=lead.pk, fact=kind_of(arrived))
    return lead


def _fact(lead: Lead, fact: AnyFact, key: str | None = None) -> dict[str, Any]:
    return {
        "lead": lead.pk, "dealer": lead.dealer_id, "at": fact.at, "kind": kind_of(fact), "key": key,
        "by": getattr(fact, "by", None), "body": fact,
    }  # fmt: skip


def record(lead: Lead, fact: F, key: str | None = None, also: Iterable[int] = ()) -> F:
    """Append the fact, project it on the lead, wake the screens that show it, and the clockwork where it has to decide.

    The lead must be `locked`. `key` lets it happen once per lead: a second time raises IntegrityError.
    `also`: people whose desk changes besides the owner and whoever rings or rang.
    """
    _in_transaction()
    before = lead.standing
    standing = after(before, fact)
    decides = not isinstance(fact, HEARD_MEANWHILE)
    wake_at = fact.at if decides else lead.wake_at
    people = {*before.ringing, *standing.ringing, *also, *(p for p in (before.owner, standing.owner) if p)}
    _project(lead, standing, projected(standing), wake_at)
    if (known := lead.__dict__.get(_KNOWN)) is not None:
        lead.__dict__[_KNOWN] = History((*known.facts, fact))
    news = for_screens(lead.dealer_id, kind_of(fact), lead.pk, people)
    wakes = ((CLOCKWORK, FACT),) if decides else ()
    statement.later(_write, _Step(lead, _fact(lead, fact, key), (news, *wakes)))
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
    touch: int | None = None,
) -> None:
    """Write on the lead what comes next, for whom, when and why; screens are told only when it changed.

    `touch` is the day of the cadence, where that is what comes next.
    """
    said = msgspec.to_builtins(because) if because else None
    changed = (kind, whom, at, said) != (lead.next_kind, lead.next_for, lead.next_at, lead.next_because)
    news = for_screens(lead.dealer_id, "planned", lead.pk, (p for p in (whom, lead.next_for) if p))
    lead.next_kind, lead.next_for, lead.next_at, lead.next_because = kind, whom, at, said
    lead.wake_at, lead.next_touch = wake_at, touch
    statement.later(_write, _Step(lead, None, (news,) if changed else ()))
