"""Real calls: our Exchange over a real Asterisk, between real SIP phones that talk in tones."""

import asyncio
import signal
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from leadbell.ring.exchange import Exchange
from leadbell.ring.lines.ari import SILENT_S, AriFailed, Node
from leadbell.ring.lines.asterisk import Asterisk
from leadbell.ring.ports import (
    Bell,
    Dial,
    Ears,
    Heard,
    Leg,
    LegFailed,
    LegHeard,
    LineDown,
    Phone,
    Prompt,
    Ringing,
    UnderWay,
    What,
)
from leadbell.ring.speech import Speaker
from tests.ring.asterisk.running import Running, asterisk, free_port
from tests.ring.lines import phones as sip
from tests.ring.lines.phones import (
    RATE,
    Phones,
    a_stranger_calls,
    level,
    loudest,
    phones,
    provider_without_lines,
)
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.phone, pytest.mark.slow]

DEALER, MR_OKAFOR, SAMIRS_MOBILE = "+31201234567", "+31612345678", "+31687654321"
ROSA, SAMIR, INES = 7, 8, 9
ROSAS_TONE, SAMIRS_TONE, OKAFORS_TONE = 440, 620, 1000
WHISPER = Prompt("New lead: Mr Okafor, Hyundai Kona. Press 1 to call, 2 to pass on.", "en")
TOLD = {
    what: Prompt("Nobody could be reached. You can try again later.", "en") for what in ("busy", "no_answer")
}
VOICEMAIL = Prompt("This is the voicemail. You can leave a message after the tone.", "en")


DIAL = Dial("", 1, 41, 0, MR_OKAFOR, DEALER, ring_s=20, record=True, told=TOLD)


def now() -> datetime:
    return datetime.now(UTC)


def phone(person: int, number: str, after_s: float = 0) -> Phone:
    return Phone(person, number, lambda at: WHISPER, after_s)


@dataclass
class Stage:
    """An exchange over Asterisk; whoever accepts is connected with Mr Okafor, as the switchboard would."""

    pbx: Running
    phones: Phones
    engine: Asterisk
    heard: list[Heard] = field(default_factory=list)
    dial: Dial = DIAL

    def __post_init__(self) -> None:
        self.exchange = Exchange(self.engine, self.hear, now)

    def hear(self, heard: Heard) -> None:
        self.heard.append(heard)
        if heard.what == "accepted":
            dialled = self.exchange.dial(replace(self.dial, key=heard.key, person=heard.person or 0))
            assert isinstance(dialled, Ringing)

    async def hears(self, what: What, within_s: float = PATIENCE_S) -> Heard:
        give_up_at = time.monotonic() + within_s
        while time.monotonic() < give_up_at:
            if found := [heard for heard in self.heard if heard.what == what]:
                return found[-1]
            await asyncio.sleep(0.005)
        raise AssertionError(f"{what} was not heard, but {self.said()}")

    async def up(self) -> None:
        while not self.engine.is_up:
            await asyncio.sleep(0.01)

    def said(self) -> list[What]:
        return [heard.what for heard in self.heard]

    def ring(
        self, *who: Phone, ring_s: int = 20, accept_s: int = 25, waiting: str = "", key: str = ""
    ) -> Bell:
        people = tuple(one.person for one in who)
        bell = Bell(
            key or uuid.uuid4().hex, 1, 41, people, ring_s, who, DEALER, waiting=waiting, accept_s=accept_s
        )
        assert isinstance(self.exchange.ring(bell), Ringing)
        return bell

    async def connects(self, rosa: sip.Phone, okafor: sip.Phone) -> tuple[sip.Ringing, sip.Ringing]:
        """Rosa's phone rings, she presses 1, and Mr Okafor picks up."""
        self.ring(phone(ROSA, "sip:rosa"))
        at_rosa = await rosa.rings()
        await at_rosa.answer()
        await at_rosa.press("1")
        at_okafor = await okafor.rings()
        await at_okafor.answer()
        return at_rosa, at_okafor

    async def nothing_is_left(self) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while (left := await self.pbx.channels()) and time.monotonic() < give_up_at:
            await asyncio.sleep(0.02)
        assert left == []
        assert self.exchange.under_way == 0


@pytest.fixture(scope="module")
def pbx() -> Iterator[Running]:
    with asterisk("rosa", "samir", "ines") as running:
        yield running


@asynccontextmanager
async def on_stage(pbx: Running, folder: Path, *nodes: Node, **more: object) -> AsyncIterator[Stage]:
    await pbx.answers()
    async with phones(pbx.outside, pbx.choices.sip_port) as there:
        speaker = Speaker(folder / "speech")
        engine = Asterisk(nodes or (pbx.node,), speaker, folder / "spool", clock=now, **more)  # type: ignore[arg-type]  # only `listen`
        made = Stage(pbx, there, engine)
        await made.exchange.open()
        try:
            yield made
        finally:
            await made.exchange.close()


@pytest.fixture
async def stage(pbx: Running, tmp_path: Path) -> AsyncIterator[Stage]:
    async with on_stage(pbx, tmp_path) as made:
        yield made


def channel(recording: bytes, which: int) -> bytes:
    return np.frombuffer(recording, dtype="<i2").reshape(-1, 2)[:, which].tobytes()


def assert_talks_without_a_gap(pcm: bytes, hz: int, besides_s: float = 0.4) -> None:
    """Every 100 ms there is this tone and no other, but for a moment at the beginning and the end."""
    pieces = [loudest(pcm[at : at + RATE // 5]) for at in range(0, len(pcm) - RATE // 5, RATE // 5)]
    edge = round(besides_s / 0.1)
    assert len(pieces) > 2 * edge + 2
    assert set(pieces[edge:-edge]) == {hz}, str(pieces)


async def test_accept_at_once_and_talk_recorded_left_and_right(stage: Stage) -> None:
    rosa = await stage.phones.extension("rosa", ROSAS_TONE)
    okafor = stage.phones.phone(MR_OKAFOR, OKAFORS_TONE)
    bell = stage.ring(phone(ROSA, "sip:rosa"))
    at_rosa = await rosa.rings()
    assert at_rosa.caller == DEALER
    await at_rosa.answer()
    await at_rosa.hears_speech()
    await at_rosa.press("1")
    at_okafor = await okafor.rings()
    assert (at_okafor.caller, at_okafor.called) == (DEALER, MR_OKAFOR)
    await at_okafor.answer()
    await asyncio.gather(at_okafor.hears(ROSAS_TONE), at_rosa.hears(OKAFORS_TONE))
    connected = await stage.hears("connected")
    assert connected.person == ROSA
    assert await stage.engine.recorded(bell.key) is None, "a recording that goes on is none yet"
    await asyncio.sleep(2)
    await at_okafor.hang_up()
    await at_rosa.ends()
    ended = await stage.hears("ended")
    assert ended.talk_ms is not None
    recording = await stage.engine.recorded(bell.key)
    assert recording is not None
    sound = recording.read_bytes()
    assert abs(len(sound) / 4 / RATE * 1000 - ended.talk_ms) < 500
    assert_talks_without_a_gap(channel(sound, 0), OKAFORS_TONE)
    assert_talks_without_a_gap(channel(sound, 1), ROSAS_TONE)
    assert [what for what in stage.said() if what != "voicemail"] == [
        "rings", "picked_up", "accepted", "dialled", "customer_rings", "connected", "ended",
    ]  # fmt: skip
    await stage.nothing_is_left()


async def test_nothing_is_recorded_unless_it_is_asked(stage: Stage) -> None:
    stage.dial = replace(stage.dial, record=False)
    rosa, okafor = await stage.phones.extension("rosa"), stage.phones.phone(MR_OKAFOR, OKAFORS_TONE)
    bell = stage.ring(phone(ROSA, "sip:rosa"))
    at_rosa = await rosa.rings()
    await at_rosa.answer()
    await at_rosa.press("1")
    at_okafor = await okafor.rings()
    await at_okafor.answer()
    await at_rosa.hears(OKAFORS_TONE)
    await at_rosa.hang_up()
    await at_okafor.ends()
    await stage.hears("ended")
    assert await stage.engine.recorded(bell.key) is None
    await stage.nothing_is_left()


async def test_two_who_have_picked_up_talk_although_nothing_can_be_recorded(
    stage: Stage, tmp_path: Path
) -> None:
    stage.engine.spool = tmp_path / "no-folder"
    stage.engine.spool.write_text("a file stands where the folder was")
    rosa = await stage.phones.extension("rosa", ROSAS_TONE)
    okafor = stage.phones.phone(MR_OKAFOR, OKAFORS_TONE)
    at_rosa, at_okafor = await stage.connects(rosa, okafor)
    await asyncio.gather(at_okafor.hears(ROSAS_TONE, 5), at_rosa.hears(OKAFORS_TONE, 5))
    await at_okafor.hang_up()
    assert (await stage.hears("ended")).talk_ms is not None
    await stage.nothing_is_left()


async def test_a_recorded_call_is_announced_to_both(stage: Stage) -> None:
    stage.dial = replace(stage.dial, announce=Prompt("This call is recorded.", "en"))
    rosa, okafor = await stage.phones.extension("rosa"), stage.phones.phone(MR_OKAFOR)
    at_rosa, at_okafor = await stage.connects(rosa, okafor)
    await stage.hears("connected")
    at_rosa.heard.clear()
    await asyncio.gather(at_okafor.hears_speech(), at_rosa.hears_speech())
    await at_rosa.hang_up()
    await stage.hears("ended")


@pytest.mark.parametrize("fails", ["the sound", "the request"])
async def test_of_what_could_not_be_announced_nothing_is_kept(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    announce = Prompt("This call is recorded.", "en")
    speak = stage.engine.speaker.speak

    async def lost(prompt: Prompt) -> Path | None:
        wanted = fails == "the sound" and prompt == announce
        return tmp_path / "lost.wav" if wanted else await speak(prompt)

    monkeypatch.setattr(stage.engine.speaker, "speak", lost)
    if fails == "the request":
        ari = stage.engine._nodes[0].ari
        ask = ari.ask

        async def refused(method: str, path: str, /, body: object = None, **query: str | int) -> object:
            if path.startswith("/bridges/") and path.endswith("/play"):
                raise AriFailed(500, "no")
            return await ask(method, path, body, **query)

        monkeypatch.setattr(ari, "ask", refused)
    stage.dial = replace(stage.dial, announce=announce)
    rosa, okafor = (
        await stage.phones.extension("rosa", ROSAS_TONE),
        stage.phones.phone(MR_OKAFOR, OKAFORS_TONE),
    )
    bell = stage.ring(phone(ROSA, "sip:rosa"))
    at_rosa = await rosa.rings()
    await at_rosa.answer()
    await at_rosa.press("1")
    at_okafor = await okafor.rings()
    await at_okafor.answer()
    await at_rosa.hears(OKAFORS_TONE)
    await asyncio.sleep(1.5)
    await at_rosa.hang_up()
    await stage.hears("ended")
    assert await stage.engine.recorded(bell.key) is None
    assert not list(stage.engine.spool.glob(f"{bell.key}.*"))


@pytest.mark.parametrize("after_s", [0, 0.3])
async def test_whoever_hangs_up_during_the_announcement_leaves_what_was_recorded(
    stage: Stage, after_s: float
) -> None:
    stage.dial = replace(stage.dial, announce=Prompt("This call is recorded. " * 5, "en"))
    rosa, okafor = (
        await stage.phones.extension("rosa", ROSAS_TONE),
        stage.phones.phone(MR_OKAFOR, OKAFORS_TONE),
    )
    bell = stage.ring(phone(ROSA, "sip:rosa"))
    at_rosa = await rosa.rings()
    await at_rosa.answer()
    await at_rosa.press("1")
    at_okafor = await okafor.rings()
    await at_okafor.answer()
    await stage.hears("connected")
    at_okafor.heard.clear()
    await at_okafor.hears_speech()
    await asyncio.sleep(after_s)
    await at_rosa.hang_up()
    await stage.hears("ended")
    path = await stage.engine.recorded(bell.key)
    assert path is not None
    assert path.stat().st_size


async def test_the_second_salesperson_accepts_after_the_first_passes_on(stage: Stage) -> None:
    rosa = await stage.phones.extension("rosa", ROSAS_TONE)
    samir = stage.phones.phone(SAMIRS_MOBILE, SAMIRS_TONE)
    okafor = stage.phones.phone(MR_OKAFOR, OKAFORS_TONE)
    stage.ring(phone(ROSA, "sip:rosa"), phone(SAMIR, SAMIRS_MOBILE, after_s=1.5))
    at_rosa = await rosa.rings()
    await at_rosa.answer()
    await at_rosa.press("2")
    await at_rosa.ends()
    assert (await stage.hears("declined")).person == ROSA
    at_samir = await samir.rings()
    assert at_samir.caller == DEALER
    await at_samir.answer()
    await at_samir.press("1")
    at_okafor = await okafor.rings()
    await at_okafor.answer()
    await at_okafor.hears(SAMIRS_TONE)
    assert (await stage.hears("accepted")).person == SAMIR
    await at_samir.hang_up()
    await at_okafor.ends()
    await stage.nothing_is_left()


async def test_of_three_phones_the_first_to_press_wins_and_the_others_stop(stage: Stage) -> None:
    rosa, samir = await stage.phones.extension("rosa"), stage.phones.phone(SAMIRS_MOBILE)
    ines = await stage.phones.extension("ines")
    okafor = stage.phones.phone(MR_OKAFOR)
    stage.ring(phone(ROSA, "sip:rosa"), phone(SAMIR, SAMIRS_MOBILE), phone(INES, "sip:ines"))
    at_rosa, at_samir, at_ines = await asyncio.gather(rosa.rings(), samir.rings(), ines.rings())
    await asyncio.gather(at_rosa.answer(), at_ines.answer())
    pressing = asyncio.create_task(at_rosa.press("1"))
    await stage.hears("accepted")
    accepted_at = asyncio.get_running_loop().time()
    await asyncio.gather(at_samir.ends(), at_ines.ends(), pressing)
    quiet_after = [round((other.over_at - accepted_at) * 1000, 1) for other in (at_samir, at_ines)]
    print(f"\nthe others were quiet {quiet_after} ms after the first had pressed")
    assert max(quiet_after) < 5000, "long before the ring would have been over"
    at_okafor = await okafor.rings()
    await at_okafor.answer()
    await stage.hears("connected")
    assert stage.said().count("accepted") == 1
    await at_okafor.hang_up()
    await at_rosa.ends()
    await stage.nothing_is_left()


async def test_a_salespersons_voicemail_never_wins(stage: Stage) -> None:
    rosa = await stage.phones.extension("rosa", ROSAS_TONE)
    stage.ring(phone(ROSA, "sip:rosa"), accept_s=2)
    at_rosa = await rosa.rings()
    await at_rosa.answer()
    await stage.hears("nobody")
    await at_rosa.ends()
    assert stage.said() == ["rings", "picked_up", "phone_silent", "nobody"]
    await stage.nothing_is_left()


async def test_busy(stage: Stage) -> None:
    rosa = await stage.phones.extension("rosa")
    stage.ring(phone(ROSA, "sip:rosa"))
    await (await rosa.rings()).busy()
    assert (await stage.hears("phone_busy")).person == ROSA
    await stage.hears("nobody")
    await stage.nothing_is_left()


async def test_nobody_picks_up(stage: Stage) -> None:
    rosa = await stage.phones.extension("rosa")
    stage.ring(phone(ROSA, "sip:rosa"), ring_s=1)
    await (await rosa.rings()).ends()
    assert (await stage.hears("phone_silent")).person == ROSA
    await stage.hears("nobody")
    await stage.nothing_is_left()


async def test_a_trunk_that_is_not_there(stage: Stage) -> None:
    with pytest.raises(LegFailed, match="there is no trunk “elsewhere”"):
        await stage.engine.call(Leg(f"{uuid.uuid4().hex}-p7", "k", SAMIRS_MOBILE, DEALER, "elsewhere", 5))


async def test_a_phone_that_is_not_there(stage: Stage) -> None:
    stage.ring(phone(ROSA, "sip:nobodys-phone"))
    unreachable = await stage.hears("phone_unreachable")
    assert unreachable.person == ROSA
    assert unreachable.because.startswith("no phone of this name is signed in")
    await stage.hears("nobody")


async def test_a_provider_that_has_no_line_left_is_not_the_customers_doing(
    pbx: Running, tmp_path: Path
) -> None:
    await pbx.answers()
    outside, exchange = free_port(), pbx.choices.sip_port
    async with (
        phones(outside, exchange) as there,
        provider_without_lines(pbx.outside, "503 Service Unavailable"),
    ):
        engine = Asterisk([pbx.node], Speaker(tmp_path / "speech"), tmp_path, clock=now)
        told = {"not_placed": Prompt("The line could not place the call.", "en")}
        stage = Stage(pbx, there, engine, dial=replace(DIAL, told=told))
        await stage.exchange.open()
        rosa = await there.extension("rosa")
        stage.ring(phone(ROSA, "sip:rosa"))
        at_rosa = await rosa.rings()
        await at_rosa.answer()
        await at_rosa.press("1")
        refused = await stage.hears("not_placed")
        assert refused.because
        at_rosa.heard.clear()
        await at_rosa.hears_speech()
        await at_rosa.ends()
        await stage.nothing_is_left()
        await stage.exchange.close()


@pytest.mark.parametrize("what", ["busy", "no_answer"])
async def test_the_salesperson_is_told_when_the_customer_is_not_reached(stage: Stage, what: What) -> None:
    stage.dial = replace(stage.dial, ring_s=1)
    rosa, okafor = await stage.phones.extension("rosa"), stage.phones.phone(MR_OKAFOR)
    stage.ring(phone(ROSA, "sip:rosa"))
    at_rosa = await rosa.rings()
    await at_rosa.answer()
    await at_rosa.press("1")
    at_okafor = await okafor.rings()
    if what == "busy":
        await at_okafor.busy()
    await stage.hears(what)
    at_rosa.heard.clear()
    await at_rosa.hears_speech()
    await at_rosa.ends()
    assert stage.said()[-1] == what
    await stage.nothing_is_left()


async def test_a_salesperson_who_hangs_up_during_the_whisper_takes_nothing(stage: Stage) -> None:
    rosa, okafor = await stage.phones.extension("rosa"), stage.phones.phone(MR_OKAFOR)
    stage.ring(phone(ROSA, "sip:rosa"))
    at_rosa = await rosa.rings()
    await at_rosa.answer()
    await at_rosa.hears_speech()
    await at_rosa.hang_up()
    await stage.hears("nobody")
    assert okafor.calls.empty()
    await stage.nothing_is_left()


async def test_a_salesperson_who_hangs_up_while_the_customers_phone_rings(stage: Stage) -> None:
    rosa, okafor = await stage.phones.extension("rosa"), stage.phones.phone(MR_OKAFOR)
    stage.ring(phone(ROSA, "sip:rosa"))
    at_rosa = await rosa.rings()
    await at_rosa.answer()
    await at_rosa.press("1")
    at_okafor = await okafor.rings()
    await at_rosa.hang_up()
    await at_okafor.ends()
    assert (await stage.hears("no_answer")).because == "the salesperson hung up first"
    await stage.nothing_is_left()


async def test_after_the_conversation_the_salesperson_says_with_a_key_what_was_agreed(stage: Stage) -> None:
    stage.dial = replace(DIAL, keypad=Prompt("Press 1 for an appointment, 2 for no interest.", "en"))
    rosa, okafor = await stage.phones.extension("rosa"), stage.phones.phone(MR_OKAFOR, OKAFORS_TONE)
    at_rosa, at_okafor = await stage.connects(rosa, okafor)
    await at_rosa.hears(OKAFORS_TONE)
    await at_okafor.hang_up()
    await stage.hears("ended")
    await at_okafor.ends()
    at_rosa.heard.clear()
    await asyncio.sleep(0.5)
    await at_rosa.hears_speech()
    await at_rosa.press("2")
    assert (await stage.hears("keyed")).digit == "2"
    await at_rosa.ends()
    await stage.nothing_is_left()


async def test_what_a_customer_or_stranger_presses_is_nobodys_business(stage: Stage) -> None:
    rosa, okafor = await stage.phones.extension("rosa"), stage.phones.phone(MR_OKAFOR)
    stage.ring(phone(ROSA, "sip:rosa"))
    at_rosa = await rosa.rings()
    await at_rosa.answer()
    await at_rosa.press("7")
    await at_rosa.press("1")
    at_okafor = await okafor.rings()
    await at_okafor.answer()
    await stage.hears("connected")
    await at_okafor.press("12")
    await at_okafor.hang_up()
    await stage.hears("ended")
    assert stage.said().count("accepted") == 1
    assert "declined" not in stage.said()


async def test_a_channel_nobody_knows_is_ended(stage: Stage) -> None:
    samir = stage.phones.phone(SAMIRS_MOBILE)
    ask = stage.engine._nodes[0].ari.ask
    await ask(
        "POST", "/channels", endpoint=f"PJSIP/{SAMIRS_MOBILE}@trunk", app="leadbell", appArgs="made",
        channelId="a-stranger",
    )  # fmt: skip
    at_samir = await samir.rings()
    await at_samir.answer()
    await at_samir.ends()
    assert stage.heard == []


@pytest.mark.parametrize(
    "number", ["+31612345678@evil", "sip:rosa/../x", "sip:a&PJSIP/b", "0900123", "+31 6", ""]
)
async def test_what_is_no_number_is_never_dialled(stage: Stage, number: str) -> None:
    with pytest.raises(LegFailed):
        await stage.engine.call(Leg(f"{uuid.uuid4().hex}-p7", "k", number, DEALER, "", 5))
    assert await stage.pbx.channels() == []


async def test_a_customer_calls(stage: Stage) -> None:
    rosa = await stage.phones.extension("rosa", ROSAS_TONE)
    okafor = stage.phones.phone(MR_OKAFOR, OKAFORS_TONE)
    calling = await stage.phones.calls_us(okafor, DEALER)
    arrived = await stage.hears("arrived")
    assert (arrived.called, arrived.caller) == (DEALER, MR_OKAFOR)
    stage.ring(phone(ROSA, "sip:rosa"), waiting=arrived.leg, key=arrived.key)
    at_rosa = await rosa.rings()
    await at_rosa.answer()
    await at_rosa.press("1")
    await asyncio.gather(calling.hears(ROSAS_TONE), at_rosa.hears(OKAFORS_TONE))
    await asyncio.sleep(1.5)
    await calling.hears(ROSAS_TONE)
    await calling.hang_up()
    await at_rosa.ends()
    await stage.hears("ended")
    recording = await stage.engine.recorded(arrived.key)
    assert recording is not None
    assert_talks_without_a_gap(channel(recording.read_bytes(), 0), OKAFORS_TONE)
    assert_talks_without_a_gap(channel(recording.read_bytes(), 1), ROSAS_TONE)
    await stage.nothing_is_left()


async def test_an_anonymous_customer_whom_nobody_answers_is_told_so(stage: Stage) -> None:
    okafor = stage.phones.phone(MR_OKAFOR)
    rosa = await stage.phones.extension("rosa")
    calling = await stage.phones.calls_us(okafor, DEALER, caller="anonymous")
    arrived = await stage.hears("arrived")
    assert (arrived.called, arrived.caller) == (DEALER, "")
    bell = stage.ring(phone(ROSA, "sip:rosa"), waiting=arrived.leg, key=arrived.key)
    at_rosa = await rosa.rings()
    await at_rosa.busy()
    await stage.hears("nobody")
    stage.exchange.stop_ringing(bell, Prompt("We call you back at once.", "en"))
    await calling.hears_speech()
    await calling.ends()
    await stage.nothing_is_left()


async def test_a_phone_that_is_stopped_before_it_rings_does_not_ring_on(stage: Stage) -> None:
    samir = stage.phones.phone(SAMIRS_MOBILE)
    for _ in range(5):
        bell = stage.ring(phone(SAMIR, SAMIRS_MOBILE))
        stage.exchange.stop_ringing(bell)
        await stage.nothing_is_left()
    assert [await ringing.ends() for ringing in samir.all] == [None] * len(samir.all)


async def test_a_provider_that_calls_us_by_our_user_name_names_the_number_in_the_header(stage: Stage) -> None:
    okafor = stage.phones.phone(MR_OKAFOR)
    calling = await stage.phones.calls_us(okafor, "northside")
    arrived = await stage.hears("arrived")
    assert (arrived.called, arrived.caller) == ("northside", MR_OKAFOR)
    await calling.hang_up()
    await stage.hears("gone")


async def test_a_whisper_that_is_ready_too_late_is_not_said(stage: Stage) -> None:
    rosa = await stage.phones.extension("rosa")
    stage.dial = replace(DIAL, ring_s=3)
    okafor = stage.phones.phone(MR_OKAFOR)
    begun, ready = asyncio.Event(), asyncio.Event()
    speaks = stage.engine.speaker.speak

    class Slow(Speaker):
        async def speak(self, prompt: Prompt) -> Path | None:
            begun.set()
            await ready.wait()
            return await speaks(prompt)

    stage.engine.speaker = Slow(stage.engine.speaker.folder)
    stage.ring(phone(ROSA, "sip:rosa"))
    at_rosa = await rosa.rings()
    await at_rosa.answer()
    await begun.wait()
    await at_rosa.press("1")
    at_okafor = await okafor.rings()
    ready.set()
    with pytest.raises(TimeoutError):
        await at_rosa.hears_speech(1)
    await at_rosa.hang_up()
    await at_okafor.ends()


async def test_a_stranger_who_calls_themselves_the_trunk_is_refused(stage: Stage) -> None:
    port = stage.pbx.choices.sip_port
    status = await asyncio.to_thread(a_stranger_calls, "127.0.0.9", port, DEALER, "trunk", MR_OKAFOR)
    assert status == 401
    assert stage.said() == []
    await stage.nothing_is_left()


async def test_a_customer_who_calls_and_hangs_up_is_gone(stage: Stage) -> None:
    rosa, okafor = await stage.phones.extension("rosa"), stage.phones.phone(MR_OKAFOR)
    calling = await stage.phones.calls_us(okafor, DEALER)
    arrived = await stage.hears("arrived")
    stage.ring(phone(ROSA, "sip:rosa"), waiting=arrived.leg, key=arrived.key)
    at_rosa = await rosa.rings()
    await calling.hang_up()
    await at_rosa.ends()
    await stage.hears("gone")
    await stage.nothing_is_left()


def beeps(on_s: float, off_s: float, times: int) -> bytes:
    at = np.arange(round(on_s * RATE))
    beep = (8000 * np.sin(2 * np.pi * 500 * at / RATE)).astype("<i2").tobytes()
    return (beep + b"\0\0" * round(off_s * RATE)) * times


@pytest.mark.parametrize(
    ("greeting", "what"), [(beeps(0.3, 3, 1), "person"), (beeps(0.6, 0.2, 12), "machine")]
)  # fmt: skip
async def test_a_voicemail_is_known_by_its_long_greeting(
    pbx: Running, tmp_path: Path, greeting: bytes, what: str
) -> None:
    await pbx.answers()
    async with phones(pbx.outside, pbx.choices.sip_port) as there:
        okafor = there.phone(MR_OKAFOR, sound=greeting)
        engine = Asterisk([pbx.node], Speaker(tmp_path), tmp_path, clock=now)
        heard: asyncio.Queue[LegHeard] = asyncio.Queue()
        await engine.open(Ears(heard.put_nowait, lambda *_: None))
        leg = f"{uuid.uuid4().hex}-customer"
        await engine.call(Leg(leg, leg.partition("-")[0], MR_OKAFOR, DEALER, "", 10, detect=True))
        await (await okafor.rings()).answer()
        began = time.monotonic()
        while (found := await asyncio.wait_for(heard.get(), PATIENCE_S)).what not in ("person", "machine"):
            pass
        print(f"\n{found.what} after {time.monotonic() - began:.1f} s")
        assert found.what == what
        await engine.hang_up(leg)
        await engine.close()


async def test_the_salesperson_is_told_of_the_customers_voicemail(stage: Stage) -> None:
    stage.dial = replace(DIAL, told={**TOLD, "voicemail": VOICEMAIL})
    rosa = await stage.phones.extension("rosa")
    okafor = stage.phones.phone(MR_OKAFOR, sound=beeps(0.6, 0.2, 4))
    at_rosa, at_okafor = await stage.connects(rosa, okafor)
    await stage.hears("voicemail")
    at_okafor.heard.clear()
    await asyncio.sleep(2)  # the greeting is over: what Rosa hears now is said to her alone
    at_rosa.heard.clear()
    await at_rosa.hears_speech(2)
    assert level(bytes(at_okafor.heard)) < 200
    await at_rosa.hang_up()
    await stage.hears("ended")
    await stage.nothing_is_left()


class Wire:
    """A TCP connection to somewhere that can be cut and mended."""

    def __init__(self, port: int) -> None:
        self._there, self.port = port, free_port()
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _connect(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        there, forth = await asyncio.open_connection("127.0.0.1", self._there)
        self._ends |= {back, forth}
        await asyncio.gather(_pass(here, forth), _pass(there, back))


async def _pass(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            to.write(data)
            await to.drain()
    to.close()


@pytest.fixture
async def wired(pbx: Running, tmp_path: Path) -> AsyncIterator[tuple[Stage, Wire]]:
    wire = Wire(pbx.choices.ari_port)
    await wire.mend()
    async with on_stage(pbx, tmp_path, replace(pbx.node, url=f"http://127.0.0.1:{wire.port}")) as made:
        yield made, wire
    await wire.cut()


async def test_a_conversation_goes_on_while_the_connection_is_cut(wired: tuple[Stage, Wire]) -> None:
    stage, wire = wired
    rosa = await stage.phones.extension("rosa", ROSAS_TONE)
    okafor = stage.phones.phone(MR_OKAFOR, OKAFORS_TONE)
    at_rosa, at_okafor = await stage.connects(rosa, okafor)
    await asyncio.gather(at_okafor.hears(ROSAS_TONE), at_rosa.hears(OKAFORS_TONE))
    await wire.cut()
    for _ in range(200):
        if not stage.engine.is_up:
            break
        await asyncio.sleep(0.01)
    assert isinstance(stage.exchange.ring(Bell("another", 1, 42, (ROSA,), 5)), LineDown)
    await at_okafor.hears(ROSAS_TONE)
    await wire.mend()
    await asyncio.wait_for(stage.up(), PATIENCE_S)
    await asyncio.gather(at_okafor.hears(ROSAS_TONE), at_rosa.hears(OKAFORS_TONE))
    await at_okafor.hang_up()
    await stage.hears("ended")
    assert [what for what in stage.said() if what != "voicemail"][-2:] == ["connected", "ended"]
    await stage.nothing_is_left()


async def test_what_ended_while_the_connection_was_cut_is_found_out(wired: tuple[Stage, Wire]) -> None:
    stage, wire = wired
    rosa, okafor = await stage.phones.extension("rosa"), stage.phones.phone(MR_OKAFOR, OKAFORS_TONE)
    at_rosa, at_okafor = await stage.connects(rosa, okafor)
    await at_rosa.hears(OKAFORS_TONE)
    await wire.cut()
    await at_okafor.hang_up()
    await at_okafor.ends()
    await wire.mend()
    await stage.hears("ended")
    await at_rosa.ends()
    assert okafor.calls.empty(), "nobody is called twice"
    await stage.nothing_is_left()


async def test_asterisk_is_killed_and_comes_back(tmp_path: Path) -> None:
    with asterisk("rosa") as pbx:
        async with on_stage(pbx, tmp_path) as stage:
            rosa, okafor = await stage.phones.extension("rosa", ROSAS_TONE), stage.phones.phone(MR_OKAFOR)
            stage.ring(phone(ROSA, "sip:rosa"))
            at_rosa = await rosa.rings()
            await at_rosa.answer()
            await at_rosa.press("1")
            at_okafor = await okafor.rings()
            await at_okafor.answer()
            await at_okafor.hears(ROSAS_TONE)
            pbx.kill()
            pbx.start()
            await stage.hears("ended")
            assert stage.engine.is_up
            await stage.nothing_is_left()
            stage.heard.clear()
            stage.ring(phone(SAMIR, SAMIRS_MOBILE), ring_s=1)
            await stage.hears("nobody")


async def test_asterisk_is_killed_and_stays_away(tmp_path: Path) -> None:
    with asterisk("rosa") as pbx:
        async with on_stage(pbx, tmp_path) as stage:
            rosa = await stage.phones.extension("rosa")
            stage.ring(phone(ROSA, "sip:rosa"))
            await (await rosa.rings()).answer()
            await stage.hears("picked_up")
            pbx.kill()
            await stage.hears("line_down")
            for _ in range(100):
                if stage.exchange.under_way == 0:
                    break
                await asyncio.sleep(0.01)
            assert stage.exchange.under_way == 0


async def test_asterisk_hangs_without_a_word(tmp_path: Path) -> None:
    """It was silent for SILENT_S when that is noticed: nobody waits much longer."""
    with asterisk("rosa") as pbx:
        async with on_stage(pbx, tmp_path) as stage:
            rosa = await stage.phones.extension("rosa")
            stage.ring(phone(ROSA, "sip:rosa"))
            await rosa.rings()
            noticed: list[float] = []
            told = stage.exchange.down

            def down(because: str, silent_s: float = 0) -> None:
                noticed.append(silent_s)
                told(because, silent_s)

            assert stage.engine._ears is not None
            stage.engine._ears.down = down
            assert pbx.process is not None
            pbx.process.send_signal(signal.SIGSTOP)
            await stage.hears("line_down")
            assert noticed == [SILENT_S]
            pbx.kill()


@pytest.mark.parametrize("written_down", [True, False])
async def test_the_switchboard_is_replaced_in_mid_call(
    pbx: Running, tmp_path: Path, written_down: bool
) -> None:
    async with on_stage(pbx, tmp_path) as stage:
        rosa = await stage.phones.extension("rosa", ROSAS_TONE)
        samir = stage.phones.phone(SAMIRS_MOBILE)
        okafor = stage.phones.phone(MR_OKAFOR, OKAFORS_TONE)
        bell = stage.ring(phone(ROSA, "sip:rosa"))
        at_rosa = await rosa.rings()
        await at_rosa.answer()
        await at_rosa.press("1")
        at_okafor = await okafor.rings()
        await at_okafor.answer()
        connected = await stage.hears("connected")
        await at_okafor.hears(ROSAS_TONE)
        ringing = stage.ring(phone(SAMIR, SAMIRS_MOBILE))
        at_samir = await samir.rings()
        await stage.exchange.close()
        later = Stage(
            pbx, stage.phones, Asterisk([pbx.node], Speaker(tmp_path), tmp_path / "spool", clock=now)
        )
        await later.exchange.open()
        await later.exchange.adopt(
            [
                UnderWay(
                    bell.key, (ROSA,), ROSA, dialled=True, connected_at=connected.at if written_down else None
                ),
                UnderWay(ringing.key, (SAMIR,)),
            ]
        )
        await at_samir.ends()
        assert (await later.hears("nobody")).key == ringing.key
        await asyncio.gather(at_okafor.hears(ROSAS_TONE), at_rosa.hears(OKAFORS_TONE))
        await at_okafor.hang_up()
        ended = await later.hears("ended")
        assert ended.key == bell.key
        assert ended.talk_ms is not None
        await at_rosa.ends()
        await later.nothing_is_left()
        assert await later.engine.recorded(bell.key) is not None
        await later.exchange.close()


async def test_two_nodes_share_the_calls_and_one_may_die(pbx: Running, tmp_path: Path) -> None:
    with asterisk() as other:
        await other.answers()
        async with on_stage(pbx, tmp_path, pbx.node, other.node) as stage:
            samir = stage.phones.phone(SAMIRS_MOBILE)
            rosa = await stage.phones.extension("rosa")
            stage.ring(phone(SAMIR, SAMIRS_MOBILE))
            await samir.rings()
            elsewhere = stage.ring(phone(INES, "+31699999999"))
            for _ in range(200):
                if await pbx.channels() and await other.channels():
                    break
                await asyncio.sleep(0.01)
            other.kill()
            lost = await stage.hears("line_down")
            assert lost.key == elsewhere.key
            assert stage.engine.is_up
            assert stage.exchange.under_way == 1
            stage.ring(phone(ROSA, "sip:rosa"))
            await rosa.rings()


async def seen_away(stage: Stage, *trunks: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while set(await stage.engine.trunks_away()) != set(trunks):
            await asyncio.sleep(0.1)


async def test_a_trunk_whose_provider_is_dead_is_away_until_it_answers(tmp_path: Path) -> None:
    with asterisk(check_s=1) as pbx:
        await pbx.answers()
        async with on_stage(pbx, tmp_path) as stage:
            await seen_away(stage)
        engine = Asterisk([pbx.node], Speaker(tmp_path / "speech"), tmp_path, clock=now)
        nobody = Stage(pbx, stage.phones, engine)
        await nobody.exchange.open()
        await seen_away(nobody, "trunk")
        assert engine.is_up
        nobody.ring(phone(SAMIR, SAMIRS_MOBILE))
        assert (await nobody.hears("phone_unreachable")).person == SAMIR
        async with phones(pbx.outside, pbx.choices.sip_port) as again:
            await seen_away(nobody)
            samir = again.phone(SAMIRS_MOBILE)
            nobody.ring(phone(SAMIR, SAMIRS_MOBILE))
            await samir.rings()
        await nobody.exchange.close()


async def test_a_provider_that_answers_no_questions_is_not_asked(tmp_path: Path) -> None:
    with asterisk(check_s=0) as pbx:
        await pbx.answers()
        engine = Asterisk([pbx.node], Speaker(tmp_path / "speech"), tmp_path, clock=now)
        await engine.open(Ears(lambda _: None, lambda because, silent_s=0: None))
        assert await engine.trunks_away() == frozenset()
        await engine.close()


async def test_a_node_that_does_not_reach_the_provider_gets_no_calls_over_it(
    pbx: Running, tmp_path: Path
) -> None:
    with asterisk(check_s=1) as cut:  # nobody is beyond its trunk
        await cut.answers()
        async with on_stage(pbx, tmp_path, cut.node, pbx.node) as stage:
            async with asyncio.timeout(PATIENCE_S):
                while not stage.engine._nodes[0].trunks_away:
                    assert await stage.engine.trunks_away() <= {"rosa", "samir", "ines"}, (
                        "one node reaches it"
                    )
                    await asyncio.sleep(0.1)
            samir, okafor = stage.phones.phone(SAMIRS_MOBILE), stage.phones.phone(MR_OKAFOR)
            stage.ring(phone(SAMIR, SAMIRS_MOBILE))
            stage.ring(phone(INES, MR_OKAFOR))
            await asyncio.gather(samir.rings(), okafor.rings())


async def test_who_calls_on_one_node_is_connected_there(pbx: Running, tmp_path: Path) -> None:
    with asterisk() as other:
        await other.answers()
        async with on_stage(pbx, tmp_path, other.node, pbx.node) as stage:
            rosa = await stage.phones.extension("rosa", ROSAS_TONE)
            calling = await stage.phones.calls_us(stage.phones.phone(MR_OKAFOR, OKAFORS_TONE), DEALER)
            arrived = await stage.hears("arrived")
            stage.ring(phone(ROSA, "sip:rosa"), waiting=arrived.leg, key=arrived.key)
            at_rosa = await rosa.rings()
            await at_rosa.answer()
            await at_rosa.press("1")
            await asyncio.gather(calling.hears(ROSAS_TONE), at_rosa.hears(OKAFORS_TONE))
            await at_rosa.hang_up()
            await stage.hears("ended")


async def test_asterisk_may_call_us_instead(tmp_path: Path) -> None:
    port = free_port()
    with asterisk("rosa", switchboard=f"ws://127.0.0.1:{port}/asterisk") as pbx:
        async with on_stage(pbx, tmp_path, pbx.node, listen=("127.0.0.1", port)) as stage:
            await asyncio.wait_for(stage.up(), PATIENCE_S)
            rosa = await stage.phones.extension("rosa", ROSAS_TONE)
            okafor = stage.phones.phone(MR_OKAFOR, OKAFORS_TONE)
            stage.ring(phone(ROSA, "sip:rosa"))
            at_rosa = await rosa.rings()
            await at_rosa.answer()
            await at_rosa.press("1")
            at_okafor = await okafor.rings()
            await at_okafor.answer()
            await asyncio.gather(at_okafor.hears(ROSAS_TONE), at_rosa.hears(OKAFORS_TONE))
            await at_okafor.hang_up()
            await stage.hears("ended")
            await stage.nothing_is_left()
