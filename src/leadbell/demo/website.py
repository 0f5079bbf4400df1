"""The demo's customers on their dealers' websites: who agreed is recognised, and some who were lost come back."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random

import msgspec
from django.db import connection

from leadbell.chat.actions import set_up
from leadbell.dealers.models import Organisation
from leadbell.demo.cast import DEALERS, STAR
from leadbell.demo.showroom import new_car
from leadbell.intake.sources import source_for_chat
from leadbell.lead.models import Lead
from leadbell.visits.models import KnownVisit, Site, SiteCount, SitePulse, Visitor, VisitorJoin
from leadbell.visits.pages import Car
from leadbell.visits.sums import CarSeen, Signal, SignalKind, Sum

#: The website of examples/dealer-site, where the visitor can try it.
EXAMPLE = "http://127.0.0.1:8080"
REMEMBERED = timedelta(days=55)
#: Of those who asked online so many agreed to be recognised, and so many of the lost come back.
AGREED, RETURNS = 0.45, 0.42
#: When the lost ones come who ring while the visitor watches.
COMING = (timedelta(seconds=25), timedelta(minutes=4))
LOOKS_FOR = timedelta(minutes=12)
PARTS = (("/cars", 9), ("/", 4), ("/finance", 2), ("/trade-in", 1), ("/workshop", 2), ("/contact", 1))
DROPS = (("bot_search", 61), ("bot_tool", 14), ("bot_ai", 33), ("own_people", 18), ("opted_out", 9))


def look_around(now: datetime, seed: str) -> None:
    """Give each dealer a website with visits of the past weeks, some of them under way."""
    with connection.cursor() as cursor:
        cursor.execute("select leadbell_keep_beacons_on(%s)", [now.date()])
    for company in DEALERS:
        dealer = Organisation.objects.get(name=company.name, kind=company.kind)
        is_ours = any(player.email == STAR for player in company.people)
        rng = Random(f"{seed}/website/{company.name}")
        site = Site.objects.create(
            dealer=dealer, name="Website", key=uuid.uuid4().hex[:20], patterns=["/cars/{make}/{model}/{stock}"],
            origins=[EXAMPLE if is_ours else f"https://www.{company.name.split()[0].lower()}.example"],
            price_pages=["/finance"], trade_in_pages=["/trade-in"], created_at=now - REMEMBERED,
        )  # fmt: skip
        _count(site, now, rng)
        _remember(site, company.brands, now, rng)
        if is_ours:
            _come_back_now(site, now)
            # examples/dealer-site has a chat button: whoever writes there lets the demo's desks ring.
            source = source_for_chat(dealer, site.name, now)
            set_up(dealer, site.pk, source.pk, {"chat": "on"}, now)


def _count(site: Site, now: datetime, rng: Random) -> None:
    """The last half hour and the next hours, minute by minute, and what wasn't kept today."""
    minute = now.replace(second=0, microsecond=0)
    SitePulse.objects.bulk_create(
        SitePulse(dealer_id=site.dealer_id, site=site, minute=minute + timedelta(minutes=n), part=part, views=views)
        for n in range(-30, 180) for part, usual in PARTS if (views := max(0, round(rng.gauss(usual / 3, 1))))
    )  # fmt: skip
    kept = (("kept", rng.randint(300, 900)), ("anonymous", rng.randint(900, 2000)), *DROPS)
    SiteCount.objects.bulk_create(
        SiteCount(dealer_id=site.dealer_id, site=site, day=now.date(), what=what, beacons=n, last_at=now)
        for what, n in kept
    )


def _remember(site: Site, brands: Sequence[str], now: datetime, rng: Random) -> None:
    """Browsers of those who agreed, joined by the form they sent, with their visits."""
    visitors, joins, visits = [], [], []
    seen: set[int] = set()
    leads = Lead.objects.filter(
        dealer=site.dealer_id, origin="online", received_at__gt=now - REMEMBERED, customer__opted_out_at=None
    )
    for lead in leads.order_by("-pk"):
        if lead.customer_id in seen or rng.random() > AGREED:
            continue
        seen.add(lead.customer_id)
        visitor = Visitor(
            dealer_id=site.dealer_id, site=site, uid=uuid.UUID(int=rng.getrandbits(128), version=4),
            customer_id=lead.customer_id, first_seen_at=lead.received_at - timedelta(minutes=9),
            last_seen_at=lead.received_at,
        )  # fmt: skip
        visitors.append(visitor)
        joins.append(
            VisitorJoin(
                dealer_id=site.dealer_id, visitor=visitor, customer_id=lead.customer_id, lead=lead, how="form",
                at=lead.received_at,
            )
        )  # fmt: skip
        for began_at in sorted(_times(lead, now, rng)):
            visit = _visit(visitor, lead, began_at, brands, rng)
            visitor.last_seen_at = visit.last_at
            visits.append(visit)
    Visitor.objects.bulk_create(visitors)
    VisitorJoin.objects.bulk_create(joins)
    KnownVisit.objects.bulk_create(visits)


def _times(lead: Lead, now: datetime, rng: Random) -> Iterable[datetime]:
    """When they looked around: soon after they asked, and some of the lost again later."""
    until = lead.closed_at or now
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        yield lead.received_at + (until - lead.received_at) * rng.random() * 0.9
    if lead.state == Lead.State.LOST and lead.closed_at and rng.random() < RETURNS:
        yield lead.closed_at + (now - timedelta(minutes=20) - lead.closed_at) * rng.random()


def _visit(
    visitor: Visitor, lead: Lead, began_at: datetime, brands: Sequence[str], rng: Random
) -> KnownVisit:
    pages, car = rng.randint(2, 9), lead.wanted or {}
    wanted = Car(str(car.get("stock") or ""), str(car.get("make") or ""), str(car.get("model") or ""))
    last_at = began_at + timedelta(seconds=pages * rng.randint(20, 70))
    cars = [CarSeen(wanted, rng.choice((1, 2, 2, 3)), last_at, 40)] if wanted.is_known else []
    if rng.random() < 0.5:
        other = new_car(rng, tuple(brands), began_at.year)
        cars.append(CarSeen(Car("", other.make, other.model), 1, began_at, 20))
    signals = [
        Signal("car_again", one.at, one.times, one.name) for one in cars if one.times > 1
    ] + [Signal(kind, last_at, 1) for kind, chance in _CHANCES if rng.random() < chance]  # fmt: skip
    seconds = int((last_at - began_at).total_seconds())
    told = Sum(pages, seconds, tuple(cars), tuple(signals), cars[0].name if cars else "", last_at)
    return KnownVisit(
        dealer_id=visitor.dealer_id, site=visitor.site, visitor=visitor, customer_id=lead.customer_id,
        began_at=began_at, last_at=last_at, summed_at=last_at, body=msgspec.to_builtins(told),
    )  # fmt: skip


_CHANCES: tuple[tuple[SignalKind, float], ...] = (("price", 0.25), ("trade_in", 0.2))

_BEACON = """
insert into leadbell_beacon
    (at, dealer_id, site_id, keep_days, visitor, kind, page, path, title, stock, make, model, price, ms)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, null, %s)
"""


def _come_back_now(site: Site, now: datetime) -> None:
    """Two customers Rosa had given up come while the visitor watches, and one of hers is there already."""
    known = Visitor.objects.filter(site=site).values("customer")
    hers = Lead.objects.filter(dealer=site.dealer_id, owner__email=STAR, customer__in=known)
    lost = hers.filter(state="lost").exclude(lost_reason__in=("not_a_customer", "bought_elsewhere"))
    in_hand = Lead.objects.filter(dealer=site.dealer_id, closed_at=None).values("customer")
    returning = lost.exclude(customer__in=in_hand).order_by("-closed_at")[: len(COMING)]
    coming = [(lead, now + after) for lead, after in zip(returning, COMING, strict=False)]
    there = hers.filter(closed_at=None, attempts__gt=0).order_by("-pk").first()
    if there is not None:
        coming.append((there, now - timedelta(minutes=2)))
    for lead, began_at in coming:
        visitor = Visitor.objects.get(site=site, customer=lead.customer_id)
        KnownVisit.objects.create(
            dealer_id=site.dealer_id, site=site, visitor=visitor, customer_id=lead.customer_id,
            began_at=began_at, last_at=began_at + LOOKS_FOR, due_at=began_at,
        )  # fmt: skip
        _look(visitor, lead, began_at)


def _look(visitor: Visitor, lead: Lead, began_at: datetime) -> None:
    """The pages of a visit as the script tells of them; the first is where they had been before."""
    car = lead.wanted or {}
    stock, make, model = (str(car.get(name) or "") for name in ("stock", "make", "model"))
    path = f"/cars/{make}/{model}/{stock or lead.pk}".lower().replace(" ", "-")
    pages = ((-1800 - 86_400 / 2, path, True), (0, path, True), (1, "/finance", False), (2, path, True))
    with connection.cursor() as cursor:
        for place, (seconds, where, is_car) in enumerate(pages):
            shown = (stock, make, model) if is_car else ("", "", "")
            cursor.execute(
                _BEACON,
                [
                    began_at + timedelta(seconds=seconds), visitor.dealer_id, visitor.site_id,
                    visitor.site.keep_days, visitor.uid, "view", f"demo-{place}", where, "", *shown, 0,
                ],
            )  # fmt: skip
