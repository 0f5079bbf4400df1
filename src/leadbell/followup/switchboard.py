"""The switchboard's process."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import django
import psycopg
import structlog
import uvloop

from leadbell import settings
from leadbell.log import configure
from leadbell.ring.lines import engines, webhooks
from leadbell.ring.ports import Engine

log = structlog.get_logger("leadbell.switchboard")

#: After losing the database, or another node: so long until everything is opened again.
AGAIN_S = 0.3


def main() -> None:
    """Work until SIGTERM or SIGINT."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    configure()
    django.setup()
    # The models behind it exist only once Django is set up.
    from leadbell.followup.inbound import arrives
    from leadbell.followup.keypad import keyed
    from leadbell.ring.switchboard import Switchboard

    address = os.environ["LEADBELL_DB_CLOCKWORK"]

    async def work() -> None:
        stopping = asyncio.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
        while not stopping.is_set():
            found = engines(settings)
            try:
                async with _taking_calls_in(found):
                    await Switchboard(found, address, arrives, keyed, _now).run(stopping)
            except (psycopg.Error, OSError) as error:
                log.warning("the switchboard begins again", because=type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), AGAIN_S)

    try:
        uvloop.run(work())
    except ValueError as error:
        log.error("a setting of the telephone can't be read", because=str(error))
        raise SystemExit(2) from None


@asynccontextmanager
async def _taking_calls_in(found: Mapping[str, Engine]) -> AsyncIterator[None]:
    """Listen for what providers tell, where one of them does."""
    house = webhooks(found)
    if house is None:
        yield
        return
    from aiohttp import web

    runner = web.AppRunner(house, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, settings.PHONE_HOST, settings.PHONE_PORT).start()
    try:
        yield
    finally:
        await runner.cleanup()


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
