"""Lets a machine hear recorded conversations, one at a time, when nothing else is to be done with sound."""

import io
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from leadbell.review.hearing import all_heard, keep_heard
from leadbell.review.ports import Ears
from leadbell.review.turns import Sums, sums
from leadbell.ring.heard import kept_lately, sound_of
from leadbell.ring.recordings.store import NotThere, StoreAway

log = structlog.get_logger("leadbell.hearing")

#: Older conversations are left alone.
SINCE = timedelta(days=14)
#: A longer one would keep new recordings waiting: hearing takes a ninth of the talk.
LONGEST_MS = 900_000


def hear_one(ears: Ears, now: datetime) -> UUID | None:
    """The newest conversation that no machine has heard; its number, None where there is none or the store is away."""
    talk = next(iter(kept_lately(now - SINCE, now, 1, but=all_heard(), longest_ms=LONGEST_MS)), None)
    if talk is None:
        return None
    try:
        stored = sound_of(talk.number)
    except StoreAway:
        return None
    except NotThere:
        stored = None
    heard = None if stored is None else hear(ears, stored)
    keep_heard(talk, ears.name, heard, now)
    log.info("heard", dealer=talk.dealer, call=talk.call, readable=heard is not None)
    return talk.number


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
