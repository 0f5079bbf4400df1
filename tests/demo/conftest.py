"""The demo's dealers as they are told about, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.shifts import Shift
from leadbell.demo.cast import DEALERS, MERIDIAN, ROUND_THE_CLOCK, Company, Week
from leadbell.demo.house import House, Worker
from leadbell.demo.past import Numbers, Past, Sources, Telling

#: A Thursday afternoon in Amsterdam.
NOW = datetime(2026, 11, 19, 13, 7, tzinfo=UTC)
DAYS = timedelta(days=50)


def _house(number: int, company: Company, since: datetime) -> House:
    about = {"zone": company.zone, "country": company.country}
    before = OpeningHours.from_json({**about, "week": company.week})
    now = OpeningHours.from_json({**about, "week": ROUND_THE_CLOCK}) if company.round_the_clock else before
    workers = tuple(
        Worker(100 * number + place, player, _shift(player.worked, before), _shift(player.worked, now), since)
        for place, player in enumerate(company.people)
    )
    return House(number, company, before, now, since, workers)


def _shift(week: Week | None, hours: OpeningHours) -> Shift:
    return Shift.from_json({"week": week} if week else {}, hours)


def the_houses() -> tuple[list[House], Sources]:
    since = NOW - timedelta(days=1)
    houses = [_house(number, company, since) for number, company in enumerate(DEALERS, 1)]
    evening = _shift(MERIDIAN.people[0].worked, houses[1].hours)
    houses[1].bdc = (Worker(900, MERIDIAN.people[0], evening, evening, since),)
    lines = [(house.number, line.name, line.origin) for house in houses for line in house.company.lines]
    return houses, {line: place for place, line in enumerate(lines, 1)}


def tell(seed: str = "a test", until: datetime = NOW, days: timedelta = DAYS) -> tuple[Past, list[House]]:
    houses, sources = the_houses()
    return Telling(houses, sources, until, seed, Numbers()).tell(until - days), houses


@pytest.fixture(scope="session")
def told() -> tuple[Past, list[House]]:
    return tell()


@pytest.fixture
def past(told: tuple[Past, list[House]]) -> Past:
    return told[0]


@pytest.fixture
def houses(told: tuple[Past, list[House]]) -> list[House]:
    return told[1]
