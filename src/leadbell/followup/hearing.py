"""Lets a machine hear recorded conversations, one at a time, when nothing else is to be done with sound."""

import io
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from leadbell.review.hearing import keep_heard, not_heard_yet
from leadbell.review.ports import Ears
from leadbell.review.turns import Sums, sums
from leadbell.ring.heard import kept_lately, sound_of
from leadbell.ring.recordings.store import NotThere, StoreAway

log = structlog.get_logger("leadbell.hearing")

#: Older conversations are left alone; so many are looked through at once.
SINCE, AT_ONCE = timedelta(days=14), 200
#: A longer one would keep new recordings waiting: hearing takes a ninth of the talk.
LONGEST_MS = 900_000


def hear_one(ears: Ears, now: datetime) -> UUID | None:
    """The newest conversation that no machine has heard; its number, None where there is none or the store is away."""
    lately = {
        UUID(one.call): one for one in kept_lately(now - SINCE, now, AT_ONCE) if one.talk_ms <= LONGEST_MS
    }
    waiting = not_heard_yet(lately)
    for call in (one for one in lately if one in waiting):
        try:
            stored = sound_of(call)
        except StoreAway:
            return None
        except NotThere:
            stored = None
        heard = None if stored is None else hear(ears, stored)
        keep_heard(lately[call], ears.name, heard, now)
        log.info("heard", dealer=lately[call].dealer, call=call.hex, readable=heard is not None)
        return call
    return None


def hear(ears: Ears, stored: bytes) -> Sums | None:
    """Both sides of a stored recording; None where it can't be read."""
    # numpy and libsndfile load with the first recording.
    import soundfile as sf

    try:
        samples, rate = sf.read(io.BytesIO(stored), dtype="int16", always_2d=True)
    except sf.LibsndfileError:
        return None
    if samples.shape[1] != 2 or not len(samples):
        return None
    customer, salesperson = (ears.spans(samples[:, side].tobytes(), rate) for side in (0, 1))
    return sums(customer, salesperson, len(samples) * 1000 // rate)
