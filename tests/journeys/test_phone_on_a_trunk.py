"""The whole house over a SIP trunk, without a PBX: a lead posted with HTTP rings a phone and reaches the customer."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import soundfile
from baresip import BaresipError

from tests.journeys.test_phone import OUTSIDE_HZ, Town, town_on_a_trunk
from tests.ring.lines.phones import RATE, loudest

pytestmark = [pytest.mark.phone, pytest.mark.slow]


@pytest.fixture
async def northside(tmp_path: Path) -> AsyncIterator[Town]:
    async with town_on_a_trunk(tmp_path / "house") as here:
        yield here


async def test_a_posted_lead_rings_over_the_trunk_and_connects_them(northside: Town) -> None:
    northside.post()
    ringing, dialled = await northside.accepts()
    assert (ringing.caller, dialled.caller) == ("+31201234567", "+31201234567")
    begun = len(dialled.heard)
    await northside.until(lambda: len(dialled.heard) - begun > 4 * 2 * RATE)  # they talk on for four seconds
    await dialled.hang_up()
    await northside.until(lambda: "attempt_ended" in northside.kinds())
    ended = next(fact for fact in northside.facts() if fact["type"] == "attempt_ended")
    assert ended["outcome"] == "conversation"
    assert ended["talk_ms"] > 2000
    await northside.until_nothing_hangs()
    assert northside.kinds()[:3] == ["arrived", "rang", "picked_up"]
    assert [len(phone.all) for phone in (northside.rosa, northside.samir, northside.customer)].count(1) == 2
    status, length_ms, stored_as = await northside.until(northside.recording)
    assert status == "kept"
    sound, rate = soundfile.read(northside.house.folder / "recordings" / stored_as, dtype="int16")
    assert abs(len(sound) / rate * 1000 - length_ms) < 50
    late = len(sound) - rate
    heard = [loudest(sound[late - 800 : late + 800, side].tobytes()) for side in (0, 1)]
    assert heard == [OUTSIDE_HZ, round(ringing.tone / 10) * 10], "left the customer, right the salesperson"


async def test_who_passes_it_on_is_followed_by_the_next_and_a_busy_customer_is_written_down(
    northside: Town,
) -> None:
    northside.post()
    first, ringing = await northside.who_rings()
    await ringing.answer()
    await ringing.hears_speech()
    with suppress(BaresipError):  # the line hangs up while the key is still held
        await ringing.press("2")
    second, again = await northside.who_rings()
    assert second is not first
    await again.answer()
    await again.press("1")
    dialled = await northside.customer.rings()
    await dialled.busy()
    await northside.until(lambda: "attempt_ended" in northside.kinds())
    assert next(fact for fact in northside.facts() if fact["type"] == "attempt_ended")["outcome"] == "busy"
    await northside.until_nothing_hangs()
    assert len(northside.customer.all) == 1
