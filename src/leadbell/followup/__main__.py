"""The clockwork's process."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from leadbell.process import begin, keep_at, keep_what_is_loaded

log = structlog.get_logger("leadbell.clockwork")


def main() -> None:
    """Work until SIGTERM or SIGINT; what is under way is finished first."""
    stopping = begin()
    # The models behind it exist only once Django is set up.
    from leadbell.followup.clockwork import run

    keep_what_is_loaded()
    fetching = _fetching(_now, stopping.is_set)
    keep_at(lambda: run(_now, stopping.is_set), stopping, log)
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
