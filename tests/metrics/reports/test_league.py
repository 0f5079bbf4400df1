"""Places, movers and advice: nothing is said that chance could have made."""

import pytest

from leadbell.metrics.answers import Answer, wilson
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.reports.advice import advice
from leadbell.metrics.reports.league import places
from leadbell.metrics.reports.verdict import Step
from leadbell.words import say


def answer(part: int, of: int, name: str = "attempted_rate", group: str = "1") -> Answer:
    return Answer(METRICS[name], (group,), part, of, part / of if of >= 5 else None, wilson(part, of))


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([(90, 100), (88, 100), (50, 100), (48, 100), (10, 100)], [1, 1, 3, 3, 5]),
        ([(900, 1000), (800, 1000), (700, 1000)], [1, 2, 3]),
        ([(6, 6), (3, 6), (1, 6)], [1, 1, 3]),
        ([(5, 5)], [1]),
        ([], []),
    ],
)
def test_who_cant_be_told_apart_shares_a_place(shares: list[tuple[int, int]], expected: list[int]) -> None:
    assert places([answer(*one) for one in shares]) == expected


def step(stage: str, share: float, reference: float) -> Step:
    return Step(stage, say("x"), 1, 0, 2, share, None, reference)  # type: ignore[arg-type]  # only stage and shares are read


def test_advice_begins_where_it_leaks() -> None:
    answers = [
        answer(50, 100), answer(10, 100, "three_attempt_rate"), answer(20, 100, "called_within_2_minutes"),
        answer(10, 100, "appointment_rate_of_reached"),
    ]  # fmt: skip
    leak = step("appointment", 0.1, 0.38)
    said = advice((leak,), leak, answers)
    assert [one.figure for one in said] == [
        "appointment_rate_of_reached",
        "attempted_rate",
        "three_attempt_rate",
    ]
    assert said[1].because.values == {"never": 50, "of": 100}


def test_what_meets_its_line_or_has_too_few_leads_gets_no_advice() -> None:
    answers = [
        answer(90, 100),
        answer(0, 4, "three_attempt_rate"),
        answer(85, 100, "called_within_2_minutes"),
    ]
    assert advice((), None, answers) == ()
