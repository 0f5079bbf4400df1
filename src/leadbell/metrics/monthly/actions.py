"""Writes the monthly pages that are due, each once; who wants them is the person's own choice."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from leadbell.conversation.staffmail import Draft
from leadbell.dealers.models import Person
from leadbell.lead.doors import dealers_below
from leadbell.metrics.monthly.compared import Asked, asked
from leadbell.metrics.monthly.letter import LETTERS, letter
from leadbell.metrics.monthly.networks import network_of
from leadbell.metrics.monthly.page import monthly
from leadbell.metrics.monthly.rules import Month
from leadbell.metrics.rows.exchange import ms
from leadbell.metrics.rows.live import live


def write_due(now: datetime) -> int:
    """Write every letter that is due and not written yet; how many."""
    #: What was asked for a network's dealers, a month and a day, for all who read it.
    known: dict[tuple[Sequence[int], Month, date], Asked] = {}

    def written(person: Person, month: Month) -> Draft:
        where = person.organisation
        network, today = network_of(where.pk), now.astimezone(ZoneInfo(where.zone)).date()
        about, dealers = (network.numbers, month, today), dealers_below(where.pk)
        with transaction.atomic(), live() as engine:
            if about not in known:
                known[about] = asked(engine, ms(now), month, today, network)
            page = monthly(engine, ms(now), known[about], dealers[0]) if len(dealers) == 1 else None
        return letter(person, known[about], dealers, page)

    return LETTERS.write(written, now)
