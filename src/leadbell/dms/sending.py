"""Letting the dealers' systems know: claimed and composed in one transaction, sent outside it, settled in another.

One event at a time for each system, in the order they happened; a later event of a lead waits for the earlier one.
Whoever dies in between sends it again with the same number: it arrives at least once.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import structlog
from django.db import connection, transaction

from leadbell.announce import announce
from leadbell.dms.composing import compose
from leadbell.dms.models import DmsDelivery, DmsKey, DmsPlace, DmsReceiver, DmsTry
from leadbell.dms.rules import (
    KEPT,
    Again,
    Failed,
    GiveUp,
    Outcome,
    Pause,
    Taken,
    after,
    content_type,
    heard,
    rest,
    signed_headers,
)
from leadbell.log import fault_of
from leadbell.outgoing import Ask, Unanswered, ask
from leadbell.process import AWAY
from leadbell.words import Words, say

log = structlog.get_logger("leadbell.dms")

WITHIN_S = 15.0
#: More of an answer than this is not waited for, and only its beginning is kept.
MOST_BYTES, MOST_KEPT = 16_384, 500
CANT_COMPOSE = say("making it ready failed in a way nobody foresaw")
#: Rows of the log that are thrown away at once; where there are more, they follow at the next step.
THROWN_AWAY = 1000


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to make now."""

    number: int
    receiver: int
    dealer: int
    kind: str
    message_id: str
    body: str = field(repr=False)
    address: str = field(repr=False)
    login: str = ""
    password: str = field(default="", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    lead: int | None = None


#: The first event of each system that may be told something now: no earlier one of its lead is waiting.
_DUE = """
select d.id from leadbell_dmsreceiver r cross join lateral (
    select w.id, w.at from leadbell_dmsdelivery w
    where w.receiver_id = r.id and w.status = 'waiting' and w.next_at <= %(now)s and not exists (
        select from leadbell_dmsdelivery e where e.receiver_id = w.receiver_id and e.lead_id = w.lead_id
            and e.status = 'waiting' and (e.at, e.id) < (w.at, w.id))
    order by w.at, w.id limit 1
) d
where r.paused_at is null and (r.rest_until is null or r.rest_until <= %(now)s) and (r.failures > 0) = %(failing)s
    and r.id <> all (%(busy)s)
order by d.at limit %(most)s
"""


def claim(now: datetime, most: int, failing: bool, busy: Collection[int] = ()) -> list[Claimed]:
    """Up to `most` deliveries, one for each system, none of one in `busy`; of those that fail, or of the others."""
    if most <= 0:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": now, "failing": failing, "busy": list(busy), "most": most})
        numbers = [number for (number,) in cursor]
    claimed = []
    for number in numbers:
        try:
            one = _ready(number, now)
        except AWAY:
            raise
        except Exception as error:
            log.error("an event can't be made ready", delivery=number, fault=fault_of(error))
            settle(number, Failed(CANT_COMPOSE), 0, now)
            continue
        if one is not None:
            claimed.append(one)
    return claimed


@transaction.atomic
def _ready(number: int, now: datetime) -> Claimed | None:
    """The delivery, composed where it wasn't yet."""
    found = DmsDelivery.objects.select_for_update(of=("self",)).select_related("receiver", "dealer")
    one = found.filter(pk=number, status=DmsDelivery.Status.WAITING).first()
    if one is None:
        return None
    if one.body is None:
        one.body = compose(one)
    one.first_tried_at = one.first_tried_at or now
    one.save(update_fields=["body", "first_tried_at"])
    place = DmsPlace.objects.get(receiver=one.receiver_id)
    keys = DmsKey.objects.filter(receiver=one.receiver_id).order_by("-id")
    valid = tuple(key.secret for key in keys if key.until is None or key.until > now)
    return Claimed(
        one.pk, one.receiver_id, one.dealer_id, one.receiver.kind, one.message_id, one.body, place.address,
        place.login, place.password, valid, one.lead_id,
    )  # fmt: skip


def post(one: Claimed, now: datetime) -> Outcome:
    """Send it by HTTP; `now` is signed. Blocks for seconds; for a thread, outside of transactions."""
    body = one.body.encode()
    headers = {
        "Content-Type": content_type(one.kind),
        **signed_headers(one.secrets, one.message_id, now, body),
    }
    said = ask(
        Ask(
            one.address, "POST", body, headers, one.login, one.password, WITHIN_S, MOST_BYTES, redirects=0,
            cut=True,
        )
    )  # fmt: skip
    if isinstance(said, Unanswered):
        return Failed(said.because, gone=said.refused)
    return heard(said.status, _beginning(said.body))


def _beginning(answer: bytes) -> str:
    text = answer.decode("utf-8", "replace")
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)[
        :MOST_KEPT
    ]


@transaction.atomic
def settle(number: int, outcome: Outcome, took_ms: int, now: datetime) -> None:
    """Write down what came of it, and what follows."""
    found = DmsDelivery.objects.select_for_update(of=("self", "receiver"), no_key=True).select_related(
        "receiver"
    )
    one = found.filter(pk=number).first()
    if one is None:
        return
    because = None if isinstance(outcome, Taken) else outcome.because
    DmsTry.objects.create(
        dealer_id=one.dealer_id, delivery=one, at=now, took_ms=took_ms, code=outcome.code,
        because=_stored(because), answer=outcome.answer,
    )  # fmt: skip
    well = _is_well(one.receiver)
    one.tries, one.first_tried_at = one.tries + 1, one.first_tried_at or now
    if isinstance(outcome, Taken):
        _taken(one, now)
    else:
        _failed(one, outcome, now)
    one.save(update_fields=["tries", "first_tried_at", "status", "next_at", "settled_at"])
    one.receiver.save()
    if well != _is_well(one.receiver):
        announce(one.dealer_id, "dms")
    log.info("told", dealer=one.dealer_id, receiver=one.receiver_id, delivery=number, status=one.status,
        code=outcome.code, ms=took_ms)  # fmt: skip


def _is_well(receiver: DmsReceiver) -> bool:
    return receiver.failures == 0 and receiver.paused_at is None


def _taken(one: DmsDelivery, now: datetime) -> None:
    one.status, one.next_at, one.settled_at = DmsDelivery.Status.TAKEN, None, now
    receiver = one.receiver
    if receiver.failures > 1:
        # It was away, not only this event refused: whatever waited goes now.
        waiting = DmsDelivery.objects.filter(receiver=receiver, status="waiting").exclude(pk=one.pk)
        waiting.update(next_at=now)
    receiver.failures, receiver.failing_since, receiver.because = 0, None, None
    receiver.rest_until, receiver.last_taken_at = None, now


def _failed(one: DmsDelivery, failed: Failed, now: datetime) -> None:
    receiver = one.receiver
    receiver.failures += 1
    receiver.failing_since = receiver.failing_since or now
    receiver.because, receiver.rest_until = _stored(failed.because), now + rest(receiver.failures)
    follows = after(failed, one.tries, one.first_tried_at or now, receiver.last_taken_at, now)
    match follows:
        case Again():
            one.next_at = follows.at
        case GiveUp():
            one.status, one.next_at, one.settled_at = DmsDelivery.Status.FAILED, None, now
        case Pause():
            one.next_at = now
            receiver.paused_at, receiver.paused_because = now, _stored(follows.because)
            log.warning("a system is told nothing any more", dealer=one.dealer_id, receiver=receiver.pk)


_OLD = """
with old as (
    select id from leadbell_dmsdelivery where settled_at < %(before)s and status <> 'waiting'
    order by settled_at limit %(most)s
), tries as (
    delete from leadbell_dmstry where delivery_id in (select id from old)
)
delete from leadbell_dmsdelivery where id in (select id from old)
"""


def throw_away_old(now: datetime) -> int:
    """Forget what was settled long ago; how many."""
    with connection.cursor() as cursor:
        cursor.execute(_OLD, {"before": now - KEPT, "most": THROWN_AWAY})
        return int(cursor.rowcount)


def _stored(because: Words | None) -> object:
    return msgspec.to_builtins(because) if because else None


#: Not to be looked for too often.
THROW_AWAY_EVERY = timedelta(hours=1)
