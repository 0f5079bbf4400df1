"""What must be true after any number of deaths; each function tells what isn't, in words."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from leadbell.lead.facts import (
    Accepted,
    AnyFact,
    AskedAgain,
    Assigned,
    Attempted,
    Rang,
    Reopened,
    decode_fact,
)
from leadbell.lead.history import folded
from leadbell.lead.journal import projected
from leadbell.lead.standing import Standing, decode_standing
from tests.crash.notebook import Notebook
from tests.crash.senders import email_of, phone_of

Database = psycopg.Connection[Any]

_UNREAD = "select 'unread', id::text, received_at from leadbell_envelope where status = 'accepted'"
_UNREST = f"""
{_UNREAD}
union all
select 'overdue', id::text, wake_at from leadbell_lead where wake_at < now() - interval '3 seconds'
"""


def unread(database: Database) -> list[tuple[str, str, object]]:
    """Envelopes that wait to be read."""
    return database.execute(_UNREAD).fetchall()


def unrest(database: Database) -> list[tuple[str, str, object]]:
    """Envelopes that wait to be read, and leads whose moment has passed."""
    return database.execute(_UNREST).fetchall()


def is_at_rest(database: Database) -> bool:
    return not unrest(database)


def of_envelopes(database: Database, notebook: Notebook) -> Iterator[str]:
    """Every acknowledged envelope is there with its bytes, and ended; the same name and bytes are one envelope."""
    stored = {
        str(row[0]): row[1:]
        for row in database.execute(
            "select e.id, e.status, e.body, e.items, e.read_at, s.key,"
            " (select count(*) from leadbell_inquiry i where i.envelope_id = e.id)"
            " from leadbell_envelope e join leadbell_source s on s.id = e.source_id"
        )
    }
    named: dict[tuple[str, str, bytes], set[str]] = defaultdict(set)
    for receipt in notebook.receipts:
        sent = receipt.delivery
        found = stored.get(receipt.envelope)
        if found is None:
            yield f"LOST: envelope {receipt.envelope} was acknowledged and isn't there: {sent}"
            continue
        status, body, _items, _read_at, key, _inquiries = found
        # smtplib ends a message with a line end of its own.
        if bytes(body).rstrip(b"\r\n") != sent.body.rstrip(b"\r\n") or key != sent.source:
            yield f"MIXED UP: envelope {receipt.envelope} isn't what was sent: {sent}"
        if (status == "quarantined") != (not sent.customers):
            yield f"envelope {receipt.envelope} is {status}: {sent}"
        if sent.key:
            named[(sent.source, sent.key, hashlib.sha256(sent.body).digest())].add(receipt.envelope)
    yield from (
        f"TWICE: one delivery named {key} is {len(ids)} envelopes"
        for (_, key, _), ids in named.items()
        if len(ids) > 1
    )
    for number, (status, _body, items, read_at, _key, inquiries) in stored.items():
        if status == "accepted":
            yield f"envelope {number} was never read"
        elif read_at is None and status != "quarantined":
            yield f"envelope {number} is {status} but nobody read it"
        if status in ("read", "duplicate") and inquiries != items:
            yield f"envelope {number} holds {items} prospects and {inquiries} inquiries"


def of_customers(database: Database, customers: Iterable[int]) -> Iterator[str]:
    """Each of these customers is one customer with exactly one lead."""
    leads: dict[str, set[int]] = defaultdict(set)
    people: dict[str, set[int]] = defaultdict(set)
    query = "select h.value, h.customer_id, l.id from leadbell_handle h left join leadbell_lead l using (customer_id)"
    for value, customer, lead in database.execute(query):
        people[value].add(customer)
        if lead is not None:
            leads[value].add(lead)
    for number in customers:
        by_phone, by_email = phone_of(number), email_of(number)
        if len(leads[by_phone]) != 1 or leads[by_phone] != leads[by_email]:
            yield f"customer {number} has the leads {leads[by_phone]} by phone, {leads[by_email]} by e-mail"
        if len(people[by_phone] | people[by_email]) != 1:
            yield f"customer {number} is {people[by_phone] | people[by_email]}"


def of_strangers(database: Database, customers: int) -> Iterator[str]:
    """There are no leads but those of customers 1, 2, 3 … who wrote."""
    row = database.execute("select count(*) from leadbell_lead").fetchone()
    if row != (customers,):
        yield f"{customers} customers wrote, there are {row} leads"


def of_leads(database: Database, notebook: Notebook) -> Iterator[str]:
    facts: dict[int, list[tuple[str | None, AnyFact]]] = defaultdict(list)
    for lead, key, body in database.execute("select lead_id, key, body::text from leadbell_fact order by id"):
        facts[lead].append((key, decode_fact(body)))
    rows = _rows(database, "select *, standing::text as said from leadbell_lead")
    winners = Counter(notebook.won)
    for row in rows:
        told = facts[row["id"]]
        history = [fact for _, fact in told]
        complaints = [
            *keys_are_distinct([key for key, _ in told]), *nobody_is_rung_twice(history), *one_wins_each_ring(history),
            *row_equals_fold(row, history), *it_goes_on(row),
        ]  # fmt: skip
        calls = sum(isinstance(fact, Attempted) for fact in history)
        if calls > notebook.meant_to_call[row["id"]]:
            complaints.append(f"called {calls} times, meant {notebook.meant_to_call[row['id']]} times")
        taken = Counter(fact.by for fact in history if isinstance(fact, Accepted))
        complaints += [
            f"{person} was told to have it, but the journal doesn't know"
            for lead, person in winners
            if lead == row["id"] and not taken[person]
        ]
        yield from (f"lead {row['id']}: {complaint}" for complaint in complaints)


def keys_are_distinct(keys: Iterable[str | None]) -> Iterator[str]:
    yield from (
        f"the fact {key} happened {n} times" for key, n in Counter(filter(None, keys)).items() if n > 1
    )


def nobody_is_rung_twice(history: Iterable[AnyFact]) -> Iterator[str]:
    """Among the rounds for "the best" between two owners nobody comes twice."""
    rung: set[int] = set()
    owned = False
    for fact in history:
        if isinstance(fact, Accepted | Assigned | Reopened) or (owned and isinstance(fact, AskedAgain)):
            rung, owned = set(), True
        elif isinstance(fact, Rang):
            twice = rung & set(fact.people) if fact.how == "best" else set()
            if twice:
                yield f"{twice} rang twice for one step"
            rung |= set(fact.people)


def one_wins_each_ring(history: Iterable[AnyFact]) -> Iterator[str]:
    winner: int | None = None
    for fact in history:
        if isinstance(fact, Rang):
            winner = None
        elif isinstance(fact, Accepted):
            if winner is not None:
                yield f"{winner} and {fact.by} both accepted one ring"
            winner = fact.by


def row_equals_fold(row: dict[str, Any], history: Iterable[AnyFact]) -> Iterator[str]:
    standing: Standing = folded(history)
    if decode_standing(row["said"]) != standing:
        yield f"its standing is {row['said']}, its facts say {standing}"
    for column, value in projected(standing).items():
        if row[column] != value:
            yield f"{column} is {row[column]!r}, its facts say {value!r}"


def it_goes_on(row: dict[str, Any]) -> Iterator[str]:
    """An open lead has a next step, a reason, and a moment at which it is looked at again."""
    if row["closed_at"] is None and (
        row["wake_at"] is None or not row["next_kind"] or not row["next_because"]
    ):
        yield f"is open, and nothing comes next: {row['next_kind']!r} at {row['wake_at']}"


def nobody_is_in_the_logs(folder: Path, *more: Path) -> list[str]:
    """No name, number, address or message of a customer, and no key, is in any log."""
    pattern = re.compile(r"okafor|\+?3161[2-9]\d{6}|06 ?1[2-9]\d{6}|Is the \w+ \w+ in stock", re.IGNORECASE)
    return [
        f"{path.name} line {number}: {line[:200]}"
        for path in (*sorted((folder / "log").iterdir()), *more)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def _rows(database: Database, query: str) -> list[dict[str, Any]]:
    found = database.execute(query)
    names = [column.name for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found]
