"""Find who can answer a lead soonest and best, and give it to them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from django.db import transaction

from leadbell import statement
from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.models import NEVER_SELL, Person
from leadbell.dealers.shifts import Shift
from leadbell.lead.facts import Assigned, Chosen, RingKind
from leadbell.lead.journal import record
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.routing.rules import Asked, Candidate, choose_salesperson
from leadbell.words import Words, say

#: A desk that was open within this time can be reached; the stream writes every minute.
REACHABLE = timedelta(minutes=2, seconds=30)
#: The period over which the appointment rate of a person is counted.
RATE_DAYS = 90
#: How long counted rates may be used before they are counted again.
RATES_KEPT = timedelta(minutes=2)
#: How long the list of people and their workload may be used before it is read again.
STAFF_KEPT = timedelta(seconds=3)
#: A call that began longer ago and whose end nobody noted keeps nobody busy.
LONGEST_CALL = timedelta(hours=2)

_STAFF = """
with recursive above(dealer, today, id, parent_id) as (
    select d.id, d.today, o.id, o.parent_id
    from unnest(%(dealers)s::bigint[], %(todays)s::timestamptz[]) as d(id, today)
    join leadbell_organisation o on o.id = d.id
    union all
    select a.dealer, a.today, o.id, o.parent_id from above a join leadbell_organisation o on o.id = a.parent_id
)
select a.dealer, p.id, p.organisation_id, p.name, p.role, p.on_shift, p.shift::text, p.seen_at, p.brands, p.conditions,
    p.speaks, coalesce(o.open_leads, 0), coalesce(t.today, 0), t.last_at,
    p.phone <> '' or p.extension <> ''
from above a
cross join lateral (
    select * from leadbell_person p where p.organisation_id = a.id and p.is_active
        and p.role not in ('importer', 'reception') offset 0
) p
left join lateral (
    select count(*) as open_leads from leadbell_lead l where l.owner_id = p.id and l.closed_at is null
) o on true
left join lateral (
    select count(*) as today, max(received_at) as last_at from leadbell_lead l
    where l.owner_id = p.id and l.received_at >= a.today
) t on true
order by a.dealer, p.id
"""

#: Whether a lead has an owner is no condition: PostgreSQL would look through all that have none, at every dealer.
#: Whose call a line has not ended yet is busy whatever the lead says: it may be closed while they still talk.
_BUSY = """
select d.id,
    array(select calling_by from leadbell_lead
        where dealer_id = d.id and calling_by is not null and calling_since > %(calling_since)s
        union select person_id from leadbell_call
        where dealer_id = d.id and status <> 'over' and asked_at > %(calling_since)s and person_id is not null
            and (accepted_at is not null or asked_at + ring_s * interval '1 second' > %(now)s)),
    array(select json_build_array(id, case when owner_id is null then ringing end, ring_until)::text
        from leadbell_lead where dealer_id = d.id and ring_until > %(now)s)
from unnest(%(dealers)s::bigint[]) as d(id)
"""

_RATES = """
select d.id, r.* from unnest(%(dealers)s::bigint[]) as d(id) cross join lateral (
    select owner_id, count(*) filter (where reached_at is not null), count(*) filter (where appointment_at is not null)
    from leadbell_lead where dealer_id = d.id and received_on >= %(since)s and owner_id is not null
    group by owner_id
) r
"""


@dataclass(slots=True)
class _Counted:
    """What was counted for a dealer, and when; used again for a moment, since counting costs more than a ring."""

    at: datetime
    rows: list[tuple[Any, ...]]


_staff: dict[int, _Counted] = {}
_rates: dict[int, _Counted] = {}


def _counted(
    kept: dict[int, _Counted], dealer: int, now: datetime, for_: timedelta
) -> list[tuple[Any, ...]] | None:
    known = kept.get(dealer)
    return known.rows if known is not None and known.at <= now < known.at + for_ else None


def _appointment_rates(dealer: int, now: datetime) -> dict[int, tuple[int, int]]:
    """(conversations, appointments) per person; a figure that moves slowly."""
    rows = _counted(_rates, dealer, now, RATES_KEPT)
    if rows is None:
        since = (now - timedelta(days=RATE_DAYS)).date()
        rows = _count(_rates, _RATES, {"dealers": [dealer], "since": since}, now)[dealer]
    return {person: (talked, made) for person, talked, made in rows}


def _people(dealer: int, hours: OpeningHours, now: datetime) -> list[tuple[Any, ...]]:
    """Everybody who works at the dealer or above it, with the leads they have."""
    rows = _counted(_staff, dealer, now, STAFF_KEPT)
    if rows is None:
        today = hours.day_begins(hours.local_day(now))
        rows = _count(_staff, _STAFF, {"dealers": [dealer], "todays": [today]}, now)[dealer]
    return rows


def _count(
    kept: dict[int, _Counted], sql: str, about: dict[str, Any], now: datetime
) -> dict[int, list[tuple[Any, ...]]]:
    """By dealer what the statement answers about `dealers`, kept for a moment."""
    found: dict[int, list[tuple[Any, ...]]] = {dealer: [] for dealer in about["dealers"]}
    for dealer, *row in statement.run(sql, about):
        found[dealer].append(tuple(row))
    kept.update({dealer: _Counted(now, rows) for dealer, rows in found.items()})
    return found


def count_together(dealers: Mapping[int, OpeningHours], now: datetime) -> None:
    """Have at hand who works at these dealers and how they did, in one question each for all of them."""
    rated = [one for one in dealers if _counted(_rates, one, now, RATES_KEPT) is None]
    if rated:
        _count(_rates, _RATES, {"dealers": rated, "since": (now - timedelta(days=RATE_DAYS)).date()}, now)
    todays = {
        one: hours.day_begins(hours.local_day(now))
        for one, hours in dealers.items()
        if _counted(_staff, one, now, STAFF_KEPT) is None
    }
    if todays:
        _count(_staff, _STAFF, {"dealers": list(todays), "todays": list(todays.values())}, now)


@dataclass(slots=True)
class Busy:
    """Who talks at a dealer, and whom which of its leads rings until when; what rings meanwhile is to be told."""

    talking: frozenset[int]
    ringing: dict[int, tuple[Sequence[int], datetime]]

    def rung(self, lead: int, now: datetime) -> set[int]:
        """Whom other leads ring."""
        others = ((people, until) for one, (people, until) in self.ringing.items() if one != lead)
        return {person for people, until in others if until > now for person in people}

    def tell(self, lead: Lead) -> None:
        """The lead was rung, given to somebody or closed."""
        self.ringing.pop(lead.pk, None)
        if lead.owner_id is None and lead.ring_until is not None:
            self.ringing[lead.pk] = lead.ringing, lead.ring_until


def busy_at(dealers: Iterable[int], now: datetime) -> dict[int, Busy]:
    """By dealer, in one question for all of them."""
    about = {"dealers": list(dealers), "now": now, "calling_since": now - LONGEST_CALL}
    found = {}
    for dealer, talking, rings in statement.run(_BUSY, about):
        told = (msgspec.json.decode(one, type=tuple[int, list[int] | None, datetime]) for one in rings)
        found[dealer] = Busy(
            frozenset(talking), {lead: (people or (), until) for lead, people, until in told}
        )
    return found


def forget_counts() -> None:
    """Count afresh next time."""
    _staff.clear()
    _rates.clear()


def staff_of(
    lead: Lead, hours: OpeningHours, now: datetime, phones_ring: bool = False, busy: Busy | None = None
) -> list[tuple[int, Candidate]]:
    """(organisation, candidate) for everybody who may be rung for this lead, as the rules see them.

    Where `phones_ring`, whoever has a phone can be reached without an open desk. `busy`: where it is known who is.
    """
    rates = _appointment_rates(lead.dealer_id, now)
    busy = busy or busy_at([lead.dealer_id], now)[lead.dealer_id]
    ringing = busy.rung(lead.pk, now)
    staff = []
    for row in _people(lead.dealer_id, hours, now):
        person, organisation, name, role, on_shift, shift_json, seen_at, brands, conditions, speaks = row[:10]
        open_leads, today, last_at, has_phone = row[10:]
        shift = _shift(shift_json, hours)
        talked, made = rates.get(person, (0, 0))
        candidate = Candidate(
            person=person, name=name, role=role, on_shift=on_shift and shift.is_on(now),
            back_at=shift.next_on(now) if on_shift and not shift.is_on(now) else None,
            reachable=(phones_ring and has_phone) or (seen_at is not None and seen_at > now - REACHABLE),
            in_conversation=person in busy.talking, ringing=person in ringing, brands=frozenset(brands),
            conditions=frozenset(conditions), languages=frozenset(speaks), opportunities=talked, appointments=made,
            open_leads=open_leads, leads_today=today, last_lead_at=last_at,
        )  # fmt: skip
        staff.append((organisation, candidate))
    return staff


@lru_cache(maxsize=10_000)
def _shift(stored: str, hours: OpeningHours) -> Shift:
    return Shift.from_json(json.loads(stored), hours)


_ABOVE = """
with recursive above(id, parent_id) as (
    select id, parent_id from leadbell_organisation where id = %(dealer)s
    union all select o.id, o.parent_id from leadbell_organisation o join above a on o.id = a.parent_id
)
select id from above
"""


def organisations_above(dealer: int) -> list[int]:
    """The dealer, its group, its importer."""
    return [row[0] for row in statement.run(_ABOVE, {"dealer": dealer})]


@dataclass(frozen=True, slots=True)
class ToRing:
    """Whom to ring for a lead, and the reasons that the lead's page shows."""

    people: tuple[int, ...]
    because: tuple[Words, ...]
    ranked: tuple[Chosen, ...]
    excluded: tuple[Chosen, ...]


def whom_to_ring(
    lead: Lead,
    how: RingKind,
    hours: OpeningHours,
    now: datetime,
    phones_ring: bool = False,
    busy: Busy | None = None,
) -> ToRing:
    """The people for one round: the best one who wasn't rung yet, all, or the manager. May be nobody."""
    staff = staff_of(lead, hours, now, phones_ring, busy)
    if how == "owner":
        return _ring_owner(lead, staff)
    rung = frozenset(lead.standing.rung) if how == "best" else frozenset[int]()
    pool = [c for c in _pool(lead, how, staff) if c.person != lead.owner_id]
    choice = choose_salesperson(_asked(lead, rung), pool, now)
    ranked = tuple(Chosen(person=r.person, because=r.because, score=round(r.score, 4)) for r in choice.ranked)
    excluded = tuple(Chosen(person=e.person, because=(e.because,)) for e in choice.excluded)
    people = tuple(r.person for r in ranked)
    if how == "best":
        return ToRing(people[:1], choice.because, ranked, excluded)
    if how == "manager" and not people and pool:
        everybody = tuple(c.person for c in pool)
        return ToRing(everybody, (say("no manager is on shift: all of them are rung"),), (), excluded)
    return ToRing(people, (), ranked, excluded)


def _pool(lead: Lead, how: RingKind, staff: list[tuple[int, Candidate]]) -> list[Candidate]:
    """Who may be rung in this round. A dealer without salespeople has its managers sell."""
    here = [c for organisation, c in staff if organisation == lead.dealer_id]
    salespeople = [c for c in here if c.role == Person.Role.SALESPERSON]
    managers = [c for c in here if c.role == Person.Role.MANAGER]
    if how == "manager":
        return managers or [c for _, c in staff if c.role == Person.Role.MANAGER]
    if how == "all":
        return [c for c in here if c.role in (Person.Role.SALESPERSON, Person.Role.BDC)] or managers
    return salespeople or managers


def _ring_owner(lead: Lead, staff: list[tuple[int, Candidate]]) -> ToRing:
    """Whose customer it is, or was, if they are there: one customer, one salesperson [S3]."""
    whose = lead.owner_id or lead.standing.known_to or 0
    owner = next((c for _, c in staff if c.person == whose), None)
    if owner is None or not owner.on_shift:
        why = say("away until %(back_at)s", back_at=owner.back_at) if owner and owner.back_at else say("away")
        return ToRing((), (), (), (Chosen(person=whose, because=(why,)),))
    return ToRing((owner.person,), (say("your customer"),), (), ())


def _asked(lead: Lead, rung: frozenset[int]) -> Asked:
    s = lead.standing
    return Asked(
        brand=s.brand, condition=s.condition, language=s.language, known_to=s.known_to, already_rung=rung
    )


@transaction.atomic
def assign(
    lead: Lead, to: int, by: int | None, now: datetime, because: Words | None = None
) -> Assigned | Refused:
    """Give the lead to a person without ringing: by a manager, or back to who has this customer."""
    if not lead.is_open:
        return Refused(say("This lead is closed: reopen it first."))
    if lead.owner_id == to and not lead.standing.ringing and lead.standing.contract is None:
        return Refused(say("This person has the lead already."))
    if (
        not Person.objects.filter(
            pk=to, is_active=True, organisation_id__in=organisations_above(lead.dealer_id)
        )
        .exclude(role__in=NEVER_SELL)
        .exists()
    ):
        return Refused(say("This person doesn't work at this dealer."))
    return record(lead, Assigned(at=now, to=to, by=by, because=because))
