"""The call itself: whisper, press 1, connect; whatever order the world chooses."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from leadbell.ring.exchange import GONE_WITHIN_S, Exchange
from leadbell.ring.lines.ari import SILENT_S
from leadbell.ring.outages import LOST_AFTER_S, PATIENCE_S
from leadbell.ring.ports import (
    Bell,
    Dial,
    Heard,
    LegHeard,
    LineDown,
    LiveLeg,
    Phone,
    Prompt,
    Ringing,
    UnderWay,
)
from tests.fakes.engine import FakeEngine

ROSA, SAMIR, INES = 7, 8, 9
KEY = "c0ffee"
ROSAS, SAMIRS, CUSTOMERS = f"{KEY}-p{ROSA}", f"{KEY}-p{SAMIR}", f"{KEY}-customer"
TOLD = {"voicemail": Prompt("a voicemail", "en"), "busy": Prompt("busy", "en")}
CALL = Dial(KEY, 1, 41, ROSA, "+31612345678", "+31201234567", record=True, told=TOLD)


def bell(*people: int, **about: Any) -> Bell:
    phones = tuple(Phone(p, f"+3161111111{p}", lambda _: Prompt("New lead", "en")) for p in people)
    return Bell(KEY, 1, 41, people, 20, phones, "+31201234567", **about)


class Hand:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.timers: list[list[Any]] = []
        self.now = 0.0

    def later(self, seconds: float, then: Callable[[], None]) -> Any:
        timer = [self.now + seconds, then]
        self.timers.append(timer)

        class Timer:
            def cancel(_self) -> None:
                timer[1] = lambda: None

        return Timer()

    def turn(self, seconds: float) -> None:
        self.now += seconds
        for timer in sorted((t for t in self.timers if t[0] <= self.now), key=lambda t: t[0]):
            self.timers.remove(timer)
            timer[1]()


class Room:
    """An exchange with its engine, its clock and everything it told."""

    def __init__(self, up: bool = True) -> None:
        self.engine, self.hand, self.news = FakeEngine(up), Hand(), list[Heard]()
        self.exchange = Exchange(self.engine, self.news.append, lambda: datetime.now(UTC), self.hand.later)

    @property
    def heard(self) -> list[tuple[str, int | None]]:
        return [(news.what, news.person) for news in self.news]

    async def lets(self, leg: str, what: Any, **about: str) -> None:
        self.engine.happens(leg, what, **about)
        await settle()

    async def presses_one(self, leg: str) -> None:
        await self.lets(leg, "answered")
        await self.lets(leg, "digit", digit="1")


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


@pytest.fixture
async def room() -> Room:
    room = Room()
    await room.exchange.open()
    return room


async def test_who_presses_1_is_connected_with_the_customer(room: Room) -> None:
    assert room.exchange.ring(bell(ROSA)) == Ringing(KEY)
    await settle()
    assert room.engine.called[ROSAS].caller_id == "+31201234567"
    await room.presses_one(ROSAS)
    assert room.engine.said == [(ROSAS, "New lead")]
    assert room.heard == [("picked_up", ROSA), ("accepted", ROSA)]
    assert CUSTOMERS not in room.engine.called, "nobody is dialled before we are told so"
    room.exchange.dial(CALL)
    await settle()
    assert room.engine.called[CUSTOMERS].detect
    await room.lets(CUSTOMERS, "rings")
    await room.lets(CUSTOMERS, "answered")
    assert room.engine.joined == [(KEY, ROSAS, CUSTOMERS, True)]
    await room.lets(CUSTOMERS, "over")
    assert [what for what, _ in room.heard[2:]] == ["dialled", "customer_rings", "connected", "ended"]
    assert room.news[-1].talk_ms is not None
    assert room.engine.alive == {}
    assert room.exchange.under_way == 0


async def test_a_key_is_never_rung_or_dialled_twice(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    room.exchange.ring(bell(ROSA))
    await room.presses_one(ROSAS)
    room.exchange.dial(CALL)
    assert room.exchange.dial(CALL) == Ringing(KEY)
    await settle()
    await room.lets(CUSTOMERS, "over", how="no_answer")
    assert room.exchange.ring(bell(ROSA)) == Ringing(KEY)
    assert room.exchange.dial(CALL) == Ringing(KEY)
    await settle()
    assert list(room.engine.called) == [ROSAS, CUSTOMERS]


async def test_the_first_to_press_wins_and_the_others_stop_ringing(room: Room) -> None:
    room.exchange.ring(bell(ROSA, SAMIR))
    await settle()
    await room.lets(SAMIRS, "answered")
    await room.lets(ROSAS, "answered")
    await room.lets(ROSAS, "digit", digit="1")
    assert SAMIRS in room.engine.hung_up
    await room.lets(SAMIRS, "digit", digit="1")
    assert [one for one in room.heard if one[0] == "accepted"] == [("accepted", ROSA)]


async def test_the_others_stop_ringing_before_anything_else_begins(room: Room) -> None:
    stopped: list[str] = []

    async def write_down() -> None:
        stopped.extend(room.engine.hung_up)

    def hear(news: Heard) -> None:
        if news.what == "accepted":
            writing.append(asyncio.create_task(write_down()))

    writing: list[asyncio.Task[None]] = []
    room.exchange = Exchange(room.engine, hear, lambda: datetime.now(UTC), room.hand.later)
    await room.exchange.open()
    room.exchange.ring(bell(ROSA, SAMIR, INES))
    await settle()
    await room.presses_one(ROSAS)
    await asyncio.gather(*writing)
    assert stopped == [SAMIRS, f"{KEY}-p{INES}"]


async def test_what_comes_next_waits_until_the_others_have_stopped_but_not_for_long() -> None:
    taken = asyncio.Event()

    class Slow(FakeEngine):
        async def hang_up(self, leg: str) -> None:
            await taken.wait()
            await super().hang_up(leg)

    exchange = Exchange(Slow(), lambda _: None, lambda: datetime.now(UTC))
    await exchange.open()
    exchange.ring(bell(ROSA, SAMIR))
    await settle()
    exchange.hear(LegHeard(ROSAS, "answered", datetime.now(UTC)))
    exchange.hear(LegHeard(ROSAS, "digit", datetime.now(UTC), digit="1"))
    await exchange.others_stop(KEY, within_s=0.01)
    waits = asyncio.create_task(exchange.others_stop(KEY, within_s=3600))
    await settle()
    assert not waits.done()
    taken.set()
    await waits
    await exchange.others_stop("not a call", within_s=3600)
    await exchange.close()


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("busy", "phone_busy"), ("no_answer", "phone_silent"), ("rejected", "phone_unreachable"),
        ("unreachable", "phone_unreachable"), ("hung_up", "phone_silent"),
    ],
)  # fmt: skip
async def test_a_phone_that_nobody_answers(room: Room, how: str, what: str) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.lets(ROSAS, "over", how=how)
    assert room.heard == [(what, ROSA), ("nobody", None)]


async def test_who_rejects_it_at_an_extension_passes_it_on(room: Room) -> None:
    own = bell(ROSA)
    room.exchange.ring(replace(own, phones=(replace(own.phones[0], number="sip:rosa"),)))
    await settle()
    await room.lets(ROSAS, "over", how="rejected", because="21 Call Rejected")
    assert (room.news[0].what, room.news[0].because) == ("declined", "21 Call Rejected")


async def test_a_number_the_provider_refuses_is_unreachable(room: Room) -> None:
    room.engine.failing = {f"+3161111111{ROSA}"}
    room.exchange.ring(bell(ROSA, SAMIR))
    await settle()
    assert room.heard == [("phone_unreachable", ROSA)]
    await room.presses_one(SAMIRS)
    assert room.heard[-1] == ("accepted", SAMIR)


async def test_a_customer_whom_the_line_can_not_dial_is_not_called_unreachable(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    room.engine.failing = {CALL.number}
    room.exchange.dial(replace(CALL, told={"not_placed": Prompt("Try again", "en")}))
    await settle()
    assert room.heard[-1] == ("not_placed", None)
    assert room.engine.said[-1] == (ROSAS, "Try again")


async def test_what_rang_at_the_customer_was_placed(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    room.exchange.dial(CALL)
    await settle()
    await room.lets(CUSTOMERS, "rings")
    await room.lets(CUSTOMERS, "over", how="failed")
    assert room.heard[-1][0] == "unreachable"


async def test_two_passes_it_on(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.lets(ROSAS, "answered")
    await room.lets(ROSAS, "digit", digit="2")
    assert room.heard == [("picked_up", ROSA), ("declined", ROSA), ("nobody", None)]
    assert ROSAS in room.engine.hung_up


async def test_a_voicemail_never_presses_1(room: Room) -> None:
    room.exchange.ring(bell(ROSA, accept_s=25))
    await settle()
    await room.lets(ROSAS, "answered")
    await room.lets(ROSAS, "spoken")
    room.hand.turn(1.6)
    await settle()
    assert len(room.engine.said) == 2, "the whisper is said again"
    room.hand.turn(25)
    await settle()
    assert room.heard == [("picked_up", ROSA), ("phone_silent", ROSA), ("nobody", None)]
    assert room.engine.alive == {}


async def test_other_keys_and_strangers_mean_nothing(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.lets(ROSAS, "digit", digit="1")
    assert room.heard == [], "a key before the phone was answered"
    await room.lets(ROSAS, "answered")
    for digit in "3#*0":
        await room.lets(ROSAS, "digit", digit=digit)
    await room.lets("somebody-else", "digit", digit="1")
    await room.lets("somebody-else", "answered")
    assert room.heard == [("picked_up", ROSA)]


@pytest.mark.parametrize(("how", "what"), [("busy", "busy"), ("no_answer", "no_answer"), ("rejected", "unreachable"),
                                           ("unreachable", "unreachable")])  # fmt: skip
async def test_the_customers_end(room: Room, how: str, what: str) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    room.exchange.dial(CALL)
    await settle()
    await room.lets(CUSTOMERS, "over", how=how)
    assert room.heard[-1][0] == what
    if what == "busy":
        assert room.engine.said[-1] == (ROSAS, "busy")
        await room.lets(ROSAS, "spoken")
    assert room.exchange.under_way == 0
    assert room.engine.alive == {}
    assert sum(what == one for one, _ in room.heard) == 1


async def test_a_machine_is_told_to_the_salesperson_alone(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    room.exchange.dial(CALL)
    await settle()
    await room.lets(CUSTOMERS, "answered")
    await room.lets(CUSTOMERS, "machine")
    await room.lets(CUSTOMERS, "machine")
    assert room.engine.said[-1] == (ROSAS, "a voicemail")
    await room.lets(ROSAS, "over")
    assert [what for what, _ in room.heard[-3:]] == ["connected", "voicemail", "ended"]


async def test_whoever_hangs_up_before_the_customer_is_dialled_dials_nobody(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    await room.lets(ROSAS, "over")
    assert isinstance(room.exchange.dial(CALL), LineDown)
    await settle()
    assert CUSTOMERS not in room.engine.called


async def test_hanging_up_while_the_customer_rings_ends_both(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    room.exchange.dial(CALL)
    await settle()
    await room.lets(ROSAS, "over")
    assert room.heard[-1][0] == "no_answer"
    assert CUSTOMERS in room.engine.hung_up


async def test_ringing_is_stopped_but_never_a_conversation(room: Room) -> None:
    room.exchange.ring(bell(ROSA, SAMIR))
    await settle()
    room.exchange.stop_ringing(bell(ROSA, SAMIR))
    await settle()
    assert room.engine.alive == {}
    assert room.heard == [("nobody", None)]
    other = Room()
    await other.exchange.open()
    other.exchange.ring(bell(ROSA))
    await settle()
    await other.presses_one(ROSAS)
    other.exchange.dial(CALL)
    await settle()
    await other.lets(CUSTOMERS, "answered")
    other.exchange.stop_ringing(bell(ROSA))
    await settle()
    assert set(other.engine.alive) == {ROSAS, CUSTOMERS}


async def test_who_passes_it_on_at_the_screen_is_rung_no_more_and_the_others_are(room: Room) -> None:
    room.exchange.ring(bell(ROSA, SAMIR))
    await settle()
    room.exchange.ring_only(KEY, {SAMIR})
    await settle()
    assert room.engine.hung_up == [ROSAS]
    await room.presses_one(ROSAS)
    assert ("accepted", ROSA) not in room.heard
    await room.presses_one(SAMIRS)
    assert ("accepted", SAMIR) in room.heard
    room.exchange.ring_only(KEY, ())
    await settle()
    assert SAMIRS not in room.engine.hung_up, "who has pressed is not stopped by news from before"


async def test_who_passes_it_on_before_their_phone_begins_to_ring_is_not_rung(room: Room) -> None:
    both = bell(ROSA, SAMIR)
    room.exchange.ring(replace(both, phones=(both.phones[0], replace(both.phones[1], after_s=5))))
    await settle()
    room.exchange.ring_only(KEY, {ROSA})
    room.hand.turn(6)
    await settle()
    assert SAMIRS not in room.engine.called
    await room.lets(ROSAS, "over", how="no_answer")
    assert room.heard[-1] == ("nobody", None)


async def test_who_can_not_be_joined_had_no_conversation(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    room.exchange.dial(CALL)
    await settle()
    room.engine.alive.pop(ROSAS)
    await room.lets(CUSTOMERS, "answered")
    assert room.heard[-1][0] == "connected", "perhaps one of them has just hung up"
    room.hand.turn(GONE_WITHIN_S)
    assert (room.news[-1].what, room.news[-1].because) == ("lost_track", "a leg is gone")


@pytest.mark.parametrize("told_first", [True, False])
@pytest.mark.parametrize("leaves", [CUSTOMERS, ROSAS])
async def test_who_hangs_up_in_the_moment_they_are_joined_has_hung_up(
    room: Room, leaves: str, told_first: bool
) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    room.exchange.dial(CALL)
    await settle()
    room.engine.happens(CUSTOMERS, "answered")
    room.engine.alive.pop(leaves)  # the provider refuses to join them before it tells of the end
    if not told_first:
        await settle()
    await room.lets(leaves, "over", how="hung_up")
    assert room.heard[-1][0] == "ended"
    room.hand.turn(60)
    assert room.heard[-1][0] == "ended"
    assert not room.engine.alive


async def test_who_was_second_hears_so(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    room.exchange.stop_ringing(bell(ROSA), Prompt("Somebody else was first", "en"))
    await settle()
    assert room.engine.said[-1] == (ROSAS, "Somebody else was first")
    await room.lets(ROSAS, "spoken")
    assert room.engine.alive == {}


async def test_a_customer_who_calls_waits_for_whoever_presses_1(room: Room) -> None:
    room.engine.arrives("in-1", "+31201234567", "+31612345678")
    (arrived,) = room.news
    assert (arrived.what, arrived.called, arrived.caller) == ("arrived", "+31201234567", "+31612345678")
    phones = tuple(
        Phone(p, f"+3161111111{p}", lambda _: Prompt("On the line", "en"), after_s=8 * (p == SAMIR))
        for p in (ROSA, SAMIR)
    )
    room.exchange.ring(Bell(arrived.key, 1, 41, (ROSA, SAMIR), 30, phones, waiting="in-1"))
    await settle()
    assert [leg.number for leg in room.engine.called.values()] == ["+31611111117"], "last contact first"
    room.hand.turn(8)
    await settle()
    assert len(room.engine.called) == 2
    await room.presses_one(f"{arrived.key}-p{SAMIR}")
    room.exchange.dial(Dial(arrived.key, 1, 41, SAMIR, ""))
    await settle()
    assert room.engine.joined == [(arrived.key, f"{arrived.key}-p{SAMIR}", "in-1", False)]
    await room.lets("in-1", "over")
    assert room.heard[-1] == ("ended", SAMIR)


async def test_a_customer_nobody_answers_is_told_so(room: Room) -> None:
    room.engine.arrives("in-1", "+31201234567", "")
    key = room.news[0].key
    ring = Bell(
        key, 1, 41, (ROSA,), 30, (Phone(ROSA, "+31611111117", lambda _: Prompt("x", "en")),), waiting="in-1"
    )
    room.exchange.ring(ring)
    await settle()
    await room.lets(f"{key}-p{ROSA}", "over", how="no_answer")
    assert room.heard[-1] == ("nobody", None)
    room.exchange.stop_ringing(ring, Prompt("We call you back", "en"))
    await settle()
    assert room.engine.said[-1] == ("in-1", "We call you back")
    await room.lets("in-1", "spoken")
    assert room.engine.alive == {}


async def test_who_may_not_answer_hears_so_and_not_the_customer(room: Room) -> None:
    room.engine.arrives("in-1", "+31209999999", "+31612345678")
    await settle()
    key = room.news[0].key
    answering = replace(bell(ROSA), key=key, waiting="in-1")
    room.exchange.ring(answering)
    await settle()
    await room.presses_one(f"{key}-p{ROSA}")
    room.exchange.stop_ringing(answering, Prompt("Somebody else was first.", "en"))
    await settle()
    assert room.engine.said[-1] == (f"{key}-p{ROSA}", "Somebody else was first.")


async def test_when_everybody_has_passed_it_on_the_customer_is_told(room: Room) -> None:
    room.engine.arrives("in-1", "+31209999999", "+31612345678")
    await settle()
    key = room.news[0].key
    room.exchange.ring(replace(bell(ROSA), key=key, waiting="in-1"))
    await settle()
    room.exchange.ring_only(key, ())
    assert room.heard[-1] == ("nobody", None)
    assert "in-1" in room.engine.alive


async def test_a_customer_who_stops_waiting_is_gone(room: Room) -> None:
    room.engine.arrives("in-1", "+31201234567", "")
    key = room.news[0].key
    room.exchange.ring(
        Bell(
            key,
            1,
            41,
            (ROSA,),
            30,
            (Phone(ROSA, "+31611111117", lambda _: Prompt("x", "en")),),
            waiting="in-1",
        )
    )
    await settle()
    await room.lets("in-1", "over")
    assert room.heard[-1][0] == "gone"
    assert room.engine.alive == {}


async def test_a_line_that_is_down_says_so() -> None:
    room = Room(up=False)
    assert isinstance(room.exchange.ring(bell(ROSA)), LineDown)


async def test_a_line_that_stays_away_hands_what_rings_to_the_desk_and_keeps_what_talks(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    room.engine.ears.down("cut")
    room.hand.turn(PATIENCE_S - 0.1)
    assert room.heard == []
    room.hand.turn(0.2)
    assert room.heard == [("line_down", None), ("line_down", None)]
    assert {news.key for news in room.news} == {"", KEY}


async def test_a_line_that_hung_before_that_was_noticed_has_failed_within_three_seconds(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    room.engine.ears.down("no answer to a ping", SILENT_S)
    room.hand.turn(3 - SILENT_S)
    assert room.heard == [("line_down", None), ("line_down", None)]
    assert PATIENCE_S < 3


async def test_a_conversation_outlives_a_cut_and_ends_when_the_line_has_lost_it(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    room.exchange.dial(CALL)
    await settle()
    await room.lets(CUSTOMERS, "answered")
    room.engine.ears.down("cut")
    room.hand.turn(PATIENCE_S + 1)
    assert room.heard[-1][0] == "line_down"
    room.engine.ears.up()
    await settle()
    assert room.exchange.under_way == 1
    room.engine.ears.down("killed")
    room.engine.alive.clear()
    room.engine.ears.up()
    await settle()
    assert room.heard[-1] == ("ended", ROSA)


async def test_after_a_cut_nobody_knows_whether_the_customer_answered(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    room.exchange.dial(CALL)
    await settle()
    room.engine.ears.down("killed")
    room.hand.turn(LOST_AFTER_S + 1)
    assert room.heard[-1][0] == "lost_track"


async def test_what_happened_during_a_cut_is_caught_up_with(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    room.engine.ears.down("cut")
    room.engine.alive[ROSAS] = LiveLeg(ROSAS, answered=True, joined=False)
    room.engine.alive["stranger"] = LiveLeg("stranger", answered=True, joined=False)
    room.engine.ears.up()
    await settle()
    assert room.heard == [("picked_up", ROSA)]
    assert room.engine.hung_up == ["stranger"]


async def test_the_next_switchboard_goes_on_with_a_conversation_and_ends_the_rest() -> None:
    room = Room()
    await room.exchange.open()
    for leg, joined in (
        (ROSAS, True),
        (CUSTOMERS, True),
        ("beef-p8", False),
        ("feed-p7", False),
        ("feed-customer", False),
    ):
        room.engine.alive[leg] = LiveLeg(leg, answered=leg != "feed-customer", joined=joined)
    now = datetime.now(UTC)
    await room.exchange.adopt(
        [
            UnderWay(KEY, (ROSA,), ROSA, dialled=True, connected_at=now),
            UnderWay("beef", (SAMIR,)),
            UnderWay("feed", (ROSA,), ROSA, dialled=True),
            UnderWay("dead", (ROSA,), ROSA, dialled=True, connected_at=now),
        ]
    )
    await settle()
    assert {(news.key, news.what) for news in room.news} == {
        ("beef", "nobody"),
        ("feed", "lost_track"),
        ("dead", "ended"),
    }
    assert set(room.engine.alive) == {ROSAS, CUSTOMERS}
    assert room.exchange.ring(Bell("feed", 1, 41, (ROSA,), 20)) == Ringing("feed")
    assert room.engine.called == {}, "nobody is called again for a call that was under way"
    await room.lets(CUSTOMERS, "over")
    assert (room.news[-1].key, room.news[-1].what) == (KEY, "ended")


async def test_a_switchboard_that_ends_first_joins_whom_it_is_joining() -> None:
    class Slow(FakeEngine):
        async def join(self, *about: Any) -> None:
            await asyncio.sleep(0.05)
            await super().join(*about)

    engine = Slow()
    exchange = Exchange(engine, lambda _: None, lambda: datetime.now(UTC))
    await exchange.open()
    exchange.ring(bell(ROSA))
    await settle()
    engine.happens(ROSAS, "answered")
    engine.happens(ROSAS, "digit", digit="1")
    exchange.dial(CALL)
    await settle()
    engine.happens(CUSTOMERS, "answered")
    await exchange.close()
    assert [leg.joined for leg in engine.alive.values()] == [True, True]


@pytest.mark.parametrize("joined", [True, False])
async def test_the_next_switchboard_goes_on_with_two_who_have_picked_up(joined: bool) -> None:
    """Killed between joining them and saying so, or before joining them: nobody cuts them off."""
    room = Room()
    await room.exchange.open()
    for leg in (ROSAS, CUSTOMERS):
        room.engine.alive[leg] = LiveLeg(leg, answered=True, joined=joined)
    await room.exchange.adopt([UnderWay(KEY, (ROSA,), ROSA, dialled=True)])
    await settle()
    assert [(news.key, news.what, news.person) for news in room.news] == [(KEY, "connected", ROSA)]
    assert [room.engine.alive[leg].joined for leg in (ROSAS, CUSTOMERS)] == [True, True]
    await room.lets(CUSTOMERS, "over")
    assert room.news[-1].what == "ended"
    assert room.news[-1].talk_ms is not None


async def test_who_pressed_no_key_is_joined_with_nobody() -> None:
    room = Room()
    await room.exchange.open()
    for leg in (ROSAS, CUSTOMERS):
        room.engine.alive[leg] = LiveLeg(leg, answered=True, joined=False)
    await room.exchange.adopt([UnderWay(KEY, (ROSA,), ROSA)])
    await settle()
    assert room.heard == [("nobody", None)]
    assert room.engine.alive == {}


async def test_what_was_agreed_can_be_said_with_a_key(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    told = {"noted": Prompt("Noted", "en")}
    room.exchange.dial(replace(CALL, keypad=Prompt("What was agreed?", "en"), told=told))
    await settle()
    await room.lets(CUSTOMERS, "answered")
    await room.lets(CUSTOMERS, "over")
    assert room.heard[-1] == ("ended", ROSA)
    assert room.engine.said[-1] == (ROSAS, "What was agreed?")
    await room.lets(ROSAS, "digit", digit="2")
    await room.lets(ROSAS, "digit", digit="3")
    assert (room.news[-1].what, room.news[-1].digit) == ("keyed", "2"), "the first key counts"
    assert room.engine.said[-1] == (ROSAS, "Noted")
    await room.lets(ROSAS, "over")
    assert room.engine.alive == {}
    assert [what for what, _ in room.heard].count("ended") == 1


@pytest.mark.parametrize(("keys", "agreed"), [("72", True), ("7*", False), ("#73", False)])
async def test_another_key_is_asked_about_once_more_and_not_noted(
    room: Room, keys: str, agreed: bool
) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    told = {"noted": Prompt("Noted", "en")}
    room.exchange.dial(replace(CALL, keypad=Prompt("What was agreed?", "en"), told=told))
    await settle()
    await room.lets(CUSTOMERS, "answered")
    await room.lets(CUSTOMERS, "over")
    for key in keys:
        await room.lets(ROSAS, "digit", digit=key)
    assert room.engine.said.count((ROSAS, "What was agreed?")) == 2
    assert [news.digit for news in room.news if news.what == "keyed"] == (["2"] if agreed else [])
    assert ((ROSAS, "Noted") in room.engine.said) is agreed
    assert (room.engine.alive == {}) is not agreed


async def test_nobody_has_to_press_a_key(room: Room) -> None:
    room.exchange.ring(bell(ROSA))
    await settle()
    await room.presses_one(ROSAS)
    room.exchange.dial(replace(CALL, keypad=Prompt("What was agreed?", "en")))
    await settle()
    await room.lets(CUSTOMERS, "answered")
    await room.lets(CUSTOMERS, "over")
    await room.lets(ROSAS, "over")
    assert room.heard[-1] == ("ended", ROSA)
    assert room.exchange.under_way == 0


async def test_a_provider_that_is_away_at_the_start_is_asked_when_it_comes() -> None:
    room = Room(up=False)
    await room.exchange.open()
    for leg in (ROSAS, CUSTOMERS, "feed-p7"):
        room.engine.alive[leg] = LiveLeg(leg, answered=True, joined=leg != "feed-p7")
    now = datetime.now(UTC)
    known = [
        UnderWay(KEY, (ROSA,), ROSA, dialled=True, connected_at=now),
        UnderWay("feed", (ROSA,), ROSA, dialled=True),
    ]
    await room.exchange.adopt(known)
    assert room.news == []
    room.engine.is_up = True
    room.engine.ears.up()
    await settle()
    assert [(news.key, news.what) for news in room.news] == [("feed", "lost_track")]
    assert set(room.engine.alive) == {ROSAS, CUSTOMERS}


async def test_what_only_rang_is_not_waited_for_when_the_provider_stays_away() -> None:
    room = Room(up=False)
    await room.exchange.open()
    await room.exchange.adopt([UnderWay("feed", (ROSA,)), UnderWay(KEY, (ROSA,), ROSA, dialled=True)])
    room.hand.turn(PATIENCE_S + 0.1)
    assert [(news.key, news.what) for news in room.news] == [("", "line_down"), ("feed", "line_down")]


async def test_a_provider_that_never_comes_has_lost_them() -> None:
    room = Room(up=False)
    await room.exchange.open()
    await room.exchange.adopt([UnderWay(KEY, (ROSA,), ROSA, dialled=True)])
    room.hand.turn(LOST_AFTER_S + 1)
    assert [(news.key, news.what) for news in room.news] == [("", "line_down"), (KEY, "lost_track")]
