"""The Telephone: what every line promises, and what it tells back."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a voice says, in a language (`nl`, `en`, `ru` …).

    `sentences`: the same text in the pieces that may be spoken one by one; most say the same in every call.
    """

    text: str
    language: str
    sentences: tuple[str, ...] = ()


#: A phone in a person's browser is an extension of this name and the person's number; no other phone may be.
BROWSER = "browser-"
#: The way out where a line names none.
TRUNK = "trunk"

#: What is said depends on the moment it is said: "sent 8 seconds ago".
Spoken = Callable[[datetime], Prompt]


@dataclass(frozen=True, slots=True)
class Phone:
    """Where one salesperson is rung: an E.164 number, or `sip:NAME`, an extension of the dealer's own exchange.

    `after_s`: it begins to ring so many seconds later than the bell.
    """

    person: int
    number: str
    whisper: Spoken
    after_s: float = 0


@dataclass(frozen=True, slots=True)
class Bell:
    """Ring these people for this lead until somebody accepts or `ring_s` seconds are over.

    `key` names the call on every line for ever. `trunk` is the provider's way out, `caller_id` the dealer's
    number. `waiting` is the leg of a customer who called us and waits. `accept_s`: how long somebody who has
    picked up may think; a voicemail never presses 1.
    """

    key: str
    dealer: int
    lead: int
    people: tuple[int, ...]
    ring_s: int
    phones: tuple[Phone, ...] = ()
    caller_id: str = ""
    trunk: str = ""
    waiting: str = ""
    accept_s: int = 25


@dataclass(frozen=True, slots=True)
class Dial:
    """One attempt: connect this salesperson with the customer. `key` is never dialled twice.

    On a line that hears the call, `key` is the bell's and the salesperson is on the line already.
    `announce` is said to both when they are connected; `told` to the salesperson alone when a voicemail answers
    (`voicemail`) or nobody does (`no_answer`, `busy`, `unreachable`). `keypad` is asked after a conversation: the
    salesperson says with a key what was agreed.
    """

    key: str
    dealer: int
    lead: int
    person: int
    number: str
    caller_id: str = ""
    trunk: str = ""
    ring_s: int = 45
    record: bool = False
    announce: Prompt | None = None
    told: Mapping[str, Prompt] = field(default_factory=dict)
    keypad: Prompt | None = None


@dataclass(frozen=True, slots=True)
class Ringing:
    """The line rings. `dial_by_hand` is a `tel:` address where the person's own phone makes the call."""

    key: str
    dial_by_hand: str | None = None


@dataclass(frozen=True, slots=True)
class LineDown:
    """The line can't do it now, and says why; the desk takes over."""

    key: str
    because: str


What = Literal[
    # one salesperson's phone
    "rings", "picked_up", "accepted", "declined", "phone_busy", "phone_silent", "phone_unreachable",
    # the round
    "nobody", "line_down",
    # the customer's end
    "dialled", "customer_rings", "connected", "voicemail", "no_answer", "busy", "unreachable", "not_placed", "ended",
    "lost_track",
    # the customer called us, a customer who waited has gone
    "arrived", "gone",
    # what was agreed, by key; after `ended`
    "keyed",
]  # fmt: skip

#: After one of these nothing more is heard of the call, but for `keyed`. `voicemail` is followed by `ended`.
LAST_WORDS: frozenset[What] = frozenset(
    {"nobody", "line_down", "no_answer", "busy", "unreachable", "not_placed", "ended", "lost_track", "gone"}
)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a line tells about a call, once per thing that happened; the key says which call.

    `ended` carries the talk time in milliseconds, from connection to hanging up, by the line's own clock; a call
    whose customer was dialled but never answered ends with `no_answer`, `busy` or `unreachable` instead.
    `lost_track`: the line can't say any more how it ended. `arrived`: `called` and `caller` are the numbers as
    the provider writes them, `caller` empty where it is withheld; `addressed` may be the called one instead;
    `leg` waits.
    """

    key: str
    what: What
    at: datetime
    person: int | None = None
    talk_ms: int | None = None
    because: str = ""
    called: str = ""
    caller: str = ""
    leg: str = ""
    digit: str = ""
    addressed: str = ""


Hear = Callable[[Heard], None]


class Telephone(Protocol):
    """A line. Each method returns at once, may be repeated with the same key without a second effect,
    and never raises for what a network can do: it answers LineDown."""

    @property
    def name(self) -> str: ...

    @property
    def hears_the_call(self) -> bool:
        """Whether the line itself learns when a call is answered and ends."""
        ...

    def ring(self, bell: Bell) -> Ringing | LineDown: ...

    def stop_ringing(self, bell: Bell, tell: Prompt | None = None) -> None:
        """Nobody may accept any more. `tell` is said first to who has pressed, or to the customer who waits."""
        ...

    def dial(self, call: Dial) -> Ringing | LineDown: ...

    def hang_up(self, key: str) -> None:
        """End this call on every leg, as when its salesperson puts down the phone; its last word is heard."""
        ...


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A call that had not ended when the switchboard last knew of it."""

    key: str
    people: tuple[int, ...]
    person: int | None = None
    dialled: bool = False
    connected_at: datetime | None = None
    #: The leg of the customer, where it arrived from outside.
    leg: str = ""


# -- below the Telephone: what an exchange asks of a provider, leg by leg ---------------------------------------


@dataclass(frozen=True, slots=True)
class Leg:
    """One end of a call that is to be made. `leg` is our name for it at the provider, unique for ever.

    `number` as in Phone or Dial; `detect` asks for answering-machine detection, unheard by who answers.
    """

    leg: str
    key: str
    number: str
    caller_id: str
    trunk: str
    ring_s: int
    detect: bool = False


LegWhat = Literal["rings", "answered", "digit", "spoken", "person", "machine", "over", "arrived"]
#: `failed`: our side or the provider could not place the call, whoever was to be rung; `lost`: nobody knows.
How = Literal["hung_up", "busy", "no_answer", "rejected", "unreachable", "failed", "lost"]


@dataclass(frozen=True, slots=True)
class LegHeard:
    """What happened on a leg. `spoken`: the last `say` has been said to its end. `how` goes with `over`.

    `arrived`: a customer calls us; the leg rings for them and waits.
    """

    leg: str
    what: LegWhat
    at: datetime
    digit: str = ""
    how: How = "hung_up"
    called: str = ""
    caller: str = ""
    because: str = ""
    addressed: str = ""


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """A leg the provider still has: whether it was answered, and whether it is joined with another."""

    leg: str
    answered: bool
    joined: bool


class Down(Protocol):
    """Told why a line is away, in words for an engineer, and for how long it had been silent when that was noticed."""

    def __call__(self, because: str, silent_s: float = 0) -> None: ...


@dataclass(slots=True)
class Ears:
    """Whom an engine tells: what happened on a leg, and that it went down or came back.

    Coming back is told after the engine can be asked for its `live` legs again. All are called on its loop.
    """

    heard: Callable[[LegHeard], None]
    down: Down
    up: Callable[[], None] = field(default=lambda: None)


class LegFailed(Exception):
    """The provider refused, or did not answer in time."""

    #: What a leg has come to by it that was to be called.
    how: How = "failed"


class Unsure(LegFailed):
    """No answer, or none that says anything: it may have been done nevertheless."""

    how: How = "lost"


class Engine(Protocol):
    """A provider of legs. Its methods raise LegFailed, and nothing else, for what a network can do.

    Asking for a leg's end, silence or joining that has gone already is harmless.
    """

    @property
    def name(self) -> str: ...

    @property
    def is_up(self) -> bool: ...

    async def open(self, ears: Ears) -> None:
        """Connect, and keep connecting until `close`; returns when the first try is over."""
        ...

    async def close(self) -> None: ...

    async def call(self, leg: Leg) -> None:
        """Let a phone ring. What becomes of it is heard; a second call with the same name is refused or ignored."""
        ...

    async def say(self, leg: str, prompt: Prompt) -> None:
        """Say it on this leg alone, instead of what is being said; answers an arrived leg first."""
        ...

    async def hush(self, leg: str) -> None:
        """End what is being said: this leg waits for the other side, and hears silence or that it rings there."""
        ...

    async def join(
        self, key: str, salesperson: str, customer: str, record: bool, announce: Prompt | None
    ) -> None:
        """Connect two answered legs (an arrived one is answered), recorded from here on if so asked.

        The recording is stereo, left the customer, right the salesperson, and is found under `key`.
        """
        ...

    async def hang_up(self, leg: str) -> None: ...

    async def live(self) -> Sequence[LiveLeg]:
        """Every leg of ours the provider still has."""
        ...

    async def trunks_away(self) -> Collection[str]:
        """The names of the trunks over which nobody can be reached now, while the line itself is up."""
        ...

    async def recorded(self, key: str) -> Path | None:
        """The finished recording, ours to move away: `.raw` (16-bit little-endian, 8 kHz, stereo) or `.wav`."""
        ...
