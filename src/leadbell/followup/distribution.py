"""An importer's lead goes to one of its dealers, and to the next where nobody answers in time.

At the dealer it arrives as every lead does: as an envelope of a source that bears the importer's name.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

import msgspec
import structlog
from django.db import OperationalError

from leadbell import statement
from leadbell.dealers.models import Organisation
from leadbell.followup.actions import follow_up, look_ahead
from leadbell.followup.commit import AT_ONCE, Apart, in_one_commit
from leadbell.intake.actions import claim, close, quarantine, receive
from leadbell.intake.inquiry import Inquiry, Refused, as_json, from_json
from leadbell.intake.keys import new_source
from leadbell.intake.models import Envelope, Source
from leadbell.intake.post import uuid7
from leadbell.intake.register import look_up_together
from leadbell.intake.rules import HandleKey, handles_of
from leadbell.lead.facts import Origin
from leadbell.lead.journal import locked
from leadbell.network.actions import (
    Given,
    Prospect,
    anything_is_open,
    arrive,
    come_back,
    due,
    forget,
    later,
    offer,
    pass_on,
    take,
    tried,
    turn_of,
    wait_for_turn,
    waiting,
)
from leadbell.network.models import Offer, Passing
from leadbell.network.rules import Choice, Nobody, Wish, postcode_in
from leadbell.routing.actions import Busy
from leadbell.sale.actions import lose
from leadbell.words import say

log = structlog.get_logger("leadbell.distribution")

#: By handle, which dealers of the network know its customer.
KnownAt = dict[HandleKey, set[int]]


def take_in(arrived: Sequence[tuple[Envelope, Sequence[Inquiry] | Refused]], now: datetime) -> None:
    """What one importer received, in its order: kept until a dealer has it, or quarantined with the reason."""
    importer = arrived[0][0].dealer_id
    wait_for_turn(importer)
    prospects = []
    for envelope, inquiries in arrived:
        if isinstance(inquiries, Refused):
            quarantine(envelope, inquiries.because, now)
        else:
            prospects += [_prospect(envelope, place, one) for place, one in enumerate(inquiries)]
    kept = arrive(importer, prospects, now)
    new = Counter(one.envelope for one in kept if one is not None)
    for envelope, said in arrived:
        if not isinstance(said, Refused):
            _close(envelope, len(said), bool(new[envelope.pk]), now)
    hand_out(importer, [one for one in kept if one is not None], now)


def settle_some(now: datetime, most: int = AT_ONCE) -> int:
    """Look at the offers that were answered or are over, and at what waits for a dealer; how many there were."""
    if not anything_is_open():
        return 0
    return in_one_commit(_settle_these, now, most)


def hand_out(importer: int, passings: Sequence[Passing], now: datetime) -> None:
    """Each to the next dealer by the rules, where it rings at once; or back to the importer. All are this importer's.

    Decided one after the other: what one dealer got, and who knows a customer since, counts for the next.
    """
    turn = turn_of(importer, now)
    inquiries = {one.pk: from_json(one.inquiry) for one in passings if one.inquiry is not None}
    known_at, had = _known_at(importer, inquiries.values()), tried(passings)
    gifts = []
    for passing in passings:
        inquiry = inquiries.get(passing.pk)
        if inquiry is None:
            forget(passing, now)
            continue
        dealers = had[passing.pk]
        decision = turn.choose(_wish(passing, inquiry, known_at), frozenset(dealers), passing.chosen)
        if isinstance(decision, Nobody):
            come_back(passing, decision.because, now)
            continue
        for handle in handles_of(inquiry):
            known_at.setdefault(handle, set()).add(decision.dealer)
        # The same dealer may get it a second time, by hand: that is no second delivery of the first.
        inquiry = replace(inquiry, source_id=f"{passing.pk}-{len(dealers) + 1}")
        gifts.append(_Gift(passing, inquiry, decision))
    if gifts:
        offer(importer, turn, _give(importer, gifts, now), now)


_KNOWN_AT = """
with recursive below(id) as (
    select %(importer)s::bigint union all
    select o.id from leadbell_organisation o join below b on o.parent_id = b.id
)
select h.kind, h.value, h.dealer_id
from unnest(%(kinds)s::text[], %(values)s::text[]) as asked(kind, value)
join leadbell_handle h on h.value = asked.value and h.kind = asked.kind
where h.dealer_id in (select id from below)
    and exists (select from leadbell_lead l where l.customer_id = h.customer_id and l.lost_reason <> 'withdrawn')
"""


def _known_at(importer: int, inquiries: Iterable[Inquiry]) -> KnownAt:
    """Who of the network knows these customers; not a dealer from whom the customer was taken back."""
    handles = list({handle for one in inquiries for handle in handles_of(one)})
    kinds, values = [kind for kind, _ in handles], [value for _, value in handles]
    rows = statement.run(_KNOWN_AT, {"importer": importer, "kinds": kinds, "values": values})
    found: KnownAt = {}
    for kind, value, dealer in rows:
        found.setdefault((kind, value), set()).add(dealer)
    return found


def _wish(passing: Passing, inquiry: Inquiry, known_at: KnownAt) -> Wish:
    known = frozenset[int]().union(*(known_at.get(handle, ()) for handle in handles_of(inquiry)))
    return Wish(passing.brand, postcode_in(inquiry.customer.address or ""), inquiry.dealer or "", known)


def _close(envelope: Envelope, items: int, any_new: bool, now: datetime) -> None:
    envelope.status = Envelope.Status.READ if any_new else Envelope.Status.DUPLICATE
    envelope.reason = None if any_new else msgspec.to_builtins(say("the sender sent it before"))
    envelope.items, envelope.read_at = items, now
    statement.later(close, envelope)


def _prospect(envelope: Envelope, place: int, inquiry: Inquiry) -> Prospect:
    car = inquiry.vehicles[0] if inquiry.vehicles else None
    return Prospect(
        envelope.pk, place, envelope.source_id, envelope.source.name, envelope.source.origin, inquiry.source_id or "",
        as_json(inquiry), (car.make if car else None) or "",
        " ".join(part for part in (car.make, car.model) if part) if car else "", envelope.received_at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Gift:
    """What goes to a dealer; the inquiry as they get it."""

    passing: Passing
    inquiry: Inquiry
    choice: Choice


def _give(importer: int, gifts: Sequence[_Gift], now: datetime) -> list[Given]:
    """Envelopes at the dealers, read at once; their new leads ring."""
    sources = _sources_at(importer, gifts, now)
    envelopes = [_envelope(sources[one.choice.dealer, one.passing.origin], one.inquiry, now) for one in gifts]
    for envelope in envelopes:
        statement.later(statement.insert, envelope)
    said = [(envelope, [one.inquiry]) for envelope, one in zip(envelopes, gifts, strict=True)]
    claim(said)
    look_up_together(said)
    busy = look_ahead([(one.dealer, cast(Origin, one.source.origin)) for one in envelopes], now)
    return [_ring(envelope, one, now, busy) for envelope, one in zip(envelopes, gifts, strict=True)]


def _envelope(source: Source, inquiry: Inquiry, now: datetime) -> Envelope:
    body = msgspec.json.encode(as_json(inquiry), order="sorted")
    return Envelope(
        id=uuid7(now), dealer=source.dealer, source=source, received_at=now, transport="pass",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip


def _ring(envelope: Envelope, gift: _Gift, now: datetime, busy: dict[int, Busy]) -> Given:
    received = receive(envelope, [gift.inquiry], now)
    ((lead, opened),) = zip(received.leads, received.opened, strict=True)
    if not opened:
        lead = locked(lead.pk)
        # Another lead may have ended in this one, and with it its ringing.
        busy.pop(lead.dealer_id, None)
    if lead.wake_at is not None and lead.wake_at <= now:
        follow_up(lead, now, busy.get(lead.dealer_id))
    return Given(gift.passing, gift.choice, lead, already_theirs=not opened)


def _sources_at(importer: int, gifts: Sequence[_Gift], now: datetime) -> dict[tuple[int, str], Source]:
    """By dealer and origin the source that bears the importer's name."""
    name = Organisation.objects.get(pk=importer).name
    dealers = Organisation.objects.in_bulk({one.choice.dealer for one in gifts})
    there = Source.objects.filter(dealer__in=dealers, name=name, revoked_at=None).order_by("-pk")
    found = {(one.dealer_id, one.origin): one for one in there}
    for one in gifts:
        key = (one.choice.dealer, one.passing.origin)
        if key not in found:
            found[key] = new_source(dealers[key[0]], name, cast(Origin, key[1]), now)
        # Everybody shares one row of the dealer, whose opening hours are worked out once.
        found[key].dealer = dealers[key[0]]
    return found


def _settle_these(now: datetime, most: int, apart: Apart) -> int:
    offers = due(now, most)
    for importer in sorted({one.importer_id for one in offers}):
        # Before any lead is locked: whoever gives leads locks in this order, too.
        wait_for_turn(importer)
    passings = [one.passing for one in offers if _settle_apart(one, now, apart)] if offers else waiting(most)
    for importer in sorted({one.importer_id for one in passings}):
        _hand_out_apart(importer, [one for one in passings if one.importer_id == importer], now, apart)
    return len(offers) or len(passings)


def _hand_out_apart(importer: int, passings: Sequence[Passing], now: datetime, apart: Apart) -> None:
    """Together; or, where one of them failed so, one by one, and what fails again goes back to the importer."""
    if apart is nullcontext:
        hand_out(importer, passings, now)
        return
    for passing in passings:
        try:
            with apart():
                hand_out(importer, [passing], now)
        except OperationalError:
            raise
        except Exception:
            log.exception("a lead could not be given to a dealer", passing=passing.pk)
            come_back(passing, say("giving it to a dealer failed: give it to one by hand, and tell us"), now)


def _settle_apart(one: Offer, now: datetime, apart: Apart) -> bool:
    """Whether the next dealer has to be looked for; what fails alone, too, is tried again in a while."""
    try:
        with apart():
            return _settle(one, now)
    except OperationalError:
        raise
    except Exception:
        if apart is nullcontext:
            raise
        log.exception("an offer could not be settled", offer=one.pk)
        later(one, now)
        return False


def _settle(one: Offer, now: datetime) -> bool:
    """Whether the next dealer has to be looked for."""
    lead = locked(one.lead)
    answered = lead.accepted_at or lead.first_attempt_at or lead.worked_at or not lead.is_open
    # Whoever closed it has answered, too.
    if answered:
        take(one, now)
        return False
    # It doesn't ring at this dealer any more.
    lose(lead, None, "withdrawn", now, one.passing.importer.name)
    pass_on(one, now)
    return True
