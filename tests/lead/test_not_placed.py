"""A call that the line could not place changes nothing: what was due before is due again."""

import pytest
from msgspec.structs import replace

from leadbell.lead import facts
from leadbell.lead.history import History, folded
from tests.conftest import NOON
from tests.lead.test_corrections import ARRIVED, INES, MINUTE, NOT_REACHED, REACHED, ROSA, WROTE, WROTE_BACK

ACCEPTED = facts.Accepted(at=NOON, by=ROSA)
PROMISED = facts.CallBackAgreed(at=NOON + 8 * MINUTE, by=ROSA, due_at=NOON + 10 * MINUTE)
KEY = "attempt:2"
BEGUN = facts.Attempted(at=NOON + 10 * MINUTE, by=ROSA, key=KEY, line="asterisk")
FAILED = facts.AttemptEnded(at=NOON + 20 * MINUTE, by=ROSA, key=KEY, outcome="not_placed")


@pytest.mark.parametrize("meanwhile", [(), (WROTE_BACK,), (WROTE,), (WROTE, WROTE_BACK)])
@pytest.mark.parametrize("before", [(), NOT_REACHED, REACHED, (*REACHED, PROMISED)])
def test_the_lead_stands_as_if_nobody_had_called(before, meanwhile):
    history = History((ARRIVED, ACCEPTED, *before, BEGUN, *meanwhile, FAILED))
    assert history.as_it_was == (ARRIVED, ACCEPTED, *before, *meanwhile)
    of_the_line = {"line_said": None, "by_line": False, "not_placed": 1}
    assert replace(history.standing, **of_the_line) == replace(folded(history.as_it_was), **of_the_line)
    assert history.standing.not_placed == 1


def test_the_next_call_has_a_key_of_its_own():
    first = replace(BEGUN, key=folded((ARRIVED, ACCEPTED)).next_attempt)
    failed = folded((ARRIVED, ACCEPTED, first, replace(FAILED, key=first.key)))
    assert [first.key, failed.next_attempt] == ["attempt:1", "attempt:2"]


def test_whose_customer_it_has_become_stays():
    stands = folded((ARRIVED, BEGUN, FAILED))
    assert (stands.owner, stands.state, stands.attempts) == (ROSA, "accepted", 0)


def test_of_a_customers_own_call_it_says_nothing():
    answered = facts.Answered(at=NOON + 10 * MINUTE, by=INES, key=KEY, line="asterisk")
    stands = folded((ARRIVED, ACCEPTED, answered, replace(FAILED, by=INES)))
    assert (stands.calling, stands.last_outcome, stands.not_placed) == (None, "unknown", 0)
