"""A call's true end counts as if its line had said so at once."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from leadbell.lead import facts
from leadbell.lead.history import History, folded
from tests.conftest import NOON

ROSA, INES = 1, 3
MINUTE = timedelta(minutes=1)
ARRIVED = facts.Arrived(
    at=NOON, origin="online", channel="adf", source="Website", envelope="e", by_phone=True, by_email=True
)


def call(nth, after, outcome, talked=3 * MINUTE):
    began, key = NOON + after, f"attempt:{nth}"
    talk = {"connected_at": began + MINUTE, "talk_ms": 120_000} if outcome == "conversation" else {}
    return (
        facts.Attempted(at=began, by=ROSA, key=key, line="asterisk"),
        facts.Connected(at=began + MINUTE, by=ROSA, key=key),
        facts.AttemptEnded(at=began + talked, by=ROSA, key=key, outcome=outcome, **talk),
    )


def correction(nth, after, outcome):
    began = NOON + after
    talk = {"connected_at": began - 9 * MINUTE, "talk_ms": 120_000} if outcome == "conversation" else {}
    return facts.AttemptEnded(
        at=began, by=ROSA, key=f"attempt:{nth}", outcome=outcome, corrected_by=INES, **talk
    )


NOT_REACHED = call(1, MINUTE, "no_answer")
REACHED = call(1, MINUTE, "conversation")
WROTE_BACK = facts.Replied(at=NOON + 15 * MINUTE, carrier="email")
WROTE = facts.Wrote(at=NOON + 15 * MINUTE, carrier="email", by=ROSA)


@pytest.mark.parametrize("since", [(), (WROTE_BACK,), (WROTE,), (WROTE, WROTE_BACK)])
@pytest.mark.parametrize("before", [(), NOT_REACHED, REACHED])
@pytest.mark.parametrize(
    ("heard", "was"),
    [("conversation", "voicemail"), ("conversation", "wrong_number"), ("voicemail", "conversation")],
)
def test_the_lead_stands_where_it_would_have_stood(before, since, heard, was):
    history = History(
        (ARRIVED, *before, *call(2, 10 * MINUTE, heard), *since, correction(2, 20 * MINUTE, was))
    )
    assert history.as_it_was != history.facts
    assert replace(history.standing, line_said=None) == replace(folded(history.as_it_was), line_said=None)
    assert history.standing.last_outcome == was


def test_a_voicemail_taken_for_a_person_leaves_the_ladder_where_it_was():
    heard = (ARRIVED, *NOT_REACHED, *call(2, 10 * MINUTE, "conversation"))
    assert (folded(heard).tries, folded(heard).state) == (0, "conversation")
    s = folded((*heard, correction(2, 20 * MINUTE, "voicemail")))
    assert (s.tries, s.attempts, s.state, s.reached_at) == (2, 2, "attempted", None)
    assert s.worked_at == heard[-1].at, "to correct it is no work on the lead"


def test_a_person_taken_for_a_voicemail_was_reached_when_they_answered():
    s = folded((ARRIVED, *call(1, 10 * MINUTE, "voicemail"), correction(1, 20 * MINUTE, "conversation")))
    assert (s.tries, s.state, s.reached_at) == (0, "conversation", NOON + 11 * MINUTE)
    assert s.first_attempt_reached


def test_another_call_is_not_touched():
    heard = (ARRIVED, *REACHED, *call(2, 10 * MINUTE, "voicemail"))
    assert folded((*heard, correction(1, 20 * MINUTE, "wrong_number"))) == folded(heard)
