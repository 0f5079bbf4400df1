"""What the screens show of visits: how each site does today, and what a lead's customer looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

from leadbell import statement
from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead
from leadbell.visits.known import sum_of
from leadbell.visits.links import own_link_for
from leadbell.visits.models import KnownVisit, Site, SiteCount, SitePulse, VisitorJoin
from leadbell.visits.pages import Car
from leadbell.visits.rules import NO_DROPS
from leadbell.visits.showcase import pictures_of
from leadbell.visits.sums import CarSeen, Sum
from leadbell.visits.visit import Joined, Seen, Visit, spans_of, visits_in

#: So many of a customer's beacons are read for one page; older ones are left out.
MOST_SHOWN = 2000
#: So many pictures stand beside one visit.
MOST_PICTURES = 3
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
    #: For the dealer's own people: opened once, their browser's visits don't count.
    own_links: tuple[str, ...]


def sites_of(dealer: Organisation, now: datetime) -> list[SiteShown]:
    """Those in use, in the order they were added."""
    counts = list(SiteCount.objects.filter(dealer=dealer, day__gte=(now - timedelta(days=30)).date()))
    sites = Site.objects.filter(dealer=dealer, removed_at=None).order_by("id")
    return [_shown(site, [one for one in counts if one.site_id == site.pk], now) for site in sites]


def _shown(site: Site, counts: list[SiteCount], now: datetime) -> SiteShown:
    today = {one.what: one.beacons for one in counts if one.day == now.astimezone(UTC).date()}
    kept_at = max((one.last_at for one in counts if one.what in ("kept", "anonymous")), default=None)
    drops = sorted(
        ((what, beacons) for what, beacons in today.items() if what not in NO_DROPS),
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
        own_links=tuple(own_link_for(f"{origin}/", site.dealer_id, now) for origin in site.origins),
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


@dataclass(frozen=True, slots=True)
class Sign:
    """When a customer was last on a site of the dealer, and the car they looked at last (may be nothing)."""

    at: datetime
    car: str


_SIGNS = """
select v.customer_id, max(v.last_seen_at), coalesce((array_agg(b.car order by b.at desc nulls last))[1], '')
from leadbell_visitor v left join lateral (
    select b.at, concat_ws(' ', nullif(b.make, ''), nullif(b.model, '')) as car from leadbell_beacon b
    where b.visitor = v.uid and b.site_id = v.site_id and b.at > %(since)s and (b.make <> '' or b.model <> '')
    order by b.at desc limit 1
) b on true
where v.dealer_id = %(dealer)s and v.customer_id = any (%(customers)s::bigint[]) and v.last_seen_at > %(since)s
    and v.own_since is null
group by v.customer_id
"""


def signs_since(dealer: int, customers: Sequence[int], since: datetime) -> dict[int, Sign]:
    """Those of the customers who were on a site of the dealer after `since`."""
    about = {"dealer": dealer, "customers": list(customers), "since": since}
    return {customer: Sign(at, car) for customer, at, car in statement.run(_SIGNS, about)}


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
            Seen(at, kind, page, path, title, Car(stock, make, model, price), ms, visitor)
            for at, visitor, kind, page, path, title, stock, make, model, price, ms in cursor.fetchall()
        ]
    visits = visits_in(
        one for one in seen if any(span.visitor == one.visitor and span.holds(one.at) for span in spans)
    )
    return _with_pictures(lead.dealer_id, visits)


def _with_pictures(dealer: int, visits: Iterable[Visit]) -> list[Visit]:
    keys = {page.car.key for visit in visits for page in visit.pages if page.car.is_known}
    pictures = pictures_of([dealer], keys)
    return [
        replace(
            visit,
            pages=tuple(
                replace(page, picture=pictures.get((dealer, page.car.key), "")) for page in visit.pages
            ),
        )
        for visit in visits
    ]


@dataclass(frozen=True, slots=True)
class KnownShown:
    """A visit of somebody we know: since when, what it was about, and whether they are still there."""

    visit: KnownVisit
    sum: Sum
    here: bool
    #: The cars of the visit that have a picture, with its address, who was looked at last first.
    pictured: tuple[tuple[CarSeen, str], ...] = ()


def _known(visits: Iterable[KnownVisit], now: datetime) -> list[KnownShown]:
    """In the same order; all their pictures are asked for at once."""
    sums = [(visit, sum_of(visit)) for visit in visits]
    keys = {seen.car.key for _, sum_ in sums for seen in sum_.cars}
    pictures = pictures_of({visit.dealer_id for visit, _ in sums}, keys)
    return [
        KnownShown(
            visit, sum_, now - visit.last_at < STILL_HERE,
            tuple(
                (seen, picture) for seen in sum_.cars
                if (picture := pictures.get((visit.dealer_id, seen.car.key)))
            )[:MOST_PICTURES],
        )
        for visit, sum_ in sums
    ]  # fmt: skip


def known_visits(numbers: Iterable[int], now: datetime) -> dict[int, KnownShown]:
    """By number; what was erased is missing."""
    found = KnownVisit.objects.filter(pk__in=list(numbers)).select_related("site")
    return {known.visit.pk: known for known in _known(found, now)}


def newest_visits(dealers: Sequence[int], customers: Iterable[int], now: datetime) -> dict[int, KnownShown]:
    """Each customer's newest visit within LATELY."""
    visits = (
        KnownVisit.objects.filter(dealer__in=dealers, customer__in=list(customers))
        .filter(last_at__gt=now - LATELY)
        .order_by("customer", "-last_at").distinct("customer").select_related("site")
    )  # fmt: skip
    return {known.visit.customer_id: known for known in _known(visits, now)}


def here_now(dealers: Sequence[int], now: datetime, most: int = 50) -> list[KnownShown]:
    """Those of the people we know who are on the websites now, who came last first."""
    visits = KnownVisit.objects.filter(dealer__in=dealers, last_at__gt=now - STILL_HERE, last_at__lte=now)
    return _known(visits.select_related("site", "customer").order_by("-last_at")[:most], now)


def origins_of(dealer: int) -> list[str]:
    """The addresses of the dealer's websites in use, `https://www.northside.example`."""
    sites = Site.objects.filter(dealer=dealer, removed_at=None).values_list("origins", flat=True)
    return [origin for origins in sites for origin in origins]


def seen_since(dealers: Sequence[int], since: datetime, now: datetime, most: int = 500) -> list[KnownShown]:
    """Each customer's newest visit since then, who came last first."""
    visits = KnownVisit.objects.filter(dealer__in=dealers, last_at__gt=since, last_at__lte=now)
    newest: dict[int, KnownVisit] = {}
    for visit in visits.select_related("site").order_by("-last_at")[: most * 4]:
        newest.setdefault(visit.customer_id, visit)
    return _known(list(newest.values())[:most], now)


def visits_of_customer(lead: Lead, now: datetime, most: int = 20) -> list[KnownShown]:
    """The newest visits of the lead's customer since the lead arrived."""
    visits = KnownVisit.objects.filter(
        dealer=lead.dealer_id, customer=lead.customer_id, last_at__gte=lead.received_at
    )
    return _known(visits.order_by("-last_at")[:most], now)


def here_of(person: Person, dealers: Sequence[int], now: datetime) -> list[tuple[Lead, KnownShown]]:
    """This person's open leads whose customers are on the website now, who came last first."""
    visits = {
        visit.customer_id: visit
        for visit in KnownVisit.objects.filter(dealer__in=dealers, last_at__gt=now - STILL_HERE)
        .select_related("site")
        .order_by("last_at")
    }
    leads = Lead.objects.filter(owner=person, closed_at=None, customer__in=list(visits)) if visits else ()
    if not leads:
        return []
    theirs = list(leads.select_related("customer", "dealer"))
    found = list(zip(theirs, _known([visits[lead.customer_id] for lead in theirs], now), strict=True))
    return sorted(found, key=lambda one: one[1].visit.last_at, reverse=True)


#: What the Visitors page looks back on.
PULSE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Pulse:
    """Page views of a website in the last half hour, by minute and by part, and how many known people are there."""

    site: Site
    views: int
    minutes: tuple[int, ...]
    parts: tuple[tuple[str, int], ...]
    known: int
    drops: tuple[tuple[str, int], ...]


def pulse_of(dealers: Sequence[int], now: datetime) -> list[Pulse]:
    """For each website in use; the minute under way is the last."""
    last = now.replace(second=0, microsecond=0)
    since = last - PULSE + timedelta(minutes=1)
    sites = Site.objects.filter(dealer__in=dealers, removed_at=None).select_related("dealer").order_by("id")
    beats = list(SitePulse.objects.filter(dealer__in=dealers, minute__gte=since, minute__lte=last))
    known = here_now(dealers, now, 1000)
    counts = list(SiteCount.objects.filter(dealer__in=dealers, day=now.astimezone(UTC).date()))
    return [
        _pulse(
            site, [b for b in beats if b.site_id == site.pk], since,
            len({one.visit.customer_id for one in known if one.visit.site_id == site.pk}),
            [c for c in counts if c.site_id == site.pk and c.what not in NO_DROPS],
        )
        for site in sites
    ]  # fmt: skip


def _pulse(site: Site, beats: list[SitePulse], since: datetime, known: int, drops: list[SiteCount]) -> Pulse:
    minutes = [0] * (PULSE // timedelta(minutes=1))
    parts: dict[str, int] = {}
    for beat in beats:
        minutes[(beat.minute - since) // timedelta(minutes=1)] += beat.views
        parts[beat.part] = parts.get(beat.part, 0) + beat.views
    return Pulse(
        site, sum(minutes), tuple(minutes), tuple(sorted(parts.items(), key=lambda one: (-one[1], one[0]))[:12]),
        known, tuple(sorted(((c.what, c.beacons) for c in drops), key=lambda one: -one[1])),
    )  # fmt: skip
