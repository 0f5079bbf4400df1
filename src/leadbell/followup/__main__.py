"""The clockwork's process."""

import os
import signal
from datetime import UTC, datetime
from types import FrameType

import django

from leadbell.log import configure


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
    keep_running(lambda: datetime.now(UTC), lambda: bool(asked))


if __name__ == "__main__":
    main()
