"""Lines and calls that screens show."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead
from leadbell.ring import calls, pressing
from leadbell.ring.models import Call, PhoneLine
from leadbell.ring.ports import Heard


def line_of(dealer: Organisation, kind: str = "asterisk", **about: Any) -> PhoneLine:
    """A line that the switchboard has just seen."""
    now = datetime.now(UTC)
    given: dict[str, Any] = {"caller_id": "+31201234567", "trunk": "trunk", "seen_at": now, "created_at": now}
    return PhoneLine.objects.create(dealer=dealer, kind=kind, **given | about)


def with_phone(person: Person, number: str = "+31611111117") -> Person:
    person.phone = number
    person.save()
    return person


def tell(call: Call, *said: tuple[str, Person | None], ago: timedelta = timedelta(), **about: Any) -> Call:
    """The line heard these things."""
    for what, person in said:
        at = datetime.now(UTC) - ago
        if what == "accepted":
            assert person is not None
            assert not isinstance(pressing.accepted(call.pk.hex, person.pk, at), pressing.Turned)
        else:
            calls.heard(Heard(call.pk.hex, what, at, person.pk if person else None, **about))  # type: ignore[arg-type]  # a step by name
    call.refresh_from_db()
    return call


def call_of(
    dealer: Organisation,
    lead: Lead | None,
    person: Person | None,
    ago: timedelta = timedelta(hours=1),
    **about: Any,
) -> Call:
    """A call that is over."""
    asked_at = datetime.now(UTC) - ago
    given: dict[str, Any] = {
        "kind": "lead", "line": "asterisk", "status": "over", "outcome": "conversation", "attempt": "attempt:1",
        "talk_ms": 62_000, "ended_at": asked_at, "people": [person.pk] if person else [],
    }  # fmt: skip
    return Call.objects.create(
        id=uuid.uuid4(),
        dealer=dealer,
        lead=lead,
        person=person,
        ring_s=20,
        asked_at=asked_at,
        **given | about,
    )
