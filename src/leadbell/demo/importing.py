"""What the demo’s importer sent to its dealers: leads they took, one to decide, and one whose clock runs."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import msgspec
from django.db import transaction

from leadbell.dealers.models import Organisation
from leadbell.demo.cast import AURORA, LINDE
from leadbell.followup.distribution import take_in
from leadbell.intake.actions import read_envelope
from leadbell.intake.keys import new_source
from leadbell.intake.models import Envelope, Source
from leadbell.intake.post import uuid7
from leadbell.lead.models import Lead
from leadbell.network.models import Agreement, Offer, Passing
from leadbell.network.rules import ANSWER_MINUTES
from leadbell.words import say

DAYS = timedelta(days=30)
REASONS = (say("the customer chose this dealer"), say("next by the shares agreed on"))
#: Between the importer's website and the dealer.
ON_THE_WAY = timedelta(seconds=2)
#: Each dealer's own area, and its share where two could have a lead.
AGREED = {
    "Northside": (["10", "11", "13"], 3),
    "De Linde": (["80", "81", "82"], 2),
    "Lanterna Riga": (["LV"], 1),
}
#: Nobody of the demo sells the first; the second lives near De Linde.
NEW = (
    {"name": "Mirjam Prins", "phone": "038 012 3171", "make": "Genesis", "model": "GV60",
        "message": "Where can I see the GV60?"},
    {"name": "Koen Timmer", "phone": "038 012 3172", "make": "Hyundai", "model": "Inster",
        "address": "Assendorperstraat 12, 8012 DG Zwolle", "message": "Kan ik de Inster dit weekend rijden?"},
)  # fmt: skip


@transaction.atomic
def send_leads(now: datetime, seed: str) -> int:
    """The importer's channel, its agreements, and its leads; how many of them are on the way or to be decided."""
    importer = Organisation.objects.filter(name=AURORA.name, kind="importer").first()
    if importer is None or Source.objects.filter(dealer=importer).exists():
        return 0
    source = new_source(importer, "aurora.example", "online", now - DAYS)
    _agree(importer)
    for lead in _sent(now):
        _was_taken(importer, source, lead, Random(f"{seed} {lead.pk}"))
    for place, about in enumerate(NEW):
        _arrives(source, about, now - timedelta(minutes=4 - place))
    return Passing.objects.filter(importer=importer, state__in=("offered", "returned")).count()


def _agree(importer: Organisation) -> None:
    for name, (postcodes, share) in AGREED.items():
        dealer = Organisation.objects.get(name=name, kind="dealer")
        Agreement.objects.create(
            importer=importer,
            dealer=dealer,
            postcodes=postcodes,
            share=share,
            shows_customers=name == LINDE.name,
        )


def _sent(now: datetime) -> Iterator[Lead]:
    """The dealers' leads that came from the importer and that somebody has answered."""
    found = Lead.objects.filter(source=AURORA.name, received_at__gte=now - DAYS, worked_at__isnull=False)
    yield from found.select_related("dealer").order_by("received_at")


def _was_taken(importer: Organisation, source: Source, lead: Lead, chance: Random) -> None:
    at = lead.received_at
    envelope = _envelope(source, {"id": f"AU-{lead.pk}"}, at - ON_THE_WAY)
    envelope.status, envelope.read_at = Envelope.Status.READ, at
    envelope.save()
    answered = min(moment for moment in (lead.accepted_at, lead.first_attempt_at, lead.worked_at) if moment)
    because = [msgspec.to_builtins(chance.choice(REASONS))]
    car = lead.cars[0] if lead.cars else {}
    passing = Passing.objects.create(
        importer=importer, envelope=envelope.pk, place=0, source=source.pk, source_name=source.name, origin="online",
        sender_id=f"AU-{lead.pk}", inquiry=None, brand=car.get("make") or "",
        car=" ".join(part for part in (car.get("make"), car.get("model")) if part), received_at=at - ON_THE_WAY,
        state=Passing.State.TAKEN, because=because, dealer=lead.dealer, lead=lead.pk, changed_at=answered,
    )  # fmt: skip
    Offer.objects.create(
        passing=passing, importer=importer, dealer=lead.dealer, lead=lead.pk, at=at, because=because,
        until=lead.dealer.opening_hours.open_for(at, timedelta(minutes=ANSWER_MINUTES)),
        outcome=Offer.Outcome.TAKEN, outcome_at=answered,
    )  # fmt: skip
    Agreement.objects.filter(dealer=lead.dealer).update(
        given=Offer.objects.filter(dealer=lead.dealer).count()
    )


def _arrives(source: Source, about: dict[str, str], at: datetime) -> None:
    envelope = _envelope(source, about, at)
    take_in(envelope, read_envelope(envelope), at)


def _envelope(source: Source, about: dict[str, str], at: datetime) -> Envelope:
    body = json.dumps(about).encode()
    return Envelope.objects.create(
        id=uuid7(at), dealer=source.dealer, source=source, received_at=at, transport="http",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip
