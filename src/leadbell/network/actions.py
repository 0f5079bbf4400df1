"""An importer's lead takes its steps: it arrives, is offered, taken, given back, expires. One transaction each."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from leadbell import statement
from leadbell.announce import announce, wake_clockwork
from leadbell.dealers.models import Organisation
from leadbell.lead.doors import dealers_below
from leadbell.lead.models import Lead
from leadbell.network.models import Agreement, NetworkPlan, Offer, Passing
from leadbell.network.rules import Candidate, Choice, Map, Nobody, Turn
from leadbell.refused import Refused
from leadbell.words import Words, say

#: An offer that couldn't be settled is tried again after so long.
AFTER_A_FAULT = timedelta(minutes=1)
#: Who has got it, or is about to.
UNDER_WAY = (Passing.State.WAITING, Passing.State.OFFERED)


@dataclass(frozen=True, slots=True)
class Prospect:
    """One prospect of an importer's envelope; `inquiry` is the whole of it as JSON."""

    envelope: UUID
    place: int
    source: int
    source_name: str
    origin: str
    sender_id: str
    inquiry: Mapping[str, Any]
    brand: str
    car: str
    received_at: datetime


def arrive(importer: int, prospects: Sequence[Prospect], now: datetime) -> list[Passing | None]:
    """Keep each until a dealer has it; None: the sender sent it before. Only within the importer's turn."""
    numbers = [(one.source, one.sender_id) for one in prospects if one.sender_id]
    there = Passing.objects.filter(
        source__in={source for source, _ in numbers}, sender_id__in=[sender_id for _, sender_id in numbers]
    )
    before = set(there.values_list("source", "sender_id")) if numbers else set()
    kept: list[Passing | None] = []
    for one in prospects:
        name = (one.source, one.sender_id)
        kept.append(None if name in before else _passing(importer, one, now))
        if one.sender_id:
            before.add(name)
    statement.insert([one for one in kept if one is not None])
    return kept


def _passing(importer: int, prospect: Prospect, now: datetime) -> Passing:
    return Passing(
        importer_id=importer, envelope=prospect.envelope, place=prospect.place, source=prospect.source,
        source_name=prospect.source_name, origin=prospect.origin, sender_id=prospect.sender_id,
        inquiry=dict(prospect.inquiry), brand=prospect.brand[:60], car=prospect.car[:120],
        received_at=prospect.received_at, state=Passing.State.WAITING, changed_at=now,
    )  # fmt: skip


def turn_of(importer: int, now: datetime) -> Turn:
    """All that decides to whom the importer's leads go, read once; nobody else gives one until the transaction ends."""
    wait_for_turn(importer)
    plan = NetworkPlan.objects.filter(pk=importer).first() or NetworkPlan(pk=importer)
    where = Map({begin: (place[0], place[1]) for begin, place in plan.places.items()})
    return Turn(
        candidates(importer, now), where, answer_minutes=plan.answer_minutes, most_dealers=plan.most_dealers
    )


def tried(passings: Sequence[Passing]) -> dict[int, list[int]]:
    """By passing the dealers that had it so far, one for each offer."""
    found: dict[int, list[int]] = {one.pk: [] for one in passings}
    for passing, dealer in Offer.objects.filter(passing__in=found).values_list("passing_id", "dealer_id"):
        found[passing].append(dealer)
    return found


#: One importer's leads are given one after the other, so that shares come out exactly. A lock of its own: locking
#: each agreement's row would write all of them for every lead.
_MY_TURN = "select pg_advisory_xact_lock(hashtextextended('network', %(importer)s))"


def wait_for_turn(importer: int) -> None:
    """Nobody else gives one of this importer's leads until the transaction ends."""
    statement.tell(_MY_TURN, {"importer": importer})


_CANDIDATES = """
with recursive below(id, kind, name, brands) as (
    select id, kind, name, brands from leadbell_organisation where id = %(importer)s
    union all
    select o.id, o.kind, o.name, o.brands from leadbell_organisation o join below b on o.parent_id = b.id
)
select b.id, b.name, b.brands, a.postcodes, a.latitude, a.longitude, a.share, a.given, a.most_a_day, a.takes_leads
from below b left join leadbell_agreement a on a.dealer_id = b.id where b.kind = 'dealer' order by b.id
"""


def candidates(importer: int, now: datetime) -> list[Candidate]:
    """The dealers below the importer that take leads."""
    found = statement.run(_CANDIDATES, {"importer": importer})
    if new := [row[0] for row in found if row[9] is None]:
        Agreement.objects.bulk_create(
            [Agreement(importer_id=importer, dealer_id=dealer) for dealer in new], ignore_conflicts=True
        )
        found = statement.run(_CANDIDATES, {"importer": importer})
    takers = [row for row in found if row[9]]
    limited = [row[0] for row in takers if row[8] is not None]
    today = _given_today(importer, limited, now) if limited else Counter[int]()
    return [
        Candidate(
            dealer, name, tuple(brands), tuple(postcodes),
            (latitude, longitude) if latitude is not None and longitude is not None else None, share, given, most,
            today[dealer],
        )
        for dealer, name, brands, postcodes, latitude, longitude, share, given, most, _ in takers
    ]  # fmt: skip


def _given_today(importer: int, limited: Collection[int], now: datetime) -> Counter[int]:
    """How many offers each of these dealers got on its own local day."""
    hours = {one.pk: one.opening_hours for one in Organisation.objects.filter(pk__in=limited)}
    since = {dealer: its.day_begins(its.local_day(now)) for dealer, its in hours.items()}
    offers = Offer.objects.filter(importer=importer, dealer__in=since, at__gte=min(since.values()))
    return Counter(dealer for dealer, at in offers.values_list("dealer_id", "at") if at >= since[dealer])


@dataclass(frozen=True, slots=True)
class Given:
    """A dealer's lead that was an importer's; `already_theirs`: it joined one they work on, so it is taken."""

    passing: Passing
    choice: Choice
    lead: Lead
    already_theirs: bool


_OFFERED = """
update leadbell_passing p set state = o.state, dealer_id = o.dealer, lead = o.lead, because = o.because,
    changed_at = %(now)s, chosen = null, inquiry = case when o.state = 'taken' then null else p.inquiry end
from jsonb_to_recordset(%(offers)s::jsonb) as o(passing bigint, state text, dealer bigint, lead bigint, because jsonb)
where p.id = o.passing
"""
_GIVEN = """
update leadbell_agreement a set given = a.given + g.more
from jsonb_to_recordset(%(given)s::jsonb) as g(dealer bigint, more bigint) where a.dealer_id = g.dealer
"""


def offer(importer: int, turn: Turn, given: Sequence[Given], now: datetime) -> None:
    """The dealers have these leads of this turn from now on, and so long to answer as the importer's plan says."""
    within = timedelta(minutes=turn.answer_minutes)
    offers = [_offer(importer, one, within, now) for one in given]
    statement.insert(offers)
    rows = [
        {
            "passing": one.passing_id, "state": Passing.State.TAKEN if one.outcome else Passing.State.OFFERED,
            "dealer": one.dealer_id, "lead": one.lead, "because": one.because,
        }
        for one in offers
    ]  # fmt: skip
    statement.tell(_OFFERED, {"offers": json.dumps(rows), "now": now})
    counts = [{"dealer": dealer, "more": more} for dealer, more in sorted(turn.given.items())]
    statement.tell(_GIVEN, {"given": json.dumps(counts)})
    announce(importer, "network")


def _offer(importer: int, given: Given, within: timedelta, now: datetime) -> Offer:
    dealer, taken = given.lead.dealer, given.already_theirs
    return Offer(
        passing=given.passing, importer_id=importer, dealer=dealer, lead=given.lead.pk, at=now,
        until=dealer.opening_hours.open_for(now, within), because=_plain(given.choice.because),
        outcome=Offer.Outcome.TAKEN if taken else Offer.Outcome.OPEN, outcome_at=now if taken else None,
    )  # fmt: skip


def anything_is_open() -> bool:
    """Whether any offer waits for its answer, or any inquiry for a dealer: asked whenever the clockwork wakes."""
    return bool(statement.run(_OPEN, {})[0][0])


_OPEN = """
select exists (select from leadbell_offer where outcome = '')
    or exists (select from leadbell_passing where state = 'waiting')
"""


def due(now: datetime, most: int) -> list[Offer]:
    """Open offers that were answered or given back, or are over; locked, none that another clockwork holds."""
    answered = Lead.objects.filter(pk=OuterRef("lead")).filter(
        Q(accepted_at__isnull=False) | Q(first_attempt_at__isnull=False) | Q(worked_at__isnull=False)
    )
    gone = Exists(Lead.objects.filter(pk=OuterRef("lead"), closed_at__isnull=False))
    found = Offer.objects.select_for_update(of=("self", "passing"), skip_locked=True).select_related(
        "passing__importer"
    )
    return list(
        found.filter(outcome=Offer.Outcome.OPEN)
        .filter(Q(until__lte=now) | Q(refused_at__isnull=False) | Exists(answered) | gone)
        .filter(Q(again_at__isnull=True) | Q(again_at__lte=now))
        .order_by("until")[:most]
    )


def later(offer: Offer, now: datetime) -> None:
    """Settling it failed: it stays open and is tried again in a while, and holds up no other."""
    offer.again_at = now + AFTER_A_FAULT
    _write(offer, "again_at")


def waiting(most: int) -> list[Passing]:
    """Those that no dealer has and nobody decided about; locked."""
    found = Passing.objects.select_for_update(of=("self",), skip_locked=True).select_related("importer")
    return list(found.filter(state=Passing.State.WAITING).order_by("changed_at")[:most])


def take(offer: Offer, now: datetime) -> None:
    """The dealer works on it: the customer is theirs now, and the importer's copy ends."""
    _end(offer, Offer.Outcome.TAKEN, now)
    passing = offer.passing
    passing.state, passing.inquiry, passing.changed_at = Passing.State.TAKEN, None, now
    _write(passing, "state", "inquiry", "changed_at")
    announce(passing.importer_id, "network")


def pass_on(offer: Offer, now: datetime) -> None:
    """The dealer didn't answer in time, or gave it back: the next one is looked for."""
    _end(offer, Offer.Outcome.REFUSED if offer.refused_at else Offer.Outcome.EXPIRED, now)
    passing = offer.passing
    passing.state, passing.changed_at = Passing.State.WAITING, now
    _write(passing, "state", "changed_at")
    announce(passing.importer_id, "network")


def come_back(passing: Passing, because: Words, now: datetime) -> None:
    """Nobody else can have it: a person at the importer decides."""
    passing.state, passing.because, passing.changed_at = Passing.State.RETURNED, _plain((because,)), now
    passing.dealer, passing.lead = None, None
    _write(passing, "state", "because", "changed_at", "dealer", "lead")
    announce(passing.importer_id, "network")


def forget(passing: Passing, now: datetime) -> Nobody:
    """The customer asked a dealer to be forgotten meanwhile: nobody else is told of them."""
    nobody = Nobody(say("the customer is to be forgotten"))
    passing.state, passing.because, passing.changed_at = Passing.State.CLOSED, _plain((nobody.because,)), now
    passing.dealer, passing.lead = None, None
    _write(passing, "state", "because", "changed_at", "dealer", "lead")
    announce(passing.importer_id, "network")
    return nobody


@transaction.atomic
def choose_by_hand(importer: int, number: int, dealer: int, now: datetime) -> Passing | Refused:
    """A person at the importer says who is to have it; the clockwork gives it to them."""
    if dealer not in dealers_below(importer):
        return Refused(say("Choose one of your dealers."))
    passing = Passing.objects.select_for_update().filter(pk=number, importer=importer).first()
    if passing is None or passing.state != Passing.State.RETURNED:
        return Refused(say("This lead isn’t waiting for you any more."))
    passing.state, passing.chosen, passing.changed_at = Passing.State.WAITING, dealer, now
    _write(passing, "state", "chosen", "changed_at")
    wake_clockwork()
    announce(importer, "network")
    return passing


@transaction.atomic
def give_back(lead: Lead, note: str, now: datetime) -> Offer | Refused:
    """The dealer can't help this customer: the importer's next dealer may."""
    found = Offer.objects.select_for_update(of=("self",)).filter(lead=lead.pk, outcome=Offer.Outcome.OPEN)
    offer = found.filter(refused_at=None).first()
    if offer is None or lead.accepted_at or lead.first_attempt_at:
        return Refused(say("This lead is yours by now: it can’t be given back any more."))
    if not note.strip():
        return Refused(say("Say in a few words why: the importer and the next dealer read it."))
    offer.refused_at, offer.note = now, note.strip()[:300]
    _write(offer, "refused_at", "note")
    wake_clockwork()
    announce(lead.dealer_id, "lead", lead.pk)
    return offer


@transaction.atomic
def close(importer: int, number: int, person: int, now: datetime) -> Passing | Refused:
    """The importer has settled it itself; who it was is forgotten."""
    passing = Passing.objects.select_for_update().filter(pk=number, importer=importer).first()
    if passing is None or passing.state != Passing.State.RETURNED:
        return Refused(say("This lead isn’t waiting for you any more."))
    passing.state, passing.closed_by, passing.changed_at = Passing.State.CLOSED, person, now
    passing.inquiry = None
    _write(passing, "state", "closed_by", "changed_at", "inquiry")
    announce(importer, "network")
    return passing


def _end(offer: Offer, outcome: Offer.Outcome, now: datetime) -> None:
    offer.outcome, offer.outcome_at = outcome, now
    _write(offer, "outcome", "outcome_at")


def _write(row: Passing | Offer, *fields: str) -> None:
    """Django's own save counts rows, which nobody knows while statements travel without waiting."""
    type(row).objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in fields})


def _plain(because: Collection[Words]) -> list[Any]:
    return [msgspec.to_builtins(one) for one in because]
