"""What the journal says of each BDC agent's work: called, persisted, agreed, handed over, and met by the receiver."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

#: Taken, then called within so long: the lead is prepared after the call, not before [S3].
PROMPT = timedelta(minutes=2)
#: A follow-up that nobody ended is over after so long.
OVER = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Length:
    """The median of so many durations, in milliseconds."""

    median_ms: float
    of: int


@dataclass(frozen=True, slots=True)
class Work:
    """One agent's days: shares as (part, of), and the two durations. What never happened is left out."""

    shares: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    lengths: Mapping[str, Length] = field(default_factory=dict)


#: By name: its part and its base, over the rows of the question below.
_TAKEN = """
with taken as materialized (
    select distinct on (lead_id, by) lead_id, by, at, id from leadbell_fact
    where dealer_id = any(%(dealers)s) and by = any(%(agents)s) and kind = 'accepted'
        and at >= %(since)s and at < %(until)s
    order by lead_id, by, id
), worked as (
    select t.by, t.at, c.called_at, c.calls, l.reached_at is not null as reached, l.closed_at from taken t
    join leadbell_lead l on l.id = t.lead_id
    cross join lateral (
        select min(f.at) as called_at, count(*) as calls from leadbell_fact f
        where f.lead_id = t.lead_id and f.id > t.id and f.by = t.by and f.kind = 'attempted' and f.at < %(now)s
            and not exists (
                select from leadbell_fact e where e.lead_id = f.lead_id and e.key = (f.body ->> 'key') || ':ended'
                    and e.body ->> 'outcome' = 'not_placed'
            )
    ) c
)
select by,
    count(called_at), count(*) filter (where called_at is not null or at + %(prompt)s < %(now)s),
    count(*) filter (where called_at <= at + %(prompt)s),
    count(*) filter (where not reached and calls >= 3 and (closed_at is not null or at + %(over)s <= %(now)s)),
    count(*) filter (where not reached and (closed_at is not null or at + %(over)s <= %(now)s)),
    percentile_cont(0.5) within group (order by extract(epoch from called_at - at) * 1000)
from worked group by by
"""
_TALKED = """
select by, percentile_cont(0.5) within group (order by (body ->> 'talk_ms')::bigint), count(*) from leadbell_fact f
where dealer_id = any(%(dealers)s) and by = any(%(agents)s) and kind = 'attempt_ended'
    and at >= %(since)s and at < %(until)s
    and body ->> 'outcome' = 'conversation' and (body ->> 'talk_ms')::bigint > 0
    and not exists (
        select from leadbell_fact c
        where c.lead_id = f.lead_id and c.id > f.id and c.key = (f.body ->> 'key') || ':corrected'
    )
group by by
"""
_QUALIFIED = """
select by, count(*) filter (where made), count(*) from (
    select by, lead_id, bool_or(body ->> 'goal' = 'appointment') as made from leadbell_fact
    where dealer_id = any(%(dealers)s) and by = any(%(agents)s) and kind = 'qualified'
        and at >= %(since)s and at < %(until)s
    group by by, lead_id
) leads group by by
"""
#: An offer is answered by the first thing that ends it: accepted, refused, or handed on because time was over.
_OFFERED = """
select o.by, count(*) filter (where e.kind = 'accepted'), count(*) filter (where e.kind = 'handover_refused'), count(*)
from leadbell_fact o cross join lateral (
    select f.kind from leadbell_fact f where f.lead_id = o.lead_id and f.id > o.id
        and f.kind in ('accepted', 'handover_refused', 'handed_over', 'assigned')
    order by f.id limit 1
) e
where o.dealer_id = any(%(dealers)s) and o.by = any(%(agents)s) and o.kind = 'handed_over'
    and o.at >= %(since)s and o.at < %(until)s
group by o.by
"""
_MET = """
select a.agent, count(*) filter (where (f.body ->> 'rdr')::boolean), count(*)
from leadbell_fact f cross join lateral (
    select h.by as agent from leadbell_fact h where h.lead_id = f.lead_id and h.id < f.id
        and h.kind = 'handed_over' and h.by is not null
    order by h.id desc limit 1
) a
where f.dealer_id = any(%(dealers)s) and f.by is not null and f.kind = 'first_contact'
    and f.at >= %(since)s and f.at < %(until)s and a.agent = any(%(agents)s)
group by a.agent
"""


def work_of(
    dealers: Collection[int], agents: Collection[int], since: datetime, until: datetime, now: datetime
) -> dict[int, Work]:
    """What these agents took, agreed and handed over from `since` until before `until`, as it stands `now`.

    Shares: `attempted` and `called_at_once` of leads taken, `three_attempts` of those never reached whose follow-up is
    over, `appointments` of leads qualified, `accepted` and `refused` of handovers answered or run out, `rdr` of first
    contacts noted after their handovers. Lengths: `to_call` from taking to the first call, `talk`.
    """
    about: dict[str, Any] = {
        "dealers": list(dealers), "agents": list(agents), "since": since, "until": until, "now": now,
        "prompt": PROMPT, "over": OVER,
    }  # fmt: skip
    shares: dict[int, dict[str, tuple[int, int]]] = {one: {} for one in agents}
    lengths: dict[int, dict[str, Length]] = {one: {} for one in agents}

    def rows(statement: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, about)
            return list(cursor.fetchall())

    for who, called, could, prompt, persisted, unreached, median_ms in rows(_TAKEN):
        shares[who] |= {
            "attempted": (called, could), "called_at_once": (prompt, could), "three_attempts": (persisted, unreached)
        }  # fmt: skip
        if called:
            lengths[who]["to_call"] = Length(median_ms, called)
    for who, median_ms, talks in rows(_TALKED):
        lengths[who]["talk"] = Length(median_ms, talks)
    for who, made, leads in rows(_QUALIFIED):
        shares[who]["appointments"] = (made, leads)
    for who, accepted, refused, answered in rows(_OFFERED):
        shares[who] |= {"accepted": (accepted, answered), "refused": (refused, answered)}
    for who, rdr, met in rows(_MET):
        shares[who]["rdr"] = (rdr, met)
    return {who: Work(shares[who], lengths[who]) for who in shares}
