"""The door for chats, plain ASGI: what a visitor's browser asks (`POST /chat/…`), answered to the site's own origin.

Whoever holds a chat's token speaks in it; the token is 256 random bits that the visitor's own browser made.
"""

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
import structlog

from leadbell.allowance import Allowance
from leadbell.chat.rules import (
    BEGINS_PER_MINUTE,
    LARGEST_BODY,
    LINES_AT_ONCE,
    LINES_PER_MINUTE,
    LONGEST_CONTACT,
    LONGEST_NAME,
    LONGEST_PAGE,
    MOST_LINES,
    SITE_BEGINS_PER_MINUTE,
    Asked,
    No,
    is_key,
    line,
    read_asked,
    token_hash,
    words,
)
from leadbell.chat.widget import presence, widget
from leadbell.chat.writer import Book, Place, as_json

if TYPE_CHECKING:
    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

log = structlog.get_logger("leadbell.chat")

PREFIX = "/chat/"
BODY_WITHIN_S = 5.0
#: A browser that waits for news is answered after so long at the latest.
NEWS_WITHIN_S = 25.0
#: So many may wait for news at once, and so many of one chat.
MOST_WAITING, MOST_OF_ONE = 5_000, 4
#: What dealers chose is asked again after this long.
FRESH_S = 2.0

Headers = list[tuple[bytes, bytes]]
Reply = tuple[int, object]


class Site(Protocol):
    """What the door has to know of a website."""

    @property
    def id(self) -> int: ...
    @property
    def origins(self) -> frozenset[str]: ...


class Gone(Exception):
    """The sender hung up before the body was here."""


class Chats:
    """The ASGI application below PREFIX. `site_of` finds a website by its public key; `clock` is monotonic seconds."""

    def __init__(
        self,
        url: str,
        site_of: Callable[[str], Site | None],
        clock: Callable[[], float] = time.monotonic,
        body_within_s: float = BODY_WITHIN_S,
        news_within_s: float = NEWS_WITHIN_S,
    ) -> None:
        self.book = Book(url)
        self.places: dict[int, Place] = {}
        self.places_known_at = float("-inf")
        self._site_of, self._clock = site_of, clock
        self._body_within_s, self._news_within_s = body_within_s, news_within_s
        self._by_address = Allowance(BEGINS_PER_MINUTE)
        self._by_site = Allowance(SITE_BEGINS_PER_MINUTE)
        self._by_chat = Allowance(LINES_PER_MINUTE, LINES_AT_ONCE)
        self._asks = Allowance(120, 60)
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._working: list[asyncio.Task[None]] = []
        self.listening = asyncio.Event()

    def open(self) -> None:
        self._working = [
            asyncio.create_task(self._listen(), name="chats: news"),
            asyncio.create_task(self._keep_up(), name="chats: places"),
        ]

    async def close(self) -> None:
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        self._look_again()
        await self.book.close()

    def script_for(self, site: int, key: str) -> str | None:
        """The widget for a website whose chat is on."""
        return widget(key) if site in self.places else None

    async def __call__(
        self, scope: "HTTPScope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        origin = _header(scope, b"origin")
        if scope["method"] != "POST":
            await _answer(send, (405, {"error": "post"}), [(b"allow", b"POST")])
            return
        try:
            async with asyncio.timeout(self._body_within_s):
                body = await _body(scope, receive)
        except TimeoutError:
            await _answer(send, (408, {"error": "slow"}), [(b"connection", b"close")])
            return
        except Gone:
            return
        asked = body if isinstance(body, No) else read_asked(body)
        if isinstance(asked, No):
            status = 413 if asked is No.TOO_LARGE else 400
            await _answer(send, (status, {"error": asked}), [(b"connection", b"close")])
            return
        site = self._site_of(asked.site)
        place = self.places.get(site.id) if site else None
        # Somebody else's website learns as little as somebody who guesses.
        if site is None or origin not in site.origins or place is None:
            await _answer(send, (404, {"error": "unknown"}), [])
            return
        address = scope["client"][0] if scope["client"] else ""
        cors = [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]
        try:
            reply = await self._reply(scope["path"][len(PREFIX) :], asked, place, address, receive)
        except Gone:
            return
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.error("a chat is unanswered", site=place.site, error=type(error).__name__)
            reply = 503, {"error": "away"}
        await _answer(send, reply, cors)

    async def _reply(
        self, what: str, asked: Asked, place: Place, address: str, receive: "ASGIReceiveCallable"
    ) -> Reply:
        now = datetime.now(UTC)
        if not self._may(self._asks, address):
            return 429, {"error": "too_fast"}
        if what == "here":
            staff = await self.book.staff(place.dealer, now)
            return 200, await asyncio.to_thread(presence, place, staff, asked.language, now)
        token = token_hash(asked.token)
        if token is None:
            return 404, {"error": "unknown"}
        match what:
            case "begin":
                return await self._begin(asked, place, token, address, now)
            case "say":
                return await self._say(asked, place, token, now)
            case "hear":
                return await self._hear(asked, place, token, now, receive)
            case "contact":
                return await self._contact(asked, place, token, now)
            case "end":
                found = await self.book.left(place.site, token, now)
            case "erase":
                found = await self.book.erased(place.site, token)
            case _:
                found = False
        return (200, {"done": True}) if found else (404, {"error": "unknown"})

    async def _begin(self, asked: Asked, place: Place, token: bytes, address: str, now: datetime) -> Reply:
        text = line(asked.text)
        if not text or not is_key(asked.key):
            return 400, {"error": No.EMPTY}
        if not (self._may(self._by_address, address) and self._may(self._by_site, place.site)):
            return 429, {"error": "too_fast"}
        greeting = await asyncio.to_thread(_greeting, asked.language, place.language) if place.greets else ""
        number = await self.book.begin(
            place.site, token, uuid.uuid4(), _browser(asked.visitor), words(asked.language, 2),
            words(asked.page.partition("?")[0].partition("#")[0], LONGEST_PAGE), words(asked.title, LONGEST_PAGE),
            asked.key, text, greeting, now,
        )  # fmt: skip
        return (404, {"error": "unknown"}) if number is None else (200, {"kept": True})

    async def _say(self, asked: Asked, place: Place, token: bytes, now: datetime) -> Reply:
        text = line(asked.text)
        if not text or not is_key(asked.key):
            return 400, {"error": No.EMPTY}
        if not self._may(self._by_chat, token):
            return 429, {"error": "too_fast"}
        match await self.book.said(place.site, token, asked.key, text, MOST_LINES, now):
            case "kept":
                return 200, {"kept": True}
            case None:
                return 404, {"error": "unknown"}
            case because:
                return 409, {"error": because}

    async def _hear(
        self, asked: Asked, place: Place, token: bytes, now: datetime, receive: "ASGIReceiveCallable"
    ) -> Reply:
        """The lines after `after` and the state, as soon as there is something that the browser doesn't know."""
        after = max(0, min(asked.after, 2**62))
        news = await self.book.heard(place.site, token, after, now)
        if news is None:
            return 404, {"error": "unknown"}
        number = str(news.pop("chat"))
        if news["lines"] or _state(news) != asked.known or len(self._waiting) >= MOST_WAITING:
            return 200, news | {"known": _state(news)}
        waiting = self._waiting[number]
        if len(waiting) >= MOST_OF_ONE:
            return 429, {"error": "too_fast"}
        event = asyncio.Event()
        waiting.add(event)
        try:
            # Between the question and our waiting something may have happened: ask once more.
            news = await self.book.heard(place.site, token, after, now) or news
            if not news["lines"] and _state(news) == asked.known:
                await _first(event, receive, self._news_within_s)
                news = await self.book.heard(place.site, token, after, datetime.now(UTC)) or news
        finally:
            waiting.discard(event)
            if not waiting:
                self._waiting.pop(number, None)
        news.pop("chat", None)
        return 200, news | {"known": _state(news)}

    async def _contact(self, asked: Asked, place: Place, token: bytes, now: datetime) -> Reply:
        name, phone = words(asked.name, LONGEST_NAME), words(asked.phone, LONGEST_CONTACT)
        email = words(asked.email, LONGEST_CONTACT)
        if sum(letter.isdigit() for letter in phone) < 6 and "@" not in email:
            return 400, {"error": No.EMPTY}
        if not self._may(self._by_chat, token):
            return 429, {"error": "too_fast"}
        kept = await self.book.contact(place.site, token, uuid.uuid4(), (name, phone, email), now)
        return (200, {"kept": True}) if kept else (404, {"error": "unknown"})

    def _may(self, allowance: Allowance, who: object) -> bool:
        now = self._clock()
        if allowance.wait_s(who, now):
            return False
        allowance.count(who, now)
        return True

    async def _keep_up(self) -> None:
        while True:
            if self._clock() - self.places_known_at > FRESH_S:
                try:
                    self.places = await self.book.places()
                    self.places_known_at = self._clock()
                except (psycopg.Error, OSError) as error:
                    log.warning("chats are unknown", error=type(error).__name__)
            await asyncio.sleep(0.2)

    async def _listen(self) -> None:
        while True:
            try:
                await self.book.listen(self._ready, self._heard)
            except (psycopg.Error, OSError) as error:
                log.warning("chats don't hear news", error=type(error).__name__)
            self.listening.clear()
            await asyncio.sleep(0.5)

    def _ready(self) -> None:
        self.listening.set()
        self._look_again()

    def _heard(self, chat: str) -> None:
        for event in self._waiting.get(chat, ()):
            event.set()

    def _look_again(self) -> None:
        """Nobody knows what was missed: everybody who waits asks again."""
        for events in list(self._waiting.values()):
            for event in events:
                event.set()


def _state(news: dict[str, Any]) -> str:
    return "".join(str(int(bool(news[name]))) for name in ("answered", "unanswered", "contact", "ended"))


def _browser(said: str) -> str | None:
    try:
        found = uuid.UUID(said[:36])
    except ValueError:
        return None
    return found.hex if found.version == 4 else None


def _greeting(page_language: str, dealer_language: str) -> str:
    from leadbell.chat.texts import GREETING
    from leadbell.chat.widget import said_in

    return said_in(GREETING, page_language, dealer_language)


async def _first(event: asyncio.Event, receive: "ASGIReceiveCallable", within_s: float) -> None:
    """Until something happened, or the time is over. Raises Gone when the browser hangs up."""
    news, gone = asyncio.create_task(event.wait()), asyncio.create_task(_hung_up(receive))
    try:
        done, _ = await asyncio.wait({news, gone}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if gone in done and news not in done:
            raise Gone
    finally:
        news.cancel()
        gone.cancel()


async def _hung_up(receive: "ASGIReceiveCallable") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(scope: "HTTPScope", receive: "ASGIReceiveCallable") -> bytes | No:
    length = _header(scope, b"content-length")
    if length.isdigit() and int(length[:16]) > LARGEST_BODY:
        return No.TOO_LARGE
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > LARGEST_BODY:
            return No.TOO_LARGE
        if not message.get("more_body", False):
            return b"".join(pieces)


def _header(scope: "HTTPScope", name: bytes) -> str:
    return next((value[:300].decode("latin-1") for key, value in scope["headers"] if key == name), "")


async def _answer(send: "ASGISendCallable", reply: Reply, more: Headers) -> None:
    status, said = reply
    content = as_json(said)
    headers: Headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-length", b"%d" % len(content)),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": content, "more_body": False})
