"""A phone that rings, answers, refuses or is stopped before the stack has told us its call."""

import asyncio

import pytest
from baresip import Call, CallState, Event, Runtime, StackEvent

from leadbell.ring.lines.sip_child import Child
from leadbell.ring.lines.sip_words import HangUp, MakeCall, News, Told, Trunk

HANDLE = 0x41
WISH = MakeCall("rosa", "+31611111111", "+31201234567", 20)


class Dialled(Call):
    """A call that counts how often it is hung up."""

    times_hung_up = 0

    async def hangup(self) -> None:
        self.times_hung_up += 1


class FastTrunk:
    """An agent whose calls get so far while the stack still says that it dials."""

    def __init__(self, runtime: Runtime, *happens: StackEvent) -> None:
        self.runtime, self.happens = runtime, happens

    async def dial(self, uri: str) -> Call:
        self.happen(*self.happens)
        self.call = Dialled(self.runtime, handle=HANDLE, ua_handle=1, state=CallState.OUTGOING, peer=uri)
        await asyncio.sleep(0)
        return self.call

    def happen(self, *events: StackEvent) -> None:
        for event in events:
            for listener in list(self.runtime._listeners):  # as its own loop does
                listener(event)


def child_over(told: list[Told], *happens: StackEvent) -> tuple[Child, FastTrunk]:
    child = Child(told.append)
    child.trunk = Trunk("dealer", "", "127.0.0.1")
    trunk = child._agents[WISH.caller_id] = FastTrunk(child.runtime, *happens)
    return child, trunk


async def told_by(*happens: StackEvent) -> list[Told]:
    told: list[Told] = []
    child, _ = child_over(told, *happens)
    assert await child.do(WISH) == ""
    for leg in child.legs.values():
        if leg.timer:
            leg.timer.cancel()
    return told


async def test_a_ring_before_dial_has_answered_is_told() -> None:
    another = StackEvent(Event.CALL_RINGING, call=HANDLE + 1)
    assert await told_by(another, StackEvent(Event.CALL_RINGING, call=HANDLE)) == [News("rosa", "rings")]


async def test_so_is_an_answer() -> None:
    told = await told_by(
        StackEvent(Event.CALL_RINGING, call=HANDLE), StackEvent(Event.CALL_ESTABLISHED, call=HANDLE)
    )
    assert told == [News("rosa", "rings"), News("rosa", "answered")]


@pytest.mark.parametrize(
    ("said", "how"),
    [
        ("486 Busy Here", "busy"), ("603 Decline", "rejected"), ("404 Not Found", "unreachable"),
        ("503 Service Unavailable", "failed"),
    ],
)  # fmt: skip
async def test_so_is_an_end(said: str, how: str) -> None:
    told = await told_by(StackEvent(Event.CALL_CLOSED, call=HANDLE, text=said))
    assert [(one.what, one.how) for one in told if isinstance(one, News)] == [("over", how)]


@pytest.mark.parametrize("rings", [Event.CALL_RINGING, Event.CALL_PROGRESS, Event.CALL_ESTABLISHED])
@pytest.mark.parametrize("at_once", [True, False])
async def test_who_is_stopped_before_it_rings_is_hung_up_when_it_does(rings: Event, at_once: bool) -> None:
    told: list[Told] = []
    child, trunk = child_over(told)
    if at_once:
        assert await asyncio.gather(child.do(WISH), child.do(HangUp(WISH.leg))) == ["", ""]
    else:
        assert [await child.do(WISH), await child.do(HangUp(WISH.leg))] == ["", ""]
    assert [(one.what, one.how) for one in told if isinstance(one, News)] == [("over", "no_answer")]
    assert trunk.call.times_hung_up == 0
    trunk.happen(StackEvent(rings, call=HANDLE))
    await asyncio.sleep(0)
    assert trunk.call.times_hung_up == 1
    assert len(told) == 1
