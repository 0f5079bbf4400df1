"""What an importer sees of the leads it passed on: states, clocks and outcomes; whose they are, only as agreed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from leadbell.dealers.models import Organisation
from leadbell.lead.models import Lead
from leadbell.network.models import Agreement, NetworkPlan, Offer, Passing

MOST_TO_DO, NEWEST = 50, 20


@dataclass(frozen=True, slots=True)
class Page:
    """An importer's local day: `received = under_way + taken + returned + closed + duplicate + quarantined`.

    Counts are prospects. `under_way` includes what isn't read yet.
    """

    day: date
    received: int
    under_way: int
    taken: int
    returned: int
    closed: int
    duplicate: int
    quarantined: int

    @property
    def balanced(self) -> bool:
        return self.received == (
            self.under_way + self.taken + self.returned + self.closed + self.duplicate + self.quarantined
        )


#: Left and right are counted from different tables: envelopes, and the passings they became.
_BOOKS = """
with arrived as (
    select e.id, (e.received_at at time zone o.zone)::date as day, e.items, e.status
    from leadbell_envelope e join leadbell_organisation o on o.id = e.dealer_id
    where e.dealer_id = %(importer)s and (%(since)s::date is null or e.received_at >= %(since)s::date - 1)
), became as (
    select a.day, p.state from leadbell_passing p join arrived a on a.id = p.envelope
), counted as (
    select day, items as received, case when status = 'accepted' then items else 0 end as under_way, 0 as taken,
        0 as returned, 0 as closed,
        case when status in ('read', 'duplicate') then items else 0 end as duplicate,
        case when status = 'quarantined' then items else 0 end as quarantined from arrived
    union all
    select day, 0, (state in ('waiting', 'offered'))::int, (state = 'taken')::int, (state = 'returned')::int,
        (state = 'closed')::int, -1, 0 from became
)
select day, sum(received), sum(under_way), sum(taken), sum(returned), sum(closed), sum(duplicate), sum(quarantined)
from counted where %(since)s::date is null or day >= %(since)s::date group by day order by day desc
"""


def books(importer: int, since: date | None) -> list[Page]:
    """One page per local day with anything on it, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_BOOKS, {"importer": importer, "since": since})
        return [Page(day, *map(int, counts)) for day, *counts in cursor]


def returned(importer: int) -> list[Passing]:
    """What a person at the importer has to decide, the longest waiting first."""
    found = Passing.objects.filter(importer=importer, state=Passing.State.RETURNED)
    return list(found.order_by("changed_at")[:MOST_TO_DO])


def running(importer: int) -> list[Offer]:
    """Offers that a dealer hasn't answered, the next to end first."""
    found = Offer.objects.filter(importer=importer, outcome=Offer.Outcome.OPEN).select_related(
        "dealer", "passing"
    )
    return list(found.order_by("until")[:MOST_TO_DO])


def newest(importer: int) -> list[Passing]:
    found = (
        Passing.objects.filter(importer=importer).select_related("dealer").prefetch_related("offers__dealer")
    )
    return list(found.order_by("-received_at")[:NEWEST])


@dataclass(frozen=True, slots=True)
class Answering:
    """How a dealer answered what it was offered in a time."""

    dealer: Organisation
    offered: int
    taken: int
    expired: int
    refused: int


def answering(importer: int, dealers: Collection[Organisation], since: datetime) -> list[Answering]:
    """Each dealer's answers to the offers since then, who let most expire first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select dealer_id, count(*), count(*) filter (where outcome = 'taken'), "
            "count(*) filter (where outcome = 'expired'), count(*) filter (where outcome = 'refused') "
            "from leadbell_offer where importer_id = %s and at >= %s group by 1",
            [importer, since],
        )
        counts: dict[int, tuple[int, ...]] = {row[0]: tuple(row[1:]) for row in cursor}
    found = [Answering(one, *counts.get(one.pk, (0, 0, 0, 0))) for one in dealers]
    return sorted(found, key=lambda one: (-one.expired, -one.offered, one.dealer.name))


def offer_of(lead: int) -> Offer | None:
    """The importer's clock that runs for this lead of a dealer."""
    return Offer.objects.filter(lead=lead, outcome=Offer.Outcome.OPEN).select_related("importer").first()


def is_here(importer: int, number: int) -> bool:
    """Whether this lead came to this importer."""
    return Passing.objects.filter(importer=importer, pk=number).exists()


def importer_of(dealer: Organisation) -> Organisation | None:
    """The importer above a dealer, through its group or not."""
    above = dealer.parent
    while above is not None and above.kind != Organisation.Kind.IMPORTER:
        above = above.parent
    return above


def agreement_of(dealer: int) -> Agreement | None:
    return Agreement.objects.filter(dealer=dealer).first()


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a customer whose dealer shows them."""

    name: str
    state: str


def became(leads: Collection[int]) -> dict[int, Became]:
    """By lead; the caller stands at the dealers that show their customers."""
    found = Lead.objects.filter(pk__in=leads).select_related("customer")
    return {one.pk: Became(str(one.customer), one.get_state_display()) for one in found}


def agreements(importer: int) -> dict[int, Agreement]:
    return {one.dealer_id: one for one in Agreement.objects.filter(importer=importer)}


def plan(importer: int) -> NetworkPlan:
    return NetworkPlan.objects.filter(pk=importer).first() or NetworkPlan(pk=importer)


def who(passing: Passing) -> dict[str, Any]:
    """The customer as the importer received them: `name`, `phones`, `emails`, `message`; empty when it ended."""
    if passing.inquiry is None:
        return {}
    customer = passing.inquiry["customer"]
    return {
        "name": customer["full_name"] or "",
        "phones": [phone["raw"] for phone in customer["phones"]],
        "emails": customer["emails"],
        "message": passing.inquiry["message"] or "",
    }
