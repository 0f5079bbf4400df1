"""What the chat's door asks of the database, each in one statement: answered means committed."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from leadbell.announce import CHATS

_BEGIN = "select leadbell_chat_begin(%s, %s, %s, %s::uuid, %s, %s, %s, %s, %s, %s, %s)"
_SAID = "select leadbell_chat_said(%s, %s, %s, %s, %s, %s)"
_HEARD = "select leadbell_chat_heard(%s, %s, %s, %s)"
_CONTACT = "select leadbell_chat_contact(%s, %s, %s, %s, %s, %s, %s)"
_LEFT = "select leadbell_chat_left(%s, %s, %s)"
_ERASED = "select leadbell_chat_erased(%s, %s)"
_PLACES = """
select c.site, c.dealer_id, c.greets, c.patience_s, o.name, o.country, o.subdivision, o.zone, o.language, o.hours
from leadbell_chatsite c join leadbell_organisation o on o.id = c.dealer_id where c.is_on
"""
_STAFF = "select leadbell_chat_staff(%s, %s)"


@dataclass(frozen=True, slots=True)
class Place:
    """A website whose chat is on, and what opening hours need to know of its dealer."""

    site: int
    dealer: int
    greets: bool
    patience_s: int
    name: str
    country: str
    subdivision: str
    zone: str
    language: str
    hours: dict[str, Any]


class Book:
    """The door's own connection. Everything raises psycopg.Error or OSError while the database is away."""

    def __init__(self, url: str, name: str = "leadbell chats") -> None:
        self._url = make_conninfo(
            url, connect_timeout=2, tcp_user_timeout=10_000, application_name=name,
            options="-c statement_timeout=5000",
        )  # fmt: skip
        self._connection: psycopg.AsyncConnection | None = None
        self._one_at_a_time = asyncio.Lock()

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def places(self) -> dict[int, Place]:
        async with self._one_at_a_time:
            found = await (await self._connected()).execute(_PLACES)
            return {row[0]: Place(*row) for row in await found.fetchall()}

    async def staff(self, dealer: int, now: datetime) -> int:
        """How many people of the dealer have their desk open."""
        return int(await self._ask(_STAFF, [dealer, now]) or 0)

    async def begin(self, *about: object) -> int | None:
        """Keep a new chat, its first line and its envelope at once; the same token begins once."""
        number = await self._ask(_BEGIN, about)
        return None if number is None else int(number)

    async def said(
        self, site: int, token: bytes, key: str, text: str, most: int, now: datetime
    ) -> str | None:
        """`kept`, `over` or `full`; None where there is no such chat."""
        answer: str | None = await self._ask(_SAID, [site, token, key, text, most, now])
        return answer

    async def heard(self, site: int, token: bytes, after: int, now: datetime) -> dict[str, Any] | None:
        answer: dict[str, Any] | None = await self._ask(_HEARD, [site, token, after, now])
        return answer

    async def contact(
        self, site: int, token: bytes, letter: object, who: tuple[str, str, str], now: datetime
    ) -> bool:
        return bool(await self._ask(_CONTACT, [site, token, letter, *who, now]))

    async def left(self, site: int, token: bytes, now: datetime) -> bool:
        return bool(await self._ask(_LEFT, [site, token, now]))

    async def erased(self, site: int, token: bytes) -> bool:
        return bool(await self._ask(_ERASED, [site, token]))

    async def listen(self, ready: Callable[[], None], heard: Callable[[str], None]) -> None:
        """Hear of chats in which something happened, until the connection is lost."""
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            await connection.execute(f"listen {CHATS}")
            ready()
            async for notice in connection.notifies():
                heard(notice.payload)

    async def _ask(self, statement: str, values: Sequence[object]) -> Any:
        async with self._one_at_a_time:
            try:
                found = await (await self._connected()).execute(statement, values)
            except psycopg.OperationalError:
                if self._connection is not None and not self._connection.closed:
                    raise
                # A database that has restarted: each of these statements may be repeated.
                found = await (await self._connected()).execute(statement, values)
            row = await found.fetchone()
        return row[0] if row else None

    async def _connected(self) -> psycopg.AsyncConnection:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        return self._connection


def as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
