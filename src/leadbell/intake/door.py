"""The door: who may deliver, how often, and a first look at what it is."""

import asyncio
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import psycopg
import structlog

from leadbell.allowance import MOST_REMEMBERED
from leadbell.intake.inquiry import Refused
from leadbell.intake.post import Wire
from leadbell.intake.reading import Unsure, door_check, read, recognise
from leadbell.words import Words

log = structlog.get_logger("leadbell.door")

#: A lock in the database that is held while the mail door is open; `GET /healthz` looks for it.
MAIL_ALIVE = 0x1EADBE12
#: What is known about a key is asked again after this long: a revoked key is closed by then.
FRESH_S = 5.0
#: How long a look may take; what takes longer is kept, and the clockwork reads it.
LOOK_S = 3.0
MOST_LOOKED_AT = 16
#: A stranger may try this many unknown keys a minute.
STRANGERS_PER_MINUTE = 60

T = TypeVar("T")

KEY = re.compile(r"[A-Za-z0-9_-]{6,40}")


@dataclass(frozen=True, slots=True)
class Source:
    """Whose key it is, and what reading a delivery needs to know of the dealer."""

    id: int
    dealer: int
    dealer_name: str
    country: str
    zone: str
    language: str
    key: str
    secret: str


class Keys:
    """The intake keys, as fresh as FRESH_S; each is asked for when it is used."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._wire, self._clock = Wire(url, "leadbell keys"), clock
        self._known: dict[str, tuple[Source | None, float]] = {}
        self._asking: dict[str, asyncio.Task[Source | None]] = {}

    def is_known(self, key: str) -> bool:
        """Whether it was a source's key when it was last asked for."""
        known = self._known.get(key)
        return known is not None and known[0] is not None

    async def source_of(self, key: str) -> Source | None:
        """Raises psycopg.OperationalError while the database doesn't answer."""
        source, asked_at = self._known.get(key, (None, -FRESH_S))
        if self._clock() - asked_at < FRESH_S:
            return source
        if not KEY.fullmatch(key):
            return None
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(self._ask(key))
            self._asking[key].add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(self._asking[key])

    async def close(self) -> None:
        await self._wire.close()

    async def _ask(self, key: str) -> Source | None:
        now = self._clock()
        try:
            row = await self._row(key)
        except psycopg.OperationalError:
            if not self._wire.lost:
                raise
            row = await self._row(key)
        source = Source(*row) if row else None
        if len(self._known) >= MOST_REMEMBERED:
            self._known = {k: v for k, v in self._known.items() if v[0] and now - v[1] < 3600}
        self._known[key] = (source, now)
        return source

    async def _row(self, key: str) -> tuple[int, int, str, str, str, str, str, str] | None:
        connection = await self._wire.connected()
        cursor = await connection.execute(
            """
            select s.id, s.dealer_id, o.name, o.country, o.zone, o.language, s.key, s.secret
            from leadbell_source s join leadbell_organisation o on o.id = s.dealer_id
            where s.key = %s and s.revoked_at is null
            """,
            [key],
        )
        return await cursor.fetchone()


class Doorman:
    """Looks at what is delivered: quickly where that is enough, in a thread where it has to be read."""

    def __init__(self) -> None:
        self._readers = ThreadPoolExecutor(1, "doorman")
        self._looked_at = 0

    async def look(
        self, body: bytes, content_type: str, source: Source, received_at: datetime
    ) -> Words | None:
        """Why it goes to quarantine; None lets it in. What is in doubt is let in: the clockwork reads it."""
        try:
            seen = door_check(body, content_type)
        except Exception as error:
            log.error("looking failed", source=source.id, bytes=len(body), error=type(error).__name__)
            return None
        if isinstance(seen, Unsure):
            about = (body, content_type, source.country, ZoneInfo(source.zone), received_at)
            found = await self._in_a_thread(read, *about)
            return found.because if isinstance(found, Refused) else None
        return seen.because if isinstance(seen, Refused) else None

    async def channel(self, body: bytes, content_type: str) -> str | None:
        """The name of the channel that reads this."""
        return await self._in_a_thread(recognise, body, content_type)

    def close(self) -> None:
        self._readers.shutdown(wait=False, cancel_futures=True)

    async def _in_a_thread(self, work: Callable[..., T], body: bytes, *about: object) -> T | None:
        """None when it takes too long, fails, or too many wait."""
        if self._looked_at >= MOST_LOOKED_AT:
            return None
        self._looked_at += 1
        working = asyncio.get_running_loop().run_in_executor(self._readers, work, body, *about)
        try:
            return await asyncio.wait_for(working, LOOK_S)
        except Exception as error:
            log.error("looking failed", bytes=len(body), error=type(error).__name__)
            return None
        finally:
            self._looked_at -= 1
