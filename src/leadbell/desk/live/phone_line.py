"""The line of a phone in a browser (websocket `/phone/ws`): SIP between the person's window and the exchange.

It is opened only for whoever is signed in, from our own pages, as the phone of that person alone. Plain ASGI.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import structlog
from django.conf import settings
from django.db import DatabaseError, transaction

from leadbell.announce import announce
from leadbell.dealers.presence import phone_closed, phone_opened
from leadbell.desk.live.admission import Reader, admit
from leadbell.desk.live.stream import session_of, with_database
from leadbell.ring.lines import browser_phones
from leadbell.ring.ports import BROWSER, LegFailed

if TYPE_CHECKING:
    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, WebSocketScope

    from leadbell.ring.lines.browsers import BrowserPhones, Line

log = structlog.get_logger("leadbell.phone")

PATH = "/phone/ws"
#: How often it is asked whether the session still holds and the phone is still this one.
CHECK_S = 60.0
#: Why it is closed; the window says it in words. A browser hears a code only once the handshake is over.
NOT_NOW, REPLACED, NO_LONGER = 4000, 4001, 4003


class PhoneLines:
    """The open phones of this process, one per person: a newer window takes the phone over."""

    def __init__(
        self,
        phones: "BrowserPhones | None" = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        check_s: float = CHECK_S,
    ) -> None:
        self._phones = phones or browser_phones(settings)
        self._clock, self._check_s = clock, check_s
        self._open: dict[int, asyncio.Event] = {}
        self._desk = ThreadPoolExecutor(1, "phones")

    async def __call__(
        self, scope: "WebSocketScope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        await receive()
        if self._phones is None or not _from_our_page(scope):
            await _close(send, NO_LONGER)
            return
        try:
            reader = await self._who(scope)
        except DatabaseError as error:
            log.warning("phones: the database failed", error=type(error).__name__)
            await _close(send, NOT_NOW)
            return
        if reader is None:
            await _accept(send)
            await _close(send, NO_LONGER)
            return
        replaced = asyncio.Event()
        if (older := self._open.get(reader.person)) is not None:
            older.set()
        self._open[reader.person] = replaced
        code = NOT_NOW
        try:
            async with self._phones.phone(f"{BROWSER}{reader.person}") as line:
                await _accept(send)
                about = {"name": f"{BROWSER}{reader.person}", "password": line.password}
                await _say(send, msgspec.json.encode(about).decode())
                await self._ask(_tell, reader, True)
                code = await self._talk(reader, line, replaced, receive, send)
        except DatabaseError as error:
            log.warning("phones: the database failed", error=type(error).__name__)
        except LegFailed as error:
            log.warning("a phone in a browser has no line", person=reader.person, because=str(error))
        finally:
            if self._open.get(reader.person) is replaced:
                del self._open[reader.person]
                await asyncio.shield(self._ends(reader))
        await _close(send, code)

    async def close(self) -> None:
        self._desk.shutdown(wait=False, cancel_futures=True)

    async def _talk(
        self,
        reader: Reader,
        line: "Line",
        replaced: asyncio.Event,
        receive: "ASGIReceiveCallable",
        send: "ASGISendCallable",
    ) -> int:
        """Pass on what both say, until one of them ends it; why, as a code."""
        ends = {
            asyncio.create_task(work): code
            for work, code in (
                (_from_browser(receive, line), NOT_NOW),
                (_from_exchange(line, send), NOT_NOW),
                (self._until_it_may_not(reader), NO_LONGER),
                (replaced.wait(), REPLACED),
            )
        }
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
        return max(ends[task] for task in done)

    async def _until_it_may_not(self, reader: Reader) -> None:
        while True:
            await asyncio.sleep(self._check_s)
            try:
                if await self._ask(_holder_of, reader.session, self._clock()) != reader:
                    return
            except DatabaseError as error:
                log.warning("phones: the database failed", error=type(error).__name__)

    async def _who(self, scope: "WebSocketScope") -> Reader | None:
        session = session_of(scope)
        return await self._ask(_holder_of, session, self._clock()) if session else None

    async def _ends(self, reader: Reader) -> None:
        """What can't be written down now counts as open until `presence.PHONE_OPEN_FOR` is over."""
        try:
            await self._ask(_tell, reader, False)
        except DatabaseError as error:
            log.warning("phones: the database failed", error=type(error).__name__)

    async def _ask(self, work: Callable[..., Any], *about: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._desk, with_database, work, *about)


def _holder_of(session: str, now: datetime) -> Reader | None:
    """Whose phone it is, and that it is open; None where nobody's calls may ring here."""
    reader = admit([session], now).get(session)
    return reader if isinstance(reader, Reader) and phone_opened(reader.person, now) else None


def _tell(reader: Reader, is_open: bool) -> None:
    """The person's screens show how they can call now."""
    with transaction.atomic():
        if not is_open:
            phone_closed(reader.person)
        for dealer in reader.dealers:
            announce(dealer, "lines", people=[reader.person])


def _from_our_page(scope: "WebSocketScope") -> bool:
    """Another website could open the line with the reader's cookie, and hear who calls."""
    headers = dict(scope["headers"])
    try:
        origin = urlsplit(headers.get(b"origin", b"").decode("latin-1"))
    except ValueError:  # brackets that are no address
        return False
    return bool(origin.netloc) and origin.netloc == headers.get(b"host", b"").decode("latin-1")


async def _from_browser(receive: "ASGIReceiveCallable", line: "Line") -> None:
    while True:
        message = await receive()
        if message["type"] != "websocket.receive":
            return
        if text := message.get("text"):
            await line.send(text)


async def _from_exchange(line: "Line", send: "ASGISendCallable") -> None:
    async for text in line.messages():
        await _say(send, text)


async def _say(send: "ASGISendCallable", text: str) -> None:
    await send({"type": "websocket.send", "text": text, "bytes": None})


async def _accept(send: "ASGISendCallable") -> None:
    await send({"type": "websocket.accept", "subprotocol": "sip", "headers": []})


async def _close(send: "ASGISendCallable", code: int) -> None:
    try:
        await send({"type": "websocket.close", "code": code, "reason": ""})
    except (RuntimeError, OSError):  # the browser was faster
        return
