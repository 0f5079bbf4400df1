"""A conversation is asked about until somebody says what came of it."""

from datetime import timedelta

import pytest

from leadbell.conversation.rules import ASKED_FOR, nothing_agreed_yet
from leadbell.lead import facts
from leadbell.lead.history import History
from tests.conftest import NOON

ROSA = 1
MINUTE = timedelta(minutes=1)
ARRIVED = facts.Arrived(
    at=NOON, origin="online", channel="adf", source="Website", envelope="e", by_phone=True, by_email=True
)
CALLED = facts.Attempted(at=NOON + MINUTE, by=ROSA, key="attempt:1")


def ended(outcome="conversation"):
    return facts.AttemptEnded(at=NOON + 3 * MINUTE, by=ROSA, key="attempt:1", outcome=outcome)


AFTER = NOON + 5 * MINUTE


@pytest.mark.parametrize(
    ("happened", "later", "asked"),
    [
        ([], 5 * MINUTE, False),
        ([CALLED], 5 * MINUTE, False),
        ([CALLED, ended("no_answer")], 5 * MINUTE, False),
        ([CALLED, ended()], 5 * MINUTE, True),
        ([CALLED, ended()], 2 * MINUTE + ASKED_FOR, True),
        ([CALLED, ended()], 3 * MINUTE + ASKED_FOR, False),
        ([CALLED, ended(), facts.Noted(at=AFTER, by=ROSA, text="nice")], 6 * MINUTE, True),
        ([CALLED, ended(), facts.CallBackAgreed(at=AFTER, by=ROSA, due_at=AFTER + ASKED_FOR)], 6 * MINUTE, False),
        ([CALLED, ended(), facts.Quoted(at=AFTER, by=ROSA)], 6 * MINUTE, False),
        ([CALLED, ended(), facts.Wrote(at=AFTER, by=ROSA, carrier="email")], 6 * MINUTE, False),
        ([CALLED, ended(), facts.Booked(at=AFTER, by=ROSA, appointment=1, starts_at=AFTER + ASKED_FOR)], 6 * MINUTE, False),
        ([CALLED, ended(), facts.Lost(at=AFTER, by=ROSA, reason="price")], 6 * MINUTE, False),
        ([CALLED, ended(), facts.Sold(at=AFTER, by=ROSA)], 6 * MINUTE, False),
        ([CALLED, ended(), facts.OptedOut(at=AFTER, by=ROSA)], 6 * MINUTE, False),
        ([CALLED, ended(), facts.Attempted(at=AFTER, by=ROSA, key="attempt:2")], 6 * MINUTE, False),
    ],
)  # fmt: skip
def test_it_is_asked(happened, later, asked):
    assert nothing_agreed_yet(History((ARRIVED, *happened)).standing, NOON + later) is asked
