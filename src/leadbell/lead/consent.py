"""What a customer has allowed and forbidden, with the proof; and whether a lead's customer may be called now."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from leadbell import statement
from leadbell.lead.facts import Answered, Arrived, AskedAgain, MissedCall, Replied
from leadbell.lead.history import History
from leadbell.lead.law import (
    MARKETING,
    QUIET_FROM,
    QUIET_UNTIL,
    Kind,
    Quiet,
    Said,
    callable_from,
    country_of,
    forbids,
    is_expected,
    is_marketing,
    may_call,
    why_quiet,
    zones_of,
)
from leadbell.lead.models import Consent, Customer, Lead
from leadbell.refused import Refused
from leadbell.words import Words

KINDS: tuple[Kind, ...] = ("contact", "marketing", "recording")
LONGEST_PROOF = 500
_DAY_M = 24 * 60


@dataclass(frozen=True, slots=True)
class Proven:
    """The newest word of one kind, as a screen shows it."""

    kind: str
    label: str
    given: bool
    at: datetime
    by: str
    words: str
    channel: str
    envelope: str


_KEEP = """
with said as (
    insert into leadbell_consent (customer_id, dealer_id, kind, given, at, by_id, origin, proof)
    select %(customer)s, %(dealer)s, s.kind, s.given, %(at)s, %(by)s::bigint, %(origin)s, s.proof
    from jsonb_to_recordset(%(said)s::jsonb) as s(kind text, given boolean, proof jsonb)
)
update leadbell_customer
set opted_out_at = %(opted_out_at)s::timestamptz, no_marketing_at = %(no_marketing_at)s::timestamptz
where id = %(customer)s and (opted_out_at, no_marketing_at)
    is distinct from (%(opted_out_at)s::timestamptz, %(no_marketing_at)s::timestamptz)
"""


def keep(
    lead: Lead,
    said: Iterable[Said],
    at: datetime,
    *,
    by: int | None = None,
    channel: str,
    envelope: str | None = None,
    theirs: bool = True,
) -> None:
    """Write down what the lead's customer said, and the marks that follow from it, in one statement.

    Where it is not `theirs` but what somebody else has on file, a yes is kept and lifts no earlier no.
    """
    customer = lead.customer
    rows: list[dict[str, Any]] = []
    for one in said:
        proof = {
            "words": one.words[:LONGEST_PROOF],
            "channel": channel,
            "envelope": envelope,
            "lead": lead.pk,
        }
        if one.given and not theirs:
            proof["on_file"] = True
        else:
            _mark(customer, one, at)
        rows.append({"kind": one.kind, "given": one.given, "proof": {k: v for k, v in proof.items() if v}})
    statement.tell(
        _KEEP,
        {
            "customer": customer.pk, "dealer": lead.dealer_id, "at": at, "by": by, "origin": str(lead.origin),
            "said": json.dumps(rows), "opted_out_at": customer.opted_out_at,
            "no_marketing_at": customer.no_marketing_at,
        },
    )  # fmt: skip


def _mark(customer: Customer, said: Said, at: datetime) -> None:
    since = None if said.given else at
    if said.kind == "contact":
        customer.opted_out_at = since
    elif said.kind == "marketing":
        customer.no_marketing_at = since


#: Newest first; a yes that somebody only had on file comes after all that the customer said.
_FIRST = "(c.given and c.proof->>'on_file' is not null), c.id desc"
_NEWEST = f"""
select distinct on (c.kind) c.kind, c.given, c.at, coalesce(p.name, ''), c.proof::text
from leadbell_consent c left join leadbell_person p on p.id = c.by_id
where c.customer_id = %(customer)s order by c.kind, {_FIRST}
"""  # noqa: S608 (the part is the constant above)


def consents_of(lead: Lead) -> list[Proven]:
    """The newest word of each kind that this lead's customer has said, with its proof."""
    found = []
    for kind, given, at, by, stored in statement.run(_NEWEST, {"customer": lead.customer_id}):
        proof, label = json.loads(stored), str(Consent.Kind(kind).label)
        words, channel, envelope = (proof.get(name) or "" for name in ("words", "channel", "envelope"))
        found.append(Proven(kind, label, given, at, by, words, channel, envelope))
    return found


def kinds() -> list[tuple[str, str]]:
    """What a customer can say yes or no to, as a form offers it."""
    return [(str(code), str(label)) for code, label in Consent.Kind.choices]


def has_allowed(customer: int, kind: Kind) -> bool | None:
    """The customer's newest word of this kind; None where there is none."""
    ((given,),) = statement.run(f"select {allowed_of('%(customer)s', kind)}", {"customer": customer})
    return cast("bool | None", given)


def allowed_of(customer: str, kind: Kind) -> str:
    """A column of SQL: the newest word of this kind by the customer whom an expression of SQL names, or null."""
    return f"""
    (select c.given from leadbell_consent c where c.customer_id = {customer} and c.kind = '{kind}'
        order by {_FIRST} limit 1)
"""  # noqa: S608 (customer is a column or parameter, and kind a word of ours)


# Campaigns come in again as "asked again": what the dealer's own source sent is not the customer's word. The
# dealer's choices about calls are the ring's, whose tables this room does not know.
def asked_of(lead: str, dealer: str) -> str:
    """Two columns of SQL for a lead and its dealer, named by expressions of SQL: what `may_call_now` has to know."""
    return f"""
    (select max(f.at) from leadbell_fact f where f.lead_id = {lead} and (
        f.kind in ('replied', 'missed_call', 'answered')
        or f.kind = 'arrived' and not f.body->>'origin' = any(%(marketing)s::text[])
        or f.kind = 'asked_again' and not exists (
            select from leadbell_source s where s.dealer_id = f.dealer_id and s.name = f.body->>'source'
                and s.origin = any(%(marketing)s::text[])))),
    (select json_build_array(r.quiet_from, r.quiet_until) from leadbell_phonerules r
        where r.dealer_id = {dealer})
"""  # noqa: S608 (lead and dealer are columns or parameters, named in our own code only)


_ASKED = f"select {asked_of('%(lead)s', '%(dealer)s')}"
#: When the customer last asked by themselves, and the dealer's own quiet hours: the columns of `asked_of`.
Asked = tuple[datetime | None, tuple[int, int] | list[int] | None]


def may_call_now(lead: Lead, now: datetime, asked: Asked | None = None) -> Refused | None:
    """Whether the law lets anybody of the dealer call this lead's customer now; `asked` where it is known."""
    asked_at, hours = asked or _asked(lead)
    return may_call(
        now, quiet_of(lead, asked_at, hours), origin=lead.standing.origin, asked_at=asked_at,
        agreed_at=lead.standing.call_back_at, opted_out_at=lead.customer.opted_out_at,
        no_marketing_at=lead.customer.no_marketing_at,
    )  # fmt: skip


def quiet_until(lead: Lead, now: datetime) -> tuple[datetime, Words] | None:
    """Until when (aware UTC) a call or a text would disturb this lead's customer, and why; None: not now."""
    asked_at, hours = _asked(lead)
    if is_expected(now, asked_at, lead.standing.call_back_at):
        return None
    quiet = quiet_of(lead, asked_at, hours)
    because = why_quiet(now, quiet)
    return (callable_from(now, quiet), because) if because else None


def contact_forbidden(lead: Lead, history: History | None = None) -> Words | None:
    """Why the customer's own word forbids to contact them about this lead. Asks the database only where there is one.

    With the `history` at hand it is asked only about what another campaign may have sent.
    """
    customer = lead.customer
    if customer.opted_out_at is None and customer.no_marketing_at is None:
        return None
    asked_at = asked_by_themselves(lead, history) if history else _asked(lead)[0]
    return forbids(lead.standing.origin, asked_at, customer.opted_out_at, customer.no_marketing_at)


def asked_by_themselves(lead: Lead, history: History) -> datetime | None:
    """When the customer last asked or answered by themselves; a campaign's own leads are none of it."""
    if history.of(AskedAgain):
        return _asked(lead)[0]
    theirs = history.of(Replied, MissedCall, Answered)
    if theirs:
        return max(fact.at for fact in theirs)
    arrived = next((f for f in history.facts if isinstance(f, Arrived)), None)
    return arrived.at if arrived and arrived.origin not in MARKETING else None


def quiet_of(
    lead: Lead, asked_at: datetime | None, hours: tuple[int, int] | list[int] | None = None
) -> Quiet:
    """When this customer is left alone; `hours` are the dealer's own, in minutes of the customer's clock."""
    since, until = hours or (QUIET_FROM, QUIET_UNTIL)
    number, home = lead.customer.phone, lead.dealer.zone
    marketing = is_marketing(lead.standing.origin, asked_at)
    country = (country_of(number) or lead.dealer.country) if marketing else None
    return Quiet(zones_of(number, home), home, since % _DAY_M, until % _DAY_M, marketing, country)


def _asked(lead: Lead) -> Asked:
    values = {"lead": lead.pk, "dealer": lead.dealer_id, "marketing": sorted(MARKETING)}
    ((asked_at, hours),) = statement.run(_ASKED, values)
    return asked_at, hours
