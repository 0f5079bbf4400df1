"""Somebody leaves: their open leads go to a colleague, one by one, with the reason."""

from datetime import datetime

from django.db import transaction

from leadbell.dealers.actions import let_go
from leadbell.dealers.models import Person
from leadbell.lead.journal import locked
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.routing.actions import assign
from leadbell.words import say


def open_leads_of(person: Person) -> int:
    return Lead.objects.filter(owner=person, closed_at__isnull=True).count()


@transaction.atomic
def leave(person: Person, by: Person, to: int, now: datetime) -> int | Refused:
    """Deactivate them and give their open leads to `to`; answers how many. Refused: nothing has changed."""
    gone = let_go(person, by)
    if isinstance(gone, Refused):
        return gone
    numbers = (
        Lead.objects.filter(owner=person, closed_at__isnull=True).order_by("pk").values_list("pk", flat=True)
    )
    because = say("%(name)s doesn't work here any more", name=person.name)
    moved = 0
    for number in list(numbers):
        lead = locked(number)
        if not lead.is_open or lead.owner_id != person.pk:
            continue
        answer = assign(lead, to, by.pk, now, because)
        if isinstance(answer, Refused):
            transaction.set_rollback(True)
            return answer
        moved += 1
    return moved
