"""Real calls over a SIP trunk without a PBX: our Exchange over the SIP process, between phones that talk in tones."""

import asyncio
import os
import signal
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from baresip import BaresipError

from leadbell.ring.exchange import Exchange
from leadbell.ring.lines.sip import MISSING, Sip, _Leg, trunk_from
from leadbell.ring.lines.sip_words import Trunk
from leadbell.ring.ports import (
    Bell,
    Dial,
    Ears,
    Heard,
    Leg,
    LegFailed,
    Phone,
    Prompt,
    What,
)
from leadbell.ring.speech import Speaker
from tests.ring.asterisk.running import free_port
from tests.ring.lines.phones import Phones, Ringing, a_stranger_calls, loudest, phones
from tests.ring.lines.provider import provider
from tests.ring.lines.worlds import until
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.phone, pytest.mark.slow]

DEALER, MR_OKAFOR, ROSAS, SAMIRS = "+31201234567", "+31612345678", "+31611111111", "+31611111112"
ROSA, SAMIR = 7, 8
ROSAS_TONE, SAMIRS_TONE, OKAFORS_TONE = 440, 620, 1000
WHISPER = Prompt("New lead: Mr Okafor, Hyundai Kona. Press 1 to call, 2 to pass on.", "en")
TOLD = {what: Prompt("Nobody could be reached.", "en") for what in ("busy", "no_answer")}
#: Speaks without any voice on the machine: a tone for two seconds.
VOICE = (
    "python -c \"import sys,wave,math,struct;f=wave.open(sys.argv[1],'wb');f.setparams((1,2,8000,0,'NONE',''));"
    "f.writeframes(b''.join(struct.pack('<h',int(9000*math.sin(n/3))) for n in range(16000)))\" {out}"
)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Line:
    """The line, what it has told, and the phones beyond the trunk."""

    sip: Sip
    exchange: Exchange
    there: Phones
    port: int
    told: list[Heard] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, heard: Heard) -> None:
        self.told.append(heard)
        self.more.set()

    async def until(self, what: What, within_s: float = PATIENCE_S) -> Heard:
        async with asyncio.timeout(within_s):
            while True:
                for heard in self.told:
                    if heard.what == what:
                        return heard
                self.more.clear()
                await self.more.wait()

    async def until_nothing_lives(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await self.sip.live():
                await asyncio.sleep(0.02)

    async def recorded(self, key: str) -> Path:
        async with asyncio.timeout(PATIENCE_S):
            while (path := await self.sip.recorded(key)) is None:
                await asyncio.sleep(0.02)
            return path

    def kinds(self) -> list[What]:
        return [heard.what for heard in self.told]

    def bell(self, **numbers: str) -> Bell:
        people = {"rosa": ROSA, "samir": SAMIR}
        called = tuple(Phone(people[name], number, lambda at: WHISPER) for name, number in numbers.items())
        return Bell(uuid.uuid4().hex, 1, 41, tuple(p.person for p in called), 20, called, DEALER)

    def dial(self, bell: Bell, person: int = ROSA, **more: object) -> Dial:
        asked = Dial(bell.key, 1, 41, person, MR_OKAFOR, DEALER, ring_s=20, record=True, told=TOLD)
        return replace(asked, **more)  # type: ignore[arg-type]  # any of its fields


@asynccontextmanager
async def line(folder: Path) -> AsyncIterator[Line]:
    outside, server, ours = free_port(), free_port(), free_port()
    trunk = Trunk("dealer", "a secret", f"127.0.0.1:{server}", f"127.0.0.1:{ours}")
    async with phones(outside, ours) as there, provider(server, outside):
        sip = Sip(trunk, Speaker(folder / "spoken", VOICE), folder / "calls")
        heard: list[Line] = []
        exchange = Exchange(sip, lambda news: heard[0].hear(news), now)
        here = Line(sip, exchange, there, ours)
        heard.append(here)
        await exchange.open()
        assert sip.is_up
        try:
            yield here
        finally:
            await exchange.close()


@pytest.fixture
async def northside(tmp_path: Path) -> AsyncIterator[Line]:
    async with line(tmp_path) as here:
        yield here


async def talking(here: Line) -> tuple[Bell, Ringing, Ringing]:
    """Rosa accepts, Mr Okafor answers, they hear each other."""
    rosas, okafors = here.there.phone(ROSAS, ROSAS_TONE), here.there.phone(MR_OKAFOR, OKAFORS_TONE)
    bell = here.bell(rosa=ROSAS)
    here.exchange.ring(bell)
    rosa = await rosas.rings()
    assert rosa.caller == DEALER
    await rosa.answer()
    await rosa.hears_speech()
    await rosa.press("1")
    await here.until("accepted")
    here.exchange.dial(here.dial(bell))
    okafor = await okafors.rings()
    assert okafor.caller == DEALER
    await okafor.answer()
    await okafor.hears(ROSAS_TONE)
    await rosa.hears(OKAFORS_TONE)
    return bell, rosa, okafor


async def test_who_accepts_talks_with_the_customer_and_each_is_in_a_channel(northside: Line) -> None:
    bell, rosa, okafor = await talking(northside)
    await asyncio.sleep(3)
    await okafor.hang_up()
    await rosa.ends()
    ended = await northside.until("ended")
    assert ended.talk_ms
    assert ended.talk_ms > 3000
    assert northside.kinds() == [
        "rings", "picked_up", "accepted", "dialled", "customer_rings", "connected", "ended",
    ]  # fmt: skip
    path = await northside.recorded(bell.key)
    stereo = np.frombuffer(path.read_bytes(), dtype="<i2").reshape(-1, 2)
    assert abs(len(stereo) / 8 - ended.talk_ms) < 600
    for side, tone in ((0, OKAFORS_TONE), (1, ROSAS_TONE)):
        seconds = stereo[8000:-4000, side]
        pieces = [seconds[n : n + 1600].tobytes() for n in range(0, len(seconds) - 1600, 1600)]
        assert {loudest(piece) for piece in pieces} == {tone}


async def test_two_passes_on(northside: Line) -> None:
    rosas, samirs = northside.there.phone(ROSAS), northside.there.phone(SAMIRS)
    northside.exchange.ring(northside.bell(rosa=ROSAS, samir=SAMIRS))
    rosa, samir = await rosas.rings(), await samirs.rings()
    await rosa.answer()
    with suppress(BaresipError):  # the line hangs up while the key is still held
        await rosa.press("2")
    assert (await northside.until("declined")).person == ROSA
    await rosa.ends()
    assert not samir.over.is_set(), "it rings on at Samir"
    await samir.busy()
    assert (await northside.until("phone_busy")).person == SAMIR
    await northside.until("nobody")


async def test_the_first_to_press_wins_and_the_others_stop_ringing(northside: Line) -> None:
    rosas, samirs = northside.there.phone(ROSAS), northside.there.phone(SAMIRS)
    bell = northside.bell(rosa=ROSAS, samir=SAMIRS)
    northside.exchange.ring(bell)
    rosa, samir = await rosas.rings(), await samirs.rings()
    await rosa.answer()
    await rosa.press("1")
    assert (await northside.until("accepted")).person == ROSA
    await samir.ends()
    northside.exchange.stop_ringing(bell)
    await rosa.ends()


@pytest.mark.parametrize("how", ["busy", "no_answer"])
async def test_a_customer_who_is_not_reached(northside: Line, how: What) -> None:
    rosas, okafors = northside.there.phone(ROSAS), northside.there.phone(MR_OKAFOR)
    bell = northside.bell(rosa=ROSAS)
    northside.exchange.ring(bell)
    rosa = await rosas.rings()
    await rosa.answer()
    await rosa.press("1")
    await northside.until("accepted")
    northside.exchange.dial(northside.dial(bell, ring_s=20 if how == "busy" else 1))
    okafor = await okafors.rings()
    if how == "busy":
        await okafor.busy()
    await northside.until(how)
    await rosa.hears_speech()
    await rosa.ends()
    await okafor.ends()
    await northside.until_nothing_lives()


async def test_a_phone_that_nobody_answers_stops(northside: Line) -> None:
    rosas = northside.there.phone(ROSAS)
    northside.exchange.ring(replace(northside.bell(rosa=ROSAS), ring_s=1))
    rosa = await rosas.rings()
    assert (await northside.until("phone_silent")).person == ROSA
    await northside.until("nobody")
    await rosa.ends()


async def test_a_number_that_does_not_exist(northside: Line) -> None:
    northside.exchange.ring(northside.bell(rosa="+31699999999"))
    await northside.until("nobody")
    assert "accepted" not in northside.kinds()


async def test_a_salesperson_hangs_up_during_the_whisper_and_in_the_conversation(northside: Line) -> None:
    rosas = northside.there.phone(ROSAS)
    northside.exchange.ring(northside.bell(rosa=ROSAS))
    rosa = await rosas.rings()
    await rosa.answer()
    await rosa.hears_speech()
    await rosa.hang_up()
    await northside.until("nobody")
    northside.told.clear()
    _, rosa, okafor = await talking(northside)
    await rosa.hang_up()
    await northside.until("ended")
    await okafor.ends()


async def test_a_customer_calls_and_is_connected(northside: Line) -> None:
    rosas, okafors = northside.there.phone(ROSAS, ROSAS_TONE), northside.there.phone(MR_OKAFOR, OKAFORS_TONE)
    okafor = await northside.there.calls_us(okafors, DEALER)
    arrived = await northside.until("arrived")
    assert (arrived.called, arrived.caller) == (DEALER, MR_OKAFOR)
    bell = replace(northside.bell(rosa=ROSAS), key=arrived.key, waiting=arrived.leg)
    northside.exchange.ring(bell)
    rosa = await rosas.rings()
    await rosa.answer()
    await rosa.press("1")
    await northside.until("accepted")
    northside.exchange.dial(northside.dial(bell, number=""))
    await okafor.hears(ROSAS_TONE)
    await rosa.hears(OKAFORS_TONE)
    await okafor.hang_up()
    await northside.until("ended")
    await rosa.ends()


async def test_a_customer_calls_the_number_that_was_shown_to_others(northside: Line) -> None:
    rosas = northside.there.phone(ROSAS)
    bell = northside.bell(rosa=ROSAS)
    northside.exchange.ring(bell)
    assert (await rosas.rings()).caller == DEALER
    northside.exchange.stop_ringing(bell)
    await northside.there.calls_us(northside.there.phone(MR_OKAFOR), DEALER)
    assert (await northside.until("arrived")).caller == MR_OKAFOR


@pytest.mark.parametrize("called", ["dealer", DEALER])
async def test_a_stranger_who_calls_is_refused(northside: Line, called: str) -> None:
    rosas, bell = northside.there.phone(ROSAS), northside.bell(rosa=ROSAS)
    northside.exchange.ring(bell)
    await rosas.rings()
    northside.exchange.stop_ringing(bell)
    await northside.until_nothing_lives()
    northside.told.clear()
    port = northside.port
    status = await asyncio.to_thread(a_stranger_calls, "127.0.0.9", port, called, MR_OKAFOR, MR_OKAFOR)
    assert status == 403
    assert northside.told == []


@pytest.mark.crash
async def test_the_process_killed_in_mid_call_ends_the_call_and_is_there_again(northside: Line) -> None:
    await talking(northside)
    killed = northside.sip.child
    os.kill(killed or 0, signal.SIGKILL)
    await northside.until("ended")
    async with asyncio.timeout(PATIENCE_S):
        while not northside.sip.is_up:
            await asyncio.sleep(0.05)
    assert northside.sip.child != killed
    for phone in (northside.there.phone(ROSAS), northside.there.phone(SAMIRS)):
        northside.exchange.ring(northside.bell(rosa=phone.number))
        await phone.rings()


@pytest.mark.crash
async def test_the_process_ends_with_the_switchboard(northside: Line) -> None:
    rosa = northside.there.phone(ROSAS)
    northside.exchange.ring(northside.bell(rosa=ROSAS))
    ringing = await rosa.rings()
    child = northside.sip.child or 0
    await northside.exchange.close()
    await ringing.ends()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


async def test_the_announcement_is_heard_by_both(northside: Line) -> None:
    rosas, okafors = northside.there.phone(ROSAS), northside.there.phone(MR_OKAFOR)
    bell = northside.bell(rosa=ROSAS)
    northside.exchange.ring(bell)
    rosa = await rosas.rings()
    await rosa.answer()
    await rosa.press("1")
    await northside.until("accepted")
    northside.exchange.dial(northside.dial(bell, announce=Prompt("This call is recorded.", "en")))
    okafor = await okafors.rings()
    await okafor.answer()
    await okafor.hears_speech()
    await rosa.hears_speech()


@asynccontextmanager
async def opened(folder: Path, trunk: Trunk) -> AsyncIterator[tuple[Sip, list[str]]]:
    """A line over this trunk, and what it tells: that it is up, or why it is down."""
    told: list[str] = []
    sip = Sip(trunk, Speaker(folder / "spoken", VOICE), folder / "calls")
    await sip.open(Ears(lambda heard: None, told.append, lambda: told.append("up")))
    try:
        yield sip, told
    finally:
        await sip.close()


async def test_who_cannot_sign_in_is_down_until_they_can(tmp_path: Path) -> None:
    server = free_port()
    trunk = Trunk("dealer", "wrong", f"127.0.0.1:{server}")
    async with provider(server, free_port()) as there:
        there.says = "403 Forbidden"
        async with opened(tmp_path, trunk) as (sip, told):
            assert not sip.is_up
            assert len(told) == 1
            assert "403" in told[0]
            with pytest.raises(LegFailed, match="403"):
                await sip.call(Leg("a-p1", "a", ROSAS, DEALER, "", 20))
            there.says = "200 OK"
            await until(lambda: sip.is_up)
            assert told[1:] == ["up"]


async def test_who_is_signed_in_no_longer_is_down_and_what_rings_can_be_stopped(tmp_path: Path) -> None:
    server, outside = free_port(), free_port()
    trunk = Trunk("dealer", "a secret", f"127.0.0.1:{server}")
    async with phones(outside, server) as there, provider(server, outside) as signs_in:
        signs_in.for_s = 2
        async with opened(tmp_path, trunk) as (sip, told):
            assert sip.is_up
            rosas = there.phone(ROSAS)
            await sip.call(Leg("a-p1", "a", ROSAS, DEALER, "", 60))
            rosa = await rosas.rings()
            signs_in.says = "403 Forbidden"
            await until(lambda: told)
            assert not sip.is_up
            await sip.hang_up("a-p1")
            await rosa.ends()
            signs_in.says = "200 OK"
            await until(lambda: sip.is_up)


async def test_a_server_that_is_not_there_is_a_line_that_is_down(tmp_path: Path) -> None:
    async with opened(tmp_path, Trunk("dealer", "a secret", f"127.0.0.1:{free_port()}")) as (sip, told):
        assert not sip.is_up
        assert len(told) == 1


async def test_a_sign_in_that_fails_in_mid_call_waits_for_its_end(tmp_path: Path) -> None:
    async with opened(tmp_path, Trunk("dealer", "", "127.0.0.1:1")) as (sip, told):
        sip._legs["a-p1"] = talking = _Leg("a", answered=True)
        sip._signed("503 Service Unavailable")
        assert sip.is_up
        talking.answered = False
        sip._signed("503 Service Unavailable")
        assert not sip.is_up
        sip._signed("")
        assert told == ["503 Service Unavailable", "up"]


async def test_a_trunk_that_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    trunk = Trunk("dealer", "", "127.0.0.1:1", f"127.0.0.1:{free_port()}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", int(trunk.listen.rpartition(":")[2])))
        async with opened(tmp_path, trunk) as (sip, told):
            assert not sip.is_up
            first = sip.child
            await until(lambda: sip.child != first)
            taken.close()
            await until(lambda: sip.is_up)
            assert len(told) == 2
            assert told[1] == "up"


async def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    because: list[str] = []
    sip = Sip(Trunk("dealer", "", "127.0.0.1"), Speaker(tmp_path), tmp_path)
    await sip.open(Ears(lambda heard: None, because.append))
    assert because == [MISSING]
    assert not sip.is_up
    with pytest.raises(LegFailed, match="leadbell\\[sip\\]"):
        await sip.call(Leg("a-p1", "a", ROSAS, DEALER, "", 20))
    await sip.close()


@pytest.mark.parametrize(
    ("text", "trunk"),
    [
        ("sip:dealer:secret@sip.example.org", Trunk("dealer", "secret", "sip.example.org")),
        ("sip:dealer:a:b@sip.example.org:5070", Trunk("dealer", "a:b", "sip.example.org:5070")),
    ],
)
def test_a_trunk_is_read(text: str, trunk: Trunk) -> None:
    assert trunk_from(text) == trunk


@pytest.mark.parametrize(
    "text", ["", "dealer:secret@host", "sip:dealer@host", "sip:dealer:se cret@host", "sip:a:b@"]
)
def test_what_is_no_trunk_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="LEADBELL_SIP_TRUNK"):
        trunk_from(text)
