"""The whole house with a real Asterisk: a lead posted with HTTP rings two SIP phones and connects them."""

import asyncio
import http.client
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import soundfile

from leadbell.ring.asterisk import own_node
from leadbell.ring.asterisk.files import Choices, Trunk
from tests.crash.house import ROOT, House
from tests.ring.asterisk.running import free_port, needed
from tests.ring.lines.phones import RATE, Phone, Phones, Ringing, loudest, phones
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.phone, pytest.mark.slow]

OUTSIDE_HZ, ROSA_HZ, SAMIR_HZ = 440, 700, 900
CUSTOMER = "+31612345678"
SECOND = 1.0


def _tone(seconds: float) -> bytes:
    wave = 8000 * np.sin(2 * np.pi * OUTSIDE_HZ * np.arange(round(seconds * RATE)) / RATE)
    return bytes(wave.astype("<i2").tobytes())


#: Whoever says hello and listens is a person; who goes on and on is a voicemail.
A_PERSON = _tone(0.6) + bytes(RATE * 2 * 3 // 2) + _tone(30)


#: Speaks without any voice on the machine: a tone for two seconds.
VOICE = (
    "python3 -c \"import sys,wave,math,struct;f=wave.open(sys.argv[1],'wb');f.setparams((1,2,8000,0,'NONE',''));"
    "f.writeframes(b''.join(struct.pack('<h',int(9000*math.sin(n/3))) for n in range(16000)))\" {out}"
)


class Town:
    """The house, its phones, and what is written in its journal."""

    def __init__(
        self, house: House, made: dict[str, Any], there: Phones, reading: "psycopg.Connection[Any]"
    ) -> None:
        self.house, self.made, self.reading = house, made, reading
        self.rosa = there.phone("+31611111111", ROSA_HZ)
        self.samir = there.phone("+31611111112", SAMIR_HZ)
        self.customer = there.phone(CUSTOMER, OUTSIDE_HZ, A_PERSON)
        self.there = there

    def post(self, name: str = "Mr Okafor") -> None:
        body = json.dumps({"name": name, "phone": CUSTOMER, "make": "Hyundai", "model": "Kona"})
        connection = http.client.HTTPConnection(*(self.house.http or ("", 0)), timeout=PATIENCE_S)
        connection.request("POST", f"/in/{self.made['keys'][0]}", body, {"Content-Type": "application/json"})
        assert connection.getresponse().status == 202

    def facts(self) -> list[dict[str, Any]]:
        return [row[0] for row in self.reading.execute("select body from leadbell_fact order by id")]

    def kinds(self) -> list[str]:
        return [fact["type"] for fact in self.facts()]

    def recording(self) -> tuple[str, int, str] | None:
        rows = self.reading.execute(
            "select status, length_ms, stored_as from leadbell_recording where status <> 'wanted'"
        )
        return rows.fetchone()

    def calls(self) -> list[tuple[str, str]]:
        return list(self.reading.execute("select status, outcome from leadbell_call order by asked_at"))

    async def without_its_database(self) -> None:
        """Its server is killed, as if the power of its machine had failed; the house starts it again."""
        os.kill(self.house.pid("postgres") or 0, signal.SIGKILL)

    async def finds_its_database_again(self) -> None:
        self.reading.close()
        await self.until(lambda: self.house.is_well)
        self.reading = self.house.reading()

    async def who_rings(self, within_s: float = PATIENCE_S) -> tuple[Phone, Ringing]:
        """Whoever routing has chosen."""
        waiting = {asyncio.ensure_future(one.rings(within_s)): one for one in (self.rosa, self.samir)}
        done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        first = done.pop()
        return waiting[first], first.result()

    async def accepts(self) -> tuple[Ringing, Ringing]:
        """Somebody presses 1 and the customer picks up: they talk."""
        _, ringing = await self.who_rings()
        await ringing.answer()
        await ringing.hears_speech()
        await ringing.press("1")
        dialled = await self.customer.rings()
        await dialled.answer()
        await dialled.hears(ringing.tone)
        await ringing.hears(OUTSIDE_HZ)
        return ringing, dialled

    async def they_talk_on(self, dialled: Ringing) -> None:
        """Nobody has cut them off, and when the customer hangs up it was one conversation."""
        assert not dialled.over.is_set()
        await dialled.hang_up()
        await self.until(lambda: "attempt_ended" in self.kinds())
        await self.until_nothing_hangs()
        assert len(self.customer.all) == 1
        assert [f["outcome"] for f in self.facts() if f["type"] == "attempt_ended"] == ["conversation"]

    async def until(self, true: Callable[[], Any], within_s: float = PATIENCE_S) -> Any:
        async with asyncio.timeout(within_s):
            while not (found := true()):
                await asyncio.sleep(0.05)
            return found

    async def until_nothing_hangs(self) -> None:
        """Every call has an end and an outcome, and no phone of anybody is on the line."""
        await self.until(lambda: all(status == "over" and outcome for status, outcome in self.calls()))
        for phone in (self.rosa, self.samir, self.customer):
            for ringing in phone.all:
                await ringing.ends()


@asynccontextmanager
async def town(folder: Path, ring_s: int = 5) -> AsyncIterator[Town]:
    """Its calls go through an Asterisk of its own."""
    needed()
    house = House(folder)
    made = await asyncio.to_thread(house.prepare, ring_s)
    outside, rtp = free_port(), random.randrange(20_000, 32_000, 500)
    chosen = Choices(
        trunks=(Trunk(f"127.0.0.1:{outside}", check_s=0),), ari_port=free_port(), sip_host="127.0.0.1",
        sip_port=free_port(), rtp_ports=(rtp, rtp + 490),
    )  # fmt: skip
    own_node.choose(folder, lambda _: chosen)
    async with phones(outside, chosen.sip_port) as there, _town(house, made, "asterisk", there) as here:
        yield here


@asynccontextmanager
async def town_on_a_trunk(folder: Path) -> AsyncIterator[Town]:
    """Its calls go over a trunk, without any Asterisk."""
    outside = free_port()
    house = House(folder, LEADBELL_SIP_TRUNK=f"sip:dealer:@127.0.0.1:{outside}", LEADBELL_SPEECH=VOICE)
    made = await asyncio.to_thread(house.prepare)
    async with phones(outside, free_port()) as there, _town(house, made, "sip", there) as here:
        yield here


@asynccontextmanager
async def _town(house: House, made: dict[str, Any], line: str, there: Phones) -> AsyncIterator[Town]:
    asked = ("phone", "line", line, "--caller-id", "+31201234567", "--data", str(house.folder))
    await asyncio.to_thread(_leadbell, *asked)
    await asyncio.to_thread(house.start)
    try:
        with house.reading() as reading:
            for name, number in (("Rosa", "+31611111111"), ("Samir", "+31611111112")):
                reading.execute("update leadbell_person set phone = %s where name = %s", [number, name])
            reading.execute("update leadbell_person set on_shift = false where name not in ('Rosa', 'Samir')")
            reading.execute("update leadbell_person set seen_at = null")
            reading.execute(
                "insert into leadbell_phonerules (dealer_id, recording, keep_days, countries, prompts, quiet_from,"
                " quiet_until) values (%s, 'announced', 90, '{}', '{}', 1260, 480)",
                [made["dealer"]],
            )
            here = Town(house, made, there, reading)
            is_up = "select 1 from leadbell_phoneline where seen_at is not null"
            await here.until(lambda: reading.execute(is_up).fetchone())
            yield here
    finally:
        await asyncio.to_thread(house.stop)


def _leadbell(*arguments: str) -> str:
    command = [sys.executable, "-m", "leadbell", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
async def northside(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path / "house") as here:
        yield here


async def test_a_posted_lead_rings_two_phones_and_connects_them(northside: Town) -> None:
    northside.post()
    ringing, dialled = await northside.accepts()
    assert ringing.caller == "+31201234567"
    assert dialled.caller == "+31201234567"
    await asyncio.sleep(4 * SECOND)  # the announcement is over, they talk
    await dialled.hang_up()
    await northside.until(lambda: "attempt_ended" in northside.kinds())
    ended = next(f for f in northside.facts() if f["type"] == "attempt_ended")
    assert ended["outcome"] == "conversation"
    assert ended["talk_ms"] > 0
    await northside.until_nothing_hangs()
    assert northside.kinds()[:3] == ["arrived", "rang", "picked_up"]
    status, length_ms, stored_as = await northside.until(northside.recording)
    assert status == "kept"
    sound, rate = soundfile.read(northside.house.folder / "recordings" / stored_as, dtype="int16")
    assert abs(len(sound) / rate * 1000 - length_ms) < 50
    half = len(sound) - rate
    heard = [loudest(sound[half - 800 : half + 800, side].tobytes()) for side in (0, 1)]
    assert heard == [OUTSIDE_HZ, round(ringing.tone / 10) * 10], "left the customer, right the salesperson"


async def test_who_does_not_take_it_is_followed_by_the_next(northside: Town) -> None:
    northside.post()
    first, ringing = await northside.who_rings()
    await ringing.answer()
    await ringing.press("2")
    second, again = await northside.who_rings()
    assert second is not first
    await again.answer()
    await again.press("1")
    dialled = await northside.customer.rings()
    await dialled.busy()
    await northside.until(lambda: "attempt_ended" in northside.kinds())
    assert next(f for f in northside.facts() if f["type"] == "attempt_ended")["outcome"] == "busy"
    await northside.until_nothing_hangs()
    assert len(northside.customer.all) == 1


@pytest.mark.crash
async def test_asterisk_killed_in_mid_call(northside: Town) -> None:
    northside.post()
    await northside.accepts()
    os.kill(northside.house.pid("asterisk") or 0, signal.SIGKILL)
    await northside.until(lambda: "attempt_ended" in northside.kinds())
    assert [status for status, _ in northside.calls()] == ["over"]
    assert len(northside.customer.all) == 1, "nobody is called twice"
    await northside.until(lambda: northside.house.pid("asterisk"))


@pytest.mark.crash
async def test_the_switchboard_killed_in_mid_call_finds_it_again(northside: Town) -> None:
    northside.post()
    ringing, dialled = await northside.accepts()
    killed = northside.house.pid("switchboard") or 0
    os.kill(killed, signal.SIGKILL)
    await northside.until(lambda: northside.house.pid("switchboard") not in (None, killed))
    await asyncio.sleep(2 * SECOND)
    await northside.they_talk_on(dialled)
    await ringing.ends()


@pytest.mark.crash
@pytest.mark.parametrize("when", ["while they talk", "before the key"])
async def test_the_database_killed_in_mid_call_everything_is_written_down_when_it_is_back(
    northside: Town, when: str
) -> None:
    northside.post()
    if when == "before the key":
        _, ringing = await northside.who_rings()
        await ringing.answer()
        await ringing.hears_speech()
        await northside.without_its_database()
        await ringing.press("1")
        await ringing.ends()
        ringing, dialled = await northside.accepts()  # nobody heard the key: it rings again
    else:
        ringing, dialled = await northside.accepts()
        await northside.without_its_database()
    await dialled.hang_up()
    await ringing.ends()
    await northside.finds_its_database_again()
    await northside.until(lambda: "attempt_ended" in northside.kinds())
    await northside.until_nothing_hangs()
    assert [f["outcome"] for f in northside.facts() if f["type"] == "attempt_ended"] == ["conversation"]
    assert northside.kinds().count("attempted") == len(northside.customer.all) == 1


@pytest.mark.crash
async def test_the_database_killed_when_the_customer_answers_cuts_nobody_off(northside: Town) -> None:
    northside.post()
    _, ringing = await northside.who_rings()
    await ringing.answer()
    await ringing.hears_speech()
    await ringing.press("1")
    dialled = await northside.customer.rings()
    await dialled.answer()
    await northside.without_its_database()
    await dialled.hears(ringing.tone)
    await northside.finds_its_database_again()
    await northside.until(lambda: northside.calls() == [("connected", "")])
    await asyncio.sleep(2 * SECOND)
    await northside.they_talk_on(dialled)


@pytest.mark.crash
async def test_killed_again_and_again_no_customer_is_called_twice(northside: Town) -> None:
    """The switchboard dies at random moments of a call; each attempt is dialled at most once and has an end."""
    chance = random.Random(os.environ.get("LEADBELL_SEED", "bell"))

    async def picks_up(ringing: Ringing) -> None:
        await ringing.answer()
        await asyncio.sleep(chance.uniform(0, 0.5))
        await ringing.press("1")

    for phone in (northside.rosa, northside.samir):
        phone.does = picks_up
    northside.customer.does = lambda ringing: ringing.answer()
    for n in range(6):
        northside.post(f"Mr Okafor {n}")
        await asyncio.sleep(chance.uniform(0.05, 1.2))
        if pid := northside.house.pid("switchboard"):
            os.kill(pid, signal.SIGKILL)
        await northside.until(lambda: northside.house.pid("switchboard"))
        await asyncio.sleep(1.5 * SECOND)
        for phone in (northside.rosa, northside.samir, northside.customer):
            for ringing in phone.all:
                await ringing.hang_up()
    await northside.until_nothing_hangs()
    begun = [f["key"] for f in northside.facts() if f["type"] == "attempted"]
    ended = [f["key"] for f in northside.facts() if f["type"] == "attempt_ended"]
    assert sorted(begun) == sorted(ended), "no attempt is left without an outcome"
    assert len(northside.customer.all) <= len(begun), "at most one call to the customer for each attempt"
