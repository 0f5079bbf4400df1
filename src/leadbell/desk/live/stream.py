"""What changes is told to open screens at once, as server-sent events (`GET /stream`). Plain ASGI.

An event is a nudge: the screen fetches again through its ordinary view, which checks again what may be seen.
"""

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import psycopg
import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.http import parse_cookie

from leadbell.announce import SCREENS, keep_listening
from leadbell.desk.live.admission import DOWN, SIGNED_OUT, Reader, Stranger, admit, leave, stay
from leadbell.desk.live.nudges import (
    DESK,
    FLOOR,
    INBOX,
    PACE_S,
    Audience,
    News,
    Stream,
    for_everybody,
    for_whose_desk_it_is,
)
from leadbell.intake.post import connect

if TYPE_CHECKING:
    from asgiref.typing import (
        ASGIReceiveCallable,
        ASGISendCallable,
        HTTPResponseStartEvent,
        HTTPScope,
        WebSocketScope,
    )

log = structlog.get_logger("leadbell.stream")
T = TypeVar("T")

#: How often it is asked whether the session still holds, and written that the desk is open.
CHECK_S = 60.0
#: The more is told in a second, the longer is gathered what isn't urgent: a rush never holds up a bell.
PACE_PER_NUDGE_S = 1 / 10_000
#: A reload closes the stream and opens another, and a web that stops is gone sooner: nobody left.
LEFT_AFTER_S = 10.0
RETRY_MS = (300, 1000)
#: A new screen is told what happened this long before: its page was made a little earlier.
REMEMBERED_S = 10.0
#: A screen that comes before the news can be heard waits this long.
LISTENING_WITHIN_S = 1.0
LONGEST_SESSION = 40
BACK_OFF_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)

Headers = list[tuple[bytes, bytes]]
_BEGIN: "HTTPResponseStartEvent" = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ],
    "trailers": False,
}


class Screens:
    """All open screens of this process, and the one connection that listens for them."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        left_after_s: float = LEFT_AFTER_S,
    ) -> None:
        self._url, self._clock = url, clock
        self._left_after_s = left_after_s
        self._of_person: dict[int, set[Stream]] = defaultdict(set)
        self._audiences: dict[frozenset[int], Audience] = {}
        self._of_dealer: dict[int, set[Audience]] = defaultdict(set)
        self._desk = ThreadPoolExecutor(1, "stream")
        self._asked: dict[str, asyncio.Future[Reader | Stranger]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._working: set[asyncio.Task[None]] = set()
        self._recent: deque[tuple[float, News]] = deque()
        self._listening = asyncio.Event()
        self._counted, self._counted_at, self._nudges_per_s = 0, 0.0, 0.0

    def open(self) -> None:
        """Begin to listen, in the running loop."""
        self.loop = asyncio.get_running_loop()
        self._start(self._listen())
        self._start(self._check_often())

    async def close(self) -> None:
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        self._desk.shutdown(wait=False, cancel_futures=True)

    @property
    def listening(self) -> bool:
        return self._listening.is_set()

    @property
    def streams(self) -> list[Stream]:
        return [stream for streams in self._of_person.values() for stream in streams]

    async def __call__(
        self, scope: "HTTPScope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        if scope["method"] != "GET":
            await _refuse(send, Stranger(405, "Screens listen here with GET."), [(b"allow", b"GET")])
            return
        session = session_of(scope)
        reader = await self._admit(session) if session else SIGNED_OUT
        if isinstance(reader, Stranger):
            await _refuse(send, reader, [(b"retry-after", b"5")] if reader is DOWN else [])
            return
        stream = Stream(reader)
        self._add(stream)
        for _at, news in self._recent:
            if news.d in reader.dealers:
                own = reader.person in news.p
                stream.hear(for_whose_desk_it_is(news) if own else for_everybody(news))
                stream.hear({"floor": FLOOR})
        gone = asyncio.create_task(_hang_up(receive, stream))
        try:
            await self.tell_all(stream, send)
        finally:
            gone.cancel()
            self._remove(stream)

    async def tell_all(self, stream: Stream, send: "ASGISendCallable") -> None:
        """Write what waits, for as long as somebody reads it."""
        said = b"retry: %d\n\n" % random.randint(*RETRY_MS) + stream.take()  # noqa: S311 (spreads reconnects)
        try:
            async with stream.patience:
                await send(_BEGIN)
                while not stream.closed:
                    await send({"type": "http.response.body", "body": said, "more_body": True})
                    await stream.wake.wait()
                    said = stream.take()
                await send({"type": "http.response.body", "body": said, "more_body": False})
        except TimeoutError:
            log.info("a screen took nothing and was dropped", person=stream.reader.person)

    def tell(self, news: News) -> None:
        """Pass the news on: first to those whose own desk it is, then to everybody of that dealer."""
        now = asyncio.get_running_loop().time()
        self._recent.append((now, news))
        while self._recent[0][0] < now - REMEMBERED_S:
            self._recent.popleft()
        audiences = self._of_dealer.get(news.d, ())
        self._count(sum(len(audience.streams) for audience in audiences), now)
        concerned = {s for p in news.p for s in self._of_person.get(p, ()) if news.d in s.reader.dealers}
        mine, everybodys = for_whose_desk_it_is(news), for_everybody(news)
        for stream in concerned:
            stream.nudge(mine)
        for audience in audiences:
            audience.hear(everybodys)

    def _count(self, nudges: int, now: float) -> None:
        """Know how much is told in a second."""
        since = now - self._counted_at
        if since >= 1:
            self._nudges_per_s, self._counted, self._counted_at = self._counted / since, 0, now
        self._counted += nudges

    def _pace(self) -> float:
        return PACE_S + PACE_PER_NUDGE_S * self._nudges_per_s

    def _add(self, stream: Stream) -> None:
        self._of_person[stream.reader.person].add(stream)
        dealers = stream.reader.dealers
        if dealers not in self._audiences:
            self._audiences[dealers] = Audience(self._pace)
            for dealer in dealers:
                self._of_dealer[dealer].add(self._audiences[dealers])
        self._audiences[dealers].streams.add(stream)

    def _remove(self, stream: Stream) -> None:
        stream.forget()
        person, dealers = stream.reader.person, stream.reader.dealers
        _discard(self._of_person, person, stream)
        audience = self._audiences[dealers]
        audience.streams.discard(stream)
        if not audience.streams:
            del self._audiences[dealers]
            for dealer in dealers:
                _discard(self._of_dealer, dealer, audience)
        if person not in self._of_person:
            leaving = stream.reader
            asyncio.get_running_loop().call_later(
                self._left_after_s, lambda: self._start(self._leave(leaving))
            )

    async def _listen(self) -> None:
        """Hear the news; after a gap every screen is told to look again, and comes back afresh."""
        failures = 0
        while True:
            try:
                async with await connect(self._url, "leadbell screens") as connection:
                    connection.add_notify_handler(self._told)
                    await connection.execute(f"listen {SCREENS}")
                    self._listening.set()
                    failures = 0
                    self._look_again()
                    await keep_listening(connection, self._told)
            except psycopg.Error as error:
                if not failures:
                    log.warning("screens don't hear news", error=type(error).__name__)
            except Exception:
                log.exception("screens failed")
            self._listening.clear()
            self._recent.clear()
            await asyncio.sleep(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
            failures += 1

    def _told(self, notice: psycopg.Notify) -> None:
        self.heard(notice.payload)

    def heard(self, payload: str) -> None:
        """One notice from the database."""
        try:
            news = msgspec.json.decode(payload, type=News)
        except msgspec.DecodeError:
            log.error("news nobody understands", bytes=len(payload))
            return
        here = [p for p in news.p if p in self._of_person]
        if here and news.w == "left":
            self._start(self._ask(stay, here, self._clock()))
        elif here and news.w == "dealer":
            self._start(self.check([s for p in here for s in self._of_person[p]]))
        self.tell(news)

    def _look_again(self) -> None:
        """Nobody knows what was missed: the screens are nudged, and closed, so that they fetch everything."""
        for stream in self.streams:
            stream.nudge({"desk": DESK, "inbox": INBOX, "floor": FLOOR})
            stream.close()

    async def _admit(self, session: str) -> Reader | Stranger:
        """Who it is. Many who come at once are looked up together."""
        try:
            await asyncio.wait_for(self._listening.wait(), LISTENING_WITHIN_S)
        except TimeoutError:
            return DOWN
        if session not in self._asked:
            if not self._asked:
                self._start(self._admit_all())
            self._asked[session] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._asked[session])

    async def _admit_all(self) -> None:
        async with self._one_at_a_time:
            asked, self._asked = self._asked, {}
            known: Mapping[str, Reader | Stranger] = dict.fromkeys(asked, DOWN)
            try:
                known = await self._ask(admit, list(asked), self._clock())
            finally:
                for session, future in asked.items():
                    if not future.done():
                        future.set_result(known.get(session, SIGNED_OUT))

    async def _check_often(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            self._start(self.check(self.streams))

    async def check(self, streams: Sequence[Stream]) -> None:
        """Close the screens whose session ended, or whose reader may see something else now."""
        readers = {stream.reader for stream in streams}
        known = await self._ask(admit, [reader.session for reader in readers], self._clock())
        for stream in streams:
            if known.get(stream.reader.session) != stream.reader:
                stream.close()

    async def _leave(self, reader: Reader) -> None:
        """Nothing rings any more where the last desk was closed and not opened again."""
        if reader.person not in self._of_person:
            await self._ask(leave, reader)

    async def _ask(self, work: Callable[..., Any], *about: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._desk, with_database, work, *about)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_without_raising(work))
        self._working.add(task)
        task.add_done_callback(self._working.discard)


async def _without_raising(work: Coroutine[Any, Any, None]) -> None:
    """Work that nobody waits for: what the database does to it is said in the log."""
    try:
        await work
    except DatabaseError as error:
        log.warning("screens: the database failed", error=type(error).__name__)
    except Exception:
        log.exception("screens failed")


def with_database(work: Callable[..., Any], *about: object) -> Any:
    close_old_connections()
    return work(*about)


def session_of(scope: "HTTPScope | WebSocketScope") -> str:
    cookie = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
    key = parse_cookie(cookie).get(settings.SESSION_COOKIE_NAME, "")
    return key if key.isalnum() and len(key) <= LONGEST_SESSION else ""


async def _hang_up(receive: "ASGIReceiveCallable", stream: Stream) -> None:
    """End the stream when its reader is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.close()


def _discard(sets: dict[int, set[T]], key: int, one: T) -> None:
    sets[key].discard(one)
    if not sets[key]:
        del sets[key]


async def _refuse(send: "ASGISendCallable", stranger: Stranger, more: Headers) -> None:
    said = msgspec.json.encode({"error": stranger.because})
    headers: Headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"content-length", b"%d" % len(said)),
        *more,
    ]
    await send(
        {"type": "http.response.start", "status": stranger.status, "headers": headers, "trailers": False}
    )
    await send({"type": "http.response.body", "body": said, "more_body": False})
