"""An hour-long conversation with its transcript: `python -m benchmarks.hour DIR` prints its call.

Needs a folder that `benchmarks.dealers` has filled.
"""

import json
import sys
import tempfile
import uuid
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from leadbell.cli import with_database

HOUR_S, SENTENCES, RATE = 3600, 900, 8_000


def main(folder: Path) -> None:
    with redirect_stdout(sys.stderr), with_database(folder, "owner"):  # the log goes where it is not read
        from django.db import transaction

        from leadbell.dealers.models import Organisation, Person
        from leadbell.lead.facts import Arrived, Attempted, AttemptEnded
        from leadbell.lead.journal import locked, record
        from leadbell.lead.models import Customer, Lead
        from leadbell.review.models import Sentence, Transcript
        from leadbell.ring.models import Call, Recording
        from leadbell.ring.recordings.saving import save

        now = datetime.now(UTC)
        dealer = Organisation.objects.filter(kind="dealer").order_by("pk")[0]
        person = Person.objects.filter(organisation=dealer, role="salesperson").order_by("pk")[0]
        ended_at = now - timedelta(minutes=5)
        at = ended_at - timedelta(seconds=HOUR_S)
        customer = Customer.objects.create(
            dealer=dealer, full_name="Mrs Hour", emails=[], phones=[], created_at=at
        )
        lead = Lead.objects.create(
            dealer=dealer, customer=customer, origin="online", channel="adf", source="Website", received_at=at,
            received_on=at.date(), in_hours=True, cars=[],
        )  # fmt: skip
        arrived = Arrived(
            at=at, origin="online", channel="adf", source="Website", envelope=str(uuid.uuid4()),
            by_phone=True, by_email=False, brand="Hyundai", condition="new",
        )  # fmt: skip
        attempted = Attempted(at=at, by=person.pk, key="attempt:1")
        ended = AttemptEnded(
            at=ended_at, by=person.pk, key="attempt:1", outcome="conversation", connected_at=at, talk_ms=HOUR_S * 1000
        )  # fmt: skip
        with transaction.atomic():
            record(lead, arrived)
            record(locked(lead.pk), attempted, key="attempt:1")
            record(locked(lead.pk), ended)
        call = Call.objects.create(
            id=uuid.uuid4(), dealer=dealer, lead=lead, kind="lead", line="asterisk", status="over", ring_s=20,
            person=person, attempt="attempt:1", asked_at=at, connected_at=at, ended_at=ended_at,
            talk_ms=HOUR_S * 1000, outcome="conversation",
        )  # fmt: skip
        Recording.objects.create(call=call, dealer=dealer, created_at=ended_at)
        with tempfile.TemporaryDirectory() as where:
            raw = Path(where) / "call.raw"
            noise = np.random.default_rng(1)
            with raw.open("wb") as file:
                for _ in range(60):
                    file.write(noise.integers(-3000, 3000, RATE * HOUR_S // 60 * 2, np.int16).tobytes())
            save(call.id.hex, raw, call.talk_ms, at, now + timedelta(minutes=1))
        Transcript.objects.create(
            call=call.pk, dealer=dealer, lead=lead, talked_at=at, engine="none", language="en", begun_at=now,
            done_at=now,
        )  # fmt: skip
        step = HOUR_S * 1000 // SENTENCES
        Sentence.objects.bulk_create(
            Sentence(
                dealer=dealer, call=call.pk, side=("customer", "salesperson")[n % 2], start_ms=n * step,
                end_ms=n * step + step, language="en", text=f"And in sentence {n} we speak of the blue Kona on Saturday.",
            )
            for n in range(SENTENCES)
        )  # fmt: skip
        told = {"call": str(call.pk), "bytes": Recording.objects.get(call=call).bytes}
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
