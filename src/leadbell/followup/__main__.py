"""The clockwork's process."""

import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

import django
import structlog

from leadbell.log import configure

log = structlog.get_logger("leadbell.clockwork")


def main() -> None:
    """Work until SIGTERM or SIGINT; what is under way is finished first."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    configure()
    django.setup()
    # The models behind it exist only once Django is set up.
    from leadbell.followup.clockwork import keep_running

    asked: list[int] = []

    def stop(sign: int, _frame: FrameType | None) -> None:
        asked.append(sign)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    fetching = _fetching(_now, lambda: bool(asked))
    keep_running(_now, lambda: bool(asked))
    fetching.join()


def _now() -> datetime:
    return datetime.now(UTC)


def _fetching(clock: Callable[[], datetime], stopping: Callable[[], bool]) -> threading.Thread:
    """The thread that fetches what deliveries only point to; without it leads are followed up all the same."""
    from leadbell import settings
    from leadbell.intake.fetching import keep_fetching
    from leadbell.intake.graph import Graph

    def fetch() -> None:
        try:
            graph = Graph(settings.META_URL)
        except ValueError as error:
            log.error("LEADBELL_META_URL can't be used: no answers are fetched", because=str(error))
        else:
            keep_fetching(graph, clock, stopping)

    thread = threading.Thread(target=fetch, name="fetching", daemon=True)
    thread.start()
    return thread


if __name__ == "__main__":
    main()
