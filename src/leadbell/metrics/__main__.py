"""The process that keeps the leads' rows current, behind everything that rings, and writes the letters."""

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from leadbell.announce import SCREENS
from leadbell.process import alone, begin, keep_at, listen, news

log = structlog.get_logger("leadbell.figures")

#: Only one makes rows at a time; another one waits for its end.
ALONE_LOCK = 0x1EADBE15
#: Ringing goes before counting.
NICE = 5
POLL_S = 1.0
#: What comes within this time is made together.
GATHER_S = 0.05
#: How often it is looked whose weekly report or monthly page is due.
LETTERS_EVERY_S = 20.0
#: A letter under way is waited for so long when we are told to stop; it is written once whatever happens.
STOP_WITHIN_S = 3.0


def main() -> None:
    """Keep rows until SIGTERM or SIGINT; what is under way is finished first."""
    stopping = begin()
    os.nice(NICE)

    def clock() -> datetime:
        return datetime.now(UTC)

    letters = threading.Thread(target=keep_writing, args=(clock, stopping), name="letters", daemon=True)
    letters.start()
    keep_at(lambda: run(clock, stopping), stopping, log)
    letters.join(STOP_WITHIN_S)


def keep_writing(clock: Callable[[], datetime], stopping: threading.Event) -> None:
    """Write letters as they fall due, in a thread of its own: a network's year takes its time to ask."""
    from django.db import connection

    from leadbell.metrics.monthly.actions import write_due as write_monthly
    from leadbell.metrics.weekly.actions import write_due as write_weekly

    while not stopping.is_set():
        now = clock()
        for what, write in (("weekly reports", write_weekly), ("monthly pages", write_monthly)):
            try:
                write(now)
            except Exception:
                # Whatever it is, the next look may fare better, and counting goes on.
                log.exception("letters couldn't be written", what=what)
                connection.close()
        stopping.wait(LETTERS_EVERY_S)
    connection.close()


def run(clock: Callable[[], datetime], stopping: threading.Event) -> None:
    """Make what was never made or by an older version, then whatever changes, as soon as it is told."""
    # The models behind it exist only once Django is set up.
    from leadbell.metrics.rows import keeping

    if not alone(ALONE_LOCK, stopping):
        return
    listen(SCREENS)
    noted = keeping.note_stale()
    if noted:
        log.info("making rows anew", leads=noted)
    looked = time.monotonic()
    while not stopping.is_set():
        keeping.keep_all(clock(), stopping.is_set)
        if time.monotonic() - looked >= keeping.LOOK_EVERY_S:
            looked = time.monotonic()
            keeping.note_seen(clock() - keeping.LOOK_BACK)
        if any(f'"w":"{keeping.FIGURES}"' not in told for told in news(POLL_S)):
            stopping.wait(GATHER_S)


if __name__ == "__main__":
    main()
