"""A telephone in a running house: `python -m tests.browser.phone DIR PERSON CUSTOMER WHAT`.

WHAT is `lines` (one up, one down), `away` (no line and no call any more), `past` (calls of the last days), `rings`
(a call to this customer, which rings at the person's phone), or something that the line hears of it: `picked_up`,
`accepted`, `connected`, `ended` …
"""

import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from leadbell.cli import with_database

ENDS = (
    "conversation",
    "no_answer",
    "busy",
    "voicemail",
    "missed",
    "refused",
    "nobody",
    "unreachable",
    "tested",
)
SOUNDS = (None, "kept", "missing", "deleted", "wanted")


def main(folder: Path, person: int, customer: str, what: str) -> None:
    with with_database(folder, "owner"):
        from django.db import transaction

        from leadbell.dealers.models import Person
        from leadbell.lead.facts import Assigned, AttemptEnded
        from leadbell.lead.journal import locked, record
        from leadbell.lead.models import Lead
        from leadbell.ring import calls, pressing
        from leadbell.ring.models import Call, PhoneLine, Recording
        from leadbell.ring.ports import Heard

        now = datetime.now(UTC)
        who = Person.objects.get(pk=person)
        lead = Lead.objects.filter(customer__full_name=customer).order_by("-pk").first()
        match what:
            case "lines":
                Person.objects.filter(pk=person).update(phone="+31611111117")
                dealer = {"dealer": who.organisation, "caller_id": "+31201234567", "created_at": now}
                # The house has no such switchboard: what isn't seen any more would be down after a moment.
                PhoneLine.objects.update_or_create(
                    dealer=who.organisation,
                    kind="sip",
                    defaults=dealer | {"seen_at": now + timedelta(hours=2)},
                )
                because = {"text": "the phone line doesn't answer"}
                down = {"place": 2, "down_since": now, "down_because": because}
                PhoneLine.objects.update_or_create(
                    dealer=who.organisation, kind="twilio", defaults=dealer | down
                )
            case "past":
                assert lead is not None
                for number in range(54):
                    end = ENDS[number % len(ENDS)]
                    at = now - timedelta(hours=1 + 3 * number)
                    kind = {"missed": "inbound", "tested": "test"}.get(
                        end, ("lead", "outbound", "inbound")[number % 3]
                    )
                    call = Call.objects.create(
                        id=uuid.uuid4(), dealer=who.organisation, lead=None if end == "tested" else lead, kind=kind,
                        line="sip", status="over", outcome=end, ring_s=20, asked_at=at, ended_at=at, people=[person],
                        person=None if end in ("missed", "nobody") else who,
                        attempt="" if end in ("missed", "tested", "nobody", "refused") else "attempt:1",
                        talk_ms=7000 * number if end in ("conversation", "voicemail") else None,
                        because={"text": "Somebody else was first."} if end == "refused" else None,
                    )  # fmt: skip
                    if (sound := SOUNDS[number % len(SOUNDS)]) and call.talk_ms:
                        Recording.objects.create(
                            call=call, dealer=who.organisation, status=sound, created_at=at
                        )
            case "rings":
                assert lead is not None
                # It is theirs: no bell rings for it beside this call.
                with transaction.atomic():
                    record(locked(lead.pk), Assigned(at=now, to=person))
                Call.objects.create(
                    id=uuid.uuid4(), dealer=lead.dealer, lead=lead, kind="outbound", line="sip", status="ringing",
                    ring_s=600, asked_at=now, placed_at=now, people=[person], person=who,
                )  # fmt: skip
            case "away":
                Call.objects.exclude(status="over").update(status="over", outcome="nobody", ended_at=now)
                PhoneLine.objects.all().delete()
                for talking in Lead.objects.filter(calling_by__isnull=False):
                    with transaction.atomic():
                        called = locked(talking.pk)
                        key, by = called.standing.calling or "", called.calling_by or 0
                        record(called, AttemptEnded(at=now, key=key, by=by, outcome="no_answer"))
            case _:
                call = (
                    Call.objects.filter(lead=lead, kind="outbound").exclude(status="over").latest("asked_at")
                )
                if what == "accepted":
                    assert not isinstance(pressing.accepted(call.pk.hex, person, now), pressing.Turned)
                else:
                    talk_ms = 42_000 if what == "ended" else None
                    calls.heard(Heard(call.pk.hex, what, now, person, talk_ms))  # type: ignore[arg-type]  # by name


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
