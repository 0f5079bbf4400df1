"""Who listened to a recording, and when."""

from datetime import datetime, timedelta

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
    if Playback.objects.filter(recording=recording, person=person, at__gt=now - within).exists():
        return None
    return Playback.objects.create(recording=recording, dealer_id=recording.dealer_id, person=person, at=now)
