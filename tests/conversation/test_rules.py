"""A conversation is asked about until somebody says what came of it."""

from datetime import timedelta

import pytest

from leadbell.conversation.rules import ASKED_FOR, CORRECTED_WITHIN, corrections, nothing_agreed_yet
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


ON_A_LINE = facts.Attempted(at=NOON + MINUTE, by=ROSA, key="attempt:1", line="asterisk")
HEARD = facts.Connected(at=NOON + 3 * MINUTE - timedelta(seconds=20), by=ROSA, key="attempt:1")
HEARD_LATE = facts.Connected(at=NOON + 3 * MINUTE - timedelta(seconds=19), by=ROSA, key="attempt:1")
NOT_A_TALK = ("voicemail", "wrong_number")
WAS_A_VOICEMAIL = facts.AttemptEnded(
    at=AFTER, by=ROSA, key="attempt:1", outcome="voicemail", corrected_by=ROSA
)


@pytest.mark.parametrize(
    ("happened", "later", "may_have_been"),
    [
        ([], 5 * MINUTE, ()),
        ([ON_A_LINE], 5 * MINUTE, ()),
        ([ON_A_LINE, ended()], 5 * MINUTE, NOT_A_TALK),
        ([ON_A_LINE, HEARD, ended("voicemail")], 5 * MINUTE, ("conversation",)),
        ([ON_A_LINE, HEARD_LATE, ended("voicemail")], 5 * MINUTE, ()),
        ([ON_A_LINE, ended("no_answer")], 5 * MINUTE, ()),
        ([CALLED, ended()], 5 * MINUTE, ()),
        ([facts.Answered(at=NOON + MINUTE, by=ROSA, key="attempt:1", line="asterisk"), ended()], 5 * MINUTE, ()),
        ([ON_A_LINE, ended()], CORRECTED_WITHIN, NOT_A_TALK),
        ([ON_A_LINE, ended()], 3 * MINUTE + CORRECTED_WITHIN, ()),
        ([ON_A_LINE, ended(), WAS_A_VOICEMAIL], 6 * MINUTE, ()),
        ([ON_A_LINE, ended(), facts.Noted(at=AFTER, by=ROSA, text="nice")], 6 * MINUTE, NOT_A_TALK),
        ([ON_A_LINE, ended(), facts.Wrote(at=AFTER, by=ROSA, carrier="email")], 6 * MINUTE, NOT_A_TALK),
        ([ON_A_LINE, ended(), facts.Replied(at=AFTER, carrier="email")], 6 * MINUTE, NOT_A_TALK),
        ([ON_A_LINE, ended(), facts.CallBackAgreed(at=AFTER, by=ROSA, due_at=AFTER + ASKED_FOR)], 6 * MINUTE, ()),
        ([ON_A_LINE, ended(), facts.NothingAgreed(at=AFTER, by=ROSA)], 6 * MINUTE, ()),
        ([ON_A_LINE, ended(), facts.Quoted(at=AFTER, by=ROSA)], 6 * MINUTE, ()),
        ([ON_A_LINE, ended(), facts.Booked(at=AFTER, by=ROSA, appointment=1, starts_at=AFTER + ASKED_FOR)], 6 * MINUTE, ()),
        ([ON_A_LINE, ended(), facts.Lost(at=AFTER, by=ROSA, reason="price")], 6 * MINUTE, ()),
        ([ON_A_LINE, facts.Lost(at=AFTER, by=ROSA, reason="price"), ended()], 6 * MINUTE, ()),
        ([ON_A_LINE, ended(), facts.Attempted(at=AFTER, by=ROSA, key="attempt:2", line="asterisk")], 6 * MINUTE, ()),
    ],
)  # fmt: skip
def test_what_a_line_heard_may_be_corrected(happened, later, may_have_been):
    assert corrections(History((ARRIVED, *happened)).standing, NOON + later) == may_have_been
