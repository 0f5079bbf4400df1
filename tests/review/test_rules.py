"""Whom we listen to, and whether two who listened agree: no Django, no database."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadbell.lead import facts
from leadbell.lead.history import History
from leadbell.review.rules import (
    Talk,
    draw,
    is_drawn,
    kappa,
    last_weeks,
    named,
    needs_second,
    queue,
    score,
    week_of,
)
from leadbell.words import say

ROSA, SAMIR, INES, TIM = 1, 2, 3, 4
NOON = datetime(2026, 11, 16, 11, 0, tzinfo=UTC)
WEEK = "2026-W47"
MINUTE_MS = 60_000


def talk(nth, person=ROSA, days=0, dealer=1):
    at = NOON + timedelta(days=days, minutes=nth)
    return Talk(f"{nth:032x}", f"attempt:{nth}", dealer, nth, person, at, 180_000, at.date())


TALKS = [talk(nth, (ROSA, SAMIR)[nth % 2], days=nth % 7) for nth in range(40)]


def test_a_week_is_named_by_its_thursday():
    assert week_of(date(2026, 11, 16)) == week_of(date(2026, 11, 22)) == WEEK
    assert week_of(date(2027, 1, 1)) == "2026-W53"
    assert last_weeks(date(2026, 11, 25), 2) == ("2026-W46", WEEK)
    assert last_weeks(date(2026, 11, 23), 1) == (WEEK,)


@given(st.permutations(TALKS))
def test_everybody_gets_the_same_number_whatever_the_order(shuffled):
    drawn = draw(shuffled, WEEK, 3)
    assert Counter(one.person for one in drawn) == {ROSA: 3, SAMIR: 3}
    assert drawn == draw(TALKS, WEEK, 3)
    assert all(is_drawn(one, TALKS, 3) == (one in drawn) for one in TALKS)


def test_who_had_fewer_gets_all_theirs_and_other_weeks_are_left_alone():
    few = [talk(1), talk(2), talk(3, SAMIR), talk(4, SAMIR, days=7)]
    assert draw(few, WEEK, 3) == [*sorted(few[:2], key=lambda one: draw(few, WEEK).index(one)), few[2]]
    assert draw(few, "2026-W40") == []


def test_another_week_draws_another_lot():
    later = [
        Talk(one.call, one.attempt, 1, one.lead, one.person, one.at, 1, one.on + timedelta(days=7))
        for one in TALKS
    ]
    first, second = draw(TALKS, WEEK, 3), draw(later, "2026-W48", 3)
    assert {one.call for one in first} != {one.call for one in second}


def test_one_in_so_many_gets_a_second_pair_of_ears():
    assert 120 < sum(needs_second(talk(nth), 5) for nth in range(800)) < 200
    assert not any(needs_second(talk(nth), 0) for nth in range(50))
    assert all(needs_second(talk(nth), 1) for nth in range(50))


def told(reviewer, names=None, done=None, second_of=0, talks=TALKS):
    found = queue(reviewer, talks, names or {}, done or {}, (WEEK,), 3, second_of)
    return [(one.talk.call, one.why) for one in found]


def test_the_queue_holds_the_draw_the_oldest_first():
    found = told(INES)
    assert [call for call, _ in found] == [
        one.call for one in sorted(draw(TALKS, WEEK, 3), key=lambda one: one.at)
    ]
    assert {why for _, why in found} == {"sample"}


def test_what_a_rule_names_comes_first_and_once():
    names = {TALKS[9].call: (say("the customer complained"),), draw(TALKS, WEEK, 3)[0].call: (say("lost"),)}
    found = told(INES, names)
    assert [why for _, why in found[:3]] == ["named", "named", "sample"]
    assert len({call for call, _ in found}) == len(found) == 7


def test_nobody_gets_a_call_twice_nor_their_own():
    drawn = draw(TALKS, WEEK, 3)
    done = {one.call: frozenset({INES}) for one in drawn}
    assert told(INES, done=done, second_of=1) == []
    assert {why for _, why in told(TIM, done=done, second_of=1)} == {"second"}
    assert len(told(TIM, done=done, second_of=1)) == 6
    assert told(TIM, done=done) == []
    both = {one.call: frozenset({INES, TIM}) for one in drawn}
    assert told(9, done=both, second_of=1) == []
    assert all(call not in {one.call for one in TALKS if one.person == ROSA} for call, _ in told(ROSA))


def ended(talk_ms, at=NOON, key="attempt:1", outcome="conversation"):
    return facts.AttemptEnded(at=at, by=ROSA, key=key, outcome=outcome, talk_ms=talk_ms)


WAS_A_VOICEMAIL = facts.AttemptEnded(
    at=NOON + timedelta(hours=1), by=ROSA, key="attempt:1", outcome="voicemail", corrected_by=INES
)


def lost(days, by=ROSA):
    return facts.Lost(at=NOON + timedelta(days=days), reason="price", by=by)


@pytest.mark.parametrize(
    ("happened", "because"),
    [
        ((ended(6 * MINUTE_MS), lost(1)), {"attempt:1": ["lost after a talk of 6 minutes"]}),
        ((ended(5 * MINUTE_MS), lost(7)), {"attempt:1": ["lost after a talk of 5 minutes"]}),
        ((ended(5 * MINUTE_MS - 1), lost(1)), {}),
        ((ended(6 * MINUTE_MS), lost(8)), {}),
        ((ended(6 * MINUTE_MS), lost(1, by=None)), {}),
        ((ended(None), lost(1)), {}),
        ((ended(6 * MINUTE_MS), WAS_A_VOICEMAIL, lost(1)), {}),
        ((ended(6 * MINUTE_MS), ended(MINUTE_MS, key="attempt:2"), lost(1)), {}),
        ((ended(6 * MINUTE_MS), ended(None, key="attempt:2", outcome="no_answer"), lost(1)),
            {"attempt:1": ["lost after a talk of 6 minutes"]}),
        ((ended(MINUTE_MS), facts.ReviewWanted(at=NOON, key="attempt:1", person=INES, why="complaint")),
            {"attempt:1": ["the customer complained"]}),
        ((lost(1),), {}),
        ((ended(MINUTE_MS), facts.FirstContact(at=NOON, by=ROSA, went="moved", rdr=True)),
            {"attempt:1": ["the customer took fright at the first contact (RDR)"]}),
        ((ended(MINUTE_MS), facts.FirstContact(at=NOON, by=ROSA, went="dropped")), {}),
    ],
)  # fmt: skip
def test_what_a_rule_names(happened, because):
    assert {key: [str(one) for one in why] for key, why in named(History(happened)).items()} == because


def pairs(both, first_only, second_only, neither):
    """A square of two answers: yes/yes, yes/no, no/yes, no/no."""
    square = ((both, "y", "y"), (first_only, "y", "n"), (second_only, "n", "y"), (neither, "n", "n"))
    return [(first, second) for count, first, second in square for _ in range(count)]


@pytest.mark.parametrize(
    ("square", "value"),
    [
        # 50 grant proposals and the two squares of equal agreement, as textbooks print them.
        ((20, 5, 10, 15), 0.40),
        ((45, 15, 25, 15), 0.1304),
        ((25, 35, 5, 35), 0.2593),
        ((50, 0, 0, 50), 1.0),
        ((0, 50, 50, 0), -1.0),
    ],
)
def test_kappa_as_published(square, value):
    found = kappa(pairs(*square))
    assert found.value == pytest.approx(value, abs=5e-5)
    low, high = found.interval
    assert -1 <= low <= found.value <= high <= 1


def test_kappa_of_several_answers():
    """Cohen's own table of 1960: three diagnoses of 200 patients, kappa 0.492."""
    table = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    said = [(str(i), str(j)) for i in range(3) for j in range(3) for _ in range(table[i][j])]
    found = kappa(said)
    assert (found.n, found.agreed) == (200, 140)
    assert found.expected == pytest.approx(0.41)
    assert found.value == pytest.approx(0.492, abs=1e-3)


@pytest.mark.parametrize("said", [[], pairs(10, 1, 1, 17), pairs(40, 0, 0, 0)])
def test_too_few_or_always_the_same_says_nothing(said):
    found = kappa(said)
    assert found.value is None
    assert found.interval is None
    assert found.too_few == (len(said) < 30)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=30, max_size=60))
def test_kappa_is_the_same_the_other_way_round(said):
    there, back = kappa(said), kappa([(b, a) for a, b in said])
    assert there.value == (back.value if back.value is None else pytest.approx(back.value))


@pytest.mark.parametrize(
    ("answers", "share"),
    [([], None), ([(3, None)], None), ([(3, True), (1, False)], 0.75), ([(2, True), (2, None)], 1.0)],
)
def test_the_score_weighs_what_was_judged(answers, share):
    assert score(answers) == share
