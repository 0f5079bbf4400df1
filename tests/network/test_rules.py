"""To which dealer a lead goes: each rule, their order, and that shares come out exactly."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadbell.network.rules import (
    Candidate,
    Choice,
    Map,
    Nobody,
    Turn,
    Wish,
    choose,
    kilometres,
    postcode_in,
)

NORTH = Candidate(1, "Northside", ("Hyundai",), ("10", "1012"), (52.37, 4.90))
SOUTH = Candidate(2, "Southside", ("Hyundai", "Kia"), ("10", "11"), (52.31, 4.94))
WEST = Candidate(3, "Westside", (), (), (52.38, 4.63))
ALL = [NORTH, SOUTH, WEST]
WHERE = Map({"10": (52.37, 4.89), "20": (52.38, 4.64), "2011": (52.38, 4.63)})


def why(choice: Choice | Nobody) -> list[str]:
    return [str(one) for one in (choice.because if isinstance(choice, Choice) else (choice.because,))]


@pytest.mark.parametrize(
    ("wish", "dealer", "because"),
    [
        (Wish("Kia", "1012AB", "northside", frozenset({2})), 2, "sells Kia"),
        (Wish("Hyundai", "1012AB", "NORTH-SIDE", frozenset({2})), 1, "the customer chose this dealer"),
        (Wish("Hyundai", "1012AB", "", frozenset({2})), 2, "the customer is known there"),
        (Wish("Hyundai", "1012AB"), 1, "the area of 1012"),
        (Wish("hyundai", "1105ZZ"), 2, "the area of 11"),
        (Wish("Hyundai", "2011AA"), 3, "the nearest with room for more: 0 km"),
        (Wish("Volvo"), 3, "sells Volvo"),
    ],
)
def test_the_rules_in_their_order(wish: Wish, dealer: int, because: str) -> None:
    choice = choose(wish, ALL, where=WHERE)
    assert isinstance(choice, Choice)
    assert choice.dealer == dealer
    assert because in why(choice)


def test_who_is_full_gets_none_by_area_but_their_own_customer() -> None:
    full = replace(NORTH, most_a_day=3, given_today=3)
    wish = Wish("Hyundai", "1012AB")
    assert choose(wish, [full, SOUTH]).dealer == 2  # type: ignore[union-attr]  # a Choice, as the number says
    assert choose(replace(wish, known_at=frozenset({1})), [full, SOUTH]).dealer == 1  # type: ignore[union-attr]
    assert why(choose(wish, [full])) == [
        "all dealers that could have it have as many leads today as was agreed"
    ]


def test_nobody_is_asked_twice_and_then_the_importer_decides() -> None:
    wish = Wish("Hyundai")
    assert why(choose(wish, ALL, frozenset({1, 2, 3}))) == ["every dealer that could have it was asked"]
    assert why(choose(Wish("Volvo"), [NORTH, SOUTH])) == ["no dealer sells Volvo"]
    assert why(choose(Wish("Volvo"), ALL, frozenset({3}))) == ["no other dealer sells Volvo"]
    assert why(choose(wish, [])) == ["no dealer takes leads"]


SHARES = st.lists(st.integers(1, 50), min_size=1, max_size=8)


@given(SHARES, st.integers(1, 400))
def test_no_share_is_ever_off_by_a_whole_lead(shares: list[int], leads: int) -> None:
    given_: Counter[int] = Counter()
    for _ in range(leads):
        dealers = [Candidate(n, f"Dealer {n}", share=s, given=given_[n]) for n, s in enumerate(shares)]
        choice = choose(Wish(), dealers)
        assert isinstance(choice, Choice)
        given_[choice.dealer] += 1
    for n, share in enumerate(shares):
        assert abs(given_[n] - leads * share / sum(shares)) < len(shares)
    whole = sum(shares)
    if leads % whole == 0:
        assert [given_[n] for n in range(len(shares))] == [s * leads // whole for s in shares]


CANDIDATES = st.lists(
    st.builds(
        Candidate, st.integers(1, 30), st.sampled_from(["Northside", "Southside", "Haddad"]),
        st.lists(st.sampled_from(["Hyundai", "Kia", "Volvo"]), max_size=2).map(tuple),
        st.lists(st.sampled_from(["1", "10", "1012", "99"]), max_size=2).map(tuple),
        st.none() | st.just((52.0, 4.0)) | st.just((51.0, 5.0)), st.integers(0, 9), st.integers(0, 99),
        st.none() | st.integers(0, 3), st.integers(0, 5),
    ),
    max_size=8, unique_by=lambda one: one.dealer,
)  # fmt: skip
WISHES = st.builds(
    Wish, st.sampled_from(["", "Kia", "kia", "Volvo", "Lada"]), st.sampled_from(["", "1012AB", "2011", "99"]),
    st.sampled_from(["", "Northside", "7"]), st.frozensets(st.integers(1, 30), max_size=3),
)  # fmt: skip


@given(WISHES, CANDIDATES, st.frozensets(st.integers(1, 30), max_size=5))
def test_whoever_gets_it_was_not_asked_before_and_sells_the_brand(
    wish: Wish, candidates: list[Candidate], tried: frozenset[int]
) -> None:
    choice = choose(wish, candidates, tried, WHERE)
    able = [
        one
        for one in candidates
        if one.dealer not in tried
        and (not one.brands or not wish.brand or wish.brand.lower() in {b.lower() for b in one.brands})
    ]
    if isinstance(choice, Nobody):
        assert all(one.is_full or not one.share for one in able)
        return
    assert choice.dealer in {one.dealer for one in able}
    assert choice.because
    chosen = next(one for one in able if one.dealer == choice.dealer)
    tied = {"the customer chose this dealer", "the customer is known there"} & set(why(choice))
    assert tied or (chosen.share and not chosen.is_full)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("Damrak 1, 1012 LG Amsterdam", "1012LG"), ("Damrak 12, 1012lg Amsterdam, NL", "1012LG"),
        ("Hauptstr. 5, 50667 Köln", "50667"), ("10 Downing Street, London SW1A 2AA", "SW1A2AA"),
        ("ул. Ленина 5, 190000 Санкт-Петербург", "190000"), ("Somewhere", ""), ("", ""),
    ],
)  # fmt: skip
def test_the_postcode_of_an_address(address: str, code: str) -> None:
    assert postcode_in(address) == code


def test_kilometres() -> None:
    amsterdam: Any = (52.3676, 4.9041)
    assert kilometres(amsterdam, (51.9244, 4.4777)) == pytest.approx(57.4, abs=0.6)  # Rotterdam
    assert kilometres(amsterdam, amsterdam) == 0


@given(st.lists(st.integers(1, 50), min_size=2, max_size=12), st.sets(st.integers(0, 499)))
def test_in_turns_of_any_length_nobody_is_ever_a_whole_lead_off_its_share(
    shares: list[int], ends: set[int]
) -> None:
    """What a turn gave is what the next one begins with, as the books have it."""
    got: Counter[int] = Counter()

    def turn() -> Turn:
        dealers = [Candidate(n, str(n), share=share, given=got[n]) for n, share in enumerate(shares)]
        return Turn(dealers, Map(), answer_minutes=15, most_dealers=3)

    its = turn()
    for lead in range(500):
        choice = its.choose(Wish(), frozenset(), None)
        assert isinstance(choice, Choice)
        got[choice.dealer] += 1
        assert abs(got[choice.dealer] * sum(shares) - (lead + 1) * shares[choice.dealer]) < sum(shares)
        if lead in ends:
            assert not its.given - got
            its = turn()


def test_a_turn_counts_what_it_gave_by_hand_and_up_to_the_days_limit() -> None:
    its = Turn([replace(NORTH, most_a_day=2), SOUTH], Map(), answer_minutes=15, most_dealers=2)
    wish = Wish("Hyundai", "1012AB")
    assert why(its.choose(wish, frozenset(), 9)) == ["chosen by hand"]
    dealers = [its.choose(wish, frozenset(), by_hand) for by_hand in (1, None, None)]
    assert [one.dealer for one in dealers if isinstance(one, Choice)] == [1, 1, 2]
    assert its.given == {9: 1, 1: 2, 2: 1}
    assert why(its.choose(wish, frozenset({1, 2}), None)) == ["2 dealers had it and none answered"]
