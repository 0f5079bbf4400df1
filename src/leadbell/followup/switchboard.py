"""The switchboard's process."""

import asyncio
import os
import signal
import time
from datetime import UTC, datetime

import django
import psycopg
import structlog

from leadbell.log import configure

log = structlog.get_logger("leadbell.switchboard")


def main() -> None:
    """Work until SIGTERM or SIGINT."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    configure()
    django.setup()
    # The models behind them exist only once Django is set up.
    from leadbell import settings
    from leadbell.followup.inbound import arrives
    from leadbell.ring.lines import engines
    from leadbell.ring.switchboard import Switchboard

    address = getattr(settings, f"DB_{settings.ROLE.upper()}", "") or os.environ["LEADBELL_DB_CLOCKWORK"]

    async def work() -> None:
        stopping = asyncio.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
        while not stopping.is_set():
            try:
                await Switchboard(engines(), address, arrives, _now).run(stopping)
            except (psycopg.Error, OSError):
                log.warning("the database is away: trying again")
                time.sleep(0.2)

    asyncio.run(work())


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
