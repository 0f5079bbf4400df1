"""Somebody pressed 1: whether the lead is theirs, and whom to dial then."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from leadbell import statement
from leadbell.dealers.models import Person
from leadbell.lead.consent import may_call_now
from leadbell.lead.facts import Answered, Attempted, AttemptEnded
from leadbell.lead.journal import record
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.ring import prompts
from leadbell.ring.actions import accept
from leadbell.ring.dialling import may_ring
from leadbell.ring.held import Held, hold, keep
from leadbell.ring.models import Call, PhoneRules
from leadbell.ring.ports import Dial, Prompt
from leadbell.ring.steps import RECORDED, over, step
from leadbell.words import Words, say

#: A desk that was open within this time may still accept.
DESK_OPEN = timedelta(minutes=2, seconds=30)
CUSTOMER_RINGS_S = 40


@dataclass(frozen=True, slots=True)
class Turned:
    """Not to be connected; `tell` is said to who pressed."""

    tell: Prompt | None


def accepted(key: str, person: int, now: datetime) -> Dial | Turned:
    """Somebody pressed 1: the lead is theirs, the attempt is stored, and the customer may be dialled.

    The lead's row lock decides between two people; who is second hears so. Two waits for the database, and when it
    returns the attempt is committed.
    """
    with statement.in_one_go():
        held = hold(key, person)
        if held is None:
            raise Call.DoesNotExist(key)
        if held.lead is None:
            return _tested(held, now)
        return _decided(held, held.lead, held.person or Person.objects.get(pk=person), now)


def _decided(held: Held, lead: Lead, who: Person, now: datetime) -> Dial | Turned:
    call, rules, person = held.call, held.rules, who.pk

    def turned(name: str, because: Words) -> Turned:
        over(call, "refused", now, because)
        return Turned(prompts.sentence(rules.prompts, name, who.language))

    if call.status == Call.Status.OVER:
        return Turned(prompts.sentence(rules.prompts, "taken", who.language))
    if call.kind != Call.Kind.OUTBOUND and not (lead.owner_id == person and not lead.ringing):
        outcome = accept(lead, person, now)
        # A customer who waits is answered by whoever presses 1, whose lead it may be.
        if isinstance(outcome, Refused) and call.kind != Call.Kind.INBOUND:
            return turned("taken", outcome.because)
    if (forbidden := _forbidden(held, lead, now)) is not None:
        return turned("not_now", forbidden)
    call.person_id, call.accepted_at = person, now
    number = lead.customer.phone or ""
    if call.kind == Call.Kind.INBOUND:
        _end_what_was_called_by_hand(lead, now)
        call.attempt = f"call:{call.pk.hex}"
        record(lead, Answered(at=now, by=person, key=call.attempt, line=call.line), key=call.attempt)
    else:
        call.attempt, call.number = lead.standing.next_attempt, number
        record(lead, Attempted(at=now, by=person, key=call.attempt, line=call.line), key=call.attempt)
    call.status = Call.Status.DIALLING
    step(call, "accepted", now, person)
    dial = _dial(held, who, number, now)
    if dial.record:
        step(call, RECORDED, now, person)
    keep(call)
    return dial


def _tested(held: Held, now: datetime) -> Turned:
    """A test call needs no customer: the key was heard."""
    call, who = held.call, held.person
    if call.status != Call.Status.OVER:
        step(call, "accepted", now, who.pk if who else 0)
        over(call, "tested", now, None)
    language = who.language if who else call.dealer.language
    return Turned(prompts.sentence(held.rules.prompts, "tested", language))


def _forbidden(held: Held, lead: Lead, now: datetime) -> Words | None:
    """Why this customer may not be called now; a customer who called us may always be answered."""
    call, standing = held.call, lead.standing
    if call.kind == Call.Kind.INBOUND:
        return None
    if standing.calling is not None:
        return say("a colleague is calling this customer right now")
    if not lead.customer.phone:
        return say("There is no phone number: write personally.")
    countries = held.rules.countries
    refused = may_call_now(lead, now, held.asked) or may_ring(lead.customer.phone, lead.dealer, countries)
    return refused.because if refused else None


def _end_what_was_called_by_hand(lead: Lead, now: datetime) -> None:
    """The customer calls back before anybody has said how calling them by hand ended; a line says so itself."""
    before = lead.standing
    if before.calling is None or Call.objects.filter(lead=lead, attempt=before.calling).exists():
        return
    ended = AttemptEnded(at=now, key=before.calling, by=before.calling_by or 0, outcome="unknown")
    record(lead, ended, key=f"{before.calling}:ended")


def _dial(held: Held, who: Person, number: str, now: datetime) -> Dial:
    call, rules, line = held.call, held.rules, held.line
    records = rules.recording != PhoneRules.Recording.OFF and held.may_record is not False
    language = call.lead.customer.language if call.lead else ""
    announced = records and rules.recording == PhoneRules.Recording.ANNOUNCED
    told = {
        n: prompts.sentence(rules.prompts, n, who.language)
        for n in ("voicemail", "no_answer", "busy", "unreachable", "not_placed", "noted")
    }
    return Dial(
        key=call.pk.hex, dealer=call.dealer_id, lead=call.lead_id or 0, person=who.pk,
        number="" if call.kind == Call.Kind.INBOUND else number, caller_id=line.caller_id if line else "",
        trunk=line.trunk if line else "", ring_s=CUSTOMER_RINGS_S, record=records, told=told,
        announce=prompts.sentence(rules.prompts, "announce", language, call.dealer.language) if announced else None,
        keypad=None if who.seen_at and who.seen_at > now - DESK_OPEN
        else prompts.sentence(rules.prompts, "keypad", who.language),
    )  # fmt: skip
