"""What is still to be told about a conversation, and when a message is tried again."""

from datetime import datetime, timedelta

from leadbell.lead.facts import (
    Booked,
    CallBackAgreed,
    FirstContact,
    HandedOver,
    Lost,
    NothingAgreed,
    OptedOut,
    Outcome,
    Quoted,
    Sold,
)
from leadbell.lead.history import History
from leadbell.lead.standing import Standing

#: So long the desk asks what came of a conversation; then the cadence goes on by itself.
ASKED_FOR = timedelta(hours=2)


def nothing_agreed_yet(standing: Standing, now: datetime) -> bool:
    """A conversation has ended and nobody said what came of it."""
    s = standing
    if not s.is_open or s.opted_out or s.calling is not None or s.last_outcome != "conversation":
        return False
    if s.worked_at is None or s.asked_at is None or not s.asked_at <= s.worked_at > now - ASKED_FOR:
        return False
    if s.settled_at is not None and s.settled_at >= s.worked_at:
        return False
    agreed = s.call_back_at or s.appointment
    return not agreed and s.worked_at not in (s.quoted_at, s.wrote_at)


def has_said_what_was_agreed(history: History, since: datetime) -> bool:
    """Whether somebody has said since then what came of a conversation, or there is nothing to say any more."""
    said = history.of(
        Quoted, CallBackAgreed, NothingAgreed, Booked, HandedOver, FirstContact, Sold, Lost, OptedOut
    )
    return any(fact.at >= since for fact in said)


#: So long a person may say what a call was that its line took for something else.
CORRECTED_WITHIN = timedelta(days=1)
#: What a line took for a voicemail can have been a conversation from so long on.
CAN_BE_A_TALK = timedelta(seconds=20)


def corrections(standing: Standing, now: datetime) -> tuple[Outcome, ...]:
    """What the newest call may have been instead of what its line heard, until the lead goes on from there."""
    said = standing.line_said
    if said is None or not standing.is_open or now >= said.at + CORRECTED_WITHIN:
        return ()
    if said.outcome == "conversation":
        return ("voicemail", "wrong_number")
    took = said.at - (said.connected_at or said.at)
    return ("conversation",) if said.outcome == "voicemail" and took >= CAN_BE_A_TALK else ()


#: Minutes between two tries; a server that is away for longer than a day has had its chance.
TRY_AGAIN_M = (1, 5, 15, 60, 240, 480)
GIVE_UP_AFTER = timedelta(hours=24)


def next_try(tries: int, created_at: datetime, now: datetime) -> datetime | None:
    """When a message that was surely not sent is tried again, after so many tries; None: never."""
    if not 1 <= tries <= len(TRY_AGAIN_M) or is_too_late(created_at, now):
        return None
    return now + timedelta(minutes=TRY_AGAIN_M[tries - 1])


def is_too_late(created_at: datetime, now: datetime) -> bool:
    """What was written so long ago would surprise its reader; whoever wrote it is told instead."""
    return now - created_at >= GIVE_UP_AFTER
