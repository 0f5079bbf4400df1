"""Find who can answer a lead soonest and best, and give it to them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from leadbell.dealers.hours import OpeningHours, Shift
from leadbell.dealers.models import Person
from leadbell.lead.history import Assigned, Chosen, RingKind
from leadbell.lead.journal import record
from leadbell.lead.models import Lead
from leadbell.lead.refused import Refused
from leadbell.routing.rules import Asked, Candidate, choose_salesperson
from leadbell.words import Words, say

#: A desk that was open within this time can be reached; the stream writes every minute.
REACHABLE = timedelta(minutes=2, seconds=30)
#: The period over which the appointment rate of a person is counted.
RATE_DAYS = 90
#: How long counted rates may be used before they are counted again.
RATES_KEPT = timedelta(minutes=2)

_STAFF = """
select p.id, p.name, p.role, p.on_shift, p.shift::text, p.seen_at, p.brands, p.conditions, p.speaks,
    coalesce(o.open_leads, 0), coalesce(t.today, 0), t.last_at,
    exists (select from leadbell_lead l where l.dealer_id = %(dealer)s and l.closed_at is null
        and l.calling_by = p.id and l.calling_since > %(calling_since)s),
    exists (select from leadbell_lead l where l.dealer_id = %(dealer)s and l.closed_at is null
        and l.owner_id is null and p.id = any (l.ringing) and l.ring_until > %(now)s and l.id <> %(lead)s)
from leadbell_person p
left join lateral (
    select count(*) as open_leads from leadbell_lead l where l.owner_id = p.id and l.closed_at is null
) o on true
left join lateral (
    select count(*) as today, max(received_at) as last_at from leadbell_lead l
    where l.owner_id = p.id and l.received_at >= %(today)s
) t on true
where p.is_active and p.organisation_id = any (%(organisations)s) and p.role = any (%(roles)s)
order by p.id
"""

_RATES = """
select owner_id, count(*) filter (where reached_at is not null), count(*) filter (where appointment_at is not null)
from leadbell_lead where dealer_id = %s and received_on >= %s and owner_id is not null group by owner_id
"""


@dataclass(slots=True)
class _Rates:
    counted_at: datetime
    by_person: dict[int, tuple[int, int]]


_rates: dict[int, _Rates] = {}


def _appointment_rates(dealer: int, now: datetime) -> dict[int, tuple[int, int]]:
    """(conversations, appointments) per person; a figure that moves slowly, counted every two minutes."""
    known = _rates.get(dealer)
    if known is None or not known.counted_at <= now < known.counted_at + RATES_KEPT:
        with connection.cursor() as cursor:
            cursor.execute(_RATES, [dealer, (now - timedelta(days=RATE_DAYS)).date()])
            known = _rates[dealer] = _Rates(now, {person: (talked, made) for person, talked, made in cursor})
    return known.by_person


def staff_of(
    lead: Lead, roles: Iterable[str], hours: OpeningHours, now: datetime, organisations: Iterable[int]
) -> list[Candidate]:
    """Everybody of these roles there, as the rules see them."""
    rates = _appointment_rates(lead.dealer_id, now)
    with connection.cursor() as cursor:
        cursor.execute(
            _STAFF,
            {
                "dealer": lead.dealer_id, "lead": lead.pk, "now": now, "roles": list(roles),
                "organisations": list(organisations), "today": hours.day_begins(hours.local_day(now)),
                "calling_since": now - timedelta(hours=2),
            },
        )  # fmt: skip
        rows = cursor.fetchall()
    staff = []
    for row in rows:
        (
            person,
            name,
            role,
            on_shift,
            shift_json,
            seen_at,
            brands,
            conditions,
            speaks,
            open_leads,
            today,
            last_at,
        ) = row[:12]
        talking, ringing = row[12:]
        shift = Shift.from_json(json.loads(shift_json), hours)
        talked, made = rates.get(person, (0, 0))
        staff.append(
            Candidate(
                person=person, name=name, role=role, on_shift=on_shift and shift.is_on(now),
                back_at=shift.next_on(now) if on_shift else None,
                reachable=seen_at is not None and seen_at > now - REACHABLE,
                in_conversation=talking, ringing=ringing, brands=frozenset(brands), conditions=frozenset(conditions),
                languages=frozenset(speaks), opportunities=talked, appointments=made, open_leads=open_leads,
                leads_today=today, last_lead_at=last_at,
            )
        )  # fmt: skip
    return staff


_ABOVE = """
with recursive above(id, parent_id) as (
    select id, parent_id from leadbell_organisation where id = %s
    union all select o.id, o.parent_id from leadbell_organisation o join above a on o.id = a.parent_id
)
select id from above
"""


def organisations_above(dealer: int) -> list[int]:
    """The dealer, its group, its importer."""
    with connection.cursor() as cursor:
        cursor.execute(_ABOVE, [dealer])
        return [row[0] for row in cursor]


@dataclass(frozen=True, slots=True)
class ToRing:
    """Whom to ring for a lead, and the reasons that the lead's page shows."""

    people: tuple[int, ...]
    because: tuple[Words, ...]
    ranked: tuple[Chosen, ...]
    excluded: tuple[Chosen, ...]


def whom_to_ring(lead: Lead, how: RingKind, hours: OpeningHours, now: datetime) -> ToRing:
    """The people for one round: the best one who wasn't rung yet, all, or the manager. May be nobody."""
    here = [lead.dealer_id]
    rung = frozenset(lead.standing.rung) if how == "best" else frozenset[int]()
    match how:
        case "best":
            staff = staff_of(lead, [Person.Role.SALESPERSON], hours, now, here)
            if not staff:
                staff = staff_of(lead, [Person.Role.MANAGER], hours, now, here)
        case "all":
            staff = staff_of(lead, [Person.Role.SALESPERSON, Person.Role.BDC], hours, now, here)
        case "manager":
            staff = _managers(lead, hours, now)
        case "owner":
            return _ring_owner(lead, hours, now)
    choice = choose_salesperson(_asked(lead, rung), [c for c in staff if c.person != lead.owner_id], now)
    ranked = tuple(Chosen(person=r.person, because=r.because, score=round(r.score, 4)) for r in choice.ranked)
    excluded = tuple(Chosen(person=e.person, because=(e.because,)) for e in choice.excluded)
    if how == "manager" and not ranked:
        everybody = tuple(c.person for c in staff if c.person != lead.owner_id)
        return ToRing(everybody, (say("no manager is on shift: all of them are rung"),), (), excluded)
    people = tuple(r.person for r in ranked)
    if how == "best":
        return ToRing(people[:1], choice.because, ranked, excluded)
    return ToRing(people, (), ranked, excluded)


def _ring_owner(lead: Lead, hours: OpeningHours, now: datetime) -> ToRing:
    """Whose customer it is, if they are there: one customer, one salesperson [S3]."""
    everybody = staff_of(lead, list(Person.Role), hours, now, organisations_above(lead.dealer_id))
    owner = next((c for c in everybody if c.person == lead.owner_id), None)
    if owner is None or not owner.on_shift:
        why = say("away until %(back_at)s", back_at=owner.back_at) if owner and owner.back_at else say("away")
        return ToRing((), (), (), (Chosen(person=lead.owner_id or 0, because=(why,)),))
    return ToRing((owner.person,), (say("your customer"),), (), ())


def _managers(lead: Lead, hours: OpeningHours, now: datetime) -> list[Candidate]:
    """The dealer's sales managers; the group's where the dealer has none."""
    own = staff_of(lead, [Person.Role.MANAGER], hours, now, [lead.dealer_id])
    return own or staff_of(lead, [Person.Role.MANAGER], hours, now, organisations_above(lead.dealer_id))


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
    if lead.owner_id == to and not lead.standing.ringing:
        return Refused(say("This person has the lead already."))
    if (
        not Person.objects.filter(
            pk=to, is_active=True, organisation_id__in=organisations_above(lead.dealer_id)
        )
        .exclude(role=Person.Role.IMPORTER)
        .exists()
    ):
        return Refused(say("This person doesn't work at this dealer."))
    return record(lead, Assigned(at=now, to=to, by=by, because=because))
