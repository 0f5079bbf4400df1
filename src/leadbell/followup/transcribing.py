"""Lets a machine write down recorded conversations, a piece at a time, when nothing else is to be done with sound."""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from django.db import transaction

from leadbell.followup.hearing import SINCE
from leadbell.lead.talk import Talk
from leadbell.review.ports import Said, Scribe, Stopped
from leadbell.review.transcripts import (
    Piece,
    Side,
    all_over,
    begin_piece,
    begun_of,
    give_up,
    keep_piece,
    stopped_at,
)
from leadbell.ring.heard import gaps_while_kept, kept_lately, sound_of
from leadbell.ring.recordings.store import NotThere, StoreAway

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[Any, np.dtype[np.int16]]

log = structlog.get_logger("leadbell.transcribing")

#: Of so many that wait the one that is begun comes first.
AT_ONCE = 200
SIDES: tuple[Side, Side] = ("customer", "salesperson")
#: So much is written down at once, and lost at most when the process is killed. Between two pieces recordings are
#: saved, so that nobody waits for a long one.
PIECE_MS = 60_000
#: A piece ends where both are quietest, in its last part: no word is cut in two.
LOOKED_THROUGH_MS, QUIET_MS = 12_000, 200
#: What is left behind a piece is written down with it if it is so short.
REST_MS = 15_000


class Unreadable(Exception):
    """The sound is not there, or can't be read."""


def write_one(scribe: Scribe, now: datetime) -> UUID | None:
    """The next piece of the conversation that is begun, else of the newest; its call, None where nothing waits or
    the store is away. Raises Stopped."""
    waiting = kept_lately(now - SINCE, now, AT_ONCE, but=all_over())
    begun_before = begun_of([one.number for one in waiting])
    for talk in sorted(waiting, key=lambda one: one.number not in begun_before):
        call = talk.number
        begun = begin_piece(talk, scribe.name, now)
        if begun.gave_up_at:
            log.warning("given up", dealer=talk.dealer, call=talk.call, at_ms=begun.upto_ms)
            continue
        try:
            heard = _piece(scribe, call, begun.upto_ms, begun.language)
        except StoreAway:
            stopped_at(call)
            return None
        except Stopped:
            stopped_at(call)
            raise
        except Unreadable:
            give_up(call, now)
            continue
        _keep(talk, heard, now)
        return call
    return None


def _piece(scribe: Scribe, call: UUID, from_ms: int, language: str) -> Piece:
    try:
        samples, rate, last = _samples(sound_of(call), from_ms)
    except NotThere:
        raise Unreadable(call) from None
    said: list[tuple[Side, Said]] = []
    # Who speaks more is heard first: the language is surer.
    loud = [float(abs(samples[:, nth].astype("float32")).sum()) for nth in (0, 1)]
    for nth in sorted((0, 1), key=lambda one: -loud[one]):
        written = scribe.write(samples[:, nth].tobytes(), rate, language)
        if written.said:
            language = language or written.language
            said += [(SIDES[nth], one) for one in written.said]
    until_ms = from_ms + len(samples) * 1000 // rate
    moved = [(side, _later(one, from_ms)) for side, one in said]
    return Piece(from_ms, until_ms, language, sorted(moved, key=lambda one: one[1].start_ms), last)


def _samples(stored: bytes, from_ms: int) -> "tuple[Samples, int, bool]":
    """Of both sides, from there on: a piece, its rate, and whether it is the last one."""
    # numpy and libsndfile load with the first recording.
    import soundfile as sf

    try:
        with sf.SoundFile(io.BytesIO(stored)) as sound:
            if sound.channels != len(SIDES) or not sound.frames:
                raise Unreadable
            rate: int = sound.samplerate
            sound.seek(min(from_ms * rate // 1000, sound.frames))
            left = sound.frames - sound.tell()
            whole = left <= (PIECE_MS + REST_MS) * rate // 1000
            samples = sound.read(left if whole else PIECE_MS * rate // 1000, dtype="int16", always_2d=True)
    except sf.LibsndfileError:
        raise Unreadable from None
    return samples if whole else samples[: quietest(samples, rate)], rate, whole


def quietest(samples: "Samples", rate: int) -> int:
    """The middle of the quietest moment in the last part of a piece, the last one of several."""
    import numpy as np

    step = QUIET_MS * rate // 1000
    begin = max(0, len(samples) - LOOKED_THROUGH_MS * rate // 1000)
    loud = np.abs(samples[begin:].astype(np.float32)).sum(axis=1)
    moments = loud[: len(loud) // step * step].reshape(-1, step).sum(axis=1)
    last = len(moments) - 1 - int(moments[::-1].argmin())
    return begin + last * step + step // 2


def _later(one: Said, by_ms: int) -> Said:
    return Said(one.start_ms + by_ms, one.end_ms + by_ms, one.text)


def _keep(talk: Talk, piece: Piece, now: datetime) -> None:
    """Unless its recording has been deleted meanwhile: whoever deletes waits for us, or we see it."""
    with transaction.atomic():
        gaps = gaps_while_kept(talk.number, now)
        if gaps is None:
            return
        said = [
            (side, Said(_talked(one.start_ms, gaps), _talked(one.end_ms, gaps), one.text)) for side, one in piece.said
        ]  # fmt: skip
        kept = keep_piece(talk, Piece(piece.from_ms, piece.until_ms, piece.language, said, piece.last), now)
    log.info("written down", dealer=talk.dealer, call=talk.call, until_ms=piece.until_ms, kept=kept)


def _talked(at_ms: int, gaps: Sequence[tuple[int, int]]) -> int:
    """By the clock of the conversation, as the player has it: what wasn't recorded took its time."""
    for start, end in gaps:
        if at_ms > start or start == 0:
            at_ms += end - start
    return at_ms
