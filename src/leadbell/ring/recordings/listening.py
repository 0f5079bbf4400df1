"""Who listened to a recording or read what was said in it, and when."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from leadbell.dealers.models import Person
from leadbell.ring.models import Playback, Recording

#: A browser may ask for the first bytes twice before it plays: that is one listening.
SAME_LISTENING = timedelta(seconds=5)
#: Who goes on in the middle of a recording has begun at most so long before, besides its length.
PAUSED = timedelta(minutes=30)


def listen(recording: Recording, person: Person, from_the_start: bool, now: datetime) -> Playback | None:
    """Write down that somebody listens, once per listening; None where that is written already.

    Whoever begins in the middle without having listened to the start is written down as well.
    """
    within = SAME_LISTENING
    if not from_the_start:
        within = PAUSED + timedelta(milliseconds=recording.length_ms or 0)
    if Playback.objects.filter(recording=recording, person=person, read=False, at__gt=now - within).exists():
        return None
    return Playback.objects.create(recording=recording, dealer_id=recording.dealer_id, person=person, at=now)


def read(calls: Collection[UUID], person: Person, now: datetime) -> int:
    """Write down that somebody reads what was said in these calls, once per half hour; of how many it is new."""
    recordings = Recording.objects.filter(call__in=list(calls))
    lately = Playback.objects.filter(recording__in=recordings, person=person, read=True, at__gt=now - PAUSED)
    known = set(lately.values_list("recording_id", flat=True))
    fresh = [
        Playback(recording=one, dealer_id=one.dealer_id, person=person, at=now, read=True)
        for one in recordings if one.pk not in known
    ]  # fmt: skip
    return len(Playback.objects.bulk_create(fresh))
