"""The calls an exchange has right now and their legs: begun, told about, ended, remembered."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from leadbell.ring.ports import Bell, Dial, Engine, Hear, Heard, LegFailed, Phone, What

#: Keys of calls that are over, so that none is made twice.
REMEMBERED = 20_000


class Timer(Protocol):
    def cancel(self) -> None: ...


Later = Callable[[float, Callable[[], None]], Timer]


@dataclass(slots=True)
class CallUnderWay:
    """One call while it lasts."""

    key: str
    bell: Bell | None = None
    #: The salespeople's legs that still are, and which of them have been answered.
    phones: dict[str, Phone] = field(default_factory=dict)
    picked_up: set[str] = field(default_factory=set)
    whispers: dict[str, int] = field(default_factory=dict)
    #: Who passed it on at a screen while others' phones ring.
    passed_on: set[int] = field(default_factory=set)
    #: Who pressed 1 first.
    won: str | None = None
    person: int | None = None
    #: The others' phones, asked to stop then.
    stopping: list[asyncio.Task[None]] = field(default_factory=list)
    dial: Dial | None = None
    customer: str | None = None
    #: The customer called us and waits.
    waits: bool = False
    #: It has rung at the customer.
    rang: bool = False
    connected: float | None = None
    joining: asyncio.Task[None] | None = None
    machine: bool = False
    #: Said to its end, the call is over.
    last_sentence: str | None = None
    asked_for_a_key: bool = False
    asked_again: bool = False
    to_ring: int = 0
    over: bool = False
    timers: list[Timer] = field(default_factory=list)

    @property
    def legs(self) -> list[str]:
        return [*self.phones, *([self.customer] if self.customer else [])]


class CallsUnderWay:
    """Keeps calls and their legs together; a call that is over is never begun again."""

    def __init__(
        self, engine: Engine, hear: Hear, clock: Callable[[], datetime], later: Later | None = None
    ) -> None:
        self.engine, self._hear, self._clock = engine, hear, clock
        self._later: Later = later or (lambda s, then: asyncio.get_running_loop().call_later(s, then))
        self._calls: dict[str, CallUnderWay] = {}
        self._legs: dict[str, CallUnderWay] = {}
        self._done: OrderedDict[str, None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        #: While calls are ended since the line is away: until when they have talked at least.
        self._until: float | None = None

    @property
    def under_way(self) -> int:
        """How many calls it has right now."""
        return len(self._calls)

    def _begin(self, call: CallUnderWay) -> CallUnderWay:
        self._calls[call.key] = call
        return call

    def _drop(self, call: CallUnderWay, leg: str) -> None:
        call.phones.pop(leg, None)
        self._legs.pop(leg, None)

    def _finish(
        self, call: CallUnderWay, what: What | None, at: datetime | None = None, because: str = ""
    ) -> None:
        """The call is over on every leg; `what` is its last word, where that hasn't been said."""
        if call.over:
            return
        call.over = True
        cancel(call.timers)
        for leg in call.legs:
            self._legs.pop(leg, None)
            self._hang_up(leg)
        self._calls.pop(call.key, None)
        self._remember(call.key)
        if what is not None:
            talk_ms = self._talked(call) if what == "ended" else None
            self._tell(call, what, person=call.person, at=at, because=because, talk_ms=talk_ms)

    def _talked(self, call: CallUnderWay) -> int | None:
        if call.connected is None:
            return None
        until = self._until or asyncio.get_running_loop().time()
        return max(0, round((until - call.connected) * 1000))

    def _remember(self, key: str) -> None:
        self._done[key] = None
        if len(self._done) > REMEMBERED:
            self._done.popitem(last=False)

    def _tell(self, call: CallUnderWay, what: What, *, person: int | None = None, at: datetime | None = None,
              because: str = "", talk_ms: int | None = None) -> None:  # fmt: skip
        self._hear(Heard(call.key, what, at or self._clock(), person, talk_ms, because))

    def _hang_up(self, leg: str) -> asyncio.Task[None]:
        return self._do(self.engine.hang_up(leg))

    async def _end(self, leg: str) -> None:
        with suppress(LegFailed):
            await self.engine.hang_up(leg)

    def _after(self, call: CallUnderWay, seconds: float, then: Callable[[], object]) -> None:
        def act() -> None:
            if not call.over:
                then()

        call.timers.append(self._later(seconds, act))

    def _soon(self, then: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_soon(then)

    def _do(
        self, work: Coroutine[Any, Any, None], failed: Callable[[LegFailed], None] | None = None
    ) -> asyncio.Task[None]:
        async def run() -> None:
            try:
                await work
            except LegFailed as error:
                if failed is not None:
                    failed(error)

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def cancel(timers: list[Timer]) -> None:
    for timer in timers:
        timer.cancel()
    timers.clear()
