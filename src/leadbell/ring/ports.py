"""The Telephone: what every line promises, and what it tells back."""

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Bell:
    """Ring these people for this lead until somebody accepts or `ring_s` seconds are over."""

    key: str
    dealer: int
    lead: int
    people: tuple[int, ...]
    ring_s: int


@dataclass(frozen=True, slots=True)
class Dial:
    """One attempt: connect this salesperson with the customer. `key` is never dialled twice."""

    key: str
    dealer: int
    lead: int
    person: int
    number: str


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


@dataclass(frozen=True, slots=True)
class Heard:
    """What a line tells about a call, once per thing that happened; the key says which call."""

    key: str
    what: Literal[
        "accepted", "declined", "ended", "connected", "no_answer", "busy", "voicemail", "unreachable"
    ]
    person: int | None = None


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

    def stop_ringing(self, bell: Bell) -> None: ...

    def dial(self, call: Dial) -> Ringing | LineDown: ...
