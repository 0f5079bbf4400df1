"""What the screens show of visits: how each site does today, and what a lead's customer looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

from leadbell.dealers.models import Organisation
from leadbell.lead.models import Lead
from leadbell.visits.known import sum_of
from leadbell.visits.models import KnownVisit, Site, SiteCount, VisitorJoin
from leadbell.visits.rules import Car, Joined, Seen, Visit, spans_of, visits_in
from leadbell.visits.sums import Sum

#: So many of a customer's beacons are read for one page; older ones are left out.
MOST_SHOWN = 2000
#: Whoever was seen this recently is on the website now.
STILL_HERE = timedelta(minutes=5)
#: What was heard this recently counts as "it works".
LATELY = timedelta(days=1)


class NoSuchSite(LookupError):
    """There is no such site at this dealer."""


class NoSuchJoin(LookupError):
    """There is no such join at this lead."""


@dataclass(frozen=True, slots=True)
class SiteShown:
    """A site, the snippet for its pages, and what came from it on this UTC day."""

    site: Site
    snippet: str
    kept: int
    anonymous: int
    #: (reason, beacons), the most frequent first.
    drops: tuple[tuple[str, int], ...]
    kept_at: datetime | None
    heard_at: datetime | None
    works: bool


def sites_of(dealer: Organisation, now: datetime) -> list[SiteShown]:
    """Those in use, in the order they were added."""
    counts = list(SiteCount.objects.filter(dealer=dealer, day__gte=(now - timedelta(days=30)).date()))
    sites = Site.objects.filter(dealer=dealer, removed_at=None).order_by("id")
    return [_shown(site, [one for one in counts if one.site_id == site.pk], now) for site in sites]


def _shown(site: Site, counts: list[SiteCount], now: datetime) -> SiteShown:
    today = {one.what: one.beacons for one in counts if one.day == now.astimezone(UTC).date()}
    kept_at = max((one.last_at for one in counts if one.what in ("kept", "anonymous")), default=None)
    drops = sorted(
        ((what, beacons) for what, beacons in today.items() if what not in ("kept", "anonymous")),
        key=lambda drop: (-drop[1], drop[0]),
    )
    return SiteShown(
        site=site,
        snippet=f'<script src="{settings.PUBLIC_URL}/v.js" data-site="{site.key}" defer></script>',
        kept=today.get("kept", 0),
        anonymous=today.get("anonymous", 0),
        drops=tuple(drops),
        kept_at=kept_at,
        heard_at=max((one.last_at for one in counts), default=None),
        works=kept_at is not None and now - kept_at <= LATELY,
    )


def site_of(dealer: Organisation, number: int) -> Site:
    """Raises NoSuchSite."""
    site = Site.objects.filter(dealer=dealer, pk=number, removed_at=None).first()
    if site is None:
        raise NoSuchSite(number)
    return site


def joins_of(lead: Lead) -> list[VisitorJoin]:
    """How devices became this lead's customer, the newest first; also what was undone."""
    joins = VisitorJoin.objects.filter(dealer=lead.dealer_id, customer=lead.customer_id)
    return list(joins.select_related("visitor__site", "undone_by").order_by("-at", "-id"))


def join_of(lead: Lead, number: int) -> VisitorJoin:
    """Raises NoSuchJoin."""
    join = VisitorJoin.objects.filter(dealer=lead.dealer_id, customer=lead.customer_id, pk=number).first()
    if join is None:
        raise NoSuchJoin(number)
    return join


_BEACONS = """
select b.at, v.id, b.kind, b.page, b.path, b.title, b.stock, b.make, b.model, b.price, b.ms
from leadbell_visitor v join leadbell_beacon b on b.visitor = v.uid and b.site_id = v.site_id
where v.id = any(%s) order by b.at desc limit %s
"""


def visits_of(lead: Lead) -> list[Visit]:
    """What the lead's customer looked at on all their devices, before the joins too, the newest visit first."""
    devices = VisitorJoin.objects.filter(dealer=lead.dealer_id, customer=lead.customer_id, undone_at=None)
    joins = VisitorJoin.objects.filter(visitor__in=devices.values("visitor"), undone_at=None)
    stood = [
        Joined(*row) for row in joins.order_by("at", "id").values_list("visitor_id", "customer_id", "at")
    ]
    spans = spans_of(lead.customer_id, stood)
    if not spans:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_BEACONS, [sorted({span.visitor for span in spans}), MOST_SHOWN])
        seen = [
            Seen(at, visitor, kind, page, path, title, Car(stock, make, model, price), ms)
            for at, visitor, kind, page, path, title, stock, make, model, price, ms in cursor.fetchall()
        ]
    return visits_in(
        one for one in seen if any(span.visitor == one.visitor and span.holds(one.at) for span in spans)
    )


@dataclass(frozen=True, slots=True)
class KnownShown:
    """A visit of somebody we know: since when, what it was about, and whether they are still there."""

    visit: KnownVisit
    sum: Sum
    here: bool


def _known(visit: KnownVisit, now: datetime) -> KnownShown:
    return KnownShown(visit, sum_of(visit), now - visit.last_at < STILL_HERE)


def known_visits(numbers: Iterable[int], now: datetime) -> dict[int, KnownShown]:
    """By number; what was erased is missing."""
    found = KnownVisit.objects.filter(pk__in=list(numbers)).select_related("site")
    return {visit.pk: _known(visit, now) for visit in found}


def newest_visits(dealers: Sequence[int], customers: Iterable[int], now: datetime) -> dict[int, KnownShown]:
    """Each customer's newest visit within LATELY."""
    visits = (
        KnownVisit.objects.filter(dealer__in=dealers, customer__in=list(customers))
        .filter(last_at__gt=now - LATELY)
        .order_by("customer", "-last_at").distinct("customer").select_related("site")
    )  # fmt: skip
    return {visit.customer_id: _known(visit, now) for visit in visits}


def here_now(dealers: Sequence[int], now: datetime, most: int = 50) -> list[KnownShown]:
    """Those of the people we know who are on the websites now, who came last first."""
    visits = KnownVisit.objects.filter(dealer__in=dealers, last_at__gt=now - STILL_HERE, last_at__lte=now)
    return [
        _known(visit, now) for visit in visits.select_related("site", "customer").order_by("-last_at")[:most]
    ]


def origins_of(dealer: int) -> list[str]:
    """The addresses of the dealer's websites in use, `https://www.northside.example`."""
    sites = Site.objects.filter(dealer=dealer, removed_at=None).values_list("origins", flat=True)
    return [origin for origins in sites for origin in origins]
