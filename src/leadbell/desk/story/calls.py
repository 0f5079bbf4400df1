"""The story's calls: who rang or was rung up, when they were connected, and how it ended."""

from collections.abc import Callable, Mapping

from leadbell.desk.story.line import Line, Names, length, name_of, took
from leadbell.lead.facts import (
    Answered,
    Attempted,
    AttemptEnded,
    Connected,
    MissedCall,
    PickedUp,
)
from leadbell.lead.standing import Standing
from leadbell.words import Words, say


def _picked_up(fact: PickedUp, names: Names, before: Standing) -> Line:
    return Line(
        fact.at, "phone", "system", say("%(name)s's phone was answered", name=name_of(fact.by, names))
    )


def _answered(fact: Answered, names: Names, before: Standing) -> Line:
    sentence = say("%(name)s took the customer's call", name=name_of(fact.by, names))
    time = took(before.received_at, fact.at) if before.first_attempt_at is None else None
    why = (say("response time %(time)s", time=time),) if time else ()
    return Line(fact.at, "phone-incoming", "human", sentence, why, "good")


def _missed_call(fact: MissedCall, names: Names, before: Standing) -> Line:
    sentence = say("The customer called and nobody took it: to be called back at once")
    return Line(fact.at, "phone-x", "system", sentence, tone="bad")


def _connected(fact: Connected, names: Names, before: Standing) -> Line:
    time = took(before.received_at, fact.at) if before.reached_at is None else None
    why = (say("%(time)s after arrival", time=time),) if time else ()
    return Line(fact.at, "phone-check", "system", say("Customer and salesperson connected"), why)


def _attempted(fact: Attempted, names: Names, before: Standing) -> Line:
    name, nth = name_of(fact.by, names), before.attempts + 1
    sentence = say("Attempt %(nth)s: %(name)s calls", nth=nth, name=name)
    time = took(before.received_at, fact.at) if nth == 1 else None
    why = (say("response time %(time)s", time=time),) if time else ()
    return Line(fact.at, "phone-outgoing", "human", sentence, why)


def _attempt_ended(fact: AttemptEnded, names: Names, before: Standing) -> Line:
    if fact.corrected_by is not None:
        return _corrected(fact, name_of(fact.corrected_by, names), before)
    match fact.outcome:
        case "conversation":
            talked = fact.talk_ms is not None and say(
                "In conversation, %(time)s", time=length(fact.talk_ms / 1000)
            )
            connected = took(before.received_at, fact.connected_at) if fact.connected_at else None
            why = (
                (say("connect time %(time)s", time=connected),) if connected and not before.reached_at else ()
            )
            return Line(fact.at, "messages", "human", talked or say("They talked"), why, "good")
        case "voicemail":
            return Line(
                fact.at, "record-mail", "human", say("Voicemail"), (say("a voicemail is no conversation"),)
            )
        case "no_answer":
            return Line(fact.at, "phone-x", "human", say("No answer"))
        case "busy":
            return Line(fact.at, "phone-pause", "human", say("Busy"))
        case "wrong_number":
            return Line(fact.at, "hash", "human", say("Wrong number"), tone="bad")
        case "unreachable":
            return Line(fact.at, "phone-off", "system", say("Not reachable"))
        case "not_placed":
            why = (say("it never rang at the customer: no attempt, and due as before"),)
            return Line(fact.at, "phone-off", "system", say("The line could not place the call"), why, "bad")
        case "unknown":
            return Line(fact.at, "question-mark", "system", say("Nobody noted how the call ended"))


def _corrected(fact: AttemptEnded, name: str, before: Standing) -> Line:
    was = before.line_said.outcome if before.line_said else None
    why = (_TAKEN_FOR[was],) if was in _TAKEN_FOR else ()
    match fact.outcome:
        case "conversation":
            return Line(fact.at, "messages", "human", say("%(name)s: we talked", name=name), why, "good")
        case "voicemail":
            return Line(fact.at, "record-mail", "human", say("%(name)s: it was a voicemail", name=name), why)
        case _:
            return Line(fact.at, "hash", "human", say("%(name)s: wrong number", name=name), why, "bad")


_TAKEN_FOR: Mapping[str | None, Words] = {
    "conversation": say("the line had taken it for a conversation"),
    "voicemail": say("the line had taken it for a voicemail"),
}


TELLERS: Mapping[type, Callable[..., Line]] = {
    PickedUp: _picked_up, Answered: _answered, MissedCall: _missed_call, Connected: _connected,
    Attempted: _attempted, AttemptEnded: _attempt_ended,
}  # fmt: skip
