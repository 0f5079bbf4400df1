"""What can come next for a lead."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from leadbell.lead.facts import RingKind
from leadbell.words import Words

Task = Literal[
    "call", "write", "confirm", "remind", "shown", "result", "outcome", "accept", "answer", "first_contact"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring somebody now; routing says who that is."""

    how: RingKind
    ring_s: int
    because: Words


@dataclass(frozen=True, slots=True)
class Ask:
    """A person has something to do, due at a moment; decided afresh at `again_at` at the latest."""

    task: Task
    person: int
    due_at: datetime
    because: Words
    again_at: datetime | None = None
    #: The day of the cadence, where it is one: only these are planned by day (`followup.dayplan`).
    touch: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do for anybody until then."""

    until: datetime
    because: Words
    #: The day of the cadence that today's plan has no room for.
    touch: int | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Follow-up is over: the lead is lost, with this reason."""

    reason: str
    because: Words


@dataclass(frozen=True, slots=True)
class HandOn:
    """A handover wasn't accepted: it goes to the next person or to the manager; routing says who that is."""

    because: Words


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing comes next by itself."""

    because: Words


Decision = Ring | Ask | Wait | GiveUp | HandOn | Rest
