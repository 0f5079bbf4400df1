"""The DMS of the visitor's dealer: days of what it took, one event it took at the third try, and a closed address.

Claimed, composed and settled as the messenger does it, with invented answers: nothing is sent. Its address ends in
`.example`, which is nobody's.
"""

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction

from leadbell.dealers.models import Person
from leadbell.demo.cast import STAR
from leadbell.dms.actions import Place, add_receiver
from leadbell.dms.models import DmsDelivery, DmsReceiver
from leadbell.dms.rules import Outcome, heard
from leadbell.dms.sending import claim, settle
from leadbell.lead.models import Fact
from leadbell.refused import Refused

NAME, ADDRESS = "DealerDesk DMS", "https://dms.northside.example/leadbell"
TOLD = ("appointment.booked", "appointment.shown", "lead.sold")
#: So long ago it was set up; and so many of the newest events found its address closed, or wait behind it.
SINCE, WAITING = timedelta(days=3), 3
TAKEN = (202, '{"status": "accepted"}')
AWAY = (503, "Service Unavailable: maintenance until 03:00")
CLOSED = (410, '{"error": "this address was closed: make a new one under Settings, Webhooks"}')
TOOK_MS = 140


@transaction.atomic
def connect_system(now: datetime) -> int:
    """Let it know what happened in the last days; how many events stand in its log."""
    rosa = Person.objects.filter(email=STAR).select_related("organisation").first()
    if rosa is None or DmsReceiver.objects.filter(dealer=rosa.organisation).exists():
        return 0
    made = add_receiver(rosa.organisation, NAME, "webhook", Place(ADDRESS), TOLD, now - SINCE)
    if isinstance(made, Refused):
        raise RuntimeError(f"the demo's DMS was refused: {made.because.text}")
    numbers = _waiting(made.receiver, now)
    taken = numbers[:-WAITING]
    moment = now - SINCE
    for number in taken:
        answers = (AWAY, AWAY, TAKEN) if number == taken[len(taken) // 2] else (TAKEN,)
        for answer in answers:
            moment = _tell(number, heard(*answer), moment)
    if len(numbers) > len(taken):
        _tell(numbers[len(taken)], heard(*CLOSED), moment)
    return len(numbers)


def _waiting(receiver: DmsReceiver, now: datetime) -> list[int]:
    """What happened since it was set up, in its order."""
    happened = Fact.objects.filter(
        lead__dealer=receiver.dealer, kind__in=receiver.kinds, at__gt=now - SINCE, at__lte=now
    )
    waiting = [
        DmsDelivery(
            dealer=receiver.dealer, receiver=receiver, lead_id=one.lead_id, fact=one.pk,
            event=receiver.kinds[one.kind], number=uuid4(), at=one.at, next_at=one.at,
        )
        for one in happened.order_by("at", "pk")
    ]  # fmt: skip
    return [one.pk for one in DmsDelivery.objects.bulk_create(waiting)]


def _tell(number: int, outcome: Outcome, earliest: datetime) -> datetime:
    """Made ready and settled as soon as its turn comes; when that was."""
    waits = DmsDelivery.objects.select_related("receiver").get(pk=number)
    moment = max(filter(None, (earliest, waits.at, waits.next_at, waits.receiver.rest_until)))
    (one,) = claim(moment, 1, failing=waits.receiver.failures > 0)
    moment += timedelta(milliseconds=TOOK_MS)
    settle(one.number, outcome, TOOK_MS, moment)
    return moment
