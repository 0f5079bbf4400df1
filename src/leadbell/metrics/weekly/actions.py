"""Writes the weekly reports that are due, each once; who wants them is the person's own choice."""

from datetime import datetime

import structlog
from django.db import transaction

from leadbell.conversation import staffmail
from leadbell.dealers.models import Person
from leadbell.lead.doors import dealers_below
from leadbell.metrics.letters import READERS
from leadbell.metrics.rows.exchange import ms
from leadbell.metrics.rows.live import live
from leadbell.metrics.weekly.letter import Written, letter, person_named
from leadbell.metrics.weekly.report import Weekly, weekly
from leadbell.metrics.weekly.rules import Week, due

log = structlog.get_logger("leadbell.figures")


def want(person: Person, now: datetime, *, on: bool) -> None:
    """From the next Monday on, or no more."""
    if on != (person.weekly_from is not None):
        person.weekly_from = now if on else None
        person.save(update_fields=["weekly_from"])


def turn_off(name: str, now: datetime) -> Person | None:
    """What the link in a letter does; None where it was not signed here."""
    number = person_named(name)
    person = Person.objects.select_related("organisation").filter(pk=number).first() if number else None
    if person is not None:
        want(person, now, on=False)
    return person


def write_due(now: datetime) -> int:
    """Write every letter that is due and not written yet; how many."""
    wanting = Person.objects.filter(weekly_from__isnull=False, is_active=True, role__in=READERS)
    theirs = [
        (person, week)
        for person in wanting.select_related("organisation").order_by("organisation", "pk")
        if (week := due(person.organisation.zone, person.weekly_from or now, now)) is not None
    ]
    kept = staffmail.written_to([person.pk for person, _ in theirs], {week.key for _, week in theirs})
    known: dict[int, tuple[Weekly, int]] = {}
    written = 0
    for person, week in theirs:
        if (person.pk, week.key) in kept:
            continue
        where = person.organisation_id
        if where not in known:
            dealers = dealers_below(where)
            known[where] = _asked(dealers, week, now), len(dealers)
        written += _store(person, week, letter(known[where][0], person, known[where][1]), now)
    return written


def _asked(dealers: tuple[int, ...], week: Week, now: datetime) -> Weekly:
    with transaction.atomic(), live() as engine:
        return weekly(engine, ms(now), week, dealers)


def _store(person: Person, week: Week, said: Written, now: datetime) -> int:
    stored = staffmail.store(
        person, week.key, staffmail.Draft(said.subject, said.text, said.html, said.opt_out_url), now
    )
    if stored:
        log.info(
            "weekly report written", person=person.pk, organisation=person.organisation_id, week=week.key
        )
    return int(stored)
