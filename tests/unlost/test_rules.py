"""Who is back, who is told, in which order the rest is shown."""

from datetime import timedelta

import pytest

from leadbell.lead.standing import Standing
from leadbell.unlost.rules import (
    Back,
    Choice,
    Colleague,
    Full,
    Leave,
    Seen,
    Told,
    Watched,
    rank,
    who_is_back,
    whom_to_tell,
)
from leadbell.words import say
from tests.conftest import NOON

ROSA, SAMIR, INES = 1, 2, 3


def days(n: float) -> timedelta:
    return timedelta(days=n)


def standing(**about: object) -> Standing:
    return Standing(received_at=NOON - days(60), asked_at=NOON - days(60), owner=ROSA, **about)  # type: ignore[arg-type]  # what the table says about it


LOST = {"state": "lost", "closed_at": NOON - days(10)}


@pytest.mark.parametrize(
    ("about", "was"),
    [
        (LOST | {"lost_reason": "price"}, "lost"),
        (LOST | {"lost_reason": "no_answer_45_days"}, "lost"),
        (LOST | {"lost_reason": "not_a_customer"}, None),
        (LOST | {"lost_reason": "bought_elsewhere"}, None),
        (LOST | {"lost_reason": "bought_elsewhere", "closed_at": NOON - days(181)}, "lost"),
        (LOST | {"lost_reason": "price", "opted_out": True}, None),
        ({"state": "sold", "closed_at": NOON - days(179)}, None),
        ({"state": "sold", "closed_at": NOON - days(181)}, "sold"),
        ({"state": "attempted", "worked_at": NOON - days(8)}, "quiet"),
        ({"state": "attempted", "worked_at": NOON - days(6.9)}, None),
        ({"state": "attempted", "worked_at": NOON - days(8), "call_back_at": NOON + days(1)}, None),
        ({"state": "attempted", "worked_at": NOON - days(8), "appointment_at": NOON + days(1)}, None),
        ({"state": "attempted", "worked_at": NOON - days(8), "calling": "attempt:1"}, None),
        ({"state": "attempted", "worked_at": NOON - days(8), "ringing": (ROSA,)}, None),
        ({"state": "attempted", "automated": 9}, "quiet"),
        (LOST | {"seen_at": NOON - timedelta(minutes=29)}, None),
        (LOST | {"seen_at": NOON - timedelta(minutes=31)}, "lost"),
    ],
)
def test_what_a_visit_brings_back(about: dict[str, object], was: str | None) -> None:
    found = who_is_back([Watched(41, standing(**about))], Choice(), NOON)
    assert (found.was if isinstance(found, Back) else None) == was, found


def test_the_window_is_the_dealers() -> None:
    quiet = [Watched(41, standing(worked_at=NOON - days(15)))]
    assert isinstance(who_is_back(quiet, Choice(quiet_days=14), NOON), Back)
    assert isinstance(who_is_back(quiet, Choice(quiet_days=21), NOON), Leave)
    assert isinstance(who_is_back(quiet, Choice(enabled=False), NOON), Leave)


def test_a_page_that_was_open_when_it_was_lost_is_no_return() -> None:
    lost = [Watched(41, standing(state="lost", closed_at=NOON))]
    assert isinstance(who_is_back(lost, Choice(), NOON, NOON), Leave)
    assert isinstance(who_is_back(lost, Choice(), NOON, NOON + timedelta(seconds=1)), Back)


def test_one_lead_in_hand_speaks_for_all() -> None:
    lost = Watched(41, standing(**LOST))
    in_hand = Watched(42, standing(state="conversation", worked_at=NOON - days(1)))
    assert isinstance(who_is_back([in_hand, lost], Choice(), NOON), Leave)
    bought = Watched(43, standing(state="sold", closed_at=NOON - days(3)))
    assert isinstance(who_is_back([lost, bought], Choice(), NOON), Leave)
    forbidden = Watched(44, standing(**LOST), say("no"))
    assert who_is_back([forbidden, lost], Choice(), NOON) == Leave(say("no"))
    older = Watched(40, standing(**LOST))
    assert who_is_back([lost, older], Choice(), NOON).lead == 41  # type: ignore[union-attr]  # what the table says about it
    assert isinstance(who_is_back([], Choice(), NOON), Leave)


def rosa(told: int = 0, on_shift: bool = True) -> Colleague:
    return Colleague(ROSA, "Rosa", False, on_shift, told)


def ines(told: int = 0, on_shift: bool = True) -> Colleague:
    return Colleague(INES, "Ines", True, on_shift, told)


SAM = Colleague(SAMIR, "Samir", False, True, 0)


@pytest.mark.parametrize(
    ("origin", "owner", "staff", "told"),
    [
        ("online", ROSA, [rosa(), SAM, ines()], (ROSA,)),
        ("lost_sale", ROSA, [rosa(), SAM, ines()], (INES,)),
        ("lost_sale", ROSA, [rosa(), SAM], (ROSA,)),
        ("online", ROSA, [SAM, ines()], (INES,)),
        ("online", ROSA, [rosa(on_shift=False), SAM, ines()], (INES,)),
        ("online", ROSA, [rosa(on_shift=False), SAM, ines(on_shift=False)], (ROSA,)),
        ("online", None, [rosa(), SAM, ines(on_shift=False)], (INES,)),
        ("online", None, [rosa(), SAM], (ROSA, SAMIR)),
        ("online", ROSA, [rosa(told=7), ines()], (ROSA,)),
        ("online", ROSA, [rosa(told=8), ines()], None),
        ("online", ROSA, [], None),
    ],
)
def test_who_is_told(
    origin: str, owner: int | None, staff: list[Colleague], told: tuple[int, ...] | None
) -> None:
    found = whom_to_tell(origin, owner, staff, Choice())
    assert (found.people if isinstance(found, Told) else None) == told


def test_a_lead_whose_salesperson_left_is_nobodys() -> None:
    assert whom_to_tell("online", ROSA, [ines()], Choice()) == Told(
        (INES,), say("its salesperson has left: to the sales manager"), owner_left=True
    )
    assert isinstance(whom_to_tell("online", ROSA, [rosa(told=3)], Choice(cap=3)), Full)


def test_the_list_begins_with_whom_to_call_first() -> None:
    now = Seen(1, NOON, 1, 10)
    again = Seen(2, NOON - timedelta(hours=2), 4, 200, again=1, shown_at=NOON - timedelta(hours=2))
    deep = Seen(3, NOON - timedelta(hours=2), 4, 200)
    old = Seen(4, NOON - days(6), 1, 10)
    priced = Seen(5, NOON - days(6), 1, 10, signals={"price": 1})
    traded = Seen(6, NOON - days(6), 1, 10, signals={"trade_in": 1})
    ranked = rank([old, deep, priced, now, traded, again], NOON)
    assert [one.lead for one in ranked] == [1, 2, 3, 6, 5, 4]
    assert all(one.because for one in ranked)
    assert [str(why).split(" ")[0] for why in ranked[1].because] == ["last", "4", "the", "car"]


@pytest.mark.parametrize(
    "more",
    [
        {"again": 1}, {"pages": 9}, {"seconds": 500}, {"shown_at": NOON - days(1)}, {"signals": {"price": 1}},
        {"signals": {"trade_in": 1}}, {"last_at": NOON - days(2)}, {"last_at": NOON - timedelta(minutes=1)},
    ],
)  # fmt: skip
def test_each_reason_moves_a_lead_up(more: dict[str, object]) -> None:
    usual = {"last_at": NOON - days(3), "pages": 2, "seconds": 30, "shown_at": NOON - days(3)}
    plain, better = Seen(1, **usual), Seen(2, **{**usual, **more})  # type: ignore[arg-type]  # what the table says about it
    (first, second) = rank([plain, better], NOON)
    assert first.lead == 2
    assert first.score > second.score
