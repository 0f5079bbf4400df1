"""The process that keeps recordings: it works on sound whenever the calls leave the machine a moment."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from leadbell import settings
from leadbell.process import begin
from leadbell.ring.lines import SPOOL

if TYPE_CHECKING:
    from leadbell.review.ports import Ears, Scribe

log = structlog.get_logger("leadbell.recordings")

#: Calls go before: whoever talks must not hear that others are being saved.
NICE = 15
EVERY_S = 2.0
AT_ONCE = 4


def main() -> None:
    """Save, delete and tidy until SIGTERM or SIGINT; what is under way is finished first."""
    stopping = begin()
    os.nice(NICE)
    spool = settings.DATA / SPOOL
    ears, scribes = _ears(stopping.is_set), Scribes(settings.DATA, stopping.is_set)
    while not stopping.is_set():
        if not work(spool, datetime.now(UTC), ears, scribes.now):
            stopping.wait(EVERY_S)


def _ears(stopping: Callable[[], bool]) -> "Ears | None":
    """The machine's, where `leadbell[speech]` is installed."""
    from leadbell.review.silero import Silero, installed

    return Silero(stopping) if installed() else None


class Scribes:
    """The machine's, where a speech model is installed: loaded when there is one, another when it is replaced."""

    def __init__(self, data: Path, stopping: Callable[[], bool]) -> None:
        self._data, self._stopping = data, stopping
        self._seen: int | None = None
        self._scribe: Scribe | None = None

    def now(self) -> "Scribe | None":
        from leadbell.review.speech_model import note

        try:
            seen = note(self._data).stat().st_mtime_ns
        except FileNotFoundError:
            self._seen = self._scribe = None
            return None
        if seen != self._seen:
            # The old one goes first: there may be no room for two.
            self._scribe = None
            self._seen, self._scribe = seen, self._loaded()
        return self._scribe

    def _loaded(self) -> "Scribe | None":
        from leadbell.review.speech_model import model_of
        from leadbell.review.whisper import Whisper

        try:
            model = model_of(self._data)
            return None if model is None else Whisper(Path(model.folder), model.name, self._stopping)
        except Exception as error:
            # Whatever it is, recordings are kept: `leadbell speech status` says more.
            log.warning("the speech model doesn't load", seen=f"{type(error).__name__}: {error}"[:300])
            return None


def _no_scribe() -> None:
    return None


def work(
    spool: Path, now: datetime, ears: "Ears | None" = None, scribe: "Callable[[], Scribe | None]" = _no_scribe
) -> int:
    """One round over the raw files in `spool` and its folders; how many recordings it looked at."""
    # The models behind it exist only once Django is set up.
    from django.db import Error, connection

    from leadbell.ring.recordings.deleting import delete_due
    from leadbell.ring.recordings.saving import ENDINGS, clear_away, save_some, take_up

    def find(key: str) -> Path | None:
        return next((file for file in spool.rglob(f"{key}.*") if file.suffix in ENDINGS), None)

    try:
        if saved := save_some(now, find, AT_ONCE):
            return saved
        delete_due(now)
        if late := take_up(spool.rglob("*.*")):
            return late
        clear_away(spool.rglob("*.*"), now)
        return _hear(now, ears, scribe)
    except Error:
        log.warning("the database is away: trying again")
        connection.close()
    except Exception:
        log.exception("recordings could not be kept")
    return 0


def _hear(now: datetime, ears: "Ears | None", scribe: "Callable[[], Scribe | None]") -> int:
    """Behind everything else: let the machine hear one conversation, or write down a piece of one."""
    from leadbell.followup.hearing import hear_one
    from leadbell.followup.transcribing import write_one
    from leadbell.review.ports import Stopped

    try:
        if ears is not None and hear_one(ears, now) is not None:
            return 1
        writes = scribe()
        return int(writes is not None and write_one(writes, now) is not None)
    except Stopped:
        return 0


if __name__ == "__main__":
    main()
