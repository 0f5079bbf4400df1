"""What the lines tell about calls, written down in the journal: each thing once, in its order."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog
from django.db import transaction

from leadbell import statement
from leadbell.dealers.models import Person
from leadbell.lead.facts import AttemptEnded, Connected, MissedCall, Outcome, PassedOn, PickedUp
from leadbell.lead.journal import record
from leadbell.lead.models import Fact, Lead
from leadbell.ring import prompts
from leadbell.ring.held import Held, hold, keep
from leadbell.ring.models import Call
from leadbell.ring.ports import LAST_WORDS, Heard, Prompt
from leadbell.ring.pressing import DESK_OPEN
from leadbell.ring.steps import STEPS_ALONE, is_recorded, over, step, step_alone, tell_screens
from leadbell.words import say

log = structlog.get_logger("leadbell.calls")

#: How a call to the customer ends, as the journal says it; before it was dialled the line may only have failed.
OUTCOMES: dict[str, Outcome] = {
    "no_answer": "no_answer", "busy": "busy", "unreachable": "unreachable", "ended": "conversation",
    "not_placed": "not_placed", "line_down": "not_placed", "nobody": "not_placed",
    "lost_track": "unknown", "gone": "unknown",
}  # fmt: skip
#: What no crash of the database may forget: who hangs up before it is back leaves no other trace of having talked.
KEPT_AT_ONCE = LAST_WORDS | {"connected"}
#: A phone that isn't reached: why stands in the log, and with a test call for whoever checks a line.
FAILED = frozenset(
    {
        "declined",
        "phone_busy",
        "phone_silent",
        "phone_unreachable",
        "no_answer",
        "busy",
        "unreachable",
        "not_placed",
    }
)


def heard(news: Heard) -> Prompt | None:
    """Write down what a line tells about a call; each thing once. Answers what is to be said to who waits."""
    if news.what not in STEPS_ALONE:
        return _heard(news)
    step_alone(news)
    return None


def _heard(news: Heard) -> Prompt | None:
    with statement.in_one_go():
        if news.what not in KEPT_AT_ONCE:  # after a crash the line's calls are compared with ours
            statement.forgetful()
        held = hold(news.key)
        return None if held is None or held.call.status == Call.Status.OVER else _written_down(held, news)


def _written_down(held: Held, news: Heard) -> Prompt | None:
    call, lead, now = held.call, held.lead, news.at
    step(call, news.what, now, news.person)
    if news.because and news.what in FAILED:
        log.info(
            "a phone was not reached", line=call.line, kind=call.kind, what=news.what, because=news.because
        )
        if call.kind == Call.Kind.TEST:
            call.because = msgspec.to_builtins(say("%(because)s", because=news.because))
    match news.what:
        case "picked_up" if lead is not None and news.person in lead.ringing:
            record(lead, PickedUp(at=now, by=news.person or 0))
        case "declined" | "phone_busy":
            _pass_on(lead, news, now, even_at_the_desk=True)
        case "phone_silent" | "phone_unreachable":
            _pass_on(lead, news, now, even_at_the_desk=False)
        case "connected":
            call.connected_at, call.status = now, Call.Status.CONNECTED
            if lead is not None and lead.standing.calling == call.attempt:
                record(lead, Connected(at=now, by=call.person_id or 0, key=call.attempt))
        case "nobody" if call.kind == Call.Kind.INBOUND and lead is not None:
            return _missed(held, lead, now)
        case what if what in LAST_WORDS:
            _end(held, news, now)
            return None
    keep(call)
    tell_screens(call)
    return None


def _end(held: Held, news: Heard, now: datetime) -> None:
    call, lead = held.call, held.lead
    outcome = "voicemail" if call.outcome == "voicemail" else OUTCOMES[news.what]
    if outcome == "not_placed" and call.kind == Call.Kind.INBOUND:  # the customer called us
        outcome = "unknown"
    call.talk_ms = news.talk_ms
    if lead is not None and call.kind == Call.Kind.INBOUND and not call.attempt:
        record(lead, MissedCall(at=now, line=call.line))
        over(call, "missed", now, None)
        return
    if lead is not None and call.attempt and _is_without_an_end(lead, call.attempt):
        talked = outcome == "conversation"
        ended = AttemptEnded(
            at=now, key=call.attempt, by=call.person_id or 0, outcome=outcome,
            connected_at=call.connected_at if talked else None, talk_ms=news.talk_ms if talked else None,
        )  # fmt: skip
        record(lead, ended, key=f"{call.attempt}:ended")
    if call.connected_at is not None and is_recorded(call):
        statement.tell(_WANT_RECORDING, {"call": call.pk, "dealer": call.dealer_id, "now": now})
    if news.what == "line_down":
        _pass_on_all(call.people, call, lead, now)
    last = outcome if call.attempt else news.what
    over(call, last, now, say("the line failed") if news.what in ("line_down", "lost_track") else None)


_WANT_RECORDING = """
insert into leadbell_recording (call_id, dealer_id, status, stored_as, gaps, created_at)
values (%(call)s, %(dealer)s, 'wanted', '', '[]', %(now)s) on conflict do nothing
"""


def _is_without_an_end(lead: Lead, attempt: str) -> bool:
    """Whether nobody has said yet how it ended; a lead closed in the middle of its call still hears how it did."""
    if lead.standing.calling == attempt:
        return True
    return not lead.is_open and not Fact.objects.filter(lead=lead, key=f"{attempt}:ended").exists()


def _missed(held: Held, lead: Lead, now: datetime) -> Prompt:
    """Nobody took the customer's call: they hear that we call back, and the lead rings at once."""
    call = held.call
    record(lead, MissedCall(at=now, line=call.line))
    over(call, "missed", now, None)
    name = "missed" if call.dealer.opening_hours.is_open(now) else "closed"
    return prompts.sentence(held.rules.prompts, name, lead.customer.language, call.dealer.language)


def _pass_on(lead: Lead | None, news: Heard, now: datetime, even_at_the_desk: bool) -> None:
    """This person's phone won't answer: it rings at the next one, unless their screen still rings."""
    if lead is None or news.person is None or news.person not in lead.ringing:
        return
    if even_at_the_desk or not _desk_is_open(news.person, now):
        because = {
            "declined": say("passed on by phone"), "phone_busy": say("the phone was busy"),
            "phone_silent": say("nobody answered the phone"),
        }.get(news.what, say("the phone could not be reached"))  # fmt: skip
        record(lead, PassedOn(at=now, by=news.person, because=because))


def no_phone(held: Held, people: Sequence[int], now: datetime) -> None:
    """The line reaches none of these people, whose number it may not dial: their leads don't wait for them."""
    if not people:
        return
    for person in people:
        step(held.call, "phone_unreachable", now, person)
    _pass_on_all(people, held.call, held.lead, now)
    keep(held.call)


def _pass_on_all(people: Sequence[int], call: Call, lead: Lead | None, now: datetime) -> None:
    for person in people:
        _pass_on(lead, Heard(call.pk.hex, "phone_unreachable", now, person), now, even_at_the_desk=False)


def _desk_is_open(person: int, now: datetime) -> bool:
    return Person.objects.filter(pk=person, seen_at__gt=now - DESK_OPEN).exists()


def could_not_ring(key: str, because: str, now: datetime) -> None:
    """The line answered that it is down: the desk rings already, and whoever has no desk open is passed over."""
    with statement.in_one_go():
        held = hold(key)
        if held is None or held.call.status == Call.Status.OVER:
            return
        log.warning(
            "a call could not be made", dealer=held.call.dealer_id, line=held.call.line, because=because
        )
        _end(held, Heard(key, "line_down", now, because=because), now)


@transaction.atomic
def arrives(news: Heard, line: str, lead: Lead, people: Sequence[int], ring_s: int, now: datetime) -> Call:
    """A customer's own call (`news` says `arrived`), waiting for one of these people."""
    call = Call(
        id=uuid.UUID(hex=news.key), dealer_id=lead.dealer_id, lead=lead, kind=Call.Kind.INBOUND, line=line,
        people=list(people), status=Call.Status.RINGING, ring_s=ring_s, number=news.caller, leg=news.leg, asked_at=now,
        placed_at=now,
    )  # fmt: skip
    call.save(force_insert=True)
    tell_screens(call)
    return call


def turned_out(lead: int, attempt: str, outcome: Outcome) -> None:
    """A person knows better how this call ended than its line: it is listed, reviewed and counted by that."""
    Call.objects.filter(lead=lead, attempt=attempt).update(outcome=outcome)


def lead_of(key: str) -> int | None:
    """The lead a call is about."""
    return Call.objects.filter(pk=uuid.UUID(hex=key)).values_list("lead_id", flat=True).first()
