"""The demo's organisations, people and sources in the database, and back from there as houses."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.models import Organisation, Person
from leadbell.dealers.shifts import Shift
from leadbell.demo.cast import AURORA, LEARNED_AFTER, MERIDIAN, ROUND_THE_CLOCK, Company, Player
from leadbell.demo.house import House, Worker
from leadbell.demo.neighbours import NETWORK, TREE
from leadbell.demo.past import Sources
from leadbell.intake.keys import new_key
from leadbell.intake.models import Source

#: Nobody signs in with a password: the start page opens the door.
NO_PASSWORD = "!demo"  # noqa: S105 (Django's mark for: no password fits)
#: Round the clock means on public holidays as well, so far ahead.
HOLIDAYS_AHEAD = timedelta(days=800)


def set_up(begins_at: datetime, now: datetime) -> None:
    """Make importer, groups and dealers with their people and keys, as if they had come on `begins_at`."""
    there: dict[str, Organisation] = {}
    for company, above in TREE:
        made = there[company.name] = Organisation.objects.create(
            parent=there[above.name] if above else None, kind=company.kind, name=company.name,
            country=company.country, zone=company.zone, language=company.language, brands=list(company.brands),
            hours=_hours(company, now), created_at=begins_at,
        )  # fmt: skip
        Person.objects.bulk_create(_person(player, made, company, begins_at) for player in company.people)
        Source.objects.bulk_create(
            Source(dealer=made, name=line.name, origin=line.origin, key=new_key(), created_at=begins_at)
            for line in company.lines
        )


def _hours(company: Company, now: datetime) -> dict[str, Any]:
    if not company.round_the_clock:
        return {"week": company.week} if company.kind == "dealer" else {}
    usual = usual_hours(company)
    return {
        "week": ROUND_THE_CLOCK,
        "open_days": open_on_holidays(company, now),
        "before": {usual.local_day(now).isoformat(): usual.as_json()["week"]},
    }


def open_on_holidays(company: Company, now: datetime) -> dict[str, list[list[str]]]:
    """Every public holiday that is near, as an extra open day of 24 hours."""
    hours = usual_hours(company)
    first = hours.local_day(now)
    days: Iterator[date] = (first + timedelta(days=ahead) for ahead in range(HOLIDAYS_AHEAD.days))
    return {day.isoformat(): [["00:00", "24:00"]] for day in days if hours.public_holiday(day)}


def _person(player: Player, organisation: Organisation, company: Company, begins_at: datetime) -> Person:
    shift = {"week": player.worked} if player.worked and not company.round_the_clock else {}
    return Person(
        email=player.email, name=player.name, role=player.role, organisation=organisation, phone=player.phone,
        language=player.language, speaks=list(player.speaks), brands=list(player.brands),
        conditions=list(player.conditions), shift=shift, password=NO_PASSWORD, created_at=begins_at,
    )  # fmt: skip


def is_set_up() -> bool:
    return Organisation.objects.filter(name=AURORA.name, kind=AURORA.kind).exists()


def is_empty() -> bool:
    return not Organisation.objects.exists()


def houses(since: datetime) -> tuple[list[House], Sources]:
    """The dealers as the past is told about them; their present hours hold from `since` on."""
    numbers = dict(Person.objects.values_list("email", "pk"))
    found = []
    above = {company.name: group for company, group in TREE}
    for company in NETWORK:
        dealer = Organisation.objects.get(name=company.name, kind=company.kind)
        before, now = usual_hours(company), dealer.opening_hours
        workers = tuple(
            _worker(player, numbers[player.email], company, before, now, since)
            for player in company.people if player.email in numbers
        )  # fmt: skip
        house = House(dealer.pk, company, before, now, since, workers)
        for worker in workers:
            worker.learned_at = dealer.created_at + LEARNED_AFTER
        if above[company.name] is MERIDIAN and company.country == MERIDIAN.country:
            house.bdc = tuple(
                _worker(player, numbers[player.email], MERIDIAN, before, now, since)
                for player in MERIDIAN.people if player.role == "bdc" and player.email in numbers
            )  # fmt: skip
        found.append(house)
    rows = Source.objects.values_list("dealer", "name", "origin", "pk")
    return found, {(dealer, name, origin): source for dealer, name, origin, source in rows}


def usual_hours(company: Company) -> OpeningHours:
    """When the dealer was open before the demo began."""
    return OpeningHours.from_json(
        {"zone": company.zone, "country": company.country, "language": company.language, "week": company.week}
    )


def _worker(
    player: Player, number: int, company: Company, before: OpeningHours, now: OpeningHours, since: datetime
) -> Worker:
    then = Shift.from_json({"week": player.worked} if player.worked else {}, before)
    return Worker(number, player, then, Shift(now) if company.round_the_clock else then, since)
