"""The demo's importer has dealers enough to compare, and they don't all work alike."""

from datetime import timedelta

from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.shifts import Shift
from leadbell.demo.cast import NORTHSIDE
from leadbell.demo.house import Worker
from leadbell.demo.neighbours import KUSTLIJN, NEIGHBOURS, NETWORK, TREE
from leadbell.metrics.monthly.peers import FEWEST_DEALERS, Member, Network, comparable
from tests.demo.conftest import NOW

HAARLEM, ZUIDERPOORT = (
    next(one for one in NEIGHBOURS if one.name == name) for name in ("Kustlijn Haarlem", "Zuiderpoort Breda")
)
ABOVE = {company.name: above for company, above in TREE}
NUMBERS = {company.name: number for number, company in enumerate(NETWORK, 1)}
#: A month as the cast has it, before chance.
A_MONTH = {NUMBERS[company.name]: round(30 * company.leads_a_day) for company in NETWORK}


def _member(name: str) -> Member:
    company, above = next((one, up) for one, up in TREE if one.name == name)
    house = 100 + list(ABOVE).index(above.name) if above and above.kind == "group" else NUMBERS[name]
    return Member(NUMBERS[name], name, house, frozenset(company.brands))


def test_everybody_stands_below_the_importer() -> None:
    assert [company.name for company, above in TREE if above is None] == ["Aurora Import"]
    assert {company.name for company, _ in TREE if company.kind == "dealer"} == set(NUMBERS)
    assert ABOVE[HAARLEM.name] is KUSTLIJN
    assert len({player.email for company, _ in TREE for player in company.people}) == sum(
        len(company.people) for company, _ in TREE
    )


def test_northside_has_comparable_dealers_of_other_houses() -> None:
    network = Network("Aurora Import", tuple(_member(company.name) for company in NETWORK))
    found = comparable(network, NUMBERS[NORTHSIDE.name], A_MONTH)
    assert len(found) >= FEWEST_DEALERS
    assert {one.name for one in found} <= {company.name for company in NEIGHBOURS}


def test_who_learned_something_works_otherwise_since_then() -> None:
    hours = OpeningHours.from_json(
        {"zone": ZUIDERPOORT.zone, "country": ZUIDERPOORT.country, "week": ZUIDERPOORT.week}
    )
    shift, month = Shift(hours), timedelta(days=30)
    worker = Worker(1, ZUIDERPOORT.people[1], shift, shift, NOW, learned_at=NOW - month)
    assert worker.habits_at(NOW - month - timedelta(seconds=1)) is ZUIDERPOORT.people[1].habits
    assert worker.habits_at(NOW - month) is ZUIDERPOORT.people[1].learned
    assert (
        Worker(1, HAARLEM.people[1], shift, shift, NOW, learned_at=NOW).habits_at(NOW)
        is HAARLEM.people[1].habits
    )
