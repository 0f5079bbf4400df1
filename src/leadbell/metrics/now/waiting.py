"""Open leads that need somebody's eyes now: waiting, ringing, in a call, overdue, not confirmed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import connection

from leadbell.words import Words

#: A task counts as overdue this long after its time; days of the cadence are counted by the day's plan instead.
GRACE = timedelta(minutes=15)
#: An appointment within this time should be confirmed [S1].
CONFIRM_WITHIN = timedelta(hours=24)
#: Of each list at most this many leads are read; the counts are of all.
MOST = 40
#: What a person has to do; a wait of the clockwork is nobody's fault.
TASKS = ("call", "write", "confirm", "shown", "result", "outcome")


class OpenLead(msgspec.Struct, frozen=True, kw_only=True):
    """One open lead as the Floor needs it; `because` is why it waits, in words."""

    lead: int
    customer: str
    car: str = ""
    origin: str
    source: str
    received_at: datetime
    by_phone: bool = True
    owner: int | None = None
    ringing: tuple[int, ...] = ()
    ring_how: str | None = None
    ring_until: datetime | None = None
    #: Rounds rung since it last had to ring.
    rounds: int = 0
    calling_by: int | None = None
    calling_since: datetime | None = None
    next_kind: str = ""
    next_for: int | None = None
    next_at: datetime | None = None
    because: Words | None = None
    appointment_at: datetime | None = None
    # why it is listed
    waiting: bool = False
    overdue: bool = False
    unconfirmed: bool = False

    def rings(self, now: datetime) -> bool:
        return bool(self.ringing) and self.ring_until is not None and now < self.ring_until


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """Over all open leads of one owner (None: nobody's), listed or not."""

    owner: int | None
    open: int
    waiting: int
    overdue: int
    unconfirmed: int


@dataclass(frozen=True, slots=True)
class Attention:
    """What somebody should look at; `leads` is the longest wait first."""

    leads: Sequence[OpenLead]
    counted: Sequence[Counted]

    @property
    def waiting(self) -> list[OpenLead]:
        return [lead for lead in self.leads if lead.waiting]

    @property
    def overdue(self) -> list[OpenLead]:
        late = [lead for lead in self.leads if lead.overdue]
        return sorted(late, key=lambda lead: lead.next_at or lead.received_at)

    @property
    def unconfirmed(self) -> list[OpenLead]:
        soon = [lead for lead in self.leads if lead.unconfirmed]
        return sorted(soon, key=lambda lead: lead.appointment_at or lead.received_at)

    @property
    def open_by_owner(self) -> Mapping[int, int]:
        return {count.owner: count.open for count in self.counted if count.owner is not None}

    @property
    def waiting_count(self) -> int:
        return sum(count.waiting for count in self.counted)

    @property
    def overdue_count(self) -> int:
        return sum(count.overdue for count in self.counted)

    @property
    def unconfirmed_count(self) -> int:
        return sum(count.unconfirmed for count in self.counted)


#: Owners are looked up through the people, so that the index on (owner, next_at) of open leads serves.
_ATTENTION = """
with recursive above(id, parent_id) as (
    select id, parent_id from leadbell_organisation where id = %(dealer)s
    union all select o.id, o.parent_id from leadbell_organisation o join above a on o.id = a.parent_id
), open as materialized (
    select l.id, l.owner_id, l.received_at, l.next_at, l.appointment_at,
        l.calling_by is null and l.attempts = 0 and l.worked_at is null as waiting,
        l.calling_by is not null or (l.ring_until > %(now)s and cardinality(l.ringing) > 0) as busy,
        coalesce(l.owner_id is not null and l.next_kind = any (%(tasks)s) and l.next_at < %(overdue)s
            and l.next_touch is null and (l.attempts > 0 or l.worked_at is not null), false) as overdue,
        l.state = 'appointment' and l.appointment_at between %(now)s and %(soon)s as unconfirmed
    from leadbell_lead l
    where l.dealer_id = %(dealer)s and l.closed_at is null and (l.owner_id is null or l.owner_id = any (array(
        select id from leadbell_person where organisation_id in (select id from above))))
), counted as (
    select owner_id as owner, count(*) as open, count(*) filter (where waiting) as waiting,
        count(*) filter (where overdue) as overdue, count(*) filter (where unconfirmed) as unconfirmed
    from open group by owner_id
), listed as (
    (select id from open where waiting order by received_at limit %(most)s)
    union (select id from open where busy order by received_at limit %(most)s)
    union (select id from open where overdue order by next_at limit %(most)s)
    union (select id from open where unconfirmed order by appointment_at limit %(most)s)
), leads as (
    select l.id as lead,
        coalesce(nullif(c.full_name, ''), c.emails[1], c.phones -> 0 ->> 'raw', '') as customer,
        coalesce((
            select concat_ws(' ', car ->> 'make', car ->> 'model')
            from jsonb_array_elements(l.cars) with ordinality as wanted(car, place)
            where car ->> 'interest' is distinct from 'trade-in' order by place limit 1
        ), '') as car,
        l.origin, l.source, l.received_at, coalesce((l.standing ->> 'by_phone')::boolean, false) as by_phone,
        l.owner_id as owner, l.ringing, l.standing ->> 'ring_how' as ring_how, l.ring_until,
        jsonb_array_length(coalesce(l.standing -> 'rounds', '[]')) as rounds, l.calling_by, l.calling_since,
        l.next_kind, l.next_for, l.next_at, l.next_because as because, l.appointment_at,
        o.waiting, o.overdue, o.unconfirmed
    from listed join open o using (id) join leadbell_lead l using (id)
    join leadbell_customer c on c.id = l.customer_id
    order by l.received_at, l.id
)
select (select json_agg(leads) from leads)::text, (select json_agg(counted) from counted)::text
"""
_leads = msgspec.json.Decoder(list[OpenLead])
_counted = msgspec.json.Decoder(list[Counted])


def attention(dealer: int, now: datetime) -> Attention:
    """What is open at this dealer and needs somebody."""
    about: dict[str, Any] = {
        "dealer": dealer, "now": now, "soon": now + CONFIRM_WITHIN, "overdue": now - GRACE,
        "tasks": list(TASKS), "most": MOST,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ATTENTION, about)
        leads, counted = cursor.fetchone() or ("[]", "[]")
    return Attention(_leads.decode(leads or "[]"), _counted.decode(counted or "[]"))
