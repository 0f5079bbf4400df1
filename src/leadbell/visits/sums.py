"""A visit in a few words: which cars, how often, prices, trading in; bounded, however many pages were looked at."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

import msgspec

from leadbell.visits.pages import Car
from leadbell.visits.visit import Seen, Visit, visits_in
from leadbell.words import Words, say

MOST_CARS, MOST_SIGNALS, LONGEST_PAGE = 6, 6, 120

SignalKind = Literal["car_again", "price", "trade_in"]


class CarSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """A car of this visit; `times` counts all the times they came to its page, in earlier visits too."""

    car: Car
    times: int
    at: datetime
    seconds: int = 0

    @property
    def name(self) -> str:
        return self.car.name


class Signal(msgspec.Struct, frozen=True, omit_defaults=True):
    """More than looking around: the newest time in this visit, and how often in all."""

    kind: SignalKind
    at: datetime
    times: int
    car: str = ""

    @property
    def says(self) -> Words:
        if self.kind == "car_again":
            return say("looked at the %(car)s again, time %(times)s", car=self.car, times=self.times)
        if self.kind == "price":
            return say("looked at prices")
        return say("looked at trading in a car")


class Sum(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a visit beside its beacons; `page` is the one looked at last."""

    pages: int = 0
    seconds: int = 0
    cars: tuple[CarSeen, ...] = ()
    signals: tuple[Signal, ...] = ()
    page: str = ""
    #: When that page was opened.
    viewed_at: datetime | None = None

    @property
    def says(self) -> tuple[Words, ...]:
        """What is worth saying of it, the strongest first."""
        again = {signal.car for signal in self.signals}
        looked = tuple(
            say("looked at the %(car)s", car=seen.name) for seen in self.cars if seen.name not in again
        )
        return (*(signal.says for signal in self.signals), *looked)

    @property
    def again(self) -> int:
        return sum(signal.kind == "car_again" for signal in self.signals)


@lru_cache(maxsize=2000)
def page_pattern(written: str) -> re.Pattern[str] | None:
    """`/finance/*`: that part of a website, `*` for anything within a part of the address; None where it is none."""
    written = written.strip().rstrip("/")
    if not written.startswith("/") or len(written) > 200 or re.search(r"[?#\s{}]", written):
        return None
    made = re.escape(written).replace(r"\*", "[^/]*")
    return re.compile(f"^{made}(?:/|$|\\.html?$)", re.IGNORECASE)


def is_page(path: str, patterns: Sequence[str]) -> bool:
    return any((made := page_pattern(one)) is not None and made.search(path) for one in patterns)


def sum_up(
    seen: Sequence[Seen], began_at: datetime, price_pages: Sequence[str], trade_in_pages: Sequence[str]
) -> Sum:
    """Of everything one browser did, the visit that began then; what came before says what is "again"."""
    whole = visits_in(seen)
    this = next((visit for visit in whole if visit.began_at >= began_at), None) or next(
        (visit for visit in whole if visit.pages and visit.pages[-1].at >= began_at), None
    )
    if this is None:
        return Sum()
    came = _came_to(whole)
    cars: dict[str, CarSeen] = {}
    signals: dict[tuple[SignalKind, str], Signal] = {}
    for page in this.pages:
        if page.car.is_known:
            key = page.car.key
            before = cars.get(key)
            seconds = (before.seconds if before else 0) + (page.seconds or 0)
            cars[key] = CarSeen(page.car, came.get(key, 1), page.at, seconds)
            if came.get(key, 1) > 1:
                signals["car_again", key] = Signal("car_again", page.at, came[key], page.car.name)
        for kind in _kinds(page.path, price_pages, trade_in_pages):
            before_it = signals.get((kind, ""))
            signals[kind, ""] = Signal(kind, page.at, before_it.times + 1 if before_it else 1)
    last = this.pages[-1]
    return Sum(
        pages=len(this.pages),
        seconds=this.seconds,
        cars=tuple(sorted(cars.values(), key=lambda one: one.at, reverse=True)[:MOST_CARS]),
        signals=tuple(sorted(signals.values(), key=lambda one: one.at, reverse=True)[:MOST_SIGNALS]),
        page=(last.car.name or last.title or last.path)[:LONGEST_PAGE],
        viewed_at=last.at,
    )


def _kinds(path: str, price_pages: Sequence[str], trade_in_pages: Sequence[str]) -> list[SignalKind]:
    found: list[SignalKind] = ["price"] if is_page(path, price_pages) else []
    return [*found, "trade_in"] if is_page(path, trade_in_pages) else found


def _came_to(visits: Sequence[Visit]) -> dict[str, int]:
    """How often each car's page was come to: staying on it, or loading it again, counts once."""
    came: dict[str, int] = {}
    for visit in visits:
        before = None
        for page in visit.pages:
            key = page.car.key if page.car.is_known else None
            if key is not None and key != before:
                came[key] = came.get(key, 0) + 1
            before = key
    return came
