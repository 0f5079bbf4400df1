"""The clockwork: reads envelopes and follows leads up, one after the other, whenever something is due.

Several may run at once: each claims with SKIP LOCKED, and a claim is a row lock, so it ends with whoever held it.
"""

import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import structlog
from django.db import OperationalError, connection

from leadbell import statement
from leadbell.announce import CLOCKWORK, FACT
from leadbell.chat.actions import found_its_lead
from leadbell.dealers.models import Organisation
from leadbell.followup.actions import follow_up, look_ahead
from leadbell.followup.chats import keep_chats
from leadbell.followup.commit import AT_ONCE, Apart, in_one_commit
from leadbell.followup.distribution import settle_some, take_in
from leadbell.followup.planning import plan_some
from leadbell.followup.returns import tell_of
from leadbell.intake.actions import claim, quarantine, read_envelope, receive
from leadbell.intake.inquiry import Inquiry, Refused
from leadbell.intake.models import Envelope
from leadbell.intake.register import look_up_together
from leadbell.intake.unread import locked_unread
from leadbell.lead.facts import Origin
from leadbell.lead.journal import locked, locked_that_are_due, plan
from leadbell.lead.models import Lead
from leadbell.process import listen, news
from leadbell.routing.actions import Busy
from leadbell.visits.known import Noticed, done, later, noticed
from leadbell.words import say

log = structlog.get_logger("leadbell.clockwork")

#: Held while a clockwork lives; `GET /healthz` looks for it.
ALIVE_LOCK = 0x1EADBE11
POLL_S = 1.0
#: Whose day is to be planned is asked so often.
PLANS_EVERY = timedelta(seconds=1)
#: Under load chats and offers are looked after so often; else whenever something happens.
KEEP_CHATS = timedelta(seconds=0.5)
#: A lead whose decision failed is tried again after this long.
AFTER_A_FAULT = timedelta(minutes=1)
#: Everything but what has just arrived is done so much later at most, some at once: leads that are due, visits, chats.
GATHERED = timedelta(seconds=0.05)
#: What another clockwork holds is asked for again so soon.
SOON_S = 0.005
#: Of one importer so many times as many: what decides where its leads go is read once per commit.
MORE_OF_AN_IMPORTER = 8


def receive_some(now: datetime, most: int = AT_ONCE) -> int:
    """Read the oldest unread envelopes and let their new leads ring, in one commit; how many there were."""
    return in_one_commit(_receive_these, now, most)


def _receive_these(now: datetime, most: int, apart: Apart) -> int:
    oldest = locked_unread(most)
    envelopes = [one for one in oldest if one.dealer.kind == Organisation.Kind.DEALER]
    if oldest and not envelopes:
        # An importer's have a commit of their own: it is the importer's turn before anything else is claimed.
        return _distribute_these(oldest[0].dealer_id, now, most * MORE_OF_AN_IMPORTER, apart)
    said = [(envelope, read_envelope(envelope)) for envelope in envelopes]
    busy: dict[int, Busy] = {}
    if said:
        claim(said)
    if len(said) > 1 and apart is nullcontext:
        look_up_together([(one, inquiries if isinstance(inquiries, list) else ()) for one, inquiries in said])
        busy = look_ahead([(one.dealer, cast(Origin, one.source.origin)) for one in envelopes], now)
    for envelope, inquiries in said:
        _receive_one(envelope, inquiries, now, apart, busy)
    return len(envelopes)


def _distribute_these(importer: int, now: datetime, most: int, apart: Apart) -> int:
    """Together; or, where one of them failed so, one by one."""
    said = [(envelope, read_envelope(envelope)) for envelope in locked_unread(most, importer)]
    if apart is nullcontext:
        take_in(said, max(now, *(envelope.received_at for envelope, _ in said)))
        return len(said)
    for envelope, inquiries in said:
        _receive_one(envelope, inquiries, now, apart, {})
    return len(said)


def _chat_of(envelope: Envelope, inquiries: list[Inquiry] | Refused) -> uuid.UUID:
    """The envelope that the chat began with, by whose number everything later of it is known."""
    number = inquiries[0].source_id if isinstance(inquiries, list) else None
    try:
        return uuid.UUID(number or "")
    except ValueError:
        return envelope.pk


def _receive_one(
    envelope: Envelope,
    inquiries: list[Inquiry] | Refused,
    now: datetime,
    apart: Apart,
    busy: dict[int, Busy],
) -> None:
    """`busy`: of the dealers of which it is known who is."""
    try:
        with apart():
            now = max(now, envelope.received_at)
            if envelope.dealer.kind != Organisation.Kind.DEALER:
                take_in([(envelope, inquiries)], now)
                return
            received = receive(envelope, inquiries, now)
            if not all(received.opened):
                # Another lead may have ended in this one, and with it its ringing.
                busy.pop(envelope.dealer_id, None)
            for lead in received.leads:
                if envelope.transport == "chat":
                    found_its_lead(_chat_of(envelope, inquiries), lead)
                if lead.wake_at is not None and lead.wake_at <= now:
                    follow_up(lead, now, busy.get(lead.dealer_id))
    except OperationalError:
        raise
    except Exception:
        if apart is nullcontext:
            raise
        log.exception("an envelope could not be read", envelope=str(envelope.pk))
        quarantine(envelope, say("reading it failed: correct it by hand, and tell us"), now)


def follow_some(now: datetime, most: int = AT_ONCE) -> int:
    """Follow up the leads that are due longest, in one commit; how many there were."""
    return in_one_commit(_follow_these, now, most)


def _follow_these(now: datetime, most: int, apart: Apart) -> int:
    leads = locked_that_are_due(now, most)
    for lead in leads:
        _follow_one(lead, now, apart)
    return len(leads)


def _follow_one(lead: Lead, now: datetime, apart: Apart) -> None:
    try:
        with apart():
            follow_up(lead, now)
    except OperationalError:
        raise
    except Exception:
        if apart is nullcontext:
            raise
        log.exception("a lead could not be followed up", lead=lead.pk)
        lead = locked(lead.pk)
        because = say("deciding failed: it is tried again at %(again_at)s", again_at=now + AFTER_A_FAULT)
        again, kind = now + AFTER_A_FAULT, lead.next_kind or "wait"
        plan(lead, kind, because, at=now, wake_at=again, whom=lead.owner_id, touch=lead.next_touch)


def notice_some(now: datetime, most: int = AT_ONCE) -> int:
    """Look at the visits in which something happened, and tell whoever has to hear it, in one commit; how many."""
    return in_one_commit(_notice_these, now, most)


def _notice_these(now: datetime, most: int, apart: Apart) -> int:
    seen = noticed(now, most)
    done([one for one in seen if _notice_one(one, now, apart)], now)
    return len(seen)


def _notice_one(one: Noticed, now: datetime, apart: Apart) -> bool:
    try:
        with apart():
            tell_of(one, now)
    except OperationalError:
        raise
    except Exception:
        if apart is nullcontext:
            raise
        log.exception("a visit could not be looked at", visit=one.visit.pk)
        later(one.visit, now)
        return False
    return True


def run_due(now: datetime) -> tuple[int, int]:
    """Do everything that is due at `now`: (envelopes read, leads followed up)."""
    read = followed = 0
    while any(
        did := (
            receive_some(now), follow_some(now), notice_some(now), plan_some(now), keep_chats(now), settle_some(now),
        )
    ):  # fmt: skip
        read += did[0]
        followed += did[1] + did[4] + did[5]
    return read, followed


@dataclass(frozen=True, slots=True)
class Due:
    """What waits: since when the oldest unread envelope, from when the first lead and the first visit; None: none."""

    envelope: datetime | None
    lead: datetime | None
    visit: datetime | None

    def within_s(self, now: datetime) -> float:
        """How long a clockwork that found nothing to do may sleep; something due is held by another one."""
        first = min((at for at in (self.lead, self.visit) if at), default=now + timedelta(seconds=POLL_S))
        return min(POLL_S, max(SOON_S, (first - now).total_seconds()))


def look() -> Due:
    """What waits, asked in one question: most of what wakes a clockwork needs nothing of it."""
    ((envelope, lead, visit),) = statement.run(_DUE, {})
    return Due(envelope, lead, visit)


_DUE = """
select (select received_at from leadbell_envelope where status = 'accepted' order by received_at limit 1),
    (select wake_at from leadbell_lead where wake_at is not null order by wake_at limit 1),
    (select due_at from leadbell_knownvisit where due_at is not null order by due_at limit 1)
"""


def run(clock: Callable[[], datetime], stopping: Callable[[], bool]) -> None:
    """Work until stopped; wakes by NOTIFY, at the first moment at which something is due, and every POLL_S seconds."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock_shared(%s)", [ALIVE_LOCK])
    listen(CLOCKWORK)
    for dealer in Organisation.objects.filter(kind=Organisation.Kind.DEALER):
        # The first question about holidays loads them, which takes longer than a ring may.
        dealer.opening_hours.is_open(clock())
    plans_at = around_at = clock()
    chats_kept_at = plans_at - KEEP_CHATS
    arrived = True
    while not stopping():
        # Each batch at its own moment: a lead that rings after a rush rings as long as any other.
        now = clock()
        tried, read = arrived, receive_some(now) if arrived else 0
        due, did = look(), 0
        # What nobody could read is held by another clockwork.
        arrived = due.envelope is not None and (read > 0 or not tried)
        # Whether nothing was left out that may have woken us.
        all_done = now >= around_at
        if now >= around_at:
            if due.visit and due.visit <= now:
                did += notice_some(now)
            followed = follow_some(now) if due.lead and due.lead <= now else 0
            did += followed
            if not (did or read) or now - chats_kept_at >= KEEP_CHATS:
                did += keep_chats(now) + settle_some(now)
                chats_kept_at = now
            else:
                all_done = False
            around_at = now + GATHERED if followed < AT_ONCE else now
        if now >= plans_at:
            # One dealer's day between two batches: planning holds up no lead.
            plans_at = now if plan_some(now) else now + PLANS_EVERY
        if arrived or did or plans_at <= now:
            continue
        gathered_s = max(0.0, (around_at - clock()).total_seconds())
        arrived = rest(max(due.within_s(clock()), gathered_s) if all_done else gathered_s, gathered_s)


def rest(patience_s: float, gathered_s: float) -> bool:
    """Sleep for so long, after a fact only until those of the same moment are gathered; whether anything else came.

    What this clockwork tells itself it knows.
    """
    began = time.monotonic()
    while (left_s := patience_s - (time.monotonic() - began)) > 0:
        told = news(left_s, of_others=True)
        if any(one != FACT for one in told):
            return True
        if told:
            patience_s = min(patience_s, gathered_s)
    return False
