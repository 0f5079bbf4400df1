"""Keep what a line has recorded, and say what of it is missing."""

import tempfile
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
import structlog
from django.conf import settings

from leadbell import statement
from leadbell.announce import announce
from leadbell.ring.choices import keep_days_of
from leadbell.ring.models import Call, Recording
from leadbell.ring.recordings.store import StoreAway, name_of, the_store
from leadbell.ring.shelves import NoSuchRecording
from leadbell.statement import Joined
from leadbell.words import Words, say

if TYPE_CHECKING:
    from leadbell.ring.recordings.sound import Sound

log = structlog.get_logger("leadbell.recordings")

Status = Recording.Status
Gap = tuple[int, int]

#: Saving takes less than this: a claim that is older belongs to a switchboard that was killed.
LEASE = timedelta(minutes=5)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5, 600
#: Asterisk keeps the last second in a buffer until it closes the file: one written to just now isn't whole yet.
SETTLES = timedelta(seconds=2)
#: A file that isn't there yet may still come: a provider hands it over after the call.
COMES_WITHIN = timedelta(minutes=10)
#: The line's clock and its buffers: less than this is not called missing.
TOLERATED_MS = 500
#: A file written to the end of the call was written then, give or take this; else its time says nothing.
PLAUSIBLE_MS = 5_000
#: What can't be read is left for a technician to look at for so long.
LEFT_BEHIND = timedelta(days=7)
ENDINGS = (".raw", ".wav")

BEING_SAVED = say("it is being saved")
NOT_RECORDED = say("the line recorded nothing")
STORE_AWAY = say("the store doesn't take it; it is tried again at %(again_at)s").text
STILL_WRITTEN = say("the line is still writing it; it is looked at again at %(again_at)s").text
NOT_HERE_YET = say("the line hasn't handed it over yet; it is looked for again at %(again_at)s").text


# -- saving ----------------------------------------------------------------------------------------------------


def save(
    call_key: str, path: Path | None, talk_ms: int | None, connected_at: datetime | None, now: datetime
) -> Recording:
    """Keep the recording of this call, whose raw file lies at `path`; the file is removed when all is committed.

    May be repeated at any time and by several at once, outside of a transaction. Where the store or the disk
    fails, or the file was written to a moment ago, it stays WANTED and `save_some` tries again.
    Raises NoSuchRecording.
    """
    call = uuid.UUID(call_key)
    return _saved(_claim(call, now), path, talk_ms, connected_at, now)


def _saved(
    recording: Recording, path: Path | None, talk_ms: int | None, connected_at: datetime | None, now: datetime
) -> Recording:
    """The same with a recording that is claimed."""
    if recording.status == Status.WANTED and not is_to_go(recording, now):
        tried = _try(recording, path, talk_ms, connected_at, now)
        recording = _settle(recording.call_id, tried, now)
    if path is not None and recording.status in (Status.KEPT, Status.DELETED):
        path.unlink(missing_ok=True)
    return recording


def save_some(now: datetime, find: Callable[[str], Path | None], most: int = 8) -> int:
    """Try what waits to be saved and is due, oldest first; how many there were. `find` gives a call's raw file."""
    due = 0
    for _ in range(most):
        recording = _next(now)
        if recording is None:
            break
        due += 1
        call = recording.call
        path = find(call.id.hex)
        if path is None and now < recording.created_at + COMES_WITHIN:
            _settle(call.id, _later(recording, NOT_HERE_YET, now), now)
        else:
            _saved(recording, path, call.talk_ms, call.connected_at, now)
    return due


def wanted_of(line: str, now: datetime) -> list[str]:
    """The keys of this line's calls whose recording it may still have to hand over, for a week.

    Also of one that was deleted meanwhile: it isn't to stay with the line.
    """
    found = Recording.objects.filter(call__line=line, created_at__gt=now - LEFT_BEHIND)
    found = found.exclude(status=Status.KEPT)
    return [call.hex for call in found.values_list("call_id", flat=True)]


def take_up(files: Iterable[Path]) -> int:
    """Recordings that were missing since nothing had come, and of which there is a file after all, are to be saved.

    How many there were.
    """
    calls = [key for file in files if file.suffix in ENDINGS and (key := _key(file.stem))]
    if not calls:
        return 0
    late = Recording.objects.filter(
        status=Status.MISSING, because__text=NOT_RECORDED.text, call__in=calls, delete_at=None
    )
    return late.update(status=Status.WANTED, because=None)


def clear_away(files: Iterable[Path], now: datetime) -> int:
    """Remove raw files whose recording is saved or deleted, and after a week what nobody could read or waits for.

    A switchboard killed between the commit and the removal leaves such a file; how many were removed.
    """
    by_call = {key: file for file in files if file.suffix in ENDINGS and (key := _key(file.stem))}
    if not by_call:
        return 0
    found = Recording.objects.filter(call__in=by_call).values_list("call_id", "status", "created_at")
    known = {call: (status, created_at) for call, status, created_at in found}
    removed = [file for call, file in by_call.items() if _is_done_with(file, known.get(call), now)]
    for file in removed:
        file.unlink(missing_ok=True)
    return len(removed)


def _is_done_with(file: Path, recording: tuple[str, datetime] | None, now: datetime) -> bool:
    if recording is None:
        return _was_left(file, now)
    status, created_at = recording
    return status in (Status.KEPT, Status.DELETED) or (
        status == Status.MISSING and created_at < now - LEFT_BEHIND
    )


def _was_left(file: Path, now: datetime) -> bool:
    """Nothing has been written to it for a week; a file that is gone already was somebody else's to remove."""
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC) < now - LEFT_BEHIND
    except FileNotFoundError:
        return False


def _key(stem: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(hex=stem)
    except ValueError:
        return None


def _stamp(at: datetime) -> str:
    """Of one length, so that their order is that of the times."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _next(now: datetime) -> Recording | None:
    """The oldest that is due, leased."""
    with statement.in_one_go():
        due = {"now": now, "settled_at": now - SETTLES, "stamp": _stamp(now)}
        found = _made(statement.run(f"{_recordings()} {_DUE}", due))
        if found is not None:
            _lease(found, now)
        return found


def _claim(call: uuid.UUID, now: datetime) -> Recording:
    with statement.in_one_go():
        recording = locked(call)
        if recording.status == Status.WANTED and not is_to_go(recording, now):
            _lease(recording, now)
        return recording


def _lease(recording: Recording, now: datetime) -> None:
    """It is ours for LEASE; where it will lie is written down before it lies there."""
    recording.stored_as = name_of(recording.call_id, recording.created_at, settings.RECORDINGS_FORMAT)
    _wait(recording, BEING_SAVED.text, now + LEASE, _pause_s(recording))
    _LEASED.update([recording])


_LEASED = statement.Rows(Recording, "id", "stored_as", "because")


def locked(call: uuid.UUID) -> Recording:
    """The recording of this call, its row locked until the transaction ends. Raises NoSuchRecording."""
    found = _made(
        statement.run(f"{_recordings()} where r.call_id = %(call)s for update of r", {"call": call})
    )
    if found is None:
        raise NoSuchRecording(call)
    return found


_RECORDINGS = Joined(r=Recording, k=Call)


@cache
def _recordings() -> str:
    """Recordings with their calls."""
    return _RECORDINGS.select("from leadbell_recording r join leadbell_call k on k.id = r.call_id")


def _made(rows: Sequence[Sequence[Any]]) -> Recording | None:
    if not rows:
        return None
    recording: Recording
    (recording, recording.call), _ = _RECORDINGS.made(rows[0])
    return recording


#: Not written to a moment ago, not waiting for a later try, and not about to be deleted.
_DUE = """
where r.status = 'wanted' and r.created_at <= %(settled_at)s
    and (r.because #>> '{values,again_at}' > %(stamp)s) is not true
    and (r.delete_at is null or r.delete_at > %(now)s)
order by r.created_at limit 1 for update of r skip locked
"""


def is_to_go(recording: Recording, now: datetime) -> bool:
    return recording.delete_at is not None and recording.delete_at <= now


def _try(
    recording: Recording, path: Path | None, talk_ms: int | None, connected_at: datetime | None, now: datetime
) -> Recording:
    """What becomes of it, not committed yet: no transaction is open while files are written and sent."""
    # numpy and libsndfile cost 25 MB, which only who saves recordings has to carry.
    from leadbell.ring.recordings.sound import NotWritten, StillWritten, Unreadable, encode

    if path is None:
        return _missing(recording, NOT_RECORDED)
    try:
        written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if now - SETTLES < written_at <= now + SETTLES:
            _wait(recording, STILL_WRITTEN, now + SETTLES, _pause_s(recording))
            return recording
        with _scratch() as smaller:
            sound = encode(path, smaller, settings.RECORDINGS_FORMAT)
            the_store().put(recording.stored_as, smaller)
    except FileNotFoundError:
        return _missing(recording, NOT_RECORDED)
    except Unreadable as error:
        return _missing(recording, error.because)
    except StillWritten:
        return _later(recording, STILL_WRITTEN, now)
    except (NotWritten, StoreAway, OSError) as error:
        log.warning("not saved", dealer=recording.dealer_id, call=recording.call_id.hex, seen=str(error))
        return _later(recording, STORE_AWAY, now)
    late_ms = _late_ms(sound.length_ms, talk_ms, connected_at, written_at)
    return _kept(recording, sound, gaps_of(sound.length_ms, talk_ms, late_ms))


def _scratch() -> IO[bytes]:
    """A file without a name: nothing of it is left, whoever is killed."""
    settings.DATA.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=settings.DATA)


def _late_ms(length_ms: int, talk_ms: int | None, connected_at: datetime | None, written_at: datetime) -> int:
    """How long after the connection the recording began, by the time its last sample was written; else 0."""
    if connected_at is None or talk_ms is None:
        return 0
    until_ms = (written_at - connected_at) // timedelta(milliseconds=1)
    if until_ms > talk_ms + PLAUSIBLE_MS or until_ms < length_ms - PLAUSIBLE_MS:
        return 0
    return max(0, until_ms - length_ms)


def gaps_of(length_ms: int, talk_ms: int | None, late_ms: int = 0) -> list[Gap]:
    """What was said but not recorded, on the clock of the conversation; what is recorded lies between the gaps."""
    if talk_ms is None or talk_ms - length_ms <= TOLERATED_MS:
        return []
    late_ms = min(late_ms, talk_ms - length_ms) if late_ms > TOLERATED_MS else 0
    gaps = [(0, late_ms), (late_ms + length_ms, talk_ms)]
    return [(start, end) for start, end in gaps if end - start > TOLERATED_MS]


def _kept(recording: Recording, sound: "Sound", gaps: Sequence[Gap]) -> Recording:
    recording.status, recording.because = Status.KEPT, None
    recording.length_ms, recording.bytes = sound.length_ms, sound.bytes
    recording.waveform, recording.gaps = sound.waveform.as_json(), [list(gap) for gap in gaps]
    return recording


def _missing(recording: Recording, because: Words) -> Recording:
    recording.status, recording.because = Status.MISSING, msgspec.to_builtins(because)
    recording.stored_as, recording.gaps = "", []
    return recording


def _later(recording: Recording, because: str, now: datetime) -> Recording:
    pause_s = _pause_s(recording)
    _wait(recording, because, now + timedelta(seconds=pause_s), min(LONGEST_PAUSE_S, 2 * pause_s))
    return recording


def _wait(recording: Recording, because: str, again_at: datetime, pause_s: int) -> None:
    recording.because = msgspec.to_builtins(say(because, again_at=_stamp(again_at), pause_s=pause_s))


def _pause_s(recording: Recording) -> int:
    values: dict[str, Any] = (recording.because or {}).get("values", {})
    return int(values.get("pause_s", FIRST_PAUSE_S))


def _settle(call: uuid.UUID, tried: Recording, now: datetime) -> Recording:
    """Commit what became of it, unless it was deleted meanwhile or somebody else was faster."""
    with statement.in_one_go():
        recording = locked(call)
        if recording.status != Status.WANTED:
            return recording
        if recording.delete_at is not None:
            tried.delete_at, tried.because = recording.delete_at, recording.because
        elif tried.status == Status.KEPT:
            tried.delete_at = tried.created_at + timedelta(days=keep_days_of(recording.dealer_id))
        _SETTLED.update([tried])
        if tried.status != Status.WANTED:
            announce(recording.dealer_id, "recording", recording.call.lead_id)
    if tried.status != Status.WANTED:
        log.info(
            "recording", dealer=recording.dealer_id, lead=recording.call.lead_id, call=call.hex,
            status=tried.status, length_ms=tried.length_ms, gaps=len(tried.gaps),
        )  # fmt: skip
    return tried


_SETTLED = statement.Rows(
    Recording, "id", "status", "stored_as", "length_ms", "bytes", "waveform", "gaps", "because", "delete_at"
)
