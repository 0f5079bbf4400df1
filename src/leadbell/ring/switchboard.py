"""Between the lines and the journal: what is wanted is rung, what is heard is written down, in its order.

The lines live on an event loop; everything that touches the database runs in a few threads beside it.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import psycopg
import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from leadbell.announce import HANG_UP, SCREENS, SWITCHBOARD, keep_listening
from leadbell.ring import calls, claiming, health, pressing, reconciling, steps
from leadbell.ring.bells import Bells
from leadbell.ring.exchange import Exchange
from leadbell.ring.ports import LAST_WORDS, Bell, Engine, Heard, LegFailed, LineDown, Prompt
from leadbell.ring.recordings import saving

log = structlog.get_logger("leadbell.switchboard")
T = TypeVar("T")

#: Held by the one switchboard that works; another one waits for it.
WORKING_LOCK = 0x1EADBE13
POLL_S = 1.0
#: Threads hand over to the loop, which talks to the phones, at least so often.
HANDS_OVER_S = 0.0005
#: How often the lines that are up are said to be.
HEALTH_S = 4.0
#: The others stop ringing before the processor decides and writes down; the customer waits for that no longer.
OTHERS_STOP_S = 0.03
#: What a customer or a salesperson waits for never queues behind what is only written down.
URGENT_THREADS, THREADS = 4, 4
#: Which phones ring is written down so long after the first of them is heard.
RINGS_S = 0.05
#: A provider takes a moment to hand a recording over; then it is asked again.
FETCH_AGAIN_S, FETCH_SELDOM_S = 15.0, 900.0
#: The database is away: what was heard is written down when it is back.
TRY_AGAIN_S = 0.2
KEEP_TRYING_S = 600.0
#: News in the journal after which a phone may ring in vain.
ANSWERED = frozenset(
    {"accepted", "assigned", "attempted", "answered", "passed_on", "rang", "sold", "lost", "opted_out"}
)


class News(msgspec.Struct):
    """What the journal and `announce` tell: what happened, and with which lead."""

    w: str = ""
    l: int | None = None  # noqa: E741 (the payload's name)


_read_news = msgspec.json.Decoder(News).decode

#: Makes a lead of a customer's own call, in a thread: the bell to ring for it, or None for a number that isn't ours.
Arrives = Callable[[Heard, str, datetime], Bell | None]
#: Writes down what a salesperson said with a key, in a thread.
Keyed = Callable[[Heard], None]


class Switchboard:
    """Rings what is wanted on the lines there are, until stopped. Raises psycopg.Error where the database goes away."""

    def __init__(
        self,
        engines: Mapping[str, Engine],
        database: str,
        arrives: Arrives,
        keyed: Keyed,
        clock: Callable[[], datetime],
    ) -> None:
        self.database, self.arrives, self.keyed, self.clock = database, arrives, keyed, clock
        self.lines = {name: Exchange(engine, self._ear(name), clock) for name, engine in engines.items()}
        self._bells = Bells()
        self._chains: dict[str, asyncio.Task[None]] = {}
        self._decided: set[str] = set()
        #: Somebody has pressed 1: what was heard before of this call must not wait.
        self._hurried: set[str] = set()
        self._urgent = ThreadPoolExecutor(URGENT_THREADS, "switchboard-urgent")
        self._threads = ThreadPoolExecutor(THREADS, "switchboard")
        self._placing = asyncio.Event()
        #: Who rings: heard but not written down, and being written down.
        self._ringing: list[Heard] = []
        self._told: list[Heard] = []
        self._pen = asyncio.Lock()
        self._rings = asyncio.Event()
        self._was_up: dict[str, bool] = {}
        self._fetching: set[asyncio.Task[None]] = set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; what rings then is left to the next switchboard."""
        sys.setswitchinterval(HANDS_OVER_S)
        async with await psycopg.AsyncConnection.connect(self.database, autocommit=True) as ear:
            if not await self._alone(ear, stopping):
                return
            ear.add_notify_handler(self._notified)
            await ear.execute(f"listen {SWITCHBOARD}")
            await ear.execute(f"listen {SCREENS}")
            for name, line in self.lines.items():
                await line.open()
                await line.adopt(await self._in_thread(reconciling.under_way, name))
            for lost in await self._in_thread(reconciling.of_no_line, tuple(self.lines), self.clock()):
                self._chain(lost.key, self._in_thread(calls.heard, lost))
            tasks: list[asyncio.Task[None]] = [
                asyncio.create_task(work)
                for work in (
                    keep_listening(ear, self._notified),
                    self._place_wanted(),
                    self._stay_healthy(),
                    self._write_down_who_rings(),
                    self._fetch_what_was_left(),
                )
            ]
            stop = asyncio.create_task(stopping.wait())
            waiting: list[asyncio.Task[Any]] = [stop, *tasks]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    if task.done():
                        task.result()
            finally:
                for task in (*waiting, *self._fetching):
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                for line in self.lines.values():
                    await line.close()
                await asyncio.gather(*self._chains.values(), return_exceptions=True)
                for threads in (self._urgent, self._threads):
                    threads.shutdown(wait=False, cancel_futures=True)

    async def _alone(self, ear: "psycopg.AsyncConnection[Any]", stopping: asyncio.Event) -> bool:
        """Wait for the one who works now, if there is one; False when we are to stop before it is our turn."""
        waited = False
        while not stopping.is_set():
            row = await (await ear.execute("select pg_try_advisory_lock(%s)", [WORKING_LOCK])).fetchone()
            if row and row[0]:
                return True
            if not waited:
                waited = True
                log.info("another switchboard works: waiting")
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), POLL_S)
        return False

    # -- what is wanted ----------------------------------------------------------------------------------------

    def _notified(self, notice: psycopg.Notify) -> None:
        if notice.channel == SCREENS:
            self._news(_read_news(notice.payload))
        elif notice.payload.startswith(HANG_UP):
            key = notice.payload.removeprefix(HANG_UP)
            self._chain(key, self._hang_up(key))
        else:
            self._placing.set()

    def _news(self, news: News) -> None:
        """A phone that rings for this lead may ring in vain now; whoever presses 1 meanwhile is told so then."""
        if news.w in ANSWERED and news.l is not None:
            for key in self._bells.of(news.l):
                if key not in self._decided and key not in self._hurried:
                    self._chain(key, self._stop_if_in_vain(key))

    async def _hang_up(self, key: str) -> None:
        """Whichever line has this call ends it."""
        for line in self.lines.values():
            line.hang_up(key)

    async def _stop_if_in_vain(self, key: str) -> None:
        if not self._bells.get(key):
            return
        people = await self._at_once(reconciling.still_rung, key)
        if (placed := self._bells.get(key)) is None:
            return
        line, bell = placed
        if (
            bell.waiting
        ):  # whose phone isn't among them may have taken it; with nobody left the customer is told so
            reached = people & {phone.person for phone in bell.phones}
            if reached or not people:
                self.lines[line].ring_only(key, reached)
        elif people:
            self.lines[line].ring_only(key, people)
        else:
            self._stop_ringing(key)

    def _stop_ringing(self, key: str, tell: Prompt | None = None) -> None:
        if placed := self._bells.get(key):
            line, bell = placed
            self.lines[line].stop_ringing(bell, tell)

    async def _place_wanted(self) -> None:
        while True:
            for placed in await self._at_once(claiming.claim, self.clock()):
                self._place(placed)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._placing.wait(), POLL_S)
            self._placing.clear()

    def _place(self, placed: claiming.Placed) -> None:
        line, bell = self.lines.get(placed.line), placed.bell
        because = "it is not set up here"
        if line is not None:
            self._bells.add(placed.line, bell)
            answer = line.ring(bell)
            if not isinstance(answer, LineDown):
                return
            because = answer.because
            self._bells.drop(bell.key)
        self._chain(bell.key, self._in_thread(calls.could_not_ring, bell.key, because, self.clock()))

    async def _stay_healthy(self) -> None:
        while True:
            for name, line in self.lines.items():
                if line.engine.is_up:
                    away = await self._trunks_away(line.engine)
                    await self._in_thread(health.line_is_up, name, self.clock(), away)
                elif self._was_up.get(name, True):
                    await self._in_thread(health.line_is_down, name, self.clock(), "not connected")
                self._was_up[name] = line.engine.is_up
            await asyncio.sleep(HEALTH_S)

    async def _trunks_away(self, engine: Engine) -> Collection[str]:
        try:
            return await engine.trunks_away()
        except LegFailed:
            return ()  # what the line itself is will be told by itself

    async def _fetch_what_was_left(self) -> None:
        """Recordings that were wanted when the last switchboard ended."""
        for name in self.lines:
            for key in await self._in_thread(saving.wanted_of, name, self.clock()):
                self._fetch(name, key)
        await asyncio.Event().wait()

    def _fetch(self, line: str, key: str) -> None:
        """Let the provider hand over a recording, as soon as it has it; it is kept by a process of its own."""

        async def fetch() -> None:
            pause_s, until = FETCH_AGAIN_S, self.clock() + saving.LEFT_BEHIND
            while self.clock() < until:
                try:
                    await self.lines[line].engine.recorded(key)
                    return
                except LegFailed as error:
                    because = str(error)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, FETCH_SELDOM_S)
            log.warning("a recording could not be fetched", line=line, because=because)

        task = asyncio.get_running_loop().create_task(fetch())
        self._fetching.add(task)
        task.add_done_callback(self._fetching.discard)

    # -- what is heard -----------------------------------------------------------------------------------------

    def _ear(self, line: str) -> Callable[[Heard], None]:
        def hear(news: Heard) -> None:
            if not news.key:
                self._was_up[line] = False
                self._chain(line, self._in_thread(health.line_is_down, line, news.at, news.because))
            elif news.what in steps.RINGS:
                self._ringing.append(news)
                self._rings.set()
            elif news.what == "accepted":
                self._hurried.add(news.key)
                self._chain(news.key, self._accepted(line, news))
            elif news.what == "keyed":
                self._chain(news.key, self._in_thread(self.keyed, news))
            elif news.what == "arrived":
                self._chain(news.key, self._arrived(line, news))
            else:
                self._chain(news.key, self._heard(line, news))

        return hear

    async def _write_down_who_rings(self) -> None:
        while True:
            await self._rings.wait()
            await asyncio.sleep(RINGS_S)
            self._rings.clear()
            await self._tell_who_rings()

    async def _tell_who_rings(self) -> None:
        async with self._pen:
            if not self._ringing:
                return
            self._told, self._ringing = self._ringing, []
            try:
                await self._in_thread(steps.heard_ringing, self._told)
            except Exception:
                log.exception("who rings could not be written down")
            self._told = []

    async def _accepted(self, line: str, news: Heard) -> None:
        """Store the attempt, then dial: in this order, so that a crash between them calls nobody twice."""
        try:
            await self.lines[line].others_stop(news.key, OTHERS_STOP_S)
            decided = await self._at_once(pressing.accepted, news.key, news.person or 0, news.at)
        finally:
            self._hurried.discard(news.key)
        if isinstance(decided, pressing.Turned):
            self._stop_ringing(news.key, decided.tell)
            return
        self._decided.add(news.key)
        answer = self.lines[line].dial(decided)
        if isinstance(answer, LineDown):
            self._bells.drop(news.key)
            self._decided.discard(news.key)
            await self._in_thread(calls.could_not_ring, news.key, answer.because, self.clock())

    async def _arrived(self, line: str, news: Heard) -> None:
        bell = await self._at_once(self.arrives, news, line, self.clock())
        if bell is None:
            log.warning("a call for a number that is nobody's", line=line)
            self.lines[line].stop_ringing(Bell(news.key, 0, 0, (), 0))
            return
        self._bells.add(line, bell)
        self.lines[line].ring(bell)

    async def _heard(self, line: str, news: Heard) -> None:
        if any(one.key == news.key for one in (*self._told, *self._ringing)):
            await self._tell_who_rings()
        tell = await (self._at_once if news.key in self._hurried else self._in_thread)(calls.heard, news)
        if tell is not None:
            self._stop_ringing(news.key, tell)
        if news.what in LAST_WORDS:
            self._bells.drop(news.key)
        if news.what == "ended":
            self._fetch(line, news.key)
            self._decided.discard(news.key)

    # -- small steps -------------------------------------------------------------------------------------------

    def _chain(self, key: str, work: Awaitable[Any]) -> None:
        """Do it after everything else of the same call."""
        before = self._chains.get(key)

        async def link() -> None:
            if before is not None:
                await before
            try:
                await work
            except Exception:
                log.exception("what was heard could not be written down", key=key)
            finally:
                if self._chains.get(key) is asyncio.current_task():
                    self._chains.pop(key, None)

        self._chains[key] = asyncio.get_running_loop().create_task(link())

    async def _in_thread(self, do: Callable[..., T], *args: Any) -> T:
        """Run it beside the loop; where the database is away, again until it is back."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _patiently, do, args)

    async def _at_once(self, do: Callable[..., T], *args: Any) -> T:
        """The same, ahead of everything that only writes down."""
        return await asyncio.get_running_loop().run_in_executor(self._urgent, _patiently, do, args)


def _patiently(do: Callable[..., T], args: tuple[Any, ...]) -> T:
    give_up_at = time.monotonic() + KEEP_TRYING_S
    while True:
        try:
            return do(*args)
        except (DatabaseError, InterfaceError) as error:
            if not _is_away(error) or time.monotonic() > give_up_at:
                raise
            connection.close()
            time.sleep(TRY_AGAIN_S)


def _is_away(error: Exception) -> bool:
    """The database can't be reached, in contrast to what it refuses to do."""
    return isinstance(error, OperationalError | InterfaceError)
