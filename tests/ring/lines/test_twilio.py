"""Twilio: whole calls through the exchange, forged and late webhooks, and what it asks of Twilio's API."""

import asyncio
import inspect
import io
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import aiohttp
import numpy as np
import pytest
import soundfile
from twilio.request_validator import RequestValidator
from twilio.twiml import voice_response

from leadbell.ring.exchange import Exchange
from leadbell.ring.lines import twiml
from leadbell.ring.lines.twilio import Twilio
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
    UnderWay,
)
from tests.ring.lines.twilio_house import ACCOUNT, TOKEN, FakeCall, TwilioHouse, sound, until

KEY = "9f0c7a3e5b1d4f628a9b0c1d2e3f4a5b"
ROSA, SAMIR = 7, 8
ROSAS, SAMIRS, OKAFORS, DEALERS = "+31612345671", "+31612345672", "+31612345678", "+31201234567"
ROSA_LEG, SAMIR_LEG, CUSTOMER = f"{KEY}-p{ROSA}", f"{KEY}-p{SAMIR}", f"{KEY}-customer"
WHISPER = Prompt("New lead: Mr Okafor & <Sons>. Press 1 to call, 2 to pass on.", "en")
TOLD = {"voicemail": Prompt("This is a voicemail.", "en"), "no_answer": Prompt("Nobody answers.", "en")}
BELL = Bell(KEY, 1, 41, (ROSA,), 20, (Phone(ROSA, ROSAS, lambda _: WHISPER),), DEALERS)
BOTH = Bell(KEY, 1, 41, (ROSA, SAMIR), 20, (*BELL.phones, Phone(SAMIR, SAMIRS, lambda _: WHISPER)), DEALERS)
DIAL = Dial(KEY, 1, 41, ROSA, OKAFORS, DEALERS, record=True, announce=Prompt("Dit gesprek wordt opgenomen.", "nl"),
            told=TOLD)  # fmt: skip


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Scene:
    """The exchange over Twilio, our own Twilio, and what was heard."""

    house: TwilioHouse
    folder: Path
    engine: Twilio = field(init=False)
    exchange: Exchange = field(init=False)
    #: How long a caller's webhook may wait.
    ask_again_s: float = 8.0
    #: How often Twilio is asked whether it is there.
    beat_s: float = 15.0
    heard: list[Heard] = field(default_factory=list)

    def make(self) -> None:
        self.engine = Twilio(ACCOUNT, TOKEN, self.house.public, self.house.api, folder=self.folder, clock=now,
                             beat_s=self.beat_s, again_s=0.05, ask_again_s=self.ask_again_s)  # fmt: skip
        self.exchange = Exchange(self.engine, self.heard.append, now)

    async def restart(self) -> None:
        """The switchboard is killed, and another one begins."""
        await self.exchange.close()
        await self.house.unmount()
        self.heard.clear()
        self.make()
        await self.house.mount(self.engine.routes())
        await self.exchange.open()

    @property
    def words(self) -> list[str]:
        return [heard.what for heard in self.heard]

    async def hears(self, *what: str) -> None:
        await until(lambda: set(what) <= set(self.words))

    async def rosa_hears_the_whisper(self) -> FakeCall:
        self.exchange.ring(BELL)
        await until(lambda: self.house.ordered(ROSA_LEG))
        rosa = self.house.call(ROSA_LEG)
        await self.house.rings(rosa)
        await self.house.answers(rosa)
        assert rosa.said == [("en-GB", WHISPER.text)]
        return rosa

    async def rosa_calls(self, dial: Dial = DIAL) -> tuple[FakeCall, FakeCall]:
        """She has pressed 1, and Mr Okafor's phone is about to ring."""
        rosa = await self.rosa_hears_the_whisper()
        await self.house.presses(rosa, "1")
        await self.hears("accepted")
        self.exchange.dial(dial)
        await until(lambda: self.house.ordered(CUSTOMER))
        return rosa, self.house.call(CUSTOMER)

    async def they_talk(self) -> tuple[FakeCall, FakeCall]:
        rosa, okafor = await self.rosa_calls()
        await self.house.rings(okafor)
        await self.house.answers(okafor)
        await until(lambda: len(self.house.in_room(KEY)) == 2)
        return rosa, okafor

    def nothing_hangs(self) -> bool:
        return all(call.is_over for call in self.house.calls.values())


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    house = TwilioHouse()
    await house.open()
    house.address()
    scene = Scene(house, tmp_path)
    scene.make()
    await house.mount(scene.engine.routes())
    await scene.exchange.open()
    yield scene
    await scene.exchange.close()
    await house.close()


# -- stories ---------------------------------------------------------------------------------------------------


async def test_rosa_presses_1_and_talks_with_mr_okafor(scene: Scene) -> None:
    rosa, okafor = await scene.they_talk()
    assert okafor.order["AsyncAmd"] == ["true"]
    assert okafor.said == [("nl-NL", "Dit gesprek wordt opgenomen.")]
    assert rosa.said[-1] == okafor.said[-1]
    await scene.house.ends(okafor)
    await until(scene.nothing_hangs)
    await scene.hears("ended")
    assert scene.words == [
        "rings", "picked_up", "accepted", "dialled", "customer_rings", "connected", "ended",
    ]  # fmt: skip
    assert scene.heard[-1].talk_ms is not None
    assert [call.caller for call in (rosa, okafor)] == [DEALERS, DEALERS]


async def test_rosa_hears_it_ring_until_mr_okafor_answers(scene: Scene) -> None:
    rosa, okafor = await scene.rosa_calls()
    await until(lambda: rosa.hears)
    async with aiohttp.ClientSession() as session, session.get(rosa.hears) as answer:
        tone, rate = soundfile.read(io.BytesIO(await answer.read()), dtype="int16")
    assert (answer.status, answer.content_type, rate, len(tone)) == (200, "audio/wav", 8000, 40_000)
    assert np.abs(np.fft.rfft(tone[:8000])).argmax() == 425, "in hertz"
    assert not tone[8000:].any()
    await scene.house.rings(okafor)
    await scene.house.falls_silent(rosa)
    assert rosa.hears, "it rings on"
    await scene.house.answers(okafor)
    await until(lambda: len(scene.house.in_room(KEY)) == 2)
    assert not rosa.hears


async def test_rosa_hears_nothing_ring_before_she_has_pressed_1(scene: Scene) -> None:
    rosa = await scene.rosa_hears_the_whisper()
    await scene.house.falls_silent(rosa)
    assert rosa.hears == ""
    await scene.house.presses(rosa, "1")
    assert rosa.hears, "also when she presses between two sentences"


async def test_a_sentence_ends_the_ringing(scene: Scene) -> None:
    rosa, _ = await scene.rosa_calls()
    await scene.engine.say(ROSA_LEG, TOLD["voicemail"])
    await until(lambda: rosa.said[-1] == ("en-GB", "This is a voicemail."))
    assert rosa.hears == ""
    await scene.house.falls_silent(rosa)
    assert rosa.hears == ""


async def test_rosa_passes_it_on(scene: Scene) -> None:
    rosa = await scene.rosa_hears_the_whisper()
    await scene.house.presses(rosa, "2")
    await scene.hears("declined", "nobody")
    await until(scene.nothing_hangs)


async def test_the_first_to_press_wins_and_the_other_phone_stops_ringing(scene: Scene) -> None:
    scene.exchange.ring(BOTH)
    await until(lambda: scene.house.ordered(ROSA_LEG) and scene.house.ordered(SAMIR_LEG))
    rosa, samir = scene.house.call(ROSA_LEG), scene.house.call(SAMIR_LEG)
    await scene.house.rings(samir)
    await scene.house.answers(rosa)
    await scene.house.presses(rosa, "1")
    await until(lambda: samir.status == "canceled")
    assert not rosa.is_over


@pytest.mark.parametrize(
    ("how", "rosas_phone", "okafors_phone"),
    [
        ("busy", "phone_busy", "busy"),
        ("no-answer", "phone_silent", "no_answer"),
        ("failed", "phone_unreachable", "unreachable"),
        ("canceled", "phone_silent", "no_answer"),
    ],
)
async def test_a_phone_that_is_not_answered(
    scene: Scene, how: str, rosas_phone: str, okafors_phone: str
) -> None:
    scene.exchange.ring(BELL)
    await until(lambda: scene.house.ordered(ROSA_LEG))
    await scene.house.ends(scene.house.call(ROSA_LEG), how)
    await scene.hears("nobody")
    assert scene.words == [rosas_phone, "nobody"]

    again = "0" + KEY[1:]
    scene.exchange.ring(Bell(again, 1, 41, (ROSA,), 20, BELL.phones, DEALERS))
    await until(lambda: scene.house.ordered(f"{again}-p{ROSA}"))
    rosa = scene.house.call(f"{again}-p{ROSA}")
    await scene.house.answers(rosa)
    await scene.house.presses(rosa, "1")
    scene.exchange.dial(Dial(again, 1, 41, ROSA, OKAFORS, DEALERS, told=TOLD))
    await until(lambda: scene.house.ordered(f"{again}-customer"))
    await scene.house.ends(scene.house.call(f"{again}-customer"), how)
    await scene.hears(okafors_phone)
    if okafors_phone in TOLD:
        await until(lambda: rosa.said[-1] == ("en-GB", "Nobody answers."))
        await scene.house.falls_silent(rosa)
    await until(scene.nothing_hangs)


async def test_a_salespersons_voicemail_never_wins(scene: Scene) -> None:
    """It hears the whisper to its end and presses nothing."""
    rosa = await scene.rosa_hears_the_whisper()
    await scene.house.falls_silent(rosa)
    assert rosa.action.endswith("/held/2"), "it goes on listening for a key"
    assert "accepted" not in scene.words
    await scene.house.ends(rosa)
    await scene.hears("phone_silent", "nobody")


async def test_the_customers_voicemail_is_told_to_the_salesperson_alone(scene: Scene) -> None:
    rosa, okafor = await scene.they_talk()
    await scene.house.is_recognised_as(okafor, "machine_start")
    await until(lambda: scene.house.announced)
    assert scene.house.announced == [(ROSA_LEG, "This is a voicemail.")]
    assert len(scene.house.in_room(KEY)) == 2, "she may leave a message"
    await scene.house.is_recognised_as(okafor, "machine_end_beep")
    await scene.house.ends(rosa)
    await scene.hears("ended")
    assert scene.words.count("voicemail") == 1
    await until(scene.nothing_hangs)


async def test_a_person_at_the_customers_end_changes_nothing(scene: Scene) -> None:
    _, okafor = await scene.they_talk()
    assert await scene.house.is_recognised_as(okafor, "human") == 204
    assert await scene.house.is_recognised_as(okafor, "unknown") == 204
    assert "voicemail" not in scene.words


async def test_rosa_hangs_up_during_the_whisper(scene: Scene) -> None:
    rosa = await scene.rosa_hears_the_whisper()
    await scene.house.ends(rosa)
    await scene.hears("phone_silent", "nobody")
    assert not scene.house.ordered(CUSTOMER)


async def test_rosa_hangs_up_while_mr_okafors_phone_rings(scene: Scene) -> None:
    rosa, okafor = await scene.rosa_calls()
    await scene.house.rings(okafor)
    await scene.house.ends(rosa)
    await until(lambda: okafor.status == "canceled")
    await scene.hears("no_answer")


async def test_who_answers_in_the_moment_of_cancelling_is_hung_up_on(scene: Scene) -> None:
    rosa, okafor = await scene.rosa_calls()
    okafor.status = "in-progress"  # and we don't know yet
    await scene.house.ends(rosa)
    await until(lambda: okafor.status == "completed")


# -- inbound ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "caller"),
    [(OKAFORS, OKAFORS), ("anonymous", ""), ("+266696687", ""), ("", ""), ("Restricted", "")],
)
async def test_a_customer_calls_and_talks_with_rosa(scene: Scene, shown: str, caller: str) -> None:
    okafor = scene.house.arrives(DEALERS, shown)
    await scene.hears("arrived")
    arrived = scene.heard[0]
    assert (arrived.called, arrived.caller) == (DEALERS, caller)
    bell = Bell(arrived.key, 1, 41, (ROSA,), 20, BELL.phones, DEALERS, waiting=arrived.leg)
    scene.exchange.ring(bell)
    await until(lambda: scene.house.ordered(f"{arrived.key}-p{ROSA}"))
    rosa = scene.house.call(f"{arrived.key}-p{ROSA}")
    await scene.house.answers(rosa)
    await scene.house.presses(rosa, "1")
    await scene.hears("accepted")
    assert okafor.status == "ringing", "nobody is charged for waiting"
    scene.exchange.dial(Dial(arrived.key, 1, 41, ROSA, "", record=True))
    await until(lambda: len(scene.house.in_room(arrived.key)) == 2)
    (recording,) = scene.house.recordings.values()
    assert recording["call_sid"] == okafor.sid
    await scene.house.ends(okafor)
    await until(scene.nothing_hangs)
    assert scene.words[-1] == "ended"


async def test_a_caller_who_waits_longer_than_one_webhook_is_still_told(scene: Scene) -> None:
    scene.ask_again_s = 0.01
    await scene.restart()
    okafor = scene.house.arrives(DEALERS, OKAFORS)
    await until(lambda: okafor.goes_on)
    await scene.house.rings_on(okafor)
    assert okafor.status == "ringing"
    await scene.engine.say(okafor.sid, TOLD["no_answer"])
    await scene.house.rings_on(okafor)
    assert okafor.said == [("en-GB", "Nobody answers.")]
    assert scene.words == ["arrived"]


async def test_a_caller_who_gives_up_has_gone(scene: Scene) -> None:
    okafor = scene.house.arrives(DEALERS, OKAFORS)
    await scene.hears("arrived")
    await scene.house.ends(okafor)
    await scene.hears("gone")


# -- webhooks --------------------------------------------------------------------------------------------------


async def test_a_forged_webhook_changes_nothing(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    rosa = await scene.rosa_hears_the_whisper()
    about = scene.house._about(rosa, Digits="1")
    for forged in (
        await scene.house.post(rosa.action, about, token="a guess"),
        await scene.house.post(rosa.action, about, signature=""),
        await scene.house.post(rosa.action, about | {"AccountSid": "AC" + "f" * 32}),
        await scene.house.post(f"{scene.house.public}/phone/twilio/arrived", about, signature="é"),
    ):
        assert forged[0] == 403
    assert scene.engine.door.forged == 4
    assert "accepted" not in scene.words
    assert ROSAS not in caplog.text


async def test_a_signature_is_for_one_address_and_one_body(scene: Scene) -> None:
    rosa = await scene.rosa_hears_the_whisper()
    silent, pressed = scene.house._about(rosa, Digits=""), scene.house._about(rosa, Digits="1")
    for_silence = RequestValidator(TOKEN).compute_signature(rosa.action, silent)
    assert (await scene.house.post(rosa.action, pressed, signature=for_silence))[0] == 403
    assert (await scene.house.post(rosa.action[:-1] + "9", silent, signature=for_silence))[0] == 403


async def test_a_replayed_key_counts_once(scene: Scene) -> None:
    rosa = await scene.rosa_hears_the_whisper()
    where, about = rosa.action, scene.house._about(rosa, Digits="1")
    await scene.house.presses(rosa, "1")
    await scene.hears("accepted")
    status, text = await scene.house.post(where, about)
    assert status == 200
    assert WHISPER.text not in text
    assert scene.words.count("accepted") == 1


async def test_each_text_is_answered_once_and_none_before_it_was_sent(scene: Scene, tmp_path: Path) -> None:
    heard: list[LegHeard] = []
    engine = Twilio(ACCOUNT, TOKEN, scene.house.public, scene.house.api, folder=tmp_path / "bare")
    await scene.house.unmount()
    await scene.house.mount(engine.routes())
    await engine.open(Ears(heard.append, lambda *_: None))
    await engine.call(Leg(ROSA_LEG, KEY, ROSAS, DEALERS, "", 20))
    rosa = scene.house.call(ROSA_LEG)
    await scene.house.answers(rosa)
    await engine.say(ROSA_LEG, WHISPER)
    await until(lambda: rosa.action.endswith("/said/2"))
    where, about = rosa.action, scene.house._about(rosa, Digits="")
    await scene.house.post(where[:-1] + "9", about)
    await scene.house.falls_silent(rosa)
    await scene.house.post(where, about)
    await scene.house.post(where, about | {"Digits": "5"})
    await scene.house.presses(rosa, "5")
    await scene.house.post(where.replace("said", "held"), about | {"Digits": "12"})
    await scene.house.post(rosa.order["Url"][0], about)
    assert [(event.what, event.digit) for event in heard] == [
        ("answered", ""),
        ("spoken", ""),
        ("digit", "5"),
    ]
    await engine.close()


async def test_a_replay_takes_no_text_away_from_the_caller_who_waits(scene: Scene) -> None:
    okafor = scene.house.arrives(DEALERS, OKAFORS)
    await scene.hears("arrived")
    _, text = await scene.house.post(f"{scene.house.public}/phone/twilio/arrived", scene.house._about(okafor))
    assert "<Pause" in text
    await scene.engine.say(okafor.sid, TOLD["no_answer"])
    await until(lambda: okafor.said)
    assert scene.words == ["arrived"]


async def test_replayed_and_reordered_events_are_harmless(scene: Scene) -> None:
    rosa = await scene.rosa_hears_the_whisper()
    for status in ("initiated", "ringing", "in-progress", "ringing", "queued", "nonsense"):
        assert await scene.house.tells_status(rosa, status) == 204
    answered, about = rosa.order["Url"][0], scene.house._about(rosa)
    _, text = await scene.house.post(answered, about)
    assert "Say" not in text
    assert scene.words == ["rings", "picked_up"]
    await scene.house.ends(rosa)
    await scene.hears("nobody")
    before = list(scene.words)
    for status in ("completed", "ringing", "in-progress", "busy"):
        assert await scene.house.tells_status(rosa, status) == 404
    _, text = await scene.house.post(answered, about)
    assert "<Hangup />" in text
    assert scene.words == before


async def test_the_end_before_the_beginning(scene: Scene) -> None:
    scene.exchange.ring(BELL)
    await until(lambda: scene.house.ordered(ROSA_LEG))
    rosa = scene.house.call(ROSA_LEG)
    await scene.house.ends(rosa, "busy")
    await scene.house.tells_status(rosa, "ringing")
    await scene.hears("nobody")
    assert scene.words == ["phone_busy", "nobody"]


async def test_another_calls_name_opens_nothing(scene: Scene) -> None:
    """Signed by Twilio, but about a call that isn't this leg."""
    rosa = await scene.rosa_hears_the_whisper()
    other = FakeCall("CA" + "e" * 32, ROSAS, DEALERS, rosa.order, status="in-progress")
    _, text = await scene.house.post(rosa.action, scene.house._about(other, Digits="1"))
    assert "<Hangup />" in text
    assert "accepted" not in scene.words
    assert not rosa.is_over


async def test_a_call_that_nobody_knows_is_ended(scene: Scene) -> None:
    order = {"Url": [f"{scene.house.public}/phone/twilio/call/{CUSTOMER}/answered"],
             "StatusCallback": [f"{scene.house.public}/phone/twilio/call/{CUSTOMER}/status"]}  # fmt: skip
    stray = FakeCall("CA" + "d" * 32, OKAFORS, DEALERS, order, status="ringing")
    scene.house.calls[stray.sid] = stray
    await scene.house.tells_status(stray, "ringing")
    await until(lambda: stray.status == "canceled")
    assert scene.engine.under_way.strangers == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"a=" + b"x" * 40_000, 413), (b"\xff\xfe=1", 403), (b"no equals sign", 400), (b"a=1&" * 300, 400)],
    ids=["too big", "not text", "not a form", "too many fields"],
)
async def test_a_body_that_is_not_twilios(scene: Scene, body: bytes, status: int) -> None:
    async with scene.house._session.post(f"{scene.house.public}/phone/twilio/arrived", data=body) as answer:
        assert answer.status in (status, 400)
    assert scene.heard == []


# -- crashes and outages ---------------------------------------------------------------------------------------


async def test_a_conversation_goes_on_over_a_restart(scene: Scene) -> None:
    rosa, okafor = await scene.they_talk()
    since = now()
    await scene.restart()
    await scene.exchange.adopt([UnderWay(KEY, (ROSA,), ROSA, dialled=True, connected_at=since)])
    assert not rosa.is_over
    assert not okafor.is_over
    scene.exchange.ring(BELL)
    await scene.house.ends(rosa)
    await scene.hears("ended")
    assert scene.words == ["ended"]
    await until(scene.nothing_hangs)


async def test_what_rang_before_a_restart_rings_no_longer(scene: Scene) -> None:
    rosa, okafor = await scene.rosa_calls()
    await scene.house.rings(okafor)
    await scene.restart()
    await scene.exchange.adopt([UnderWay(KEY, (ROSA,), ROSA, dialled=True)])
    await until(scene.nothing_hangs)
    assert scene.words == ["lost_track"]
    assert rosa.is_over
    assert len(scene.house.calls) == 2, "nobody is called twice"
    await until(lambda: not list((scene.folder / "legs").iterdir()))


async def test_who_picked_up_over_a_restart_is_connected(scene: Scene) -> None:
    rosa, okafor = await scene.rosa_calls()
    await scene.house.rings(okafor)
    okafor.status = "in-progress"
    await scene.restart()
    await scene.exchange.adopt([UnderWay(KEY, (ROSA,), ROSA, dialled=True)])
    await until(lambda: rosa.room == okafor.room != "")
    assert scene.words == ["connected"]
    await scene.house.ends(okafor)
    await scene.hears("ended")
    await until(scene.nothing_hangs)


async def test_killed_between_asking_and_being_answered(scene: Scene) -> None:
    """The call was made, nobody told us its name, and we are gone: the next one finds it by its numbers."""
    scene.house.tells = False
    scene.house.forgets_to_say = True
    with pytest.raises(LegFailed):
        await scene.engine.call(Leg(ROSA_LEG, KEY, ROSAS, DEALERS, "", 20))
    (rosa,) = scene.house.calls.values()
    foreign = FakeCall("CA" + "f" * 32, ROSAS, "+31200000000", {}, status="in-progress")
    scene.house.calls[foreign.sid] = foreign
    await scene.restart()
    await scene.exchange.adopt([])
    await until(lambda: rosa.is_over)
    assert not foreign.is_over, "another program's call is let alone"
    assert DEALERS not in "".join(file.read_text() for file in scene.folder.rglob("*.json"))


async def test_a_call_whose_making_nobody_confirmed_is_found_and_ended(scene: Scene) -> None:
    scene.house.forgets_to_say = True
    scene.exchange.ring(BELL)
    await scene.hears("phone_unreachable", "nobody")
    await until(scene.nothing_hangs)
    assert len(scene.house.calls) == 1


@pytest.mark.parametrize(
    ("code", "what"), [(21211, "unreachable"), (21210, "not_placed"), (20429, "not_placed")]
)
async def test_what_twilio_refuses_is_told_from_what_it_can_not_reach(
    scene: Scene, code: int, what: str
) -> None:
    rosa = await scene.rosa_hears_the_whisper()
    await scene.house.presses(rosa, "1")
    await scene.hears("accepted")
    scene.house.refuses_call = code
    scene.exchange.dial(DIAL)
    await scene.hears(what)


async def test_a_refused_call_is_unreachable_and_names_no_number(scene: Scene) -> None:
    scene.house.refuses_call = 21211
    scene.exchange.ring(BELL)
    await scene.hears("phone_unreachable", "nobody")
    (heard,) = [heard for heard in scene.heard if heard.what == "phone_unreachable"]
    assert heard.because == "Twilio says (21211): the number is not valid"
    assert scene.engine.is_up


@pytest.mark.parametrize(
    "number", ["tel:112", "112", "sip:rosa", "+31612345671;ext=1", "", "sip:a@evil.example"]
)
async def test_only_whole_numbers_are_dialled(scene: Scene, number: str) -> None:
    with pytest.raises(LegFailed):
        await scene.engine.call(Leg(ROSA_LEG, KEY, number, DEALERS, "", 20))
    assert not scene.house.calls


async def test_nothing_is_dialled_that_could_not_be_written_down(scene: Scene) -> None:
    (scene.folder / "legs").rmdir()
    with pytest.raises(LegFailed):
        await scene.engine.call(Leg(ROSA_LEG, KEY, ROSAS, DEALERS, "", 20))
    assert not scene.house.calls


async def test_a_name_is_rung_at_the_dealers_own_sip_domain(scene: Scene) -> None:
    await scene.engine.call(Leg(ROSA_LEG, KEY, "sip:rosa", DEALERS, "northside.sip.example", 20))
    assert scene.house.call(ROSA_LEG).to == "sip:rosa@northside.sip.example"


async def test_who_is_hung_up_on_before_twilio_has_named_the_call_stops_ringing(scene: Scene) -> None:
    scene.house.thinks = asyncio.Event()
    calling = asyncio.create_task(scene.engine.call(Leg(ROSA_LEG, KEY, ROSAS, DEALERS, "", 20)))
    await until(lambda: scene.house.ordered(ROSA_LEG))
    await scene.engine.hang_up(ROSA_LEG)
    scene.house.thinks.set()
    await calling
    await until(scene.nothing_hangs)


async def test_one_name_is_never_called_twice(scene: Scene) -> None:
    leg = Leg(ROSA_LEG, KEY, ROSAS, DEALERS, "", 20)
    await scene.engine.call(leg)
    await scene.engine.call(leg)
    await scene.house.ends(scene.house.call(ROSA_LEG), "busy")
    await scene.engine.call(leg)
    assert len(scene.house.calls) == 1


@pytest.mark.parametrize("trouble", ["answers 500", "never answers"])
async def test_an_outage_is_noticed_and_ends_by_itself(scene: Scene, trouble: str) -> None:
    rosa = await scene.rosa_hears_the_whisper()
    if trouble == "never answers":
        scene.house.hangs = True
    else:
        scene.house.answers_with = 500
    asked = asyncio.create_task(scene.engine.call(Leg(SAMIR_LEG, KEY, SAMIRS, DEALERS, "", 20)))
    await until(lambda: not scene.engine.is_up)
    assert isinstance(scene.exchange.ring(Bell("1" + KEY[1:], 1, 42, (), 20)), LineDown)
    scene.house.hangs, scene.house.answers_with = False, None
    scene.house.let_go()
    await until(lambda: scene.engine.is_up)
    with suppress(LegFailed):
        await asked
    await scene.house.presses(rosa, "1")
    await scene.hears("accepted")
    assert not rosa.is_over


async def test_what_could_not_be_ended_is_ended_later(scene: Scene) -> None:
    rosa = await scene.rosa_hears_the_whisper()
    scene.house.answers_with = 503
    with pytest.raises(LegFailed):
        await scene.engine.hang_up(ROSA_LEG)
    scene.house.answers_with = None
    await until(lambda: rosa.is_over)


async def test_an_end_that_nobody_told_us_is_found_out(scene: Scene) -> None:
    rosa = await scene.rosa_hears_the_whisper()
    rosa.status = "completed"  # its webhook is lost
    await scene.engine.say(ROSA_LEG, WHISPER)
    assert scene.words[-1] == "nobody"


async def test_wrong_credentials_and_suspended_accounts_are_down(scene: Scene, tmp_path: Path) -> None:
    downs: list[str] = []
    stranger = Twilio(ACCOUNT, "a guess", scene.house.public, scene.house.api, folder=tmp_path / "other")
    await stranger.open(Ears(lambda _: None, lambda because, silent_s=0: downs.append(because)))
    assert not stranger.is_up
    assert downs == ["Twilio says (20003): the credentials are refused"]
    await stranger.close()
    scene.beat_s = 0.1
    await scene.restart()
    scene.house.account_status = "suspended"
    await until(lambda: not scene.engine.is_up)
    scene.house.account_status = "active"
    await until(lambda: scene.engine.is_up)


async def test_nobody_there_at_the_start(tmp_path: Path) -> None:
    downs: list[str] = []
    engine = Twilio(ACCOUNT, TOKEN, "http://127.0.0.1:1", "http://127.0.0.1:1", folder=tmp_path)
    await engine.open(Ears(lambda _: None, lambda because, silent_s=0: downs.append(because)))
    assert not engine.is_up
    assert len(downs) == 1
    assert isinstance(Exchange(engine, lambda _: None, now).ring(BELL), LineDown)
    with pytest.raises(LegFailed):
        await engine.call(Leg(ROSA_LEG, KEY, ROSAS, DEALERS, "", 20))
    await engine.close()


# -- recordings ------------------------------------------------------------------------------------------------


async def test_a_recording_is_fetched_in_stereo_and_erased_at_twilio(scene: Scene) -> None:
    _, okafor = await scene.they_talk()
    (recording,) = scene.house.recordings.values()
    assert (recording["call_sid"], recording["trim"]) == (okafor.sid, "do-not-trim")
    await scene.house.ends(okafor)
    with pytest.raises(LegFailed, match="not finished yet"):
        await scene.engine.recorded(KEY)
    scene.house.finish_recordings()
    path = await scene.engine.recorded(KEY)
    assert path is not None
    assert path.read_bytes() == sound(2)
    assert path.stat().st_mtime == pytest.approx(datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp() + 0.01)
    assert scene.house.erased == [recording["sid"]]
    assert await scene.engine.recorded(KEY) == path, "until it is moved away"
    path.unlink()
    assert await scene.engine.recorded(KEY) is None


async def test_a_recording_survives_a_restart(scene: Scene) -> None:
    _, okafor = await scene.they_talk()
    await scene.house.ends(okafor)
    scene.house.finish_recordings()
    await scene.restart()
    path = await scene.engine.recorded(KEY)
    assert path is not None
    assert path.suffix == ".wav"


async def test_one_voice_is_no_recording(scene: Scene) -> None:
    _, okafor = await scene.they_talk()
    await scene.house.ends(okafor)
    scene.house.finish_recordings()
    for recording in scene.house.recordings.values():
        recording["channels"] = 1
    assert await scene.engine.recorded(KEY) is None


async def test_what_is_not_to_be_recorded_is_not(scene: Scene) -> None:
    rosa, okafor = await scene.rosa_calls(Dial(KEY, 1, 41, ROSA, OKAFORS, DEALERS))
    await scene.house.answers(okafor)
    await until(lambda: len(scene.house.in_room(KEY)) == 2)
    assert scene.house.recordings == {}
    assert okafor.said == []
    assert len(rosa.said) == 1
    assert await scene.engine.recorded(KEY) is None
    assert await scene.engine.recorded("../legs/x") is None


# -- TwiML -----------------------------------------------------------------------------------------------------


def test_what_a_customer_typed_stays_text() -> None:
    text = twiml.say(Prompt("</Say><Dial>+1900</Dial>\x00\ud800", "xx"), "https://leads.example/?a=1&b=2")
    assert "&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt;  <" in text
    assert 'action="https://leads.example/?a=1&amp;b=2"' in text
    assert 'language="xx"' in text


def test_a_conversation_in_twiml() -> None:
    assert twiml.converse("room", "leg", True, None) == (
        '<?xml version="1.0" encoding="UTF-8"?><Response>'
        '<Start><Recording channels="dual" track="both" trim="do-not-trim" /></Start>'
        '<Dial><Conference participantLabel="leg" startConferenceOnEnter="true" endConferenceOnExit="true"'
        ' beep="false" waitUrl="" maxParticipants="2">room</Conference></Dial></Response>'
    )


@pytest.mark.parametrize(
    "text",
    [
        twiml.say(WHISPER, "https://leads.example/said"),
        twiml.hold("https://leads.example/held"),
        twiml.hold_ringing("https://leads.example/held", "https://leads.example/tone.wav"),
        twiml.keep_ringing("https://leads.example/waits"),
        twiml.converse("room", "leg", True, WHISPER),
        twiml.only_say(WHISPER),
        twiml.hang_up(),
    ],
    ids=["say", "hold", "hold ringing", "keep ringing", "converse", "only say", "hang up"],
)
def test_every_verb_and_attribute_is_one_that_twilios_library_knows(text: str) -> None:
    def check(element: Element, within: type) -> None:
        verb = getattr(within, element.tag.lower())
        known = {name.replace("_", "") for name in inspect.signature(verb).parameters}
        assert {name.lower() for name in element.attrib} <= known, element.tag
        for inner in element:
            check(inner, getattr(voice_response, element.tag))

    for verb in fromstring(text.encode()):
        check(verb, voice_response.VoiceResponse)
