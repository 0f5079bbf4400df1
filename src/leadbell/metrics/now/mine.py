"""A salesperson's own day."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from leadbell.metrics.figures import Median, Rate, median

#: Response times are compared for origins that ring at once, received in opening hours [S0].
_MINE = """
select
    count(*) filter (where in_hours and origin in ('online', 'chat', 'call')),
    array_agg((extract(epoch from first_attempt_at - received_at) * 1000)::bigint)
        filter (where in_hours and origin in ('online', 'chat', 'call') and first_attempt_at is not null),
    count(*),
    count(*) filter (where reached_at is not null),
    count(*) filter (where appointment_at is not null)
from leadbell_lead where owner_id = %(person)s and received_at >= %(since)s and received_at <= %(now)s
    and lost_reason <> 'merged'
"""


@dataclass(frozen=True, slots=True)
class MyDay:
    """Of the leads received today that are this person's. The median is over those attempted in opening hours."""

    received: int
    response: Median
    attempted: Rate
    reached: Rate
    booked: Rate


def my_day(person: int, since: datetime, now: datetime) -> MyDay:
    with connection.cursor() as cursor:
        cursor.execute(_MINE, {"person": person, "since": since, "now": now})
        row = cursor.fetchone()
    counting, responses, received, reached, booked = row or (0, None, 0, 0, 0)
    times = [max(0, ms) for ms in responses or ()]
    return MyDay(
        received, median(times), Rate(len(times), counting), Rate(reached, received), Rate(booked, received)
    )
