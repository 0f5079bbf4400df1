"""Visits, made of what a person's browsers looked at: whose they are, when one ends, what was on each page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leadbell.visits.pages import Car
from leadbell.visits.rules import Looked


@dataclass(frozen=True, slots=True)
class Joined:
    """A join that stands: from `at` on the visitor was this customer."""

    visitor: int
    customer: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """The time in which one device was one customer's: from `since` (None: ever) until `until` (None: now)."""

    visitor: int
    since: datetime | None
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def spans_of(customer: int, joins: Iterable[Joined]) -> list[Span]:
    """When each device was this customer's. History before a device's first join counts; on a shared device the
    newest join counts from its moment on."""
    found: list[Span] = []
    devices: dict[int, list[Joined]] = {}
    for join in sorted(joins, key=lambda one: one.at):
        devices.setdefault(join.visitor, []).append(join)
    for visitor, in_order in devices.items():
        for place, join in enumerate(in_order):
            if join.customer != customer:
                continue
            since = in_order[place].at if place else None
            until = in_order[place + 1].at if place + 1 < len(in_order) else None
            if found and found[-1].visitor == visitor and found[-1].until == since and since is not None:
                found[-1] = Span(visitor, found[-1].since, until)
            else:
                found.append(Span(visitor, since, until))
    return found


#: Who looks at nothing for this long begins a new visit.
PAUSE = timedelta(minutes=30)


class Seen(Looked, frozen=True, gc=False):
    """One beacon as it is read again."""

    visitor: int


@dataclass(frozen=True, slots=True)
class PageSeen:
    """One page of a visit; `ms` is how long it was on screen, None where the browser didn't say."""

    at: datetime
    path: str
    title: str
    car: Car
    ms: int | None
    #: What else was done there: `form_sent`, `tel` …
    did: tuple[str, ...]
    #: The address of the car's picture; empty where there is none.
    picture: str = ""

    @property
    def seconds(self) -> int | None:
        return None if self.ms is None else self.ms // 1000


@dataclass(frozen=True, slots=True)
class Visit:
    """Pages looked at in one go on one device, the first one first."""

    began_at: datetime
    pages: tuple[PageSeen, ...]
    visitor: int

    @property
    def seconds(self) -> int:
        return sum(page.ms or 0 for page in self.pages) // 1000


def visits_in(seen: Iterable[Seen]) -> list[Visit]:
    """The beacons as visits, the newest first. A page that is left twice tells the sum: the largest counts."""
    devices: dict[int, list[Seen]] = {}
    for one in sorted(seen, key=lambda one: one.at):
        devices.setdefault(one.visitor, []).append(one)
    visits: list[Visit] = []
    for visitor, in_order in devices.items():
        goes: list[list[Seen]] = []
        for one in in_order:
            if not goes or one.at - goes[-1][-1].at > PAUSE:
                goes.append([])
            goes[-1].append(one)
        visits += [Visit(go[0].at, _pages(go), visitor) for go in goes]
    return sorted(visits, key=lambda visit: visit.began_at, reverse=True)


def _pages(go: Sequence[Seen]) -> tuple[PageSeen, ...]:
    pages: dict[str, list[Seen]] = {}
    for one in go:
        pages.setdefault(one.page, []).append(one)
    return tuple(
        PageSeen(
            at=of[0].at,
            path=of[0].path,
            title=of[0].title,
            car=next((one.car for one in of if one.car.is_known), of[0].car),
            ms=max((one.ms for one in of if one.kind == "time"), default=None),
            did=tuple(dict.fromkeys(one.kind for one in of if one.kind not in ("view", "time"))),
        )
        for of in pages.values()
    )
