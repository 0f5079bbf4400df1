"""The books: nothing that arrived is lost. `received = open + sold + lost + duplicate + quarantined`.

An importer keeps books of its own (`network.shelves`): what it receives becomes a dealer's lead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection


@dataclass(frozen=True, slots=True)
class Page:
    """One dealer's local day. Counts are prospects: an envelope that holds two counts twice.

    `open` includes `unread`, what was accepted and isn't read yet. `duplicate` counts the same delivery again
    and further inquiries of the same customer on an open lead, also where that was found out later.
    """

    dealer: int
    dealer_name: str
    day: date
    received: int
    open: int
    unread: int
    sold: int
    lost: int
    duplicate: int
    quarantined: int

    @property
    def balanced(self) -> bool:
        return self.received == self.open + self.sold + self.lost + self.duplicate + self.quarantined


#: Both sides are counted from different tables: envelopes on the left, leads and inquiries on the right.
_LEDGER = """
with arrived as (
    select e.id, e.dealer_id, (e.received_at at time zone o.zone)::date as day, e.items, e.status
    from leadbell_envelope e join leadbell_organisation o on o.id = e.dealer_id
    where o.kind = 'dealer' and (%(dealers)s::bigint[] is null or e.dealer_id = any (%(dealers)s::bigint[]))
        and (%(since)s::date is null or e.received_at >= %(since)s::date - 1)
), counted as (
    select dealer_id, day, items as received, 0 as open, 0 as unread, 0 as sold, 0 as lost, 0 as duplicate,
        0 as quarantined from arrived
    union all
    select dealer_id, day, 0, case when status = 'accepted' then items else 0 end,
        case when status = 'accepted' then items else 0 end, 0, 0, 0,
        case when status = 'quarantined' then items else 0 end from arrived
    union all
    select a.dealer_id, a.day, 0, 0, 0, 0, 0, 1, 0
    from leadbell_inquiry i join arrived a on a.id = i.envelope_id where i.outcome in ('duplicate', 'joined')
    union all
    select l.dealer_id, l.received_on, 0, (l.closed_at is null)::int, 0, (l.state = 'sold')::int,
        (l.state = 'lost' and l.lost_reason <> 'merged')::int, (l.state = 'lost' and l.lost_reason = 'merged')::int, 0
    from leadbell_lead l
    where (%(dealers)s::bigint[] is null or l.dealer_id = any (%(dealers)s::bigint[]))
        and (%(since)s::date is null or l.received_on >= %(since)s::date)
)
select c.dealer_id, o.name, c.day, sum(received), sum(open), sum(unread), sum(sold), sum(lost), sum(duplicate),
    sum(quarantined)
from counted c join leadbell_organisation o on o.id = c.dealer_id
where %(since)s::date is null or c.day >= %(since)s::date
group by 1, 2, 3 order by 2, 1, 3
"""


def ledger(dealers: Sequence[int] | None = None, since: date | None = None) -> list[Page]:
    """The pages of these dealers (None: of all the role may see), one per local day with anything on it."""
    with connection.cursor() as cursor:
        cursor.execute(_LEDGER, {"dealers": None if dealers is None else list(dealers), "since": since})
        return [Page(row[0], row[1], row[2], *(int(n) for n in row[3:])) for row in cursor]
