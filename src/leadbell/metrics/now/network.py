"""Dealers side by side: counts only. No customer leaves this file, so an importer may read it [S3]."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.doors import dealers_below, dealers_named, dealers_of, tenant
from leadbell.metrics.figures import FEWEST, TARGET, TARGET_MS, Median, Rate
from leadbell.metrics.now.ledger import ledger
from leadbell.metrics.now.today import AT_ONCE

#: The longer of the two periods, today included.
DAYS = 30


@dataclass(frozen=True, slots=True)
class Period:
    """Of the leads received in a period: what has become of them by now."""

    received: int
    #: Attempted within two minutes, of those to be called whose two minutes are over.
    within_target: Rate
    response: Median
    appointments: int
    sold: int
    lost: int


NOTHING = Period(0, Rate(0, 0), Median(None, 0), 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Compared:
    dealer: Organisation
    today: Period
    month: Period
    #: Whether every day's books balance: nothing that arrived is lost.
    balanced: bool


#: An appointment that was missed counts as made; one that was cancelled and not made again does not.
_PERIOD = """
with received as (
    select l.dealer_id, l.state, l.appointment_at is not null or l.standing ? 'no_shows' as appointment,
        l.in_hours and l.origin = any (%(origins)s) and coalesce((l.standing ->> 'by_phone')::boolean, false)
            as to_call,
        (1000 * extract(epoch from l.first_attempt_at - l.received_at))::bigint as response_ms,
        l.received_at
    from leadbell_lead l
    join unnest(%(dealers)s::bigint[], %(first)s::date[], %(last)s::date[]) as period(dealer, first, last)
        on l.dealer_id = period.dealer and l.received_on between period.first and period.last
)
select dealer_id, count(*),
    count(*) filter (where to_call and response_ms <= %(target_ms)s),
    count(*) filter (where to_call and (response_ms is not null or received_at < %(over_at)s)),
    percentile_cont(0.5) within group (order by response_ms)
        filter (where to_call and response_ms is not null),
    count(*) filter (where to_call and response_ms is not null),
    count(*) filter (where appointment), count(*) filter (where state = 'sold'),
    count(*) filter (where state = 'lost')
from received group by dealer_id
"""


def compare(person: Person, now: datetime) -> list[Compared]:
    """The dealers below this person's organisation, by name; each in its own local days."""
    numbers = dealers_below(person.organisation_id)
    dealers = list(dealers_named(numbers))
    with tenant(numbers):
        today = _period(dealers, now, days=1)
        month = _period(dealers, now, days=DAYS)
        since = min((one.opening_hours.local_day(now) for one in dealers), default=now.date())
        wrong = {page.dealer for page in ledger(numbers, since - timedelta(days=DAYS)) if not page.balanced}
    # The setting outlives a savepoint: whoever renders the page sees again only what this person may.
    with tenant(dealers_of(person)):
        pass
    return [
        Compared(one, today.get(one.pk, NOTHING), month.get(one.pk, NOTHING), one.pk not in wrong)
        for one in dealers
    ]


def _period(dealers: Sequence[Organisation], now: datetime, days: int) -> Mapping[int, Period]:
    last = [one.opening_hours.local_day(now) for one in dealers]
    about: dict[str, Any] = {
        "dealers": [one.pk for one in dealers], "first": [day - timedelta(days=days - 1) for day in last],
        "last": last, "origins": list(AT_ONCE), "target_ms": TARGET_MS,
        "over_at": now - TARGET,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PERIOD, about)
        return {
            dealer: Period(
                received, Rate(within, judged), Median(int(ms) if n >= FEWEST else None, n), made, sold, lost
            )
            for dealer, received, within, judged, ms, n, made, sold, lost in cursor
        }
