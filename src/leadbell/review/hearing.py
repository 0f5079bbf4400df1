"""What a machine heard: kept once per call, and set aside by whoever knows better."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from leadbell.dealers.models import Person
from leadbell.lead.talk import Talk
from leadbell.refused import Refused
from leadbell.review.models import HeardByMachine
from leadbell.review.turns import Sums
from leadbell.words import say


def all_heard() -> QuerySet[HeardByMachine]:
    """The calls that a machine has listened to."""
    return HeardByMachine.objects.all()


@transaction.atomic
def keep_heard(talk: Talk, engine: str, heard: Sums | None, now: datetime) -> HeardByMachine:
    """Once per call; a second time changes nothing. None: its sound couldn't be heard."""
    return HeardByMachine.objects.get_or_create(
        call=talk.number,
        defaults={
            "dealer_id": talk.dealer, "lead_id": talk.lead, "engine": engine[:80], "at": now,
            "sums": None if heard is None else asdict(heard),
        },
    )[0]  # fmt: skip


def machine_of(call: UUID) -> tuple[HeardByMachine, Sums] | None:
    """What was heard of this call, unless somebody set it aside."""
    row = HeardByMachine.objects.filter(call=call, set_aside_at=None, sums__isnull=False).first()
    return None if row is None or row.sums is None else (row, Sums(**row.sums))


@transaction.atomic
def set_aside(talk: Talk, by: Person, now: datetime) -> HeardByMachine | Refused:
    """It is wrong: nobody is shown it any more. What was heard stays, with who set it aside."""
    row = HeardByMachine.objects.select_for_update().filter(call=talk.number, set_aside_at=None).first()
    if row is None:
        return Refused(say("There is nothing to set aside."))
    row.set_aside_at, row.set_aside_by = now, by
    row.save(update_fields=["set_aside_at", "set_aside_by"])
    return row
