"""Calls on the lines that hear them: wanted by people and clockwork, made by the switchboard, told to the journal."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from django.db import transaction

from leadbell import statement
from leadbell.announce import SCREENS, announce
from leadbell.dealers.models import Person
from leadbell.dealers.presence import is_in_browser
from leadbell.lead.consent import may_call_now
from leadbell.lead.facts import (
    Answered,
    Attempted,
    AttemptEnded,
    Connected,
    MissedCall,
    Outcome,
    PassedOn,
    PickedUp,
)
from leadbell.lead.journal import record
from leadbell.lead.law import may_dial
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.ring import prompts
from leadbell.ring.actions import accept
from leadbell.ring.held import Held, hold, keep, people, take
from leadbell.ring.models import Call, PhoneLine, PhoneRules, Recording
from leadbell.ring.ports import BROWSER, LAST_WORDS, Bell, Dial, Heard, Phone, Prompt, UnderWay
from leadbell.statement import FORGETFUL
from leadbell.words import Words, say

log = structlog.get_logger("leadbell.calls")

#: How a call to the customer ends, as the journal says it.
OUTCOMES: dict[str, Outcome] = {
    "no_answer": "no_answer", "busy": "busy", "unreachable": "unreachable", "lost_track": "unknown",
    "ended": "conversation", "line_down": "unknown", "gone": "unknown", "nobody": "unknown",
}  # fmt: skip
#: A desk that was open within this time may still accept.
DESK_OPEN = timedelta(minutes=2, seconds=30)
MOST_AT_ONCE = 50
CUSTOMER_RINGS_S = 40
MOST_STEPS = 60
#: What the salesperson is told of the customer's end.
TOLD = ("voicemail", "no_answer", "busy", "unreachable", "noted")


# -- made by the switchboard -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turned:
    """Not to be connected; `tell` is said to who pressed."""

    tell: Prompt | None


@dataclass(frozen=True, slots=True)
class Placed:
    """A claimed call: on which line, and the bell to ring there."""

    line: str
    bell: Bell


def claim(now: datetime) -> list[Placed]:
    """The calls that are wanted, marked as ringing before anything rings."""
    with statement.in_one_go():
        taken = take(now, MOST_AT_ONCE)
        rung = people(person for held in taken for person in held.call.people) if taken else {}
        placed = []
        for held in taken:
            call = held.call
            if (now - call.asked_at).total_seconds() > call.ring_s:
                _over(call, "nobody", now, say("the switchboard was away while it should have rung"))
                continue
            placed.append(Placed(call.line, _bell(held, rung, now)))
            _tell_screens(call)
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
        if (number := _number(call, rules, p, now))
    )
    if call.kind == Call.Kind.TEST and call.number:
        heard = prompts.whisper(rules.prompts, "whisper_test", call.dealer.language, "", "", call.asked_at)
        phones = (Phone(0, call.number, heard),)
    return Bell(
        key=call.pk.hex, dealer=call.dealer_id, lead=call.lead_id or 0, people=tuple(call.people), ring_s=left,
        phones=phones, caller_id=line.caller_id if line else "", trunk=line.trunk if line else "", waiting=call.leg,
    )  # fmt: skip


def _number(call: Call, rules: PhoneRules, person: Person, now: datetime) -> str:
    """Where this person is rung for this call; empty where they aren't."""
    if person.in_browser:
        here = call.line == PhoneLine.Kind.ASTERISK and is_in_browser(person, now)
        return f"sip:{BROWSER}{person.pk}" if here else ""
    if person.extension:
        return f"sip:{person.extension}"
    may = person.phone and may_dial(person.phone, call.dealer.country, rules.countries) is None
    return person.phone if may else ""


def _whisper(call: Call, rules: PhoneRules, person: Person) -> Any:
    lead = call.lead
    name = {
        Call.Kind.LEAD: "whisper_lead", Call.Kind.OUTBOUND: "whisper_outbound", Call.Kind.INBOUND: "whisper_inbound",
    }.get(Call.Kind(call.kind), "whisper_test")  # fmt: skip
    if lead is None:
        return prompts.whisper(rules.prompts, name, person.language, "", "", call.asked_at)
    if call.kind == Call.Kind.LEAD and lead.standing.owner is not None:
        name = "whisper_again" if lead.standing.ringing else "whisper_outbound"
    since = lead.standing.asked_at or lead.received_at
    return prompts.whisper(rules.prompts, name, person.language, lead.customer.full_name, lead.car, since)


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
        _over(call, "refused", now, because)
        return Turned(prompts.sentence(rules.prompts, name, who.language))

    if call.status == Call.Status.OVER:
        return Turned(prompts.sentence(rules.prompts, "taken", who.language))
    if call.kind != Call.Kind.OUTBOUND and not (lead.owner_id == person and not lead.ringing):
        outcome = accept(lead, person, now)
        if isinstance(outcome, Refused):
            return turned("taken", outcome.because)
    if (forbidden := _forbidden(held, lead, now)) is not None:
        return turned("not_now", forbidden)
    call.person_id, call.accepted_at = person, now
    number = lead.customer.phone or ""
    if call.kind == Call.Kind.INBOUND:
        call.attempt = f"call:{call.pk.hex}"
        record(lead, Answered(at=now, by=person, key=call.attempt, line=call.line), key=call.attempt)
    else:
        call.attempt, call.number = f"attempt:{lead.standing.attempts + 1}", number
        record(lead, Attempted(at=now, by=person, key=call.attempt, line=call.line), key=call.attempt)
    call.status = Call.Status.DIALLING
    _step(call, "accepted", now, person)
    keep(call)
    return _dial(held, who, number, now)


def _tested(held: Held, now: datetime) -> Turned:
    """A test call needs no customer: the key was heard."""
    call, who = held.call, held.person
    if call.status != Call.Status.OVER:
        _step(call, "accepted", now, who.pk if who else 0)
        _over(call, "tested", now, None)
    language = who.language if who else call.dealer.language
    return Turned(prompts.sentence(held.rules.prompts, "tested", language))


def _forbidden(held: Held, lead: Lead, now: datetime) -> Words | None:
    """Why this customer may not be called now; a customer who called us may always be answered."""
    call, standing = held.call, lead.standing
    if standing.calling is not None:
        return say("a colleague is calling this customer right now")
    if call.kind == Call.Kind.INBOUND:
        return None
    if not lead.customer.phone:
        return say("There is no phone number: write personally.")
    countries = held.rules.countries
    refused = may_call_now(lead, now, held.asked) or may_dial(
        lead.customer.phone, lead.dealer.country, countries
    )
    return refused.because if refused else None


def _dial(held: Held, who: Person, number: str, now: datetime) -> Dial:
    call, rules, line = held.call, held.rules, held.line
    records = rules.recording != PhoneRules.Recording.OFF
    language = (
        call.lead.customer.language if call.lead and call.lead.customer.language else call.dealer.language
    )
    announced = rules.recording == PhoneRules.Recording.ANNOUNCED
    told = {
        n: prompts.sentence(rules.prompts, n, who.language)
        for n in ("voicemail", "no_answer", "busy", "unreachable")
    }
    return Dial(
        key=call.pk.hex, dealer=call.dealer_id, lead=call.lead_id or 0, person=who.pk,
        number="" if call.kind == Call.Kind.INBOUND else number, caller_id=line.caller_id if line else "",
        trunk=line.trunk if line else "", ring_s=CUSTOMER_RINGS_S, record=records, told=told,
        announce=prompts.sentence(rules.prompts, "announce", language) if announced else None,
        keypad=None if who.seen_at and who.seen_at > now - DESK_OPEN
        else prompts.sentence(rules.prompts, "keypad", who.language),
    )  # fmt: skip


#: Steps that change the call's row alone: the lead is not asked for.
_STEPS = frozenset({"rings", "customer_rings", "dialled", "voicemail"})
_STEP = f"""
with step as (
    update leadbell_call set
        steps = case when jsonb_array_length(steps) < %(most)s then steps || jsonb_build_array(jsonb_build_array(
            round(extract(epoch from %(now)s::timestamptz - asked_at) * 1000)::bigint,
            %(what)s::text, %(person)s::bigint
        )) else steps end,
        dialled_at = case when %(what)s::text = 'dialled' then %(now)s::timestamptz else dialled_at end,
        outcome = case when %(what)s::text = 'voicemail' then 'voicemail' else outcome end
    where id = %(id)s and status <> 'over'
    returning dealer_id, lead_id, people, person_id
)
select pg_notify(%(screens)s, json_build_object('d', dealer_id, 'w', 'call', 'l', lead_id, 'p',
    to_json(case when person_id is null then people else array[person_id] end))::text), {FORGETFUL} from step
"""  # noqa: S608 (FORGETFUL is a constant)


#: Heard so often that many are written down together: ten phones that ring for one lead ring within a moment.
RINGS = frozenset({"rings", "customer_rings"})
_RINGS = f"""
with told as (
    select k.id, jsonb_agg(jsonb_build_array(
        round(extract(epoch from h.at - k.asked_at) * 1000)::bigint, h.what, h.person) order by h.at) as steps
    from unnest(%(ids)s::uuid[], %(whats)s::text[], %(people)s::bigint[], %(ats)s::timestamptz[])
        as h(id, what, person, at)
    join leadbell_call k on k.id = h.id
    where jsonb_array_length(k.steps) < %(most)s
    group by k.id
), kept as (
    update leadbell_call set steps = leadbell_call.steps || told.steps from told where leadbell_call.id = told.id
    returning dealer_id, lead_id, people, person_id
)
select pg_notify(%(screens)s, json_build_object('d', dealer_id, 'w', 'call', 'l', lead_id, 'p',
    to_json(case when person_id is null then people else array[person_id] end))::text), {FORGETFUL} from kept
"""  # noqa: S608 (FORGETFUL is a constant)


def heard_ringing(news: Sequence[Heard]) -> None:
    """Write down which phones ring, of many calls in one statement."""
    about = {
        "ids": [uuid.UUID(hex=one.key) for one in news], "whats": [one.what for one in news],
        "people": [one.person for one in news], "ats": [one.at for one in news], "most": MOST_STEPS,
        "screens": SCREENS,
    }  # fmt: skip
    statement.run(_RINGS, about)


def heard(news: Heard) -> Prompt | None:
    """Write down what a line tells about a call; each thing once. Answers what is to be said to who waits."""
    if news.what not in _STEPS:
        return _heard(news)
    about = {
        "id": uuid.UUID(hex=news.key), "what": news.what, "person": news.person, "now": news.at, "most": MOST_STEPS,
        "screens": SCREENS,
    }  # fmt: skip
    statement.run(_STEP, about)
    return None


def _heard(news: Heard) -> Prompt | None:
    with statement.in_one_go():
        if news.what not in LAST_WORDS:  # after a crash the line's calls are compared with ours
            statement.forgetful()
        held = hold(news.key)
        return None if held is None or held.call.status == Call.Status.OVER else _written_down(held, news)


def _written_down(held: Held, news: Heard) -> Prompt | None:
    call, lead, now = held.call, held.lead, news.at
    _step(call, news.what, now, news.person)
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
        case "no_answer" | "busy" | "unreachable" | "lost_track" | "ended" | "gone" | "line_down" | "nobody":
            _end(held, news, now)
            return None
    keep(call)
    _tell_screens(call)
    return None


def _end(held: Held, news: Heard, now: datetime) -> None:
    call, lead = held.call, held.lead
    outcome = "voicemail" if call.outcome == "voicemail" else OUTCOMES[news.what]
    call.talk_ms = news.talk_ms
    if lead is not None and call.kind == Call.Kind.INBOUND and not call.attempt:
        record(lead, MissedCall(at=now, line=call.line))
        _over(call, "missed", now, None)
        return
    if lead is not None and call.attempt and lead.standing.calling == call.attempt:
        talked = outcome == "conversation"
        ended = AttemptEnded(
            at=now, key=call.attempt, by=call.person_id or 0, outcome=outcome,
            connected_at=call.connected_at if talked else None, talk_ms=news.talk_ms if talked else None,
        )  # fmt: skip
        record(lead, ended, key=f"{call.attempt}:ended")
    if call.connected_at is not None and held.rules.recording != PhoneRules.Recording.OFF:
        wanted = Recording(call=call, dealer_id=call.dealer_id, created_at=now)
        Recording.objects.bulk_create([wanted], ignore_conflicts=True)
    if news.what == "line_down":
        _pass_on_the_rest(call, lead, now)
    last = outcome if call.attempt else news.what
    _over(call, last, now, say("the line failed") if news.what in ("line_down", "lost_track") else None)


def _missed(held: Held, lead: Lead, now: datetime) -> Prompt:
    """Nobody took the customer's call: they hear that we call back, and the lead rings at once."""
    call = held.call
    record(lead, MissedCall(at=now, line=call.line))
    _over(call, "missed", now, None)
    name = "missed" if call.dealer.opening_hours.is_open(now) else "closed"
    return prompts.sentence(held.rules.prompts, name, lead.customer.language or call.dealer.language)


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


def _pass_on_the_rest(call: Call, lead: Lead | None, now: datetime) -> None:
    for person in call.people:
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
    _tell_screens(call)
    return call


def lead_of(key: str) -> int | None:
    """The lead a call is about."""
    return Call.objects.filter(pk=uuid.UUID(hex=key)).values_list("lead_id", flat=True).first()


def still_rings(key: str) -> bool:
    """Whether this call's phones should go on ringing: somebody may have been faster, at a screen.

    Whoever accepted at the screen while their own phone alone rings, may still press 1.
    """
    rows = statement.run(_STILL_RINGS, {"id": uuid.UUID(hex=key)})
    return bool(rows and rows[0][0])


_STILL_RINGS = """
select coalesce(case
    when c.kind = 'test' or l.id is null then true
    when c.kind = 'outbound' then l.closed_at is null and l.calling_by is null
    when c.people = array[l.owner_id] then l.closed_at is null and l.calling_by is null
    else l.closed_at is null and c.people && l.ringing
end, false)
from leadbell_call c left join leadbell_lead l on l.id = c.lead_id
where c.id = %(id)s and c.status <> 'over'
"""


def under_way(line: str) -> list[UnderWay]:
    """The calls of this line that haven't ended, as far as is written down."""
    return [
        UnderWay(
            call.pk.hex, tuple(call.people), call.person_id, call.attempt != "", call.connected_at, call.leg,
        )
        for call in Call.objects.filter(line=line).exclude(status__in=(Call.Status.OVER, Call.Status.WANTED))
    ]  # fmt: skip


def of_no_line(lines: Sequence[str], now: datetime) -> list[Heard]:
    """What is to be written down of calls on other lines than these: nobody will hear of them any more."""
    lost = Call.objects.exclude(line__in=lines).exclude(status__in=(Call.Status.OVER, Call.Status.WANTED))
    return [
        Heard(
            call.pk.hex,
            "lost_track" if call.attempt else "line_down",
            now,
            because="the line is not set up here",
        )
        for call in lost
    ]


# -- small steps -----------------------------------------------------------------------------------------------


def _step(call: Call, what: str, now: datetime, person: int | None) -> None:
    if len(call.steps) < MOST_STEPS:
        call.steps = [*call.steps, [round((now - call.asked_at).total_seconds() * 1000), what, person]]


def _over(call: Call, outcome: str, now: datetime, because: Words | None) -> None:
    call.status, call.outcome, call.ended_at = Call.Status.OVER, outcome, now
    call.because = msgspec.to_builtins(because) if because else None
    keep(call)
    _tell_screens(call)
    log.info(
        "call over", dealer=call.dealer_id, lead=call.lead_id, line=call.line, kind=call.kind, outcome=outcome,
        talk_ms=call.talk_ms,
    )  # fmt: skip


def _tell_screens(call: Call) -> None:
    announce(
        call.dealer_id, "call", call.lead_id, call.people if call.person_id is None else [call.person_id]
    )
