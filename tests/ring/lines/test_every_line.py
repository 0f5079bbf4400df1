"""The shared suite of the lines that hear the call: what each of them promises, played with phones."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leadbell.ring.ports import Bell, Dial, LineDown, Phone, Prompt, Ringing
from tests.fakes.engine import FakeEngine
from tests.ring.lines.worlds import REAL, WORLDS, InMemory, World, until

ROSA, SAMIR = 7, 8
NUMBERS = {"p7": "+31611111117", "p8": "+31611111118", "customer": "+31612345678"}
SLOW = [pytest.mark.phone, pytest.mark.slow]


@pytest.fixture(params=[pytest.param(name, marks=SLOW if name in REAL else []) for name in WORLDS])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with WORLDS[request.param](tmp_path, lambda leg: NUMBERS[leg.rpartition("-")[2]]) as world:
        yield world


def bell(*people: int, accept_s: int = 25) -> Bell:
    phones = tuple(Phone(p, NUMBERS[f"p{p}"], lambda _: Prompt("New lead. Press 1.", "en")) for p in people)
    return Bell(uuid.uuid4().hex, 1, 41, people, 15, phones, "+31201234567", accept_s=accept_s)


def dial(rung: Bell, person: int = ROSA) -> Dial:
    return Dial(rung.key, 1, 41, person, NUMBERS["customer"], "+31201234567", ring_s=15)


def said(world: World) -> list[str]:
    return [one.what for one in world.heard]


async def hears(world: World, *what: str) -> None:
    await until(lambda: set(what) <= set(said(world)))


async def presses_one(world: World, rung: Bell) -> str:
    leg = f"{rung.key}-p{ROSA}"
    await world.rings(leg)
    await world.answers(leg)
    await hears(world, "picked_up")
    await world.presses(leg, "1")
    await hears(world, "accepted")
    return leg


async def test_ringing_and_dialling_twice_with_one_key_is_one_call(world: World) -> None:
    rung = bell(ROSA)
    assert world.exchange.ring(rung) == Ringing(rung.key) == world.exchange.ring(rung)
    await presses_one(world, rung)
    assert world.exchange.dial(dial(rung)) == Ringing(rung.key) == world.exchange.dial(dial(rung))
    customer = f"{rung.key}-customer"
    await world.rings(customer)
    await world.answers(customer)
    await hears(world, "dialled", "connected")
    await world.hangs_up(customer)
    await hears(world, "ended")
    assert next(one for one in world.heard if one.what == "ended").talk_ms is not None
    assert world.exchange.ring(rung) == Ringing(rung.key)
    assert world.times_rung(f"{rung.key}-p{ROSA}") == world.times_rung(customer) == 1
    await until(lambda: world.has_ended(f"{rung.key}-p{ROSA}"))


async def test_two_passes_it_on(world: World) -> None:
    rung = bell(ROSA)
    world.exchange.ring(rung)
    leg = f"{rung.key}-p{ROSA}"
    await world.rings(leg)
    await world.answers(leg)
    await hears(world, "picked_up")
    await world.presses(leg, "2")
    await hears(world, "declined", "nobody")
    await until(lambda: world.has_ended(leg))


async def test_the_first_to_press_has_it_and_the_other_stops_ringing(world: World) -> None:
    rung = bell(ROSA, SAMIR)
    world.exchange.ring(rung)
    samirs = f"{rung.key}-p{SAMIR}"
    await world.rings(samirs)
    await presses_one(world, rung)
    await until(lambda: world.has_ended(samirs))
    assert said(world).count("accepted") == 1


async def test_a_voicemail_never_wins_a_lead(world: World) -> None:
    rung = bell(ROSA, accept_s=1)
    world.exchange.ring(rung)
    leg = f"{rung.key}-p{ROSA}"
    await world.rings(leg)
    await world.answers(leg)
    await hears(world, "phone_silent", "nobody")
    assert "accepted" not in said(world)
    await until(lambda: world.has_ended(leg))


async def test_a_busy_salesperson_and_a_busy_customer(world: World) -> None:
    rung = bell(ROSA)
    world.exchange.ring(rung)
    leg = f"{rung.key}-p{ROSA}"
    await world.rings(leg)
    await world.is_busy(leg)
    await hears(world, "phone_busy", "nobody")
    again = bell(ROSA)
    world.exchange.ring(again)
    await presses_one(world, again)
    world.exchange.dial(dial(again))
    await world.rings(f"{again.key}-customer")
    await world.is_busy(f"{again.key}-customer")
    await hears(world, "busy")
    await until(lambda: world.has_ended(f"{again.key}-p{ROSA}"))


async def test_stopping_ends_what_rings_and_is_harmless_twice(world: World) -> None:
    rung = bell(ROSA)
    world.exchange.ring(rung)
    leg = f"{rung.key}-p{ROSA}"
    await world.rings(leg)
    world.exchange.stop_ringing(rung)
    world.exchange.stop_ringing(rung)
    await until(lambda: world.has_ended(leg))
    assert isinstance(world.exchange.dial(dial(rung)), Ringing), "a call that is over is not made again"
    assert world.times_rung(f"{rung.key}-customer") == 0


@pytest.mark.parametrize("after_ms", [0, 0.5, 5])
async def test_a_phone_that_is_stopped_in_the_moment_it_is_dialled_rings_no_longer(
    world: World, after_ms: float
) -> None:
    rung, next_one = bell(ROSA), bell(SAMIR)
    world.exchange.ring(rung)
    await asyncio.sleep(after_ms / 1000)
    world.exchange.stop_ringing(rung)
    world.exchange.ring(next_one)
    await world.rings(f"{next_one.key}-p{SAMIR}")
    async with asyncio.timeout(rung.ring_s / 2):
        await until(lambda: world.has_ended(f"{rung.key}-p{ROSA}"))


async def test_who_hangs_up_before_the_customer_answers_ends_it_for_both(world: World) -> None:
    rung = bell(ROSA)
    world.exchange.ring(rung)
    leg = await presses_one(world, rung)
    world.exchange.dial(dial(rung))
    await world.rings(f"{rung.key}-customer")
    await world.hangs_up(leg)
    await hears(world, "no_answer")
    await until(lambda: world.has_ended(f"{rung.key}-customer"))


async def test_hanging_up_at_the_screen_ends_a_conversation_for_both(world: World) -> None:
    rung = bell(ROSA)
    world.exchange.ring(rung)
    leg = await presses_one(world, rung)
    customer = f"{rung.key}-customer"
    world.exchange.dial(dial(rung))
    await world.rings(customer)
    await world.answers(customer)
    await hears(world, "connected")
    world.exchange.hang_up(rung.key)
    world.exchange.hang_up(rung.key)
    await hears(world, "ended")
    await until(lambda: world.has_ended(leg) and world.has_ended(customer))
    assert said(world).count("ended") == 1
    assert next(one for one in world.heard if one.what == "ended").talk_ms is not None


async def test_hanging_up_at_the_screen_before_the_customer_answers_is_no_answer(world: World) -> None:
    rung = bell(ROSA)
    world.exchange.ring(rung)
    leg = await presses_one(world, rung)
    world.exchange.dial(dial(rung))
    await world.rings(f"{rung.key}-customer")
    world.exchange.hang_up(rung.key)
    await hears(world, "no_answer")
    await until(lambda: world.has_ended(leg) and world.has_ended(f"{rung.key}-customer"))


async def test_hanging_up_at_the_screen_stops_what_rings_and_knows_no_other_call(world: World) -> None:
    rung = bell(ROSA)
    world.exchange.ring(rung)
    leg = f"{rung.key}-p{ROSA}"
    await world.rings(leg)
    world.exchange.hang_up(uuid.uuid4().hex)
    assert not world.has_ended(leg)
    world.exchange.hang_up(rung.key)
    await hears(world, "nobody")
    await until(lambda: world.has_ended(leg))


async def test_a_line_that_is_down_answers_so() -> None:
    world = InMemory()
    world.engine.is_up = False
    assert isinstance(world.exchange.ring(bell(ROSA)), LineDown)
    assert isinstance(world.exchange.dial(dial(bell(ROSA))), LineDown)
    assert FakeEngine(up=False).called == {}
