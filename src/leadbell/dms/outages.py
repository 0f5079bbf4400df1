"""Which systems are out, and whose managers know it: once per outage, and once when it is over."""

from datetime import datetime, timedelta

from django.db.models import F, Q

from leadbell.dms.models import DmsDelivery, DmsReceiver
from leadbell.dms.shelves import out_of_order

#: Failing for so long is worth a letter; the Floor shows it sooner.
WORTH_A_LETTER = timedelta(hours=1)
#: More follow at the next look.
MOST = 50


def not_told_of(now: datetime) -> list[DmsReceiver]:
    """Systems that are out and nobody was told, or that were told of and have taken something since."""
    return list(DmsReceiver.objects.filter(_to_tell(now)).order_by("pk")[:MOST])


def _to_tell(now: datetime) -> Q:
    begins = Q(out_of_order(now, WORTH_A_LETTER), outage_told_at=None, mails=True)
    return begins | Q(outage_told_at__isnull=False, last_taken_at__gt=F("outage_told_at"))


def note_told(number: int, now: datetime) -> DmsReceiver | None:
    """From now on its managers know; None where there is nothing to tell (any more)."""
    found = DmsReceiver.objects.select_for_update(of=("self",), no_key=True).select_related("dealer")
    receiver = found.filter(_to_tell(now), pk=number).first()
    if receiver is None:
        return None
    receiver.outage_told_at = now if receiver.outage_told_at is None else None
    receiver.save(update_fields=["outage_told_at"])
    return receiver if receiver.mails else None


def waiting_for(receiver: DmsReceiver) -> int:
    """How many events wait for it."""
    return DmsDelivery.objects.filter(receiver=receiver, status=DmsDelivery.Status.WAITING).count()
