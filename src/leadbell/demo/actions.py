"""Furnish an empty database with the demo, or let time pass in one that was furnished before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from leadbell.appointment.models import Appointment
from leadbell.dealers.models import Organisation
from leadbell.demo import stage
from leadbell.demo.cast import DAYS, STALE_AFTER, STAR
from leadbell.demo.course import Told
from leadbell.demo.house import House
from leadbell.demo.letters import write_letters
from leadbell.demo.life import Life
from leadbell.demo.listening import forget
from leadbell.demo.past import CustomerRow, LeadRow, Numbers, Past, Telling
from leadbell.demo.shoppers import as_they_were
from leadbell.demo.website import look_around
from leadbell.demo.writing import go_on, write
from leadbell.intake.inquiry import Customer as Asking
from leadbell.intake.inquiry import Inquiry
from leadbell.lead.facts import decode_fact
from leadbell.lead.models import Customer, Handle, Lead
from leadbell.trouble import Trouble

SEED = "leadbell"
#: Told while the past is invented: the moment that is told about now.
Progress = Callable[[datetime], None]


@dataclass(frozen=True, slots=True)
class Furnished:
    """How much was written."""

    leads: int
    facts: int
    envelopes: int


def _ignore(_at: datetime) -> None:
    pass


@transaction.atomic
def furnish(now: datetime, *, days: int = DAYS, seed: str = SEED, progress: Progress = _ignore) -> Furnished:
    """Set the dealer group up with `days` days of history that ends at `now`. Raises Trouble where others live."""
    if not stage.is_empty():
        raise Trouble("There is a dealer in this folder already: choose another with --data.")
    begins_at = now - timedelta(days=days)
    stage.set_up(begins_at, now)
    today = Organisation.objects.get(people__email=STAR).opening_hours
    since = today.day_begins(today.local_day(now) - timedelta(days=1))
    houses, sources = stage.houses(since)
    past = Telling(houses, sources, now, seed, Numbers(), progress=progress).tell(begins_at)
    write(past, now)
    look_around(now, seed)
    for house in houses:
        write_letters(house.number, now)
    _analyse()
    return _furnished(past)


@transaction.atomic
def clear() -> None:
    """Empty the demo's database, numbering included. Raises Trouble where somebody else's data lies."""
    if not stage.is_empty() and not stage.is_set_up():
        raise Trouble("This folder holds no demo: it is not emptied. Choose another with --data.")
    forget()
    with connection.cursor() as cursor:
        cursor.execute(
            "truncate leadbell_organisation, leadbell_person, leadbell_fact, leadbell_lead, leadbell_customer,"
            " leadbell_envelope, leadbell_beacon, django_session restart identity cascade"
        )


@transaction.atomic
def move_on(
    since: datetime, now: datetime, *, seed: str = SEED, progress: Progress = _ignore
) -> Furnished | None:
    """Tell what happened from `since` until `now`, if that is long enough ago: open leads go on, new ones come.

    What the visitor's own part has on the desk stays as it was left.
    """
    if now - since < STALE_AFTER:
        return None
    houses, sources = stage.houses(since)
    _renew_holidays(houses, now)
    numbers = Numbers(*(count((model.objects.aggregate(n=Max("pk"))["n"] or 0) + 1) for model in _NUMBERED))
    telling = Telling(houses, sources, now, seed, numbers, progress=progress)
    _remember_customers(telling)
    older = [(lead, new) for house in houses for lead, new in _go_on(house, telling, since, now)]
    past = telling.tell(since)
    write(past, now)
    go_on(older, now)
    _analyse()
    told = _furnished(past)
    return Furnished(told.leads, told.facts + sum(len(new) for _, new in older), told.envelopes)


_NUMBERED = (Lead, Customer, Appointment)


def _furnished(past: Past) -> Furnished:
    return Furnished(len(past.leads), sum(len(lead.told) for lead in past.leads), len(past.envelopes))


def _analyse() -> None:
    """So that the first screens know what lies in the tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            "analyze leadbell_lead, leadbell_fact, leadbell_customer, leadbell_handle, leadbell_envelope,"
            " leadbell_inquiry"
        )


def _renew_holidays(houses: list[House], now: datetime) -> None:
    for house in houses:
        if house.company.round_the_clock:
            dealer = Organisation.objects.get(pk=house.number)
            dealer.hours = dealer.hours | {"open_days": stage.open_on_holidays(house.company, now)}
            dealer.save(update_fields=["hours"])


def _remember_customers(telling: Telling) -> None:
    """Everybody who asked before may ask again, if nobody works on a lead of theirs."""
    companies = {house.number: house.company for house in telling.houses}
    handles: dict[int, list[tuple[str, str]]] = {}
    for customer, kind, value in Handle.objects.values_list("customer", "kind", "value"):
        handles.setdefault(customer, []).append((kind, value))
    open_of = set(Lead.objects.filter(closed_at=None).values_list("customer", flat=True))
    last = dict(Lead.objects.order_by("pk").values_list("customer", "owner"))
    for who in Customer.objects.filter(dealer__in=companies).order_by("pk"):
        company = companies[who.dealer_id]
        rng = Random(f"{telling.seed}/customer/{who.pk}")
        phone = who.phones[0]["raw"] if who.phones else None
        wish = as_they_were(rng, who.full_name, who.email, phone, company, telling.until.year)
        row = CustomerRow(
            who.pk, who.dealer_id, _NOBODY, who.language, who.created_at, handles.get(who.pk, []), wish,
            who.opted_out_at, last.get(who.pk), None if who.pk in open_of else who.created_at,
        )  # fmt: skip
        telling.customers.append(row)
        telling.known |= {(who.dealer_id, handle): row for handle in row.handles}


#: Stands where a customer's first inquiry isn't needed any more: it is in the books.
_NOBODY = Inquiry("demo", customer=Asking())


def _go_on(
    house: House, telling: Telling, since: datetime, now: datetime
) -> list[tuple[LeadRow, list[Told]]]:
    """The open leads of a dealer with what happened to them since; the visitor's own are left alone."""
    known = {worker.number for worker in (*house.workers, *house.bdc)}
    visitors = {worker.number for worker in house.workers if worker.player.email == STAR}
    customers = {row.number: row for row in telling.customers}
    lines = {(line.name, str(line.origin)): line for line in house.company.lines}
    leads = Lead.objects.filter(dealer=house.number, closed_at=None).order_by("pk")
    stories = _stories(house.number)
    found = []
    for lead in leads:
        told = stories[lead.pk]
        line = lines.get((lead.source, lead.origin))
        theirs = lead.owner_id in visitors and told[-1].fact.at > since - STALE_AFTER
        if line is None or theirs or not (lead.owner_id is None or lead.owner_id in known):
            continue
        rng = Random(f"{telling.seed}/{since.isoformat()}/{lead.pk}")
        life = Life(house, rng, now, telling.numbers.appointments, told)
        life.at = max(life.at, since)
        before = len(told)
        life.run()
        customer = customers[lead.customer_id]
        row = LeadRow(lead.pk, house, customer, line, _NOBODY, lead.received_at, life.told, life.standing)
        house.note(one.fact for one in life.told)
        found.append((row, life.told[before:]))
    return found


def _stories(dealer: int) -> dict[int, list[Told]]:
    stories: dict[int, list[Told]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select f.lead_id, f.body::text, f.key from leadbell_fact f join leadbell_lead l on l.id = f.lead_id"
            " where l.dealer_id = %s and l.closed_at is null order by f.id",
            [dealer],
        )
        row: Any
        for row in cursor:
            stories.setdefault(row[0], []).append(Told(decode_fact(row[1]), row[2]))
    return stories
