"""Delete recordings in time, and with their customer."""

import uuid
from datetime import datetime

import msgspec
import structlog
from django.db import transaction

from leadbell.announce import announce
from leadbell.dealers.models import Person
from leadbell.lead.models import Customer
from leadbell.ring.models import Recording
from leadbell.ring.recordings.saving import LEASE, is_to_go, locked
from leadbell.ring.recordings.store import StoreAway, the_store
from leadbell.words import say

log = structlog.get_logger("leadbell.recordings")

Status = Recording.Status

DELETED_AT_ONCE = 50
#: After so many refusals in a row the store is left in peace until the next turn.
PATIENCE = 3


def delete_of_customer(customer: Customer, by: Person, now: datetime) -> int:
    """Nobody hears this customer any more, also not in what isn't saved yet; how many recordings there were.

    The sound itself is deleted by the next `delete_due`, which asks the store until it has done so.
    """
    because = msgspec.to_builtins(say("%(name)s had this customer’s data deleted", name=by.name))
    theirs = Recording.objects.filter(
        call__lead__customer=customer, status__in=(Status.WANTED, Status.KEPT, Status.MISSING)
    )
    return theirs.update(delete_at=now, because=because)


def delete_due(now: datetime) -> int:
    """Delete what has been kept long enough, from the store first, then in the row; how many.

    What the store refuses is tried again the next time.
    """
    due = Recording.objects.filter(delete_at__lte=now).order_by("delete_at")[:DELETED_AT_ONCE]
    deleted = refused = 0
    for recording in list(due):
        try:
            if recording.stored_as:
                the_store().delete(recording.stored_as)
        except StoreAway as error:
            log.warning(
                "not deleted", dealer=recording.dealer_id, call=recording.call_id.hex, seen=str(error)
            )
            refused += 1
            if refused == PATIENCE:
                break
            continue
        deleted += _deleted(recording.call_id, now)
    return deleted


@transaction.atomic
def _deleted(call: uuid.UUID, now: datetime) -> bool:
    recording = locked(call)
    if not is_to_go(recording, now):
        return False
    if recording.status == Status.DELETED:
        recording.stored_as, recording.delete_at = "", None
        recording.save(update_fields=["stored_as", "delete_at"])
        return False
    if recording.status == Status.WANTED and recording.stored_as:
        # Somebody may be sending it to the store at this moment: what arrives there is deleted when he is done.
        recording.delete_at = now + 2 * LEASE
    else:
        recording.stored_as, recording.delete_at = "", None
    if recording.because is None:
        recording.because = msgspec.to_builtins(
            say("it had been kept for %(days)s days", days=(now - recording.created_at).days)
        )
    recording.status, recording.deleted_at = Status.DELETED, now
    recording.waveform, recording.gaps, recording.bytes = None, [], None
    recording.save()
    announce(recording.dealer_id, "recording", recording.call.lead_id)
    log.info("recording deleted", dealer=recording.dealer_id, lead=recording.call.lead_id, call=call.hex)
    return True
