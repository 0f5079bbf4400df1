"""A call with its recording in a running house: `python -m tests.browser.call DIR CUSTOMER PERSON SECONDS RECORDED_S`.

What is recorded is the end of the conversation: the beginning is missing.
"""

import sys
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from leadbell.cli import with_database
from tests.fakes.sounds import in_turns, left_at


def main(folder: Path, customer: str, person: int, seconds: int, recorded_s: int) -> None:
    with with_database(folder, "owner"):
        from leadbell.lead.models import Lead
        from leadbell.ring.models import Call, Recording
        from leadbell.ring.recordings.saving import save

        now = datetime.now(UTC)
        lead = Lead.objects.get(customer__full_name=customer)
        connected_at = now - timedelta(seconds=seconds + 5)
        ended_at = connected_at + timedelta(seconds=seconds)
        call = Call.objects.create(
            id=uuid.uuid4(), dealer=lead.dealer, lead=lead, kind="lead", line="asterisk", status="over", ring_s=20,
            person_id=person, asked_at=connected_at - timedelta(seconds=9), connected_at=connected_at,
            ended_at=ended_at, talk_ms=seconds * 1000, outcome="conversation", attempt="attempt:1",
        )  # fmt: skip
        Recording.objects.create(call=call, dealer=lead.dealer, created_at=ended_at)
        with tempfile.TemporaryDirectory() as where:
            raw = left_at(Path(where) / "call.raw", in_turns(recorded_s), ended_at)
            save(call.id.hex, raw, call.talk_ms, connected_at, now)
    print(lead.pk, call.id)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
