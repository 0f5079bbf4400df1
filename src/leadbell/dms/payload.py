"""What a webhook's body says: the event, the lead as it stood right after it, and its customer."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from leadbell.lead.facts import AnyFact
from leadbell.lead.standing import Standing

#: What an event says besides the lead, by the kind of fact: {name: attribute of the fact}.
_DETAILS: Mapping[str, Mapping[str, str]] = {
    "asked_again": {"channel": "channel", "source": "source"},
    "accepted": {"by": "by"},
    "assigned": {"by": "to"},
    "answered": {"by": "by"},
    "attempt_ended": {
        "by": "by", "outcome": "outcome", "connected_at": "connected_at", "talk_ms": "talk_ms",
        "corrected": "is_correction",
    },
    "qualified": {"by": "by", "goal": "goal", "answers": "answers"},
    "quoted": {"by": "by"},
    "booked": {"by": "by", "appointment": "appointment", "starts_at": "starts_at"},
    "moved": {"by": "by", "appointment": "appointment", "starts_at": "starts_at"},
    "confirmed": {"by": "by", "appointment": "appointment", "how": "how"},
    "cancelled": {"by": "by", "appointment": "appointment"},
    "shown": {"by": "by", "appointment": "appointment"},
    "no_show": {"by": "by", "appointment": "appointment"},
    "sold": {"by": "by"},
    "lost": {"by": "by", "reason": "reason"},
    "reopened": {"by": "by"},
    "seen_again": {"was": "was", "began_at": "began_at", "days": "days"},
    "opted_out": {"by": "by"},
}  # fmt: skip


def details(kind: str, fact: AnyFact, people: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """What this fact says; people are given by number."""
    said = {name: getattr(fact, where) for name, where in _DETAILS.get(kind, {}).items()}
    if "by" in said:
        said["by"] = people.get(said["by"]) if said["by"] is not None else None
    plain: dict[str, Any] = msgspec.to_builtins(said)
    return plain


def stands(standing: Standing, people: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Where the lead stands."""
    owner = standing.owner
    plain: dict[str, Any] = msgspec.to_builtins(
        {
            "state": standing.state,
            "owner": people.get(owner) if owner is not None else None,
            "attempts": standing.attempts,
            "appointment_at": standing.appointment_at,
            "closed_at": standing.closed_at,
            "lost_reason": standing.lost_reason,
        }
    )
    return plain


def body(event: str, at: datetime, data: Mapping[str, Any]) -> str:
    """JSON in one line, as it is signed and sent."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"type": event, "timestamp": moment, "data": data}).decode()
