"""Where a lead stands: what decisions and screens ask about its history, and how it is kept on the lead's row."""

from datetime import datetime
from typing import Literal

import msgspec

from leadbell.lead.facts import Goal, Origin, Outcome, RingKind, State


class Contract(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A handover that waits for its answer."""

    by: int
    to: int
    at: datetime
    accept_by: datetime
    goal: Goal
    #: Everybody it was offered to, this one last.
    offered: tuple[int, ...]
    #: Since when a question waits for the agent's answer.
    asked_at: datetime | None = None


class LineSaid(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the newest call ended as its line heard it, and where the lead stood before: a person may know better."""

    key: str
    by: int
    at: datetime
    outcome: Outcome
    connected_at: datetime | None = None
    state: State
    tries: int = 0
    reached_at: datetime | None = None
    first_attempt_reached: bool = False
    number_is_wrong: bool = False


class BeforeCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a lead stood when the call began that is under way: a call that could not be placed changes nothing."""

    state: State
    tries: int = 0
    first_attempt_at: datetime | None = None
    last_attempt_at: datetime | None = None
    worked_at: datetime | None = None
    call_back_at: datetime | None = None


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
    #: When they were last seen on the website after they had been lost.
    seen_at: datetime | None = None
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
    before_call: BeforeCall | None = None
    #: Since when customer and salesperson hear each other.
    connected_at: datetime | None = None
    #: The customer is called over a line, which hears how it ends.
    by_line: bool = False
    #: Until the lead goes on from there.
    line_said: LineSaid | None = None
    #: Who answered in the chat that is under way.
    chatting: int | None = None
    attempts: int = 0
    #: Calls that never rang at the customer, since the line could not place them.
    not_placed: int = 0
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
    #: Since when a missed appointment has to be made good: until another one is agreed, or anything else.
    missed_at: datetime | None = None
    # between BDC and salesperson
    qualified_by: int | None = None
    qualified_at: datetime | None = None
    #: A handover that waits for its answer.
    contract: Contract | None = None
    #: Since when somebody has accepted what the BDC had agreed; what became of it isn't told yet.
    taken_over_at: datetime | None = None
    dropped_at: datetime | None = None
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
    def next_attempt(self) -> str:
        """The key of the call that is begun next."""
        return f"attempt:{self.attempts + self.not_placed + 1}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def interested_at(self) -> datetime | None:
        """The newest sign of interest, the customer's own words or their visit: follow-up counts its days from it."""
        return max((at for at in (self.asked_at, self.seen_at) if at), default=None)


_encode = msgspec.json.Encoder()
_decode = msgspec.json.Decoder(Standing)


def encode_standing(standing: Standing) -> bytes:
    return _encode.encode(standing)


def decode_standing(stored: str | bytes) -> Standing:
    return _decode.decode(stored)
