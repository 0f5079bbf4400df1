"""Writes the weekly reports that are due, each once; who wants them is the person's own choice."""

from datetime import datetime

from django.db import transaction

from leadbell.conversation.staffmail import Draft
from leadbell.dealers.models import Person
from leadbell.lead.doors import dealers_below
from leadbell.metrics.rows.exchange import ms
from leadbell.metrics.rows.live import live
from leadbell.metrics.weekly.letter import LETTERS, letter
from leadbell.metrics.weekly.report import Weekly, weekly
from leadbell.metrics.weekly.rules import Week


def write_due(now: datetime) -> int:
    """Write every letter that is due and not written yet; how many."""
    #: Colleagues of one organisation read the same.
    known: dict[tuple[int, Week], tuple[Weekly, int]] = {}

    def written(person: Person, week: Week) -> Draft:
        about = person.organisation_id, week
        if about not in known:
            dealers = dealers_below(person.organisation_id)
            with transaction.atomic(), live() as engine:
                known[about] = weekly(engine, ms(now), week, dealers), len(dealers)
        said, dealers_read = known[about]
        return letter(said, person, dealers_read)

    return LETTERS.write(written, now)
