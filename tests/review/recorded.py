"""A conversation with its recording, as a line and the journal leave them."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from leadbell.dealers.models import Person
from leadbell.lead.facts import Attempted, AttemptEnded
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Lead
from leadbell.ring.models import Call, Recording


def conversation(lead: Lead, person: Person, at: datetime, seconds: int = 180, **about: Any) -> Call:
    """Kept, with a waveform and no bytes in any store."""
    key = f"attempt:{locked(lead.pk).standing.attempts + 1}"
    record(locked(lead.pk), Attempted(at=at, by=person.pk, key=key, line="asterisk"), key=key)
    ended_at = at + timedelta(seconds=seconds)
    record(
        locked(lead.pk),
        AttemptEnded(
            at=ended_at,
            by=person.pk,
            key=key,
            outcome="conversation",
            connected_at=at,
            talk_ms=seconds * 1000,
        ),
    )
    call = Call.objects.create(
        id=uuid.uuid4(), dealer=lead.dealer, lead=lead, kind="lead", line="asterisk", status="over", ring_s=20,
        person=person, attempt=key, asked_at=at, connected_at=at, ended_at=ended_at, talk_ms=seconds * 1000,
        outcome="conversation",
    )  # fmt: skip
    kept = {
        "status": "kept", "length_ms": seconds * 1000, "bytes": 1000, "stored_as": f"2026/11/{call.pk.hex}.flac",
        "waveform": {"ms": seconds * 1000 / 4, "customer": [1, 50, 2, 60], "salesperson": [70, 3, 80, 4]},
    }  # fmt: skip
    Recording.objects.create(call=call, dealer=lead.dealer, created_at=ended_at, **(kept | about))
    return call


def copies(call: Call, number: int) -> list[Call]:
    """As many newer conversations of the same lead, one a second, each recorded."""
    recording = call.recording
    made = [
        Call(
            id=uuid.uuid4(), dealer=call.dealer, lead=call.lead, kind=call.kind, line=call.line, status=call.status,
            ring_s=call.ring_s, person=call.person, attempt=f"copy:{nth}",
            asked_at=call.asked_at + timedelta(seconds=nth), talk_ms=call.talk_ms, outcome=call.outcome,
        )
        for nth in range(1, number + 1)
    ]  # fmt: skip
    Call.objects.bulk_create(made)
    Recording.objects.bulk_create(
        Recording(
            call=one, dealer=one.dealer, created_at=one.asked_at, status=recording.status,
            length_ms=recording.length_ms, bytes=recording.bytes, stored_as=f"2026/11/{one.pk.hex}.flac",
        )
        for one in made
    )  # fmt: skip
    return made
