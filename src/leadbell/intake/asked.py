"""What a customer asked, time after time: the inquiries behind a lead."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from leadbell.intake.inquiry import Inquiry, from_json
from leadbell.intake.models import Inquiry as Row
from leadbell.words import Words, say

MOST = 20

_BECAME = {
    Row.Outcome.OPENED: say("became this lead"),
    Row.Outcome.JOINED: say("asked again, while this lead was open"),
    Row.Outcome.DUPLICATE: say("the same delivery again"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One inquiry as it was understood, and what became of it."""

    number: int
    received_at: datetime
    source: str
    envelope: UUID
    became: Words
    because: dict[str, Any] | None
    understood: Inquiry


def asked_for(lead: int) -> list[Asked]:
    """The inquiries of this lead, newest first."""
    rows = Row.objects.filter(lead=lead).select_related("source").order_by("-pk")[:MOST]
    return [
        Asked(
            row.pk, row.received_at, row.source.name, row.envelope_id, _BECAME[Row.Outcome(row.outcome)],
            row.because, from_json(row.understood),
        )
        for row in rows
    ]  # fmt: skip
