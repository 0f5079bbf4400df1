"""Unlost: of the leads lost by a window, those whose customer was seen on the website afterwards [S4]."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from leadbell.metrics.figures import Rate

#: Leads that were lost within so many days; visits are kept for 30 to 90.
DAYS = 60

#: A lead is lost from the mark, or from so many days without human work on; where it came back, from before that.
_UNLOST = """
with lost as (
    select l.id, l.customer_id, l.dealer_id, w.days as win, back.at as back_at,
        least(
            case when l.state = 'lost' then l.closed_at end,
            case when l.closed_at is null or l.state = 'lost'
                then greatest(coalesce(l.worked_at, l.received_at), (l.standing->>'asked_at')::timestamptz)
                    + w.days * interval '1 day' end,
            back.at
        ) as lost_at
    from leadbell_lead l
    cross join unnest(%(windows)s::int[]) as w(days)
    left join lateral (
        select min(f.at) as at from leadbell_fact f
        where f.lead_id = l.id and f.kind = 'seen_again' and (f.body->>'was' = 'lost'
            or f.body->>'was' = 'quiet' and coalesce((f.body->>'days')::int, 0) >= w.days)
    ) back on true
    where l.dealer_id = any(%(dealers)s::bigint[]) and l.received_at >= %(since)s - interval '90 days'
        and l.lost_reason <> 'not_a_customer'
        and (l.appointment_at is null or l.state = 'lost' or back.at is not null)
)
select win, count(*),
    count(*) filter (where back_at is not null or exists (
        select from leadbell_knownvisit k where k.customer_id = lost.customer_id and k.dealer_id = lost.dealer_id
            and k.last_at > lost.lost_at and k.last_at <= %(now)s)),
    count(*) filter (where exists (
        select from leadbell_visitor v where v.customer_id = lost.customer_id and v.dealer_id = lost.dealer_id))
from lost where lost_at between %(since)s and %(now)s group by win
"""


@dataclass(frozen=True, slots=True)
class Unlost:
    """`rate`: unlost of lost by the window. `known`: lost leads whose browser is recognised; others can't be seen."""

    window: int
    rate: Rate
    known: Rate


def unlost(dealers: Sequence[int], windows: Sequence[int], now: datetime) -> dict[int, Unlost]:
    """For each window in days, over the leads lost in the last DAYS."""
    about: dict[str, Any] = {
        "windows": list(windows),
        "dealers": list(dealers),
        "since": now - timedelta(days=DAYS),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_UNLOST, about)
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    counted = {window: rows.get(window, (0, 0, 0)) for window in windows}
    return {
        window: Unlost(window, Rate(seen, lost), Rate(known, lost))
        for window, (lost, seen, known) in counted.items()
    }
