"""Between BDC and salesperson: which lead a BDC agent calls, when a salesperson is free, and who takes a lead over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.shifts import Shift
from leadbell.lead.facts import (
    Accepted,
    AnsweredBack,
    AnyFact,
    AskedBack,
    Assigned,
    HandedOver,
    HandoverRefused,
    NotIntroduced,
    Origin,
    Qualified,
    Undelivered,
    Wrote,
)
from leadbell.lead.history import History
from leadbell.lead.standing import Standing
from leadbell.words import Words, say

Span = tuple[datetime, datetime]

#: The way to the showroom, and time to prepare.
SOONEST = timedelta(hours=2)
#: An appointment takes so long.
MINUTES = 60
#: So far ahead free times are looked for; later ones are picked by hand.
DAYS_AHEAD = 8
#: Proposed per person: few enough to read out.
PROPOSED = 6
#: Proposed on a dealer's clock, also where it is open at night: before and after the second.
DAYTIME = ("09:00", "13:00", "20:00")
#: Free times lie at full and half hours.
STEP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody who can receive a customer; `busy` are times that are taken, in order."""

    person: int
    name: str
    role: str
    shift: Shift
    busy: tuple[Span, ...] = ()


def why_not_free(
    receiver: Receiver, hours: OpeningHours, starts_at: datetime, minutes: int = MINUTES
) -> Words | None:
    """Why they can't receive anybody then; None: they are free."""
    last = starts_at + timedelta(minutes=minutes) - timedelta(seconds=1)
    if not (hours.is_open(starts_at) and hours.is_open(last)):
        return say("The dealer is closed then.")
    if not (receiver.shift.is_on(starts_at) and receiver.shift.is_on(last)):
        return say("%(name)s isn’t at work then.", name=receiver.name)
    taken = next((span for span in receiver.busy if span[0] <= last and starts_at < span[1]), None)
    if taken is None:
        return None
    return say("%(name)s has something else at %(taken_at)s.", name=receiver.name, taken_at=taken[0])


def free_times(
    receiver: Receiver, hours: OpeningHours, now: datetime, minutes: int = MINUTES, most: int = PROPOSED
) -> tuple[datetime, ...]:
    """The first free times worth proposing: of each day one before and one after 13:00, in order."""
    found: list[datetime] = []
    today = hours.local_day(now)
    for ahead in range(DAYS_AHEAD):
        day = today + timedelta(days=ahead)
        morning, noon, evening = (hours.time_on(day, clock) for clock in DAYTIME)
        if morning is None or noon is None or evening is None:
            continue
        halves = [(morning, noon), (noon, evening)]
        for begins, ends in halves:
            found += _first_free(receiver, hours, max(begins, now + SOONEST), ends, minutes)
            if len(found) >= most:
                return tuple(found[:most])
    return tuple(found)


def _first_free(
    receiver: Receiver, hours: OpeningHours, begins: datetime, ends: datetime, minutes: int
) -> list[datetime]:
    at = _next_step(begins)
    while at < ends:
        if not hours.is_open(at):
            opening = hours.next_opening(at)
            if opening is None or opening >= ends:
                return []
            at = _next_step(opening)
            continue
        if why_not_free(receiver, hours, at, minutes) is None:
            return [at]
        at += STEP
    return []


def _next_step(at: datetime) -> datetime:
    """This moment, if it is a full or half hour, else the next one."""
    behind = timedelta(minutes=at.minute % 30, seconds=at.second, microseconds=at.microsecond)
    return at if not behind else at - behind + STEP


#: Why somebody doesn't take a lead over, by the reason's name.
REFUSALS: Mapping[str, Words] = {
    "not_here": say("not here then"),
    "busy": say("has something else then"),
    "not_my_cars": say("doesn’t sell these cars"),
    "language": say("doesn’t speak their language"),
    "colleagues_customer": say("a colleague’s customer"),
    "not_agreed": say("what was agreed can’t be kept"),
}

#: Why a manager or its owner gives a lead to a colleague, by the reason's name: each change of hands has one.
REASONS: Mapping[str, Words] = {
    "customer_asked": say("the customer asked for them"),
    "known": say("knows the customer"),
    "away": say("who had it is away"),
    "their_cars": say("sells these cars"),
    "language": say("speaks the customer’s language"),
    "workload": say("has more time"),
    "not_called": say("nobody had called yet"),
    "second_try": say("a fresh try by somebody else"),
}

Why = Literal["asked_back", "yours", "overflow", "closed", "direct_mail", "lost_sale", "first"]
#: In the order in which they are called.
ORDER: Mapping[Why, int] = {
    "asked_back": 0, "yours": 1, "overflow": 2, "closed": 3, "first": 4, "lost_sale": 5, "direct_mail": 6,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Queued:
    """Why a lead stands in the BDC's queue. `against` is what [S3] says where the dealer has decided otherwise."""

    why: Why
    because: Words
    #: Not called before: who answers a mailing isn't called too directly.
    not_before: datetime | None = None
    against: Words | None = None


#: What the article says about a BDC in front of the salesperson.
AGAINST = say(
    "S3: in opening hours a salesperson should call an active lead at once; each step in between costs speed, "
    "and one person more for the customer. Having the BDC call first is the dealer’s own choice."
)


def why_in_queue(
    standing: Standing, hours: OpeningHours, now: datetime, rounds: int, wait_m: int, bdc_first: bool
) -> Queued | None:
    """Why a lead without an owner is the BDC's to call now; None: it isn't.

    `rounds` are those of its plan, `wait_m` how long its plan waits before the first ring. An active lead in
    opening hours is a salesperson's, unless nobody accepted or the dealer has decided otherwise [S3].
    """
    s = standing
    if s.owner is not None or not s.is_open or s.opted_out or s.ringing or s.received_at is None:
        return None
    if rounds and len(s.rounds) >= rounds:
        return Queued("overflow", say("rung %(count)s times, nobody accepted", count=s.ring_count))
    if s.origin == "direct_mail":
        not_before = hours.shift_into_hours(s.received_at + timedelta(minutes=wait_m))
        because = say("direct mail: a quote is likelier than an appointment, not too directly")
        return Queued("direct_mail", because, not_before if not_before > now else None)
    if s.origin == "lost_sale":
        return Queued("lost_sale", say("lost sale: for the sales manager, not for who spoke to them before"))
    if not hours.is_open(now):
        return Queued(
            "closed", say("arrived %(received_at)s, the dealer is closed", received_at=s.received_at)
        )
    if bdc_first and not s.rounds:
        return Queued("first", say("your dealer has the BDC call first"), against=AGAINST)
    return None


def accept_by(
    receiver: Receiver, hours: OpeningHours, now: datetime, minutes: int, visit_at: datetime | None
) -> datetime:
    """Until when a handover is accepted: so many minutes after they are at work, and before the visit."""
    begins = receiver.shift.next_on(hours.shift_into_hours(now)) or hours.shift_into_hours(now)
    until = begins + timedelta(minutes=minutes)
    return until if visit_at is None else max(now, min(until, visit_at))


@dataclass(frozen=True, slots=True)
class Deal:
    """A handover as whoever receives it reads it: what was agreed, what they want to know, what was said since."""

    agent: int
    to: int
    at: datetime
    accept_by: datetime
    text: str
    note: str
    recordings: tuple[str, ...]
    #: Of whom the customer was told last that they receive them, by the agent or by a message that wasn't returned.
    told_of: int | None
    qualified: Qualified | None
    #: (who, what) of questions and answers, in order.
    talk: tuple[tuple[int, str], ...]
    #: (who, why) of those who refused before.
    refused: tuple[tuple[int, Words], ...]


def deal_of(history: History) -> Deal | None:
    """The newest handover of a lead; None: there was none."""
    facts = history.of(HandedOver, AskedBack, AnsweredBack, HandoverRefused, Qualified)
    offers = [fact for fact in facts if isinstance(fact, HandedOver)]
    by_agent = [fact for fact in offers if fact.by is not None]
    if not offers or not by_agent:
        return None
    first, last = by_agent[-1], offers[-1]
    since = [fact for fact in facts if fact.at >= first.at]
    talk = tuple((fact.by, fact.text) for fact in since if isinstance(fact, AskedBack | AnsweredBack))
    answered = [fact.accept_by for fact in since if isinstance(fact, AnsweredBack) and fact.at >= last.at]
    return Deal(
        agent=first.by or 0, to=last.to, at=first.at, accept_by=answered[-1] if answered else last.accept_by,
        text=first.text, note=first.note, recordings=first.recordings, told_of=_told_of(history, first),
        qualified=next((fact for fact in reversed(facts) if isinstance(fact, Qualified)), None), talk=talk,
        refused=tuple((fact.by, fact.because) for fact in since if isinstance(fact, HandoverRefused)),
    )  # fmt: skip


def _told_of(history: History, first: HandedOver) -> int | None:
    returned = {fact.message for fact in history.of(Undelivered) if isinstance(fact, Undelivered)}
    written = [
        fact.introduces for fact in history.of(Wrote)
        if isinstance(fact, Wrote) and fact.introduces and fact.at >= first.at and fact.message not in returned
    ]  # fmt: skip
    return written[-1] if written else first.to if first.told else None


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who accepted a handover, and the customer hasn't heard of; `key` names it, once per handover and person."""

    person: int
    key: str


def to_introduce(history: History) -> Introduction | None:
    """Whose name the customer still has to hear; None: nobody's. Tried once: what couldn't be told, a person tells."""
    s, deal = history.standing, deal_of(history)
    if deal is None or not s.is_open or s.taken_over_at is None or s.contract is not None:
        return None
    since: list[AnyFact] = [fact for fact in history.of(Accepted, Assigned) if fact.at >= s.taken_over_at]
    if not since or any(not isinstance(fact, Accepted) or fact.by != s.owner for fact in since):
        return None
    person = s.owner or 0
    tried = any(
        fact.at >= deal.at and person == (fact.introduces if isinstance(fact, Wrote) else fact.person)
        for fact in history.of(Wrote, NotIntroduced) if isinstance(fact, Wrote | NotIntroduced)
    )  # fmt: skip
    if tried or deal.told_of == person:
        return None
    return Introduction(person, f"introduce-{person}-{int(deal.at.timestamp())}")


def who_receives(origin: Origin, people: Sequence[Receiver], spoke_before: int | None) -> list[Receiver]:
    """Whom a lead can be handed to, the best first: lost-sale leads go to a sales manager, not to who spoke to
    them before [S1]; others to who has the customer, then salespeople, then managers."""
    lost_sale = origin == "lost_sale"
    first = "manager" if lost_sale else "salesperson"

    def rank(one: Receiver) -> tuple[bool, bool, str]:
        known = one.person == spoke_before
        return (not known if not lost_sale else known, one.role != first, one.name)

    able = [one for one in people if one.role in ("salesperson", "manager")]
    return sorted(able, key=rank)
