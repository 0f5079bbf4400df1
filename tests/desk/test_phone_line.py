"""The line of a phone in a browser is opened for its person alone, from our own pages, while they may."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from django.conf import settings

from leadbell import roles
from leadbell.desk.live.phone_line import NO_LONGER, NOT_NOW, REPLACED, PhoneLines
from leadbell.ring.ports import LegFailed
from tests.desk.test_stream import Cast, sign_in
from tests.fakes.front import Town, town

OURS = "leadbell.example"


@pytest.fixture(scope="module")
def here(cluster: roles.Urls, django_db_setup: None, django_db_blocker: Any) -> Iterator[Town]:
    with django_db_blocker.unblock(), town(cluster) as there:
        yield there
        there.db.execute("delete from django_session")


@pytest.fixture
def cast(here: Town) -> Cast:
    cast = Cast(here)
    in_browser(here, cast.rosa)
    return cast


def in_browser(here: Town, person: int, on: bool = True) -> None:
    here.db.execute("update leadbell_person set in_browser = %s where id = %s", [on, person])


def is_open(here: Town, person: int) -> bool:
    rows = here.db.execute("select browser_open_at from leadbell_person where id = %s", [person])
    return next(iter(rows))["browser_open_at"] is not None


class Line:
    """An exchange that says back what it hears."""

    def __init__(self, password: str) -> None:
        self.password = password
        self.said: asyncio.Queue[str | None] = asyncio.Queue()

    async def send(self, message: str) -> None:
        self.said.put_nowait(message)

    async def messages(self) -> AsyncIterator[str]:
        while (message := await self.said.get()) is not None:
            yield message


class Exchange:
    """Where phones are made: their names, and how many are there now."""

    def __init__(self, away: bool = False) -> None:
        self.away, self.names = away, list[str]()
        self.lines: list[Line] = []

    @asynccontextmanager
    async def phone(self, name: str) -> AsyncIterator[Line]:
        if self.away:
            raise LegFailed("away")
        self.names.append(name)
        self.lines.append(line := Line(f"password {len(self.names)}"))
        try:
            yield line
        finally:
            self.lines.remove(line)


class Window:
    """A browser's end."""

    def __init__(self, lines: PhoneLines, session: str, origin: str = f"https://{OURS}") -> None:
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        self.says: asyncio.Queue[Any] = asyncio.Queue()
        self.says.put_nowait({"type": "websocket.connect"})
        headers = [
            (b"host", OURS.encode()),
            (b"cookie", f"{settings.SESSION_COOKIE_NAME}={session}".encode()),
        ]
        if origin:
            headers.append((b"origin", origin.encode()))
        scope: Any = {"type": "websocket", "path": "/phone/ws", "headers": headers}

        async def send(message: Any) -> None:
            self.heard.put_nowait(message)

        self.task = asyncio.create_task(lines(scope, self.says.get, send))

    async def next(self) -> Any:
        return await asyncio.wait_for(self.heard.get(), 10)

    async def opens(self) -> dict[str, str]:
        assert (await self.next())["type"] == "websocket.accept"
        return dict(json.loads((await self.next())["text"]))

    async def closes(self) -> int:
        while (message := await self.next())["type"] != "websocket.close":
            pass
        await self.task
        return int(message["code"])


async def signed_in(person: int) -> str:
    return await asyncio.to_thread(sign_in, person)


def lines_at(exchange: Exchange, check_s: float = 60) -> PhoneLines:
    return PhoneLines(exchange, check_s=check_s)  # type: ignore[arg-type]  # what it needs of it


async def test_it_is_the_phone_of_who_is_signed_in_and_closes_with_the_window(here: Town, cast: Cast) -> None:
    exchange = Exchange()
    window = Window(lines_at(exchange), await signed_in(cast.rosa))
    told = await window.opens()
    assert told == {"name": f"browser-{cast.rosa}", "password": "password 1"}
    assert exchange.names == [f"browser-{cast.rosa}"]
    assert is_open(here, cast.rosa)
    window.says.put_nowait({"type": "websocket.receive", "text": "REGISTER"})
    assert (await window.next())["text"] == "REGISTER"
    window.says.put_nowait({"type": "websocket.disconnect", "code": 1001})
    assert await window.closes() == NOT_NOW
    assert exchange.lines == []
    assert not is_open(here, cast.rosa)


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "", f"https://{OURS}.elsewhere.example", "http://["]
)
async def test_another_website_gets_no_line(cast: Cast, origin: str) -> None:
    exchange = Exchange()
    window = Window(lines_at(exchange), await signed_in(cast.rosa), origin)
    assert (await window.next())["type"] == "websocket.close"
    assert exchange.names == []


async def test_nobody_gets_a_line_without_a_session_or_the_choice(here: Town, cast: Cast) -> None:
    exchange = Exchange()
    for session in ("", "0" * 32, await signed_in(cast.samir)):
        window = Window(lines_at(exchange), session)
        # A browser hears why only once the handshake is over.
        assert (await window.next())["type"] == "websocket.accept"
        assert await window.closes() == NO_LONGER
    assert exchange.names == []
    assert not is_open(here, cast.samir)


@contextmanager
def database_failing(here: Town) -> Iterator[None]:
    """Nothing can be written about phones."""
    here.db.execute("alter table leadbell_person rename column browser_open_at to away")
    try:
        yield
    finally:
        here.db.execute("alter table leadbell_person rename column away to browser_open_at")


async def test_a_failing_database_is_no_refusal(here: Town, cast: Cast) -> None:
    session = await signed_in(cast.rosa)
    with database_failing(here):
        refused = await Window(lines_at(Exchange()), session).next()
    assert (refused["type"], refused["code"]) == ("websocket.close", NOT_NOW)


async def test_a_line_ends_with_its_code_also_while_the_database_fails(here: Town, cast: Cast) -> None:
    exchange = Exchange()
    window = Window(lines_at(exchange), await signed_in(cast.rosa))
    await window.opens()
    window.says.put_nowait({"type": "websocket.receive", "text": "REGISTER"})
    assert (await window.next())["text"] == "REGISTER"
    with database_failing(here):
        window.says.put_nowait({"type": "websocket.disconnect", "code": 1001})
        assert await window.closes() == NOT_NOW
    assert exchange.lines == []


async def test_a_newer_window_takes_the_phone_over(here: Town, cast: Cast) -> None:
    lines = lines_at(Exchange())
    session = await signed_in(cast.rosa)
    older = Window(lines, session)
    first = await older.opens()
    newer = Window(lines, session)
    second = await newer.opens()
    assert first["password"] != second["password"]
    assert await older.closes() == REPLACED
    assert is_open(here, cast.rosa)
    newer.says.put_nowait({"type": "websocket.disconnect", "code": 1001})
    await newer.closes()


async def test_it_ends_with_the_session(here: Town, cast: Cast) -> None:
    window = Window(lines_at(Exchange(), check_s=0.05), await signed_in(cast.rosa))
    await window.opens()
    here.db.execute("delete from django_session")
    assert await window.closes() == NO_LONGER
    assert not is_open(here, cast.rosa)


async def test_it_ends_when_another_phone_is_chosen(here: Town, cast: Cast) -> None:
    window = Window(lines_at(Exchange(), check_s=0.05), await signed_in(cast.rosa))
    await window.opens()
    in_browser(here, cast.rosa, on=False)
    assert await window.closes() == NO_LONGER


async def test_an_exchange_that_hangs_up_or_is_away_closes_it(here: Town, cast: Cast) -> None:
    exchange = Exchange()
    window = Window(lines_at(exchange), await signed_in(cast.rosa))
    await window.opens()
    exchange.lines[0].said.put_nowait(None)
    assert await window.closes() == NOT_NOW
    assert (await Window(lines_at(Exchange(away=True)), await signed_in(cast.rosa)).next())[
        "type"
    ] == "websocket.close"
    assert not is_open(here, cast.rosa)
