"""Wanted calls, claimed before anything rings: on which line, whom to ring where, and what they hear."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadbell import statement
from leadbell.dealers.models import Person
from leadbell.dealers.presence import is_in_browser
from leadbell.ring import prompts, reconciling
from leadbell.ring.calls import no_phone
from leadbell.ring.dialling import may_ring
from leadbell.ring.held import Held, hold, people, take
from leadbell.ring.models import Call, PhoneLine, PhoneRules
from leadbell.ring.ports import BROWSER, Bell, Phone
from leadbell.ring.steps import over, tell_screens
from leadbell.words import say

MOST_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Placed:
    """A claimed call: on which line, and the bell to ring there."""

    line: str
    bell: Bell


def claim(now: datetime) -> list[Placed]:
    """The calls that are wanted, marked as ringing before anything rings."""
    with statement.in_one_go():
        taken = take(now, MOST_AT_ONCE)
        known = people(person for held in taken for person in held.call.people) if taken else {}
        placed = []
        for held in taken:
            call = held.call
            if (now - call.asked_at).total_seconds() > call.ring_s:
                over(call, "nobody", now, say("the switchboard was away while it should have rung"))
                continue
            wanted = reconciling.rung(call, held.lead)
            if call.people and not wanted:  # somebody was faster, at a screen
                over(call, "nobody", now, None)
                continue
            bell = _bell(held, {number: known[number] for number in wanted & known.keys()}, now)
            if call.kind != Call.Kind.TEST:
                no_phone(held, sorted(wanted - {phone.person for phone in bell.phones}), now)
            placed.append(Placed(call.line, bell))
            tell_screens(call)
        return placed


def bell_of(call: Call, now: datetime, later: dict[int, float] | None = None) -> Bell:
    """The bell of a call: whom to ring where, and what they hear. `later`: seconds after which a person joins."""
    held = hold(call.pk.hex)
    if held is None:
        raise Call.DoesNotExist(call.pk)
    return _bell(held, people(call.people), now, later)


def _bell(
    held: Held, rung: Mapping[int, Person], now: datetime, later: dict[int, float] | None = None
) -> Bell:
    call, line, rules = held.call, held.line, held.rules
    left = max(1, round(call.ring_s - (now - call.asked_at).total_seconds()))
    phones = tuple(
        Phone(p.pk, number, _whisper(call, rules, p), (later or {}).get(p.pk, 0))
        for p in (rung[person] for person in call.people if person in rung)
        if (number := _number(held, p, now))
    )
    if call.kind == Call.Kind.TEST and call.number:
        heard = prompts.whisper(rules.prompts, "whisper_test", call.dealer.language, "", "", call.asked_at)
        phones = (Phone(0, call.number, heard),)
    return Bell(
        key=call.pk.hex, dealer=call.dealer_id, lead=call.lead_id or 0, people=tuple(call.people), ring_s=left,
        phones=phones, caller_id=line.caller_id if line else "", trunk=line.trunk if line else "", waiting=call.leg,
    )  # fmt: skip


def _number(held: Held, person: Person, now: datetime) -> str:
    """Where this person is rung for this call: in the browser whose window is open, else on their own phone.

    An extension is rung on a line that has it, a number on any. Empty where they aren't.
    """
    call, line, rules = held.call, held.line, held.rules
    if call.line == PhoneLine.Kind.ASTERISK and is_in_browser(person, now):
        return f"sip:{BROWSER}{person.pk}"
    if person.extension and line is not None and line.has_extensions:
        return f"sip:{person.extension}"
    may = person.phone and may_ring(person.phone, call.dealer, rules.countries) is None
    return person.phone if may else ""


def _whisper(call: Call, rules: PhoneRules, person: Person) -> Any:
    lead = call.lead
    name = {
        Call.Kind.LEAD: "whisper_lead", Call.Kind.OUTBOUND: "whisper_outbound", Call.Kind.INBOUND: "whisper_inbound",
    }.get(Call.Kind(call.kind), "whisper_test")  # fmt: skip
    if lead is None:
        return prompts.whisper(rules.prompts, name, person.language, "", "", call.asked_at)
    if call.kind == Call.Kind.LEAD and lead.standing.owner is not None:
        asked = "whisper_late" if lead.standing.ring_how == "manager" else "whisper_again"
        name = asked if lead.standing.ringing else "whisper_outbound"
    since = lead.standing.asked_at or lead.received_at
    return prompts.whisper(rules.prompts, name, person.language, lead.customer.full_name, lead.car, since)
