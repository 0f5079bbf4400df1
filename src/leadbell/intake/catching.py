"""The script that catches forms, for the websites where it is switched on. Plain psycopg: it stands before Django."""

import asyncio
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
import structlog

from leadbell.intake.post import Wire

log = structlog.get_logger("leadbell.forms")

SOURCE = Path(__file__).parent.parent / "static" / "visits" / "forms.js"
#: What dealers chose is asked again after this long.
FRESH_S = 2.0
_ON = """
select c.site, s.key, c.selector, c.fields from leadbell_caughtforms c join leadbell_source s on s.id = c.source_id
where c.is_on and s.revoked_at is null
"""


@lru_cache(maxsize=1)
def _source() -> str:
    return SOURCE.read_text(encoding="utf-8").rstrip()


class Catching:
    """Knows where forms are caught, and which key they go to."""

    def __init__(self, url: str) -> None:
        self._wire = Wire(url, "leadbell forms")
        self.about: dict[int, dict[str, Any]] = {}
        self._working: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._working = asyncio.create_task(self._keep_up(), name="forms")

    async def close(self) -> None:
        if self._working:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)
        await self._wire.close()

    def script_for(self, site: int, key: str) -> str | None:
        about = self.about.get(site)
        # JSON is JavaScript: what a dealer wrote can be no more than a value.
        return f"{_source()}({json.dumps(about)});\n" if about else None

    async def look(self) -> None:
        """Ask what is switched on. Raises psycopg.Error."""
        found = await (await self._wire.connected()).execute(_ON)
        self.about = {
            site: {"key": key, "selector": selector, "fields": fields}
            for site, key, selector, fields in await found.fetchall()
        }

    async def _keep_up(self) -> None:
        while True:
            try:
                await self.look()
            except (psycopg.Error, OSError) as error:
                log.warning("caught forms are unknown", error=type(error).__name__)
            await asyncio.sleep(FRESH_S)
