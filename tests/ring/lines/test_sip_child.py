"""A phone that rings, answers or refuses before the stack has told us its call."""

import pytest
from baresip import Call, CallState, Event, Runtime, StackEvent

from leadbell.ring.lines.sip_child import Child
from leadbell.ring.lines.sip_words import MakeCall, News, Told, Trunk

HANDLE = 0x41
WISH = MakeCall("rosa", "+31611111111", "+31201234567", 20)


class FastTrunk:
    """An agent whose calls get so far while the stack still says that it dials."""

    def __init__(self, runtime: Runtime, *happens: StackEvent) -> None:
        self.runtime, self.happens = runtime, happens

    async def dial(self, uri: str) -> Call:
        for event in self.happens:
            for listener in list(self.runtime._listeners):  # as its own loop does
                listener(event)
        return Call(self.runtime, handle=HANDLE, ua_handle=1, state=CallState.OUTGOING, peer=uri)


async def told_by(*happens: StackEvent) -> list[Told]:
    told: list[Told] = []
    child = Child(told.append)
    child.trunk = Trunk("dealer", "", "127.0.0.1")
    child._agents[WISH.caller_id] = FastTrunk(child.runtime, *happens)
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


@pytest.mark.parametrize(("said", "how"), [("486 Busy Here", "busy"), ("603 Decline", "rejected")])
async def test_so_is_an_end(said: str, how: str) -> None:
    told = await told_by(StackEvent(Event.CALL_CLOSED, call=HANDLE, text=said))
    assert [(one.what, one.how) for one in told if isinstance(one, News)] == [("over", how)]
