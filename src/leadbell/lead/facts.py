"""What happened to a lead: every fact there is, as frozen values."""

from datetime import datetime
from typing import Literal

import msgspec

from leadbell.words import Words

Origin = Literal["online", "call", "chat", "walk_in", "direct_mail", "lost_sale"]
#: `not_placed`: it never rang at the customer, since our line or its provider could not; nobody has tried to reach
#: them by it, so it is no attempt.
Outcome = Literal[
    "conversation", "voicemail", "no_answer", "busy", "wrong_number", "unreachable", "not_placed", "unknown"
]
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
#: What a qualification reached: goal one, goal two, or a dated reason [S1].
Goal = Literal["appointment", "quote", "later"]
#: What became of what was agreed, at the first contact with the salesperson [S1].
Went = Literal["kept", "moved", "dropped"]
#: How a reactive defensive response was answered: understood, not fought [S1].
RdrAnswer = Literal["understood", "gave_time", "argued"]
#: What a reviewed conversation was: a real chance, or what else [S0].
Verdict = Literal["opportunity", "voicemail", "wrong_number", "service", "other"]

DROP_REASONS = ("changed_mind", "not_agreed", "no_time", "bought_elsewhere", "price", "other")
LOST_REASONS = (
    "bought_elsewhere",
    "no_interest",
    "price",
    "no_car",
    "not_reachable",
    "not_a_customer",
    "no_answer_45_days",
    "withdrawn",
    "merged",
    "other",
)
#: What no person gives as a reason: the cadence is over; the importer who sent the lead gave it to another dealer;
#: its customer turned out to be known, and it went on in their open lead.
LOST_BY_ITSELF = ("no_answer_45_days", "withdrawn", "merged")


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened, once, at a moment (aware UTC)."""

    at: datetime


class Chosen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person of a ranking, with the reasons; `score` is None for who was left out."""

    person: int
    because: tuple[Words, ...] = ()
    score: float | None = None


# -- it arrives, rings, and becomes somebody's -----------------------------------------------------------------


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
    #: What brought the customer, as the sender calls it.
    campaign: str | None = None


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


# -- calls -----------------------------------------------------------------------------------------------------


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
    """How a call ended; told a second time it is what the call was, where its line took it for something else."""

    key: str
    by: int
    outcome: Outcome
    #: None where the line can't hear when the customer answered.
    connected_at: datetime | None = None
    talk_ms: int | None = None
    #: Who knew better than the line; `at` is when they said so.
    corrected_by: int | None = None

    @property
    def is_correction(self) -> bool:
        return self.corrected_by is not None


# -- what was agreed, and what was written ---------------------------------------------------------------------


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
    #: The stored message, where it was sent from here.
    message: int | None = None
    #: The colleague it tells the customer of: who receives them.
    introduces: int | None = None


class NotIntroduced(Fact, frozen=True, tag="not_introduced"):
    """The customer couldn't be told that this person receives them: why by no way there is."""

    person: int
    because: tuple[Words, ...] = ()


class Replied(Fact, frozen=True, tag="replied"):
    carrier: Literal["email", "sms", "chat", "call"]
    message: int | None = None


class Undelivered(Fact, frozen=True, tag="undelivered"):
    """A message didn't reach the customer: what `by` wrote still has to be said."""

    carrier: Literal["email", "sms"]
    message: int
    by: int | None = None
    because: Words | None = None
    #: Another e-mail address is left to write to.
    by_email: bool = True


# -- chats and videos ------------------------------------------------------------------------------------------


class ChatAnswered(Fact, frozen=True, tag="chat_answered"):
    """A person wrote the first answer in a chat, so many milliseconds after it began."""

    by: int
    waited_ms: int


class ChatUnanswered(Fact, frozen=True, tag="chat_unanswered"):
    """Nobody answered within the visitor's patience: from here on it is an online lead, the chat its message."""

    patience_s: int


class ChatEnded(Fact, frozen=True, tag="chat_ended"):
    """`how`: by the visitor, by a person, or nobody wrote any more. Lines are counted, never quoted."""

    how: Literal["visitor", "person", "quiet"]
    theirs: int = 0
    ours: int = 0
    #: Lines the system wrote by itself.
    automatic: int = 0


class VideoOpened(Fact, frozen=True, tag="video_opened"):
    """Whoever has the link of a video mail began to play it, for the first time. A robot's look is none."""

    video: str


class VideoWatched(Fact, frozen=True, tag="video_watched"):
    """A video mail was played to its end, for the first time."""

    video: str
    length_ms: int = 0


# -- appointments ----------------------------------------------------------------------------------------------


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


# -- between BDC and salesperson -------------------------------------------------------------------------------


class Answers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the customer answered to a script's questions; None was not said. Words of theirs stay out."""

    when: Literal["weeks", "months", "half_year", "later"] | None = None
    trade_in: bool | None = None
    test_drive: bool | None = None
    payment: Literal["cash", "finance", "lease"] | None = None
    budget: int | None = None
    decides_alone: bool | None = None
    still_looking: bool | None = None
    why_not_then: Literal["price", "car", "timing", "service", "other"] | None = None
    knew_the_mailing: bool | None = None


class Qualified(Fact, frozen=True, tag="qualified"):
    """A BDC agent has spoken with the customer: what was reached, and what they answered [S1]."""

    by: int
    goal: Goal
    answers: Answers = Answers()
    #: The script's name, so that answers can be read by it; its version at this dealer, 0: ours.
    script: str = ""
    version: int = 0
    #: What was answered to questions of the dealer's own; a choice in the dealer's words.
    own: dict[str, bool | int | str] = {}
    #: How the dealer words the questions that were answered, where it isn't ours.
    asked: dict[str, str] = {}
    note: str = ""


class HandedOver(Fact, frozen=True, tag="handed_over"):
    """A qualified lead is offered to one named person, who answers until `accept_by`; nobody's `by` is the clockwork's.

    `text` is what was agreed, `note` what the customer wants to know; recordings are the numbers of calls.
    """

    to: int
    accept_by: datetime
    goal: Goal
    by: int | None = None
    text: str = ""
    note: str = ""
    recordings: tuple[str, ...] = ()
    #: The agent told the customer who will receive them.
    told: bool = False
    because: Words | None = None


class AskedBack(Fact, frozen=True, tag="asked_back"):
    """Whoever should take a handover over wants to know something first."""

    by: int
    text: str


class AnsweredBack(Fact, frozen=True, tag="answered_back"):
    by: int
    text: str
    accept_by: datetime


class HandoverRefused(Fact, frozen=True, tag="handover_refused"):
    by: int
    because: Words
    note: str = ""


class FirstContact(Fact, frozen=True, tag="first_contact"):
    """What became of what the BDC had agreed, at the first contact with the salesperson [S1]."""

    by: int
    went: Went
    reason: str = ""
    #: A reactive defensive response: the customer's fright at the first contact.
    rdr: bool = False
    answered: RdrAnswer | None = None
    note: str = ""


# -- listening back --------------------------------------------------------------------------------------------


class ReviewWanted(Fact, frozen=True, tag="review_wanted"):
    """Somebody wants the conversation of this attempt listened to: no work on the lead, so it has no `by`."""

    key: str
    person: int
    why: Literal["complaint", "learning"]
    note: str = ""


class Reviewed(Fact, frozen=True, tag="reviewed"):
    """Somebody listened to the conversation of this attempt: no work on the lead, so it has no `by`.

    The newest of a reviewer corrects what they said before. A `second` opinion shows agreement, and is in no figure.
    """

    key: str
    reviewer: int
    verdict: Verdict
    #: The salesperson asked for an appointment; one was made. None: can't be heard.
    asked: bool | None = None
    made: bool | None = None
    second: bool = False


# -- the end, and what brings it back --------------------------------------------------------------------------


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


class SeenAgain(Fact, frozen=True, tag="seen_again"):
    """The customer of a lost lead is on the dealer's website: back into the funnel, and `told` hear of it [S4].

    The evidence are the numbers of the visit and of the join. What they looked at stays there, where they can
    erase it. `by`: a person took it from the list. `owner_left`: whose lead it was doesn't work here any more.
    """

    visit: int
    began_at: datetime
    was: Literal["lost", "quiet", "sold"]
    join: int | None = None
    #: Whole days since a human last worked on it: by which windows it was lost.
    days: int = 0
    told: tuple[int, ...] = ()
    because: tuple[Words, ...] = ()
    by: int | None = None
    owner_left: bool = False


class OptedOut(Fact, frozen=True, tag="opted_out"):
    """The customer doesn't want to be contacted any more."""

    by: int | None = None


# -- all of them, and how they are stored ----------------------------------------------------------------------


AnyFact = (
    Arrived | AskedAgain | Rang | PickedUp | Accepted | PassedOn | Assigned | Opened | Attempted | Answered | MissedCall
    | Connected | AttemptEnded | CallBackAgreed | NothingAgreed | Quoted | Wrote | Replied | Undelivered | Booked
    | Moved | Confirmed | Shown | NoShow | Cancelled | Noted | Sold | Lost | Reopened | OptedOut | SeenAgain
    | ChatAnswered
    | ChatUnanswered | ChatEnded | VideoOpened | VideoWatched
    | Qualified | HandedOver | AskedBack | AnsweredBack | HandoverRefused | FirstContact
    | ReviewWanted | Reviewed | NotIntroduced
)  # fmt: skip

#: While a lead rings or its call is under way nothing has to be decided for these: it is waited at least as long.
HEARD_MEANWHILE = (PickedUp, Connected)

_encode = msgspec.json.Encoder()
_decode: msgspec.json.Decoder[AnyFact] = msgspec.json.Decoder(AnyFact)


def encode_fact(fact: AnyFact) -> bytes:
    return _encode.encode(fact)


def decode_fact(stored: str | bytes) -> AnyFact:
    fact: AnyFact = _decode.decode(stored)
    return fact


def kind_of(fact: AnyFact) -> str:
    return str(fact.__struct_config__.tag)
