"""What the shared suite needs of a line: the world beyond it, where phones ring, are answered, and press keys."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from leadbell.ring.exchange import Exchange
from leadbell.ring.lines.asterisk import Asterisk
from leadbell.ring.lines.sip import Sip
from leadbell.ring.lines.sip_words import Trunk
from leadbell.ring.lines.twilio import Twilio
from leadbell.ring.ports import Engine, Heard
from leadbell.ring.speech import Speaker
from tests.fakes.engine import FakeEngine
from tests.ring.asterisk.running import asterisk, free_port
from tests.ring.lines.phones import Ringing, phones
from tests.ring.lines.twilio_house import ACCOUNT, TOKEN, TwilioHouse
from tests.waiting import PATIENCE_S


def now() -> datetime:
    return datetime.now(UTC)


async def until(true: Callable[[], Any]) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while not (found := true()):
            await asyncio.sleep(0.005)
        return found


class World(Protocol):
    """A line's exchange, everything it told, and the phones it rings, by leg."""

    exchange: Exchange
    heard: list[Heard]

    async def rings(self, leg: str) -> None:
        """Wait until the phone of this leg rings."""
        ...

    async def answers(self, leg: str) -> None: ...

    async def presses(self, leg: str, digit: str) -> None: ...

    async def is_busy(self, leg: str) -> None: ...

    async def hangs_up(self, leg: str) -> None: ...

    def has_ended(self, leg: str) -> bool: ...

    def times_rung(self, leg: str) -> int: ...


class _Exchanged:
    def __init__(self, engine: Engine) -> None:
        self.heard: list[Heard] = []
        self.exchange = Exchange(engine, self.heard.append, now)


class InMemory(_Exchanged):
    def __init__(self) -> None:
        self.engine = FakeEngine()
        super().__init__(self.engine)

    async def rings(self, leg: str) -> None:
        await until(lambda: leg in self.engine.called)
        self.engine.happens(leg, "rings")

    async def answers(self, leg: str) -> None:
        self.engine.happens(leg, "answered")

    async def presses(self, leg: str, digit: str) -> None:
        self.engine.happens(leg, "digit", digit=digit)

    async def is_busy(self, leg: str) -> None:
        self.engine.happens(leg, "over", how="busy")

    async def hangs_up(self, leg: str) -> None:
        self.engine.happens(leg, "over", how="hung_up")

    def has_ended(self, leg: str) -> bool:
        return leg not in self.engine.alive

    def times_rung(self, leg: str) -> int:
        return int(leg in self.engine.called)


class AtTwilio(_Exchanged):
    def __init__(self, house: TwilioHouse, folder: Path) -> None:
        self.house = house
        self.engine = Twilio(ACCOUNT, TOKEN, house.public, house.api, folder=folder, clock=now, again_s=0.05)
        super().__init__(self.engine)

    async def rings(self, leg: str) -> None:
        await until(lambda: self.house.ordered(leg))
        await self.house.rings(self.house.call(leg))

    async def answers(self, leg: str) -> None:
        await self.house.answers(self.house.call(leg))

    async def presses(self, leg: str, digit: str) -> None:
        await self.house.presses(self.house.call(leg), digit)

    async def is_busy(self, leg: str) -> None:
        await self.house.ends(self.house.call(leg), "busy")

    async def hangs_up(self, leg: str) -> None:
        await self.house.ends(self.house.call(leg))

    def has_ended(self, leg: str) -> bool:
        return not self.house.ordered(leg) or self.house.call(leg).is_over

    def times_rung(self, leg: str) -> int:
        return int(self.house.ordered(leg))


class WithPhones(_Exchanged):
    """Real SIP phones; `number_of` says which one a leg rings."""

    def __init__(self, engine: Engine, there: Any, number_of: Callable[[str], str]) -> None:
        super().__init__(engine)
        self.there, self.number_of = there, number_of
        self.phones: dict[str, Any] = {}
        self.ringing: dict[str, Ringing] = {}

    def phone(self, leg: str) -> Any:
        number = self.number_of(leg)
        if number not in self.phones:
            self.phones[number] = self.there.phone(number, 440)
        return self.phones[number]

    async def rings(self, leg: str) -> None:
        self.ringing[leg] = await self.phone(leg).rings()

    async def answers(self, leg: str) -> None:
        await self.ringing[leg].answer()

    async def presses(self, leg: str, digit: str) -> None:
        await self.ringing[leg].press(digit)

    async def is_busy(self, leg: str) -> None:
        await self.ringing[leg].busy()

    async def hangs_up(self, leg: str) -> None:
        await self.ringing[leg].hang_up()

    def has_ended(self, leg: str) -> bool:
        return all(ringing.over.is_set() for ringing in self.phone(leg).all)

    def times_rung(self, leg: str) -> int:
        return len(self.phone(leg).all)


@asynccontextmanager
async def in_memory(folder: Path, number_of: Callable[[str], str]) -> AsyncIterator[World]:
    world = InMemory()
    await world.exchange.open()
    yield world
    await world.exchange.close()


@asynccontextmanager
async def at_twilio(folder: Path, number_of: Callable[[str], str]) -> AsyncIterator[World]:
    house = TwilioHouse()
    await house.open()
    house.address()
    world = AtTwilio(house, folder)
    await house.mount(world.engine.routes())
    await world.exchange.open()
    try:
        yield world
    finally:
        await world.exchange.close()
        await house.close()


@asynccontextmanager
async def at_asterisk(folder: Path, number_of: Callable[[str], str]) -> AsyncIterator[World]:
    with asterisk() as pbx:
        await pbx.answers()
        async with phones(pbx.outside, pbx.choices.sip_port) as there:
            engine = Asterisk([pbx.node], Speaker(folder / "speech"), folder / "spool", clock=now)
            world = WithPhones(engine, there, number_of)
            for leg in ("p7", "p8", "customer"):
                world.phone(leg)
            await world.exchange.open()
            await until(lambda: engine.is_up)
            try:
                yield world
            finally:
                await world.exchange.close()


@asynccontextmanager
async def over_sip(folder: Path, number_of: Callable[[str], str]) -> AsyncIterator[World]:
    outside, ours = free_port(), free_port()
    async with phones(outside, ours) as there:
        trunk = Trunk("dealer", "", f"127.0.0.1:{outside}", f"127.0.0.1:{ours}")
        engine = Sip(trunk, Speaker(folder / "spoken"), folder / "calls")
        world = WithPhones(engine, there, number_of)
        for leg in ("p7", "p8", "customer"):
            world.phone(leg)
        await world.exchange.open()
        await until(lambda: engine.is_up)
        try:
            yield world
        finally:
            await world.exchange.close()


#: Those that need phones that really ring.
REAL = ("asterisk", "sip")
#: Every line that hears the call, by name: what opens its world.
WORLDS = {"in memory": in_memory, "twilio": at_twilio, "asterisk": at_asterisk, "sip": over_sip}
