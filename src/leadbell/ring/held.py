"""A call and its lead, locked and read in one go: what every decision about a call begins with."""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from leadbell import statement
from leadbell.dealers.models import Organisation, Person
from leadbell.lead.consent import Asked, allowed_of, asked_of
from leadbell.lead.law import MARKETING
from leadbell.lead.models import Customer, Lead
from leadbell.ring.models import Call, PhoneLine, PhoneRules
from leadbell.statement import FORGETFUL, Joined


@dataclass(frozen=True, slots=True)
class Held:
    """Nobody else changes these until the transaction ends; rules without a row are the defaults."""

    call: Call
    lead: Lead | None
    rules: PhoneRules
    line: PhoneLine | None
    #: Who is asked about: the salesperson who pressed a key.
    person: Person | None
    asked: Asked
    #: The customer's last word about being recorded; None where there is none.
    may_record: bool | None


# The lead first, then the call: everybody locks in this order. The second statement is told together with the first
# and still sees what was committed while the first one waited.
_LOCK = (
    "select from leadbell_lead where id = (select lead_id from leadbell_call where id = %(call)s) for update"
)


def hold(key: str, person: int | None = None) -> Held | None:
    """Lock the call of this key and its lead, and read all that is decided by; None where there is no such call."""
    values = {"call": uuid.UUID(hex=key), "person": person, "marketing": sorted(MARKETING)}
    statement.tell(_LOCK, values)
    rows = statement.run(_read(), values)
    return _held(rows[0]) if rows else None


def take(now: datetime, most: int) -> list[Held]:
    """The calls that are wanted, the oldest first, marked as ringing; whoever else takes some gets others."""
    values = {"now": now, "most": most, "person": None, "marketing": sorted(MARKETING)}
    return [_held(row) for row in statement.run(_take(), values)]


def people(numbers: Iterable[int]) -> dict[int, Person]:
    """These people by their numbers."""
    found = statement.run(_people(), {"people": sorted(set(numbers))})
    return {person.pk: person for (person,), _ in map(_PEOPLE.made, found)}


def _held(row: Sequence[Any]) -> Held:
    (call, lead, customer, dealer, rules, line, who), asked = _CALLS.made(row)
    call.dealer = dealer
    if lead is not None:
        lead.dealer, lead.customer, call.lead = dealer, customer, lead
    return Held(
        call, lead, rules or PhoneRules(dealer_id=call.dealer_id), line, who, (asked[0], asked[1]), asked[2]
    )


def keep(call: Call) -> None:
    """Write what has become of a held call; nobody waits for it before the transaction ends."""
    because = None if call.because is None else json.dumps(call.because)
    statement.tell(
        _KEEP,
        {
            "id": call.pk, "status": str(call.status), "person": call.person_id, "number": call.number,
            "attempt": call.attempt, "accepted_at": call.accepted_at, "connected_at": call.connected_at,
            "ended_at": call.ended_at, "talk_ms": call.talk_ms, "outcome": call.outcome, "because": because,
            "steps": json.dumps(call.steps),
        },
    )  # fmt: skip


_KEEP = """
update leadbell_call set status = %(status)s, person_id = %(person)s, number = %(number)s, attempt = %(attempt)s,
    accepted_at = %(accepted_at)s, connected_at = %(connected_at)s, ended_at = %(ended_at)s, talk_ms = %(talk_ms)s,
    outcome = %(outcome)s, because = %(because)s::jsonb, steps = %(steps)s::jsonb
where id = %(id)s
"""


_CALLS = Joined(k=Call, l=Lead, c=Customer, d=Organisation, r=PhoneRules, n=PhoneLine, p=Person)
_PEOPLE = Joined(p=Person)


@cache
def _people() -> str:
    return _PEOPLE.select("from leadbell_person p where p.id = any(%(people)s::bigint[])")


@cache
def _columns(call: str) -> str:
    """What is selected of a call, where it is found in `call`, and of everything around it."""
    joined = f"""
from {call} k
join leadbell_organisation d on d.id = k.dealer_id
left join leadbell_lead l on l.id = k.lead_id
left join leadbell_customer c on c.id = l.customer_id
left join leadbell_phonerules r on r.dealer_id = k.dealer_id
left join leadbell_phoneline n on n.dealer_id = k.dealer_id and n.kind = k.line
left join leadbell_person p on p.id = %(person)s::bigint
"""
    return _CALLS.select(
        joined, f"{asked_of('l.id', 'k.dealer_id')}, {allowed_of('l.customer_id', 'recording')}"
    )


@cache
def _read() -> str:
    return f"{_columns('leadbell_call')} where k.id = %(call)s for update of k"


@cache
def _take() -> str:
    """Should the database forget it in a crash, the line still knows the call by its key."""
    return f"""
with taken as (
    update leadbell_call set status = 'ringing', placed_at = %(now)s
    where id in (
        select id from leadbell_call where status = 'wanted' order by asked_at limit %(most)s for update skip locked
    ) returning *, {FORGETFUL}
)
{_columns("taken")} order by k.asked_at
"""  # noqa: S608 (the part is the constant above)
