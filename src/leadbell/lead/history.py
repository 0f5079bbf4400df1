"""What happened to a lead, as frozen values; where it stands is folded from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, reduce
from typing import Literal

import msgspec
from msgspec.structs import replace

from leadbell.words import Words

Origin = Literal["online", "call", "chat", "walk_in", "direct_mail", "lost_sale"]
Outcome = Literal["conversation", "voicemail", "no_answer", "busy", "wrong_number", "unreachable", "unknown"]
RingKind = Literal["best", "all", "manager", "owner"]
State = Literal[
    "received",
    "ringing",
    "accepted",
    "attempted",
    "conversation",
    "quote",
    "appointment",
    "confirmed",
    "shown",
    "sold",
    "lost",
]
HowConfirmed = Literal["phone", "email", "video"]

LOST_REASONS = (
    "bought_elsewhere",
    "no_interest",
    "price",
    "no_car",
    "not_reachable",
    "not_a_customer",
    "no_answer_45_days",
    "other",
)


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened, once, at a moment (aware UTC)."""

    at: datetime


class Chosen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person of a ranking, with the reasons; `score` is None for who was left out."""

    person: int
    because: tuple[Words, ...] = ()
    score: float | None = None


class Arrived(Fact, frozen=True, tag="arrived"):
    """The first inquiry. Names, numbers and messages stay out of the journal: they are in the inquiry."""

    origin: Origin
    channel: str
    source: str
    envelope: str
    by_phone: bool
    by_email: bool
    brand: str | None = None
    condition: Literal["new", "used"] | None = None
    language: str | None = None
    #: The salesperson who had this customer before.
    known_to: int | None = None
    because: Words | None = None


class AskedAgain(Fact, frozen=True, tag="asked_again"):
    """The same customer asked again while this lead was open."""

    channel: str
    source: str
    envelope: str
    by_phone: bool = False
    by_email: bool = False
    because: Words | None = None


class Rang(Fact, frozen=True, tag="rang"):
    """A ring: these people's desks or phones ring until somebody accepts or `ring_s` seconds are over."""

    people: tuple[int, ...]
    how: RingKind
    ring_s: int
    because: tuple[Words, ...] = ()
    ranked: tuple[Chosen, ...] = ()
    excluded: tuple[Chosen, ...] = ()


class Accepted(Fact, frozen=True, tag="accepted"):
    by: int


class PassedOn(Fact, frozen=True, tag="passed_on"):
    """By the person's own choice, or `because` their phone was busy or silent."""

    by: int
    because: Words | None = None


class PickedUp(Fact, frozen=True, tag="picked_up"):
    """A salesperson's phone was answered; a voicemail does that too, so the lead is still nobody's."""

    by: int


class Assigned(Fact, frozen=True, tag="assigned"):
    """Given to a person without a ring: by a manager, or by a rule (`by` is None)."""

    to: int
    by: int | None = None
    because: Words | None = None


class Opened(Fact, frozen=True, tag="opened"):
    """Looked at on screen before the first attempt; over-preparation is measured from it [S3]."""

    by: int


class Attempted(Fact, frozen=True, tag="attempted"):
    """A person starts to call. `key` names the attempt for ever: none is made twice."""

    by: int
    key: str
    line: str = "desk"


class Answered(Fact, frozen=True, tag="answered"):
    """The customer called, and this person took the call."""

    by: int
    key: str
    line: str


class MissedCall(Fact, frozen=True, tag="missed_call"):
    """The customer called and nobody took it: they are called back at once."""

    line: str


class Connected(Fact, frozen=True, tag="connected"):
    """Customer and salesperson hear each other: heard by the line, or tapped."""

    by: int
    key: str


class AttemptEnded(Fact, frozen=True, tag="attempt_ended"):
    key: str
    by: int
    outcome: Outcome
    #: None where the line can't hear when the customer answered.
    connected_at: datetime | None = None
    talk_ms: int | None = None


class CallBackAgreed(Fact, frozen=True, tag="call_back"):
    by: int
    due_at: datetime
    note: str = ""


class Quoted(Fact, frozen=True, tag="quoted"):
    by: int


class NothingAgreed(Fact, frozen=True, tag="nothing_agreed"):
    """After a conversation: nothing to note, the cadence goes on."""

    by: int


class Wrote(Fact, frozen=True, tag="wrote"):
    """A message to the customer. Without a person it is automation, and never counts as work [S4]."""

    carrier: Literal["email", "sms", "video", "chat"]
    by: int | None = None


class Replied(Fact, frozen=True, tag="replied"):
    carrier: Literal["email", "sms", "chat", "call"]


class Booked(Fact, frozen=True, tag="booked"):
    appointment: int
    by: int
    starts_at: datetime
    what: str = ""


class Moved(Fact, frozen=True, tag="moved"):
    appointment: int
    by: int
    starts_at: datetime


class Confirmed(Fact, frozen=True, tag="confirmed"):
    """Confirmed personally by the salesperson [S1]."""

    appointment: int
    by: int
    how: HowConfirmed = "phone"


class Shown(Fact, frozen=True, tag="shown"):
    appointment: int
    by: int


class NoShow(Fact, frozen=True, tag="no_show"):
    appointment: int
    by: int


class Cancelled(Fact, frozen=True, tag="cancelled"):
    appointment: int
    by: int


class Noted(Fact, frozen=True, tag="noted"):
    by: int
    text: str


class Sold(Fact, frozen=True, tag="sold"):
    by: int


class Lost(Fact, frozen=True, tag="lost"):
    """Given up: by a person, or by the clockwork after day 45 (`by` is None)."""

    reason: str
    by: int | None = None
    note: str = ""


class Reopened(Fact, frozen=True, tag="reopened"):
    by: int | None = None
    because: Words | None = None


class OptedOut(Fact, frozen=True, tag="opted_out"):
    """The customer doesn't want to be contacted any more."""

    by: int | None = None


AnyFact = (
    Arrived | AskedAgain | Rang | PickedUp | Accepted | PassedOn | Assigned | Opened | Attempted | Answered | MissedCall
    | Connected | AttemptEnded | CallBackAgreed | NothingAgreed | Quoted | Wrote | Replied | Booked | Moved | Confirmed
    | Shown | NoShow | Cancelled | Noted | Sold | Lost | Reopened | OptedOut
)  # fmt: skip


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a lead stands: everything decisions and screens ask about its history."""

    state: State = "received"
    origin: Origin = "online"
    by_phone: bool = False
    by_email: bool = False
    brand: str | None = None
    condition: Literal["new", "used"] | None = None
    language: str | None = None
    known_to: int | None = None
    received_at: datetime | None = None
    #: The newest sign of interest: arrival, another inquiry, a reply. The 45 days run from here.
    asked_at: datetime | None = None
    owner: int | None = None
    #: Since when the owner has it.
    owned_at: datetime | None = None
    hands: tuple[int, ...] = ()
    # the bell
    ringing: tuple[int, ...] = ()
    ring_how: RingKind | None = None
    ring_until: datetime | None = None
    #: Rounds rung and people rung since the lead last had to ring.
    rounds: tuple[RingKind, ...] = ()
    rung: tuple[int, ...] = ()
    ring_count: int = 0
    accepted_at: datetime | None = None
    # the calls
    calling: str | None = None
    calling_by: int | None = None
    calling_since: datetime | None = None
    #: Since when customer and salesperson hear each other.
    connected_at: datetime | None = None
    attempts: int = 0
    #: Attempts since the customer was last reached or asked again: the ladder of three [S3].
    tries: int = 0
    first_attempt_at: datetime | None = None
    last_attempt_at: datetime | None = None
    last_outcome: Outcome | None = None
    reached_at: datetime | None = None
    first_attempt_reached: bool = False
    number_is_wrong: bool = False
    # what was agreed
    call_back_at: datetime | None = None
    quoted_at: datetime | None = None
    #: Somebody said that nothing was agreed in the last conversation.
    settled_at: datetime | None = None
    appointment: int | None = None
    appointment_at: datetime | None = None
    confirmed_at: datetime | None = None
    shown_at: datetime | None = None
    no_shows: int = 0
    #: Last thing a person did towards the customer; automation doesn't move it [S4].
    worked_at: datetime | None = None
    wrote_at: datetime | None = None
    touches: int = 0
    automated: int = 0
    # the end
    closed_at: datetime | None = None
    lost_reason: str | None = None
    opted_out: bool = False

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


def _hands(standing: Standing, person: int) -> tuple[int, ...]:
    return standing.hands if person in standing.hands else (*standing.hands, person)


#: Somebody who has picked up may listen and think for so long before the next person is rung.
THINKING_S = 25
_QUIET = {"ringing": (), "ring_how": None, "ring_until": None}


def after(standing: Standing, fact: AnyFact) -> Standing:
    """Where the lead stands once this fact has happened."""
    match fact:
        case Arrived():
            return replace(
                standing, state="received", origin=fact.origin, by_phone=fact.by_phone, by_email=fact.by_email,
                brand=fact.brand, condition=fact.condition, language=fact.language, known_to=fact.known_to,
                received_at=fact.at, asked_at=fact.at,
            )  # fmt: skip
        case AskedAgain():
            again = {} if standing.owner is None else {"rounds": (), "rung": ()}
            return replace(
                standing, **again, asked_at=fact.at, tries=0, call_back_at=None,
                by_phone=standing.by_phone or fact.by_phone, by_email=standing.by_email or fact.by_email,
                number_is_wrong=standing.number_is_wrong and not fact.by_phone,
            )  # fmt: skip
        case Rang():
            return replace(
                standing, state="ringing" if standing.owner is None and fact.people else standing.state,
                ringing=fact.people, ring_how=fact.how, ring_until=_plus(fact.at, fact.ring_s),
                rounds=(*standing.rounds, fact.how), rung=tuple(dict.fromkeys((*standing.rung, *fact.people))),
                ring_count=standing.ring_count + 1,
            )  # fmt: skip
        case PickedUp():
            if standing.ring_until is None or fact.by not in standing.ringing:
                return standing
            return replace(standing, ring_until=max(standing.ring_until, _plus(fact.at, THINKING_S)))
        case PassedOn():
            left = tuple(p for p in standing.ringing if p != fact.by)
            return replace(standing, ringing=left) if left else replace(standing, **_QUIET)
        case Accepted():
            return replace(
                standing, **_QUIET, state=_at_least(standing.state, "accepted"), owner=fact.by, owned_at=fact.at,
                rounds=(), rung=(), accepted_at=standing.accepted_at or fact.at, hands=_hands(standing, fact.by),
            )  # fmt: skip
        case Assigned():
            return replace(
                standing, **_QUIET, state=_at_least(standing.state, "accepted"), owner=fact.to, owned_at=fact.at,
                rounds=(), rung=(), hands=_hands(standing, fact.to),
            )  # fmt: skip
        case Attempted():
            return replace(
                standing, **_QUIET, state=_at_least(standing.state, "attempted"), calling=fact.key,
                calling_by=fact.by, calling_since=fact.at, connected_at=None,
                attempts=standing.attempts + 1, tries=standing.tries + 1, touches=standing.touches + 1,
                first_attempt_at=standing.first_attempt_at or fact.at, last_attempt_at=fact.at, worked_at=fact.at,
                owner=standing.owner or fact.by, owned_at=standing.owned_at or fact.at,
                hands=_hands(standing, fact.by), call_back_at=None,
            )  # fmt: skip
        case Answered():
            return replace(
                standing, **_QUIET, state=_at_least(standing.state, "attempted"), calling=fact.key,
                calling_by=fact.by, calling_since=fact.at, connected_at=None, touches=standing.touches + 1,
                first_attempt_at=standing.first_attempt_at or fact.at, worked_at=fact.at,
                owner=standing.owner or fact.by, owned_at=standing.owned_at or fact.at,
                accepted_at=standing.accepted_at or fact.at, hands=_hands(standing, fact.by), call_back_at=None,
            )  # fmt: skip
        case MissedCall():
            return replace(
                standing, **_QUIET, asked_at=fact.at, rounds=(), rung=(), tries=0, call_back_at=None
            )
        case Connected():
            return standing if standing.calling != fact.key else replace(standing, connected_at=fact.at)
        case AttemptEnded():
            return _attempt_ended(standing, fact)
        case CallBackAgreed():
            return replace(standing, call_back_at=fact.due_at, worked_at=fact.at)
        case NothingAgreed():
            return replace(standing, settled_at=fact.at)
        case Quoted():
            return replace(
                standing, state=_at_least(standing.state, "quote"), quoted_at=fact.at, worked_at=fact.at
            )
        case Wrote():
            if fact.by is None:
                return replace(standing, automated=standing.automated + 1)
            return replace(
                standing, wrote_at=fact.at, worked_at=fact.at, touches=standing.touches + 1,
                hands=_hands(standing, fact.by),
            )  # fmt: skip
        case Replied():
            return replace(standing, asked_at=fact.at, tries=0)
        case Booked():
            return replace(
                standing, state="appointment", appointment=fact.appointment, appointment_at=fact.starts_at,
                confirmed_at=None, shown_at=None, call_back_at=None, worked_at=fact.at,
            )  # fmt: skip
        case Moved():
            return replace(
                standing, state="appointment", appointment=fact.appointment, appointment_at=fact.starts_at,
                confirmed_at=None, worked_at=fact.at,
            )  # fmt: skip
        case Confirmed():
            return replace(standing, state="confirmed", confirmed_at=fact.at, worked_at=fact.at)
        case Shown():
            return replace(standing, state="shown", shown_at=fact.at)
        case NoShow():
            return replace(
                standing, state="conversation", appointment=None, appointment_at=None, confirmed_at=None, tries=0,
                asked_at=fact.at, no_shows=standing.no_shows + 1,
            )  # fmt: skip
        case Cancelled():
            return replace(
                standing, state="conversation", appointment=None, appointment_at=None, confirmed_at=None, tries=0,
            )  # fmt: skip
        case Sold():
            return replace(standing, **_QUIET, state="sold", closed_at=fact.at, calling=None)
        case Lost():
            return replace(
                standing, **_QUIET, state="lost", closed_at=fact.at, lost_reason=fact.reason, calling=None
            )
        case Reopened():
            return replace(
                standing, state="accepted" if standing.owner else "received", closed_at=None, lost_reason=None,
                asked_at=fact.at, tries=0, rounds=(), rung=(), call_back_at=None,
                appointment=None, appointment_at=None, confirmed_at=None, shown_at=None,
            )  # fmt: skip
        case OptedOut():
            return replace(standing, opted_out=True)
        case Opened() | Noted():
            return standing


def _attempt_ended(standing: Standing, fact: AttemptEnded) -> Standing:
    reached = fact.outcome == "conversation"
    first = reached and standing.reached_at is None
    return replace(
        standing, calling=None, calling_by=None, calling_since=None, connected_at=None, last_outcome=fact.outcome,
        state=_at_least(standing.state, "conversation") if reached else standing.state,
        reached_at=(fact.connected_at or fact.at) if first else standing.reached_at,
        first_attempt_reached=standing.first_attempt_reached or (first and standing.attempts == 1),
        tries=0 if reached else standing.tries,
        number_is_wrong=fact.outcome == "wrong_number" or (standing.number_is_wrong and not reached),
        worked_at=fact.at,
    )  # fmt: skip


_WAY: tuple[State, ...] = (
    "received", "ringing", "accepted", "attempted", "conversation", "quote", "appointment", "confirmed", "shown",
)  # fmt: skip


def _at_least(state: State, reached: State) -> State:
    if state not in _WAY:
        return state
    return max(state, reached, key=_WAY.index)


def _plus(at: datetime, seconds: int) -> datetime:
    return at + timedelta(seconds=seconds)


@dataclass(frozen=True)
class History:
    """All facts of one lead, oldest first."""

    facts: tuple[AnyFact, ...]

    @cached_property
    def standing(self) -> Standing:
        return reduce(after, self.facts, Standing())

    def of(self, *kinds: type[Fact]) -> tuple[AnyFact, ...]:
        return tuple(f for f in self.facts if isinstance(f, kinds))


_encode = msgspec.json.Encoder()
_decode_fact: msgspec.json.Decoder[AnyFact] = msgspec.json.Decoder(AnyFact)
_decode_standing = msgspec.json.Decoder(Standing)


def encode(value: AnyFact | Standing) -> bytes:
    return _encode.encode(value)


def decode_fact(stored: str | bytes) -> AnyFact:
    fact: AnyFact = _decode_fact.decode(stored)
    return fact


def decode_standing(stored: str | bytes) -> Standing:
    return _decode_standing.decode(stored)


def kind_of(fact: AnyFact) -> str:
    return str(fact.__struct_config__.tag)


def folded(facts: Iterable[AnyFact]) -> Standing:
    return reduce(after, facts, Standing())
