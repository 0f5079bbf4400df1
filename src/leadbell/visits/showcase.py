"""The cars that websites show, as screens show them: their pictures, and those that somebody looks at now."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from leadbell.visits.models import Site, SiteCar
from leadbell.visits.pages import Car
from leadbell.visits.pictures import may_show

MOST_SHOWN = 8


def pictures_of(dealers: Collection[int], keys: Collection[str]) -> dict[tuple[int, str], str]:
    """(dealer, `Car.key`): the address of its picture, of websites in use and hosts they allow now."""
    if not keys:
        return {}
    cars = SiteCar.objects.filter(dealer__in=dealers, key__in=keys, site__removed_at=None)
    newest_last = cars.exclude(picture="").select_related("site").order_by("seen_at")
    return {
        (car.dealer_id, car.key): car.picture
        for car in newest_last
        if may_show(car.picture, _hosts(car.site))
    }


def picture_hosts(dealers: Collection[int]) -> list[str]:
    """Where pictures may come from, `https://www.northside.example`: what a page has to allow."""
    sites = Site.objects.filter(dealer__in=dealers, removed_at=None)
    return sorted({host for site in sites for host in _hosts(site)})


def looked_at(sites: Iterable[Site], since: timedelta, now: datetime) -> dict[int, list[tuple[str, str]]]:
    """By website: (name of a car, its picture or empty), who looked last first, of those who agreed to be seen."""
    by_site: dict[int, list[tuple[str, str]]] = {}
    for site in sites:
        cars = SiteCar.objects.filter(
            site=site, dealer=site.dealer_id, seen_at__gt=now - since, seen_at__lte=now
        )
        by_site[site.pk] = [
            (
                Car(car.stock, car.make, car.model).name,
                car.picture if may_show(car.picture, _hosts(site)) else "",
            )
            for car in cars.order_by("-seen_at")[:MOST_SHOWN]
        ]
    return by_site


def _hosts(site: Site) -> list[str]:
    return [*site.origins, *site.picture_hosts]
