"""The story: each fact is a sentence a person can read, and says who did it."""

from datetime import timedelta
from typing import get_args

import pytest
from msgspec.structs import replace

from leadbell.desk.story.story import people_in, story
from leadbell.lead import facts
from leadbell.lead.history import History
from leadbell.words import say
from tests.conftest import NOON

ROSA, SAMIR, INES = 1, 2, 3
NAMES = {ROSA: "Rosa", SAMIR: "Samir", INES: "Ines"}
ARRIVED = facts.Arrived(
    at=NOON, origin="online", channel="adf", source="Website", envelope="e", by_phone=True, by_email=True,
    because=say("new customer"),
)  # fmt: skip


def after(seconds):
    return NOON + timedelta(seconds=seconds)


def ended(outcome, **about):
    return facts.AttemptEnded(at=after(30), by=ROSA, key="attempt:1", outcome=outcome, **about)


def told(*happened):
    """What is told of the last fact: sentence, reasons, who."""
    line = story(History((ARRIVED, *happened)), NAMES)[-1]
    return str(line.sentence), [str(why) for why in line.why], line.who


CALL = facts.Attempted(at=after(11), by=ROSA, key="attempt:1")
ON_A_LINE = replace(CALL, line="asterisk")
TALK = facts.AttemptEnded(
    at=after(191), by=ROSA, key="attempt:1", outcome="conversation", connected_at=after(19), talk_ms=172_000
)
BOOKED = facts.Booked(at=after(195), by=ROSA, appointment=7, starts_at=after(86_400), what="test drive")


@pytest.mark.parametrize(
    ("happened", "sentence", "why", "who"),
    [
        ([], "Arrived from Website", ["ADF", "new customer"], "system"),
        (
            [facts.AskedAgain(at=after(9), channel="json", source="Portal", envelope="f")],
            "Asked again, from Portal", [], "system",
        ),
        (
            [facts.Rang(at=after(0.2), people=(ROSA,), how="best", ring_s=20, because=(say("had him before"),))],
            "Rang Rosa", ["0.2 s after arrival", "for 20 s", "had him before"], "system",
        ),
        (
            [facts.Rang(at=after(40), people=(ROSA, SAMIR), how="all", ring_s=30)],
            "Rang everybody on shift: Rosa, Samir", ["0:40 after arrival", "for 30 s"], "system",
        ),
        (
            [
                facts.Reviewed(
                    at=after(900), key="attempt:1", reviewer=INES, verdict="opportunity", asked=True, made=False
                )
            ],
            "Ines listened to a conversation",
            ["a real chance", "asked for the appointment", "no appointment made"], "system",
        ),
        (
            [facts.Reviewed(at=after(900), key="attempt:1", reviewer=INES, verdict="voicemail", second=True)],
            "Ines listened to a conversation, as a second pair of ears", ["voicemail"], "system",
        ),
        (
            [facts.ReviewWanted(at=after(900), key="attempt:1", person=INES, why="complaint")],
            "Ines noted a complaint about a conversation", [], "system",
        ),
        ([facts.VideoOpened(at=after(900), video="1f")], "The video mail was opened", [], "system"),
        ([facts.VideoWatched(at=after(990), video="1f")], "The video mail was watched to the end", [], "system"),
        ([facts.Accepted(at=after(8), by=ROSA)], "Rosa accepted", [], "human"),
        ([facts.PassedOn(at=after(8), by=ROSA)], "Rosa passed it on", [], "human"),
        ([facts.Assigned(at=after(8), to=SAMIR, by=INES)], "Ines gave it to Samir", [], "human"),
        (
            [facts.Assigned(at=after(8), to=SAMIR, because=say("same salesperson"))],
            "Given to Samir", ["same salesperson"], "system",
        ),
        ([CALL], "Attempt 1: Rosa calls", ["response time 0:11"], "human"),
        ([CALL, TALK], "In conversation, 2:52", ["connect time 0:19"], "human"),
        ([CALL, ended("voicemail")], "Voicemail", ["a voicemail is no conversation"], "human"),
        ([CALL, ended("conversation")], "They talked", [], "human"),
        (
            [ON_A_LINE, ended("conversation"), ended("voicemail", corrected_by=INES)],
            "Ines: it was a voicemail", ["the line had taken it for a conversation"], "human",
        ),
        (
            [ON_A_LINE, ended("conversation"), ended("wrong_number", corrected_by=ROSA)],
            "Rosa: wrong number", ["the line had taken it for a conversation"], "human",
        ),
        (
            [ON_A_LINE, ended("voicemail"), ended("conversation", corrected_by=ROSA)],
            "Rosa: we talked", ["the line had taken it for a voicemail"], "human",
        ),
        (
            [facts.Wrote(at=after(60), carrier="sms")],
            "A text was sent by the system", ["automation: does not count as contact"], "automation",
        ),
        ([facts.Wrote(at=after(60), carrier="video", by=ROSA)], "Rosa sent a video mail", [], "human"),
        (
            [CALL, TALK, BOOKED, facts.Confirmed(at=after(300), by=ROSA, appointment=7, how="video")],
            "Rosa confirmed by video mail", [], "human",
        ),
        (
            [CALL, TALK, BOOKED, facts.NoShow(at=after(90_000), by=ROSA, appointment=7)],
            "The customer didn't come", [], "human",
        ),
        ([facts.Lost(at=after(9), by=ROSA, reason="price")], "Lost: the price", ["by Rosa"], "human"),
        ([facts.Lost(at=after(9), reason="no_answer_45_days")], "Lost: no answer in 45 days", [], "system"),
        ([facts.Sold(at=after(9), by=99)], "Sold by ?", [], "human"),
    ],
)  # fmt: skip
def test_each_fact_is_a_sentence(happened, sentence, why, who):
    assert told(*happened) == (sentence, why, who)


def test_who_corrected_a_call_is_named():
    assert INES in people_in(History((ARRIVED, ON_A_LINE, ended("voicemail", corrected_by=INES))))


def test_what_brought_the_customer_is_told():
    line, *_ = story(History((replace(ARRIVED, campaign="Spring sale"),)), NAMES)
    assert [str(why) for why in line.why] == ["ADF", "campaign “Spring sale”", "new customer"]


def test_a_second_conversation_has_no_connect_time_of_the_lead():
    again = [facts.Attempted(at=after(500), by=ROSA, key="attempt:2")]
    again += [
        facts.AttemptEnded(
            at=after(600), by=ROSA, key="attempt:2", outcome="conversation", connected_at=after(510)
        )
    ]
    assert told(CALL, TALK, *again) == ("They talked", [], "human")


def test_a_moved_appointment_says_when_it_was():
    moved = facts.Moved(at=after(400), by=ROSA, appointment=7, starts_at=after(90_000))
    assert told(CALL, TALK, BOOKED, moved)[1] == [f"was {BOOKED.starts_at.isoformat()}", "by Rosa"]


HANDED_OVER = facts.HandedOver(
    at=after(300), by=INES, to=ROSA, goal="appointment", accept_by=after(2100), text="a test drive", told=True
)


@pytest.mark.parametrize(
    ("happened", "sentence", "why"),
    [
        (
            [facts.Qualified(at=after(290), by=INES, goal="quote", answers=facts.Answers(
                trade_in=True, when="weeks", decides_alone=False, budget=24000, payment="lease"))],
            "Ines qualified it: a quote",
            ["buys within weeks", "has a trade-in", "decides together with somebody", "wants to lease", "budget 24000"],
        ),
        (
            [HANDED_OVER], "Ines handed it over to Rosa",
            [f"to be accepted by {after(2100).isoformat()}", "the customer was told who receives them"],
        ),
        ([HANDED_OVER, facts.Accepted(at=after(400), by=ROSA)], "Rosa accepted the handover", ["handed over by Ines"]),
        ([HANDED_OVER, facts.AskedBack(at=after(400), by=ROSA, text="Which?")], "Rosa asked back", []),
        (
            [HANDED_OVER, facts.HandoverRefused(at=after(400), by=ROSA, because=say("not here then"))],
            "Rosa refused the handover", ["not here then"],
        ),
        (
            [facts.FirstContact(
                at=after(900), by=ROSA, went="dropped", reason="price", rdr=True, answered="understood")],
            "First contact with Rosa: dropped off",
            ["the price", "a defensive response, met with understanding"],
        ),
    ],
)  # fmt: skip
def test_the_handover_is_told(happened, sentence, why):
    assert told(*happened)[:2] == (sentence, why)


def test_a_ring_shows_between_whom_it_was_decided():
    chosen = facts.Chosen(person=ROSA, score=0.4, because=(say("sells Hyundai"),))
    out = facts.Chosen(person=SAMIR, because=(say("off shift"),))
    rang = facts.Rang(at=after(1), people=(ROSA,), how="best", ring_s=20, ranked=(chosen,), excluded=(out,))
    history = History((ARRIVED, rang))
    line = story(history, NAMES)[-1]
    assert (line.ranked, line.excluded) == ((chosen,), (out,))
    assert people_in(history) == {ROSA, SAMIR}


def test_every_kind_of_fact_can_be_told():
    from leadbell.desk.story.story import _TELLERS

    assert set(_TELLERS) == set(get_args(facts.AnyFact))
