"""Which cars the websites show, as their pages say: written when something is new, and a minute apart at the least."""

from collections.abc import Iterable
from datetime import datetime

import psycopg

from leadbell.visits.pages import Car
from leadbell.visits.rules import Look

#: What is known of a car is written so often, at once where it changed; so many cars with one commit.
CAR_EVERY_S, MOST_CARS = 60.0, 200
MOST_REMEMBERED = 100_000

_CARS = """
select leadbell_cars_seen(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[],
    %s::text[], %s::timestamptz[])
"""
#: (site, key of the car): who looked at it last.
News = dict[tuple[int, str], Look]


class Showroom:
    """What was last written of each car. `now` is monotonic seconds."""

    def __init__(self) -> None:
        self._written: dict[tuple[int, str], tuple[Car, str, float]] = {}

    def news(self, looks: Iterable[Look], now: float) -> News:
        """The cars whose pages were opened, where there is something new to say of them."""
        found: News = {}
        for look in looks:
            if look.kind != "view" or not look.car.is_known:
                continue
            name = (look.site.id, look.car.key)
            if not self._is_known(name, look, now) and (name in found or len(found) < MOST_CARS):
                found[name] = look
        return found

    async def write(self, cursor: psycopg.AsyncCursor, news: News) -> None:
        """Raises psycopg.Error."""
        rows = [_row(key, look) for (_site, key), look in news.items()]
        if rows:
            await cursor.execute(_CARS, [list(column) for column in zip(*rows, strict=True)])

    def wrote(self, news: News, now: float) -> None:
        if len(self._written) > MOST_REMEMBERED:
            self._written = {}
        self._written |= {name: (look.car, look.picture, now) for name, look in news.items()}

    def _is_known(self, name: tuple[int, str], look: Look, now: float) -> bool:
        car, picture, at = self._written.get(name, (None, "", 0.0))
        return car == look.car and look.picture in ("", picture) and at > now - CAR_EVERY_S


def _row(key: str, look: Look) -> tuple[int, int, str, str, str, str, int | None, str, datetime]:
    site, car = look.site, look.car
    return site.dealer, site.id, key, car.stock, car.make, car.model, car.price, look.picture, look.at
