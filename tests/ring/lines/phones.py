"""SIP phones in the pytest process: they answer, press, talk in a tone of their own, and write down what they hear."""

import asyncio
import re
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from baresip import Account, BaresipError, Call, CallState, Config, Event, Runtime, StackEvent, UserAgent

from tests.waiting import PATIENCE_S

RATE = 8000
#: Sound is fed so far ahead.
AHEAD = RATE * 2 * 200 // 1000


@dataclass
class Ringing:
    """One call at a phone, from the first ring to the end."""

    call: Call
    #: By the event loop's clock.
    at: float
    caller: str
    called: str
    tone: float = 0
    sound: bytes = b""
    heard: bytearray = field(default_factory=bytearray)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    over_at: float = 0
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    _talk: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.call.on(self._on)

    def _on(self, event: StackEvent) -> None:
        if event.event is Event.CALL_ESTABLISHED:
            self.answered.set()
            self._talk = asyncio.get_running_loop().create_task(self._sound())
        elif event.event is Event.CALL_CLOSED:
            self.over_at = asyncio.get_running_loop().time()
            self.over.set()
            if self._talk is not None:
                self._talk.cancel()

    async def answer(self) -> None:
        await self.call.answer()
        await asyncio.wait_for(self.answered.wait(), PATIENCE_S)

    async def press(self, digits: str) -> None:
        # The line may hang up while the key is still held; a key that nobody heard fails the test that waits for it.
        with suppress(BaresipError):
            await self.call.send_dtmf(digits)

    async def hang_up(self) -> None:
        with suppress(BaresipError):
            await self.call.hangup()

    async def busy(self) -> None:
        await self.call.reject()

    async def ends(self, within_s: float = PATIENCE_S) -> None:
        await asyncio.wait_for(self.over.wait(), within_s)

    async def hears(self, hz: float, within_s: float = PATIENCE_S) -> None:
        """Until the last 200 ms of what it heard are this tone."""
        try:
            await self._until(lambda: loudest(bytes(self.heard[-3200:])) == round(hz / 10) * 10, within_s)
        except TimeoutError:
            last = bytes(self.heard[-3200:])
            raise AssertionError(
                f"not {hz} Hz but {loudest(last)} Hz, as loud as {level(last):.0f}"
            ) from None

    async def hears_speech(self, within_s: float = PATIENCE_S) -> None:
        """Until something louder than a noise was heard for 100 ms."""
        await self._until(lambda: level(bytes(self.heard[-1600:])) > 300, within_s)

    async def _until(self, so: Callable[[], bool], within_s: float) -> None:
        async def look() -> None:
            while not so():
                await asyncio.sleep(0.02)

        await asyncio.wait_for(look(), within_s)

    async def _sound(self) -> None:
        """Feeds and reads the phone's sound in real time, as a loudspeaker and a microphone do."""
        said, phase = 0, np.arange(RATE, dtype=np.float64)
        wave = (
            (8000 * np.sin(2 * np.pi * self.tone * phase / RATE)).astype("<i2").tobytes()
            if self.tone
            else b""
        )
        speech = self.sound or wave
        audio = self.call.audio
        while True:
            with suppress(BaresipError):
                self.heard += audio.read(RATE * 2)
                missing = AHEAD - audio.info().tx_buffered
                if speech and missing > 0:
                    piece = (speech[said : said + missing] + (speech if wave and not self.sound else b""))[
                        :missing
                    ]
                    taken = audio.write(piece) if piece else 0
                    said = (said + taken) % len(speech) if wave and not self.sound else said + taken
            await asyncio.sleep(0.01)


@dataclass
class Phone:
    """Somebody's phone, known by a number or an extension's name."""

    number: str
    tone: float = 0
    sound: bytes = b""
    #: Does this with every call by itself.
    does: Callable[[Ringing], object] | None = None
    calls: "asyncio.Queue[Ringing]" = field(default_factory=asyncio.Queue)
    all: list[Ringing] = field(default_factory=list)

    async def rings(self, within_s: float = PATIENCE_S) -> Ringing:
        return await asyncio.wait_for(self.calls.get(), within_s)


class Phones:
    """All phones beyond a trunk, at one address; and extensions that have registered."""

    def __init__(self, runtime: Runtime, outside: UserAgent, exchange: str) -> None:
        self._runtime, self._outside, self._exchange = runtime, outside, exchange
        self._phones: dict[str, Phone] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        outside.on_incoming(self._incoming)

    def phone(self, number: str, tone: float = 0, sound: bytes = b"",
              does: Callable[[Ringing], object] | None = None) -> Phone:  # fmt: skip
        made = self._phones[number] = Phone(number, tone, sound, does)
        return made

    async def extension(self, name: str, tone: float = 0) -> Phone:
        """A phone at the dealer, registered with its password."""
        account = Account(name, self._exchange, "ring the bell")
        agent = await UserAgent.create(self._runtime, account)
        agent.on_incoming(lambda call: self._incoming(call, name))
        await agent.register()
        return self.phone(name, tone)

    async def calls_us(self, phone: Phone, number: str, caller: str = "") -> Ringing:
        """This phone dials `number` over the trunk; `caller` is who it says it is."""
        account = Account(caller or phone.number, self._exchange, "", reg_interval=0)
        agent = await UserAgent.create(self._runtime, account)
        call = await agent.dial(f"sip:{number}@{self._exchange}")
        made = Ringing(call, asyncio.get_running_loop().time(), phone.number, number, phone.tone, phone.sound)
        phone.all.append(made)
        return made

    def _incoming(self, call: Call, name: str = "") -> None:
        called = name or _user(call.headers.get("To", ""))
        phone = self._phones.get(called)
        if phone is None:
            self._do(call.hangup())
            return
        ringing = Ringing(
            call, asyncio.get_running_loop().time(), _user(call.peer or ""), called, phone.tone, phone.sound
        )
        phone.all.append(ringing)
        phone.calls.put_nowait(ringing)
        if phone.does is not None and asyncio.iscoroutine(work := phone.does(ringing)):
            self._do(work)

    def _do(self, work: object) -> None:
        task: asyncio.Task[object] = asyncio.ensure_future(work)  # type: ignore[call-overload]  # a coroutine
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def hang_up_all(self) -> None:
        for phone in self._phones.values():
            for ringing in phone.all:
                if ringing.call.state is not CallState.CLOSED:
                    await ringing.hang_up()


@asynccontextmanager
async def phones(outside: int, exchange: int) -> AsyncIterator[Phones]:
    """Phones beyond the trunk, at 127.0.0.1:`outside`; the exchange is at 127.0.0.1:`exchange`."""
    runtime = Runtime(native_log_level="error")
    await runtime.start(
        Config(
            net_interface="127.0.0.1",
            expose_headers=("To",),
            max_concurrent_calls=None,
            extra_config_text=f"sip_listen 127.0.0.1:{outside}\n",
        )
    )
    try:
        address = f"127.0.0.1:{exchange}"
        account = Account("outside", address, "", reg_interval=0, extra_params=("catchall=yes",))
        there = Phones(runtime, await UserAgent.create(runtime, account), address)
        yield there
        await there.hang_up_all()
    finally:
        await runtime.close()


def a_stranger_calls(stranger: str, port: int, number: str, user: str, asserts: str) -> int:
    """What an INVITE from this address to 127.0.0.1:`port` gets in the end: its status, 0 where nothing comes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind((stranger, 0))
        own.settimeout(2)
        here = f"{stranger}:{own.getsockname()[1]}"
        at = f"IN IP4 {stranger}"
        sound = "\r\n".join(
            ("v=0", f"o=- 1 1 {at}", "s=-", f"c={at}", "t=0 0", "m=audio 40000 RTP/AVP 8 0", "")
        )
        call = uuid.uuid4().hex
        lines = (
            f"INVITE sip:{number}@127.0.0.1:{port} SIP/2.0", f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{call}",
            "Max-Forwards: 70", f"From: <sip:{user}@{here}>;tag=1", f"To: <sip:{number}@127.0.0.1:{port}>",
            f"Call-ID: {call}", "CSeq: 1 INVITE", f"Contact: <sip:{user}@{here}>",
            f"P-Asserted-Identity: <sip:{asserts}@{here}>", "Content-Type: application/sdp",
            f"Content-Length: {len(sound)}", "", sound,
        )  # fmt: skip
        own.sendto("\r\n".join(lines).encode(), ("127.0.0.1", port))
        with suppress(TimeoutError):
            while (status := int(own.recv(4096).split()[1])) < 200:
                pass
            return status
    return 0


@asynccontextmanager
async def provider_without_lines(port: int, status: str) -> AsyncIterator[None]:
    """Answers every call that comes to 127.0.0.1:`port` with this status, such as "503 Service Unavailable"."""

    class Refuses(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.DatagramTransport, transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            lines = data.decode().split("\r\n")
            if lines[0].startswith("INVITE "):
                kept = [line for line in lines if re.match(r"(?i)(via|from|call-id|cseq):", line)]
                to = next(line for line in lines if line.lower().startswith("to:"))
                answer = (f"SIP/2.0 {status}", *kept, f"{to};tag=1", "Content-Length: 0", "", "")
                self.transport.sendto("\r\n".join(answer).encode(), addr)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Refuses, local_addr=("127.0.0.1", port)
    )
    try:
        yield
    finally:
        transport.close()


def _user(address: str) -> str:
    found = re.search(r"sips?:([^@;>]*)@", address)
    return found[1].replace("%2B", "+") if found else ""


def level(pcm: bytes) -> float:
    """How loud it is, root mean square; full scale is 32767."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float64)
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0


def loudest(pcm: bytes) -> int:
    """The loudest tone in tens of hertz; 0 where there is none to speak of."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float64)
    if len(samples) < 400 or level(pcm) < 300:
        return 0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), RATE))
    return round(int(np.argmax(spectrum)) / 10) * 10
