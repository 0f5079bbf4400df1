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
    from leadbell.review.silero import Silero

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
    ears = _ears(stopping.is_set)
    while not stopping.is_set():
        if not work(spool, datetime.now(UTC), ears):
            stopping.wait(EVERY_S)


def _ears(stopping: Callable[[], bool]) -> "Silero | None":
    """The machine's, where `leadbell[speech]` is installed."""
    from leadbell.review.silero import Silero, installed

    return Silero(stopping) if installed() else None


def work(spool: Path, now: datetime, ears: "Silero | None" = None) -> int:
    """One round over the raw files in `spool` and its folders; how many recordings it looked at."""
    # The models behind it exist only once Django is set up.
    from django.db import Error, connection

    from leadbell.ring.recordings.deleting import delete_due
    from leadbell.ring.recordings.saving import ENDINGS, clear_away, save_some

    def find(key: str) -> Path | None:
        return next((file for file in spool.rglob(f"{key}.*") if file.suffix in ENDINGS), None)

    try:
        if saved := save_some(now, find, AT_ONCE):
            return saved
        delete_due(now)
        clear_away(spool.rglob("*.*"), now)
        return _hear(now, ears)
    except Error:
        log.warning("the database is away: trying again")
        connection.close()
    except Exception:
        log.exception("recordings could not be kept")
    return 0


def _hear(now: datetime, ears: "Silero | None") -> int:
    """Behind everything else: let the machine hear one conversation, where it has ears."""
    from leadbell.followup.hearing import hear_one
    from leadbell.review.silero import Stopped

    try:
        return int(ears is not None and hear_one(ears, now) is not None)
    except Stopped:
        return 0


if __name__ == "__main__":
    main()
