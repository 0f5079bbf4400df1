"""What the demo’s importer sent to its dealers: leads they took, passed on and gave back, and what waits now."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import msgspec
from django.db import transaction

from leadbell.conversation.actions import agree_call_back, end_attempt, start_attempt
from leadbell.dealers.models import Organisation, Person
from leadbell.demo.cast import AURORA, LINDE, STAR
from leadbell.followup.actions import follow_up
from leadbell.followup.distribution import settle_some, take_in
from leadbell.intake.actions import read_envelope
from leadbell.intake.keys import new_source
from leadbell.intake.models import Envelope, Source
from leadbell.intake.post import uuid7
from leadbell.lead.journal import locked
from leadbell.lead.models import Lead
from leadbell.network.actions import close, give_back
from leadbell.network.models import Agreement, NetworkPlan, Offer, Passing
from leadbell.network.rules import ANSWER_MINUTES
from leadbell.ring.actions import take
from leadbell.words import say

DAYS, HOUR, MINUTE, SECOND = (
    timedelta(days=30),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
)
REASONS = (say("the customer chose this dealer"), say("next by the shares agreed on"))
#: Between the importer's website and the dealer.
ON_THE_WAY = timedelta(seconds=2)
#: Each dealer's own area, its share where two could have a lead, and where it stands.
AGREED = {
    "Northside": (["10", "11", "13"], 3, (52.39, 4.93)),
    "De Linde": (["80", "81", "82"], 2, (52.51, 6.09)),
    "Lanterna Riga": (["1048", "1058"], 1, (56.95, 24.11)),
    "Kustlijn Haarlem": (["20", "21"], 2, (52.38, 4.64)),
    "Kustlijn Alkmaar": (["18"], 2, (52.63, 4.75)),
    "Kustlijn Den Helder": (["17"], 1, (52.96, 4.76)),
    "Maaszicht": (["30", "31"], 2, (51.92, 4.48)),
    "Autohuis Heuvelrug": (["38"], 2, (52.16, 5.39)),
    "Zuiderpoort Breda": (["48"], 2, (51.59, 4.78)),
    "De Esdoorn": (["73"], 1, (52.21, 5.97)),
    "Autohof Peelland": (["57"], 1, (51.48, 5.66)),
    "Garage Terpland": (["89"], 1, (53.2, 5.8)),
}
PLACES = {
    "10": (52.37, 4.90), "13": (52.37, 5.22), "20": (52.38, 4.64), "80": (52.51, 6.09), "1048": (56.94, 24.08),
    "1058": (56.92, 24.10),
}  # fmt: skip
#: Not answered by De Linde; given back by Riga; decided and closed by the importer.
LATE = {"name": "Anouk Hofman", "phone": "038 012 3160", "make": "Hyundai", "model": "Tucson",
    "address": "Thomas a Kempisstraat 40, 8021 BL Zwolle", "message": "Wat kost de Tucson per maand?"}  # fmt: skip
MOVING = {"name": "Edgars Kalniņš", "phone": "+371 60 012 316", "make": "Kia", "model": "EV3",
    "address": "Slokas iela 12, Rīga, 1048", "message": "I move to Haarlem in January: an EV3 there?"}  # fmt: skip
NOT_SOLD = {"name": "Bas Veldman", "phone": "020 012 3162", "make": "Genesis", "model": "G80",
    "message": "Verkoopt u ook de Genesis G80?"}  # fmt: skip
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
    _went_on(source, now)
    for place, about in enumerate(NEW):
        _arrives(source, about, now - timedelta(minutes=4 - place))
    return Passing.objects.filter(importer=importer, state__in=("offered", "returned")).count()


def _agree(importer: Organisation) -> None:
    NetworkPlan.objects.create(importer=importer, places=PLACES)
    for dealer in Organisation.objects.filter(name__in=AGREED, kind="dealer").order_by("pk"):
        postcodes, share, (latitude, longitude) = AGREED[dealer.name]
        Agreement.objects.create(
            importer=importer, dealer=dealer, postcodes=postcodes, share=share, latitude=latitude, longitude=longitude,
            shows_customers=dealer.name == LINDE.name,
        )  # fmt: skip


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


def _went_on(source: Source, now: datetime) -> None:
    """Three that no dealer took at once: each lives through its clock, as the clockwork would have it."""
    begun = _open_for_both(now)
    _arrives(source, LATE, begun)
    late = Passing.objects.latest("pk")
    at = late.offers.get().until + SECOND
    settle_some(at)
    _is_taken(late, at + 2 * MINUTE, now)

    _arrives(source, MOVING, begun + 3 * MINUTE)
    moving = Passing.objects.latest("pk")
    at = begun + 7 * MINUTE
    give_back(locked(moving.lead or 0), "Moves to Haarlem: wants the car there.", at)
    settle_some(at)
    _is_taken(moving, at + MINUTE, now)

    _arrives(source, NOT_SOLD, begun - timedelta(days=2))
    femke = Person.objects.filter(organisation=source.dealer, role="importer").first()
    close(source.dealer_id, Passing.objects.latest("pk").pk, femke.pk if femke else 0, begun)


def _open_for_both(now: datetime) -> datetime:
    """In the past days, with time to answer while the late dealer was open."""
    hours = Organisation.objects.get(name=LINDE.name, kind="dealer").opening_hours
    at = now - timedelta(days=2)
    while not hours.is_open(at) or hours.open_for(at, 2 * timedelta(minutes=ANSWER_MINUTES)) > now - HOUR:
        at -= HOUR
    return at


def _is_taken(passing: Passing, at: datetime, now: datetime) -> None:
    """The next dealer accepts, calls and agrees on a further call."""
    passing.refresh_from_db()
    lead = locked(passing.lead or 0)
    salesperson = (
        Person.objects.filter(organisation=passing.dealer, role="salesperson")
        .exclude(email=STAR)
        .order_by("pk")[0]
    )
    by = salesperson.pk
    take(lead, by, at)
    start_attempt(lead, by, at + 40 * SECOND)
    end_attempt(lead, by, "conversation", at + 3 * MINUTE, at + 50 * SECOND)
    due_at = lead.dealer.opening_hours.shift_into_hours(now + timedelta(hours=26))
    agree_call_back(lead, by, due_at, at + 4 * MINUTE, "Test drive: which day?")
    settle_some(at + 4 * MINUTE)
    follow_up(lead, now)


def _arrives(source: Source, about: dict[str, str], at: datetime) -> None:
    envelope = _envelope(source, about, at)
    take_in([(envelope, read_envelope(envelope))], at)


def _envelope(source: Source, about: dict[str, str], at: datetime) -> Envelope:
    body = json.dumps(about).encode()
    return Envelope.objects.create(
        id=uuid7(at), dealer=source.dealer, source=source, received_at=at, transport="http",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip
