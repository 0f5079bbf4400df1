"""Numbers of their own: who agreed to be recognised is shown a phone number that nobody else is shown meanwhile.

Plain psycopg on a connection of its own: a visitor's number doesn't wait for beacons, nor they for it.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import phonenumbers
import psycopg
import structlog
from phonenumbers import PhoneNumberFormat
from psycopg.conninfo import make_conninfo

from leadbell.allowance import Allowance
from leadbell.visits.rules import Request, Site, may_have_a_number, neighbourhood

log = structlog.get_logger("leadbell.visits")

SOURCE = Path(__file__).parent.parent / "static" / "visits" / "numbers.js"
#: What dealers chose is asked again after this long.
FRESH_S = 2.0
#: How often one visitor and one address may ask a website in a minute; how many at once.
VISITOR_ASKS, ADDRESS_ASKS = (20.0, 10.0), (240.0, 60.0)
#: New numbers for one address: so many at once, then one in half an hour. Whoever shares it sees the usual number.
BEGINS = (1 / 30, 4.0)
#: Who got none is told so again for this long, and counted once.
REMEMBERED_S, MOST_REMEMBERED = 600.0, 20_000
#: A beacon is on its way that tells who asks: they ask again after this long.
AGAIN_MS = 2000
#: So many questions wait for the database at once.
MOST_ASKING = 50

_PRINTED = "select site_id, printed, selector from leadbell_numberpool where is_on"
_SHOWN = "select leadbell_number_shown(%s, %s::uuid, %s, %s)"
_GIVEN_BACK = "select leadbell_number_given_back(%s, %s::uuid)"


@dataclass(frozen=True, slots=True)
class Printed:
    """What a website prints for everybody, and where else to look for it."""

    number: str
    selector: str


@lru_cache(maxsize=1)
def _source() -> str:
    return SOURCE.read_text(encoding="utf-8").rstrip()


@lru_cache(maxsize=1000)
def written(number: str) -> dict[str, str]:
    """An E.164 number as people write and dial it: `tel`, `national`, `international`."""
    parsed = phonenumbers.parse(number)
    return {
        "tel": number,
        "national": phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL),
        "international": phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL),
    }


def digits_of(number: str) -> dict[str, str]:
    """By which a page's number is found however it is written: country code, trunk prefix, and the digits after it."""
    parsed = phonenumbers.parse(number)
    nsn = phonenumbers.national_significant_number(parsed)
    national = re.sub(r"\D", "", phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL))
    return {"country": str(parsed.country_code), "trunk": national.removesuffix(nsn), "digits": nsn}


class Numbers:
    """What the door knows of numbers of their own. `clock` is monotonic seconds."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.printed: dict[int, Printed] = {}
        self.begins = Allowance(*BEGINS)
        self._url, self._clock = url, clock
        self._by_visitor, self._by_address = Allowance(*VISITOR_ASKS), Allowance(*ADDRESS_ASKS)
        self._without: dict[tuple[int, str], float] = {}
        self._connection: psycopg.AsyncConnection | None = None
        self._one_at_a_time = asyncio.Lock()
        self._asking = 0
        self._working: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._working = asyncio.create_task(self._keep_up(), name="numbers")

    async def close(self) -> None:
        if self._working:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()

    def script_for(self, site: int, key: str) -> str | None:
        """The script for a website that has numbers to give."""
        printed = self.printed.get(site)
        if printed is None:
            return None
        about = {"site": key, "selector": printed.selector, **digits_of(printed.number)}
        # JSON is JavaScript: what a dealer wrote can be no more than a value.
        return f"{_source()}({json.dumps(about)});\n"

    async def shown(self, site: Site, visitor: str, request: Request, now: datetime) -> dict[str, Any] | None:
        """`{"number": {…}, "minutes": n}`, or why the website's own number stays; None: they ask too often.

        Raises psycopg.Error.
        """
        who, where, moment = (site.id, visitor), (site.id, neighbourhood(request.address)), self._clock()
        if self._by_visitor.wait_s(who, moment) or self._by_address.wait_s(where, moment):
            return None
        self._by_visitor.count(who, moment)
        self._by_address.count(where, moment)
        if site.id not in self.printed or not may_have_a_number(site, request):
            return {"number": None}
        if self._without.get(who, 0.0) > moment:
            return {"number": None}
        if self._asking >= MOST_ASKING:
            return None
        said = await self._ask(site, visitor, where, now)
        if "number" in said:
            return {"number": written(said["number"]), "minutes": said["minutes"]}
        if said["why"] == "unknown":
            return {"number": None, "again_ms": AGAIN_MS}
        if len(self._without) >= MOST_REMEMBERED:
            self._without = {one: until for one, until in self._without.items() if until > moment}
        if len(self._without) < MOST_REMEMBERED:
            self._without[who] = moment + REMEMBERED_S
        return {"number": None}

    async def _ask(self, site: Site, visitor: str, where: object, now: datetime) -> dict[str, Any]:
        """One after the other: whoever sends many questions at once gets no more for it."""
        async with self._in_turn() as connection:
            may_begin = self.begins.wait_s(where, self._clock()) == 0
            found = await connection.execute(_SHOWN, [site.id, visitor, may_begin, now])
            row = await found.fetchone()
            said: dict[str, Any] = row[0] if row else {"why": "off"}
            if said.get("new"):
                self.begins.count(where, self._clock())
            return said

    async def given_back(self, site: Site, visitor: str, address: str) -> dict[str, Any] | None:
        """They took their consent back: the number rests, and a call on it is nobody's visit. None: too often.

        Also where the website gives none out any more: a page may still show it. Raises psycopg.Error.
        """
        where, moment = (site.id, neighbourhood(address)), self._clock()
        if self._asking >= MOST_ASKING or self._by_address.wait_s(where, moment):
            return None
        self._by_address.count(where, moment)
        async with self._in_turn() as connection:
            await connection.execute(_GIVEN_BACK, [site.id, visitor])
        return {"number": None}

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[psycopg.AsyncConnection]:
        self._asking += 1
        try:
            async with self._one_at_a_time:
                yield await self._connected()
        finally:
            self._asking -= 1

    async def look(self) -> None:
        """Ask what is switched on. Raises psycopg.Error."""
        async with self._one_at_a_time:
            found = await (await self._connected()).execute(_PRINTED)
            rows = await found.fetchall()
        self.printed = {site: Printed(number, selector) for site, number, selector in rows}

    async def _keep_up(self) -> None:
        while True:
            try:
                await self.look()
            except (psycopg.Error, OSError) as error:
                log.warning("numbers of their own are unknown", error=type(error).__name__)
            await asyncio.sleep(FRESH_S)

    async def _connected(self) -> psycopg.AsyncConnection:
        if self._connection is None or self._connection.closed:
            patient = make_conninfo(
                self._url, connect_timeout=2, tcp_user_timeout=10_000, application_name="leadbell numbers",
                options="-c statement_timeout=5000",
            )  # fmt: skip
            self._connection = await psycopg.AsyncConnection.connect(patient, autocommit=True)
        return self._connection
