"""A line that goes away and comes back: what is counted, and what begins meanwhile."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from leadbell.ring.exchange import Exchange
from leadbell.ring.outages import LOST_AFTER_S
from leadbell.ring.ports import Bell, Dial, Heard, LegFailed, LiveLeg, Phone, Prompt, UnderWay
from tests.fakes.engine import FakeEngine

KEY, LATER = "c0ffee", "decaf"
ROSAS, CUSTOMERS = f"{KEY}-p7", f"{KEY}-customer"


class SlowEngine(FakeEngine):
    """Takes its time to say what it has, may fail at it, and may be asked for more meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = 0
        self.asked, self.answer = asyncio.Event(), asyncio.Event()
        self.answer.set()

    async def live(self) -> list[LiveLeg]:
        found = list(self.alive.values())
        self.asked.set()
        await self.answer.wait()
        if self.fails:
            self.fails -= 1
            raise LegFailed("no answer in time")
        return found


def bell(key: str) -> Bell:
    return Bell(key, 1, 41, (7,), 20, (Phone(7, "sip:rosa", lambda _: Prompt("New lead", "en")),))


async def settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


class Timers:
    """Those that run out when the test says so."""

    def __init__(self) -> None:
        self.all: list[tuple[float, Any]] = []

    def later(self, seconds: float, then: Any) -> Any:
        class Timer:
            def cancel(_self) -> None:
                self.all[:] = [one for one in self.all if one[1] is not then]

        self.all.append((seconds, then))
        return Timer()

    def run(self, seconds: float) -> None:
        for one in [one for one in self.all if one[0] == seconds]:
            self.all.remove(one)
            one[1]()


@pytest.fixture
async def room() -> tuple[SlowEngine, Exchange, list[Heard], Timers]:
    engine, heard, timers = SlowEngine(), list[Heard](), Timers()
    exchange = Exchange(engine, heard.append, lambda: datetime.now(UTC), timers.later)
    await exchange.open()
    return engine, exchange, heard, timers


async def talk(engine: FakeEngine, exchange: Exchange) -> None:
    exchange.ring(bell(KEY))
    await settle()
    engine.happens(ROSAS, "answered")
    engine.happens(ROSAS, "digit", digit="1")
    exchange.dial(Dial(KEY, 1, 41, 7, "+31612345678"))
    await settle()
    engine.happens(CUSTOMERS, "answered")
    await settle()


Room = tuple[SlowEngine, Exchange, list[Heard], Timers]


@pytest.mark.parametrize("comes_back", [True, False])
async def test_of_a_lost_conversation_only_what_we_know_of_counts(room: Room, comes_back: bool) -> None:
    engine, exchange, heard, timers = room
    began = time.monotonic()
    await talk(engine, exchange)
    engine.ears.down("killed")
    known_ms = (time.monotonic() - began) * 1000
    engine.alive.clear()
    await asyncio.sleep(0.1)
    if comes_back:
        engine.ears.up()
        await settle()
    else:
        timers.run(LOST_AFTER_S)
    ended = heard[-1]
    assert ended.what == "ended"
    assert ended.talk_ms is not None
    assert ended.talk_ms <= known_ms + 1


async def test_what_begins_while_the_line_says_what_it_has_is_not_lost(room: Room) -> None:
    engine, exchange, heard, _ = room
    engine.answer.clear()
    engine.ears.up()
    await engine.asked.wait()
    exchange.ring(bell(LATER))
    await settle()
    engine.answer.set()
    await settle()
    assert heard == []
    assert exchange.under_way == 1
    assert f"{LATER}-p7" in engine.alive


async def test_a_line_that_does_not_say_what_it_has_is_asked_again(room: Room) -> None:
    engine, exchange, heard, timers = room
    await talk(engine, exchange)
    engine.alive.clear()
    engine.fails = 1
    engine.ears.up()
    await settle()
    assert exchange.under_way == 1
    timers.run(1.0)
    await settle()
    assert heard[-1].what == "ended"


async def test_a_line_that_does_not_say_what_it_has_at_the_start_is_asked_again(room: Room) -> None:
    engine, exchange, heard, timers = room
    engine.fails = 1
    await exchange.adopt([UnderWay(KEY, (7,), 7, dialled=True)])
    assert heard == []
    timers.run(1.0)
    await settle()
    assert [news.what for news in heard] == ["lost_track"]
