"""Writes the monthly pages that are due, each once; who wants them is the person's own choice."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction

from leadbell.conversation import staffmail
from leadbell.dealers.models import Person
from leadbell.lead.doors import dealers_below
from leadbell.metrics.letters import READERS
from leadbell.metrics.monthly.compared import Asked, asked
from leadbell.metrics.monthly.letter import letter, person_named
from leadbell.metrics.monthly.networks import network_of
from leadbell.metrics.monthly.page import Monthly, monthly
from leadbell.metrics.monthly.rules import Month, due
from leadbell.metrics.rows.exchange import ms
from leadbell.metrics.rows.live import live

log = structlog.get_logger("leadbell.figures")

#: What was asked for a network's dealers, a month and a day, for all who read it.
Known = dict[tuple[Sequence[int], Month, date], Asked]


def want(person: Person, now: datetime, *, on: bool) -> None:
    """From the next first of the month on, or no more."""
    if on != (person.monthly_from is not None):
        person.monthly_from = now if on else None
        person.save(update_fields=["monthly_from"])


def turn_off(name: str, now: datetime) -> Person | None:
    """What the link in a letter does; None where it was not signed here."""
    number = person_named(name)
    person = Person.objects.select_related("organisation").filter(pk=number).first() if number else None
    if person is not None:
        want(person, now, on=False)
    return person


def write_due(now: datetime) -> int:
    """Write every letter that is due and not written yet; how many."""
    wanting = Person.objects.filter(monthly_from__isnull=False, is_active=True, role__in=READERS)
    theirs = [
        (person, month)
        for person in wanting.select_related("organisation").order_by("organisation", "pk")
        if (month := due(person.organisation.zone, person.monthly_from or now, now)) is not None
    ]
    kept = staffmail.written_to([person.pk for person, _ in theirs], {month.key for _, month in theirs})
    known: Known = {}
    written = 0
    for person, month in theirs:
        if (person.pk, month.key) not in kept:
            written += _write(person, month, now, known)
    return written


def _write(person: Person, month: Month, now: datetime, known: Known) -> int:
    """Others of the same network aren't asked again within a round."""
    where = person.organisation
    network, today = network_of(where.pk), now.astimezone(ZoneInfo(where.zone)).date()
    with transaction.atomic(), live() as engine:
        key = network.numbers, month, today
        if key not in known:
            known[key] = asked(engine, ms(now), month, today, network)
        dealers = dealers_below(where.pk)
        page: Monthly | None = None
        if len(dealers) == 1:
            page = monthly(engine, ms(now), known[key], dealers[0])
    said = letter(person, known[key], dealers, page)
    stored = staffmail.store(person, month.key, said, now)
    if stored:
        log.info("monthly page written", person=person.pk, organisation=where.pk, month=month.code)
    return int(stored)
