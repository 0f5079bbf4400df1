"""Today at one dealer: how fast the leads of the day were answered, and what people did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from django.db import connection

from leadbell.metrics.figures import TARGET, TARGET_MS, Median, Rate, clock, median, ms_between
from leadbell.words import Words, say

#: Origins that ring at once. Direct mail isn't called too directly [S1], a lost sale goes to the manager,
#: and whoever walks in is being talked to.
AT_ONCE = ("online", "chat", "call")


@dataclass(frozen=True, slots=True)
class Received:
    """A lead received in opening hours today that is to be called at once."""

    lead: int
    customer: str
    received_at: datetime
    by_phone: bool = True
    owner: str = ""
    first_attempt_at: datetime | None = None
    first_attempt_reached: bool = False
    rung: bool = False
    closed: bool = False

    @property
    def response_ms(self) -> int | None:
        return ms_between(self.received_at, self.first_attempt_at) if self.first_attempt_at else None

    @property
    def clock(self) -> str:
        return "" if self.response_ms is None else clock(self.response_ms)

    @property
    def in_time(self) -> bool:
        return self.response_ms is not None and self.response_ms <= TARGET_MS

    def is_late(self, now: datetime) -> bool:
        """No attempt began within two minutes; a lead without a number can't be late by phone."""
        return self.by_phone and (self.first_attempt_at or now) - self.received_at > TARGET

    def is_judged(self, now: datetime) -> bool:
        """Whether the two minutes are over, one way or the other."""
        return self.by_phone and (self.first_attempt_at is not None or now - self.received_at > TARGET)


@dataclass(frozen=True, slots=True)
class Late:
    """A lead over the two minutes, and what happened in them."""

    lead: int
    customer: str
    received_at: datetime
    owner: str
    because: Words
    #: Nobody has it: the loudest of all.
    nobody: bool = False


def response(leads: Sequence[Received]) -> Median:
    """Median response time of the leads attempted so far."""
    return median([ms for lead in leads if (ms := lead.response_ms) is not None])


def within_target(leads: Sequence[Received], now: datetime) -> Rate:
    """Attempted within two minutes, of the leads with a phone number whose two minutes are over."""
    judged = [lead for lead in leads if lead.is_judged(now)]
    return Rate(sum(not lead.is_late(now) for lead in judged), len(judged))


def reached_of_received(leads: Sequence[Received]) -> Rate:
    """`first_attempt_contact_rate` over all leads forwarded in opening hours [S0]."""
    return Rate(sum(lead.first_attempt_reached for lead in leads), len(leads))


def reached_of_attempted(leads: Sequence[Received]) -> Rate:
    """The same over the leads attempted; S0 doesn't say which base its 73 % has."""
    attempted = [lead for lead in leads if lead.first_attempt_at]
    return Rate(sum(lead.first_attempt_reached for lead in attempted), len(attempted))


def late(leads: Sequence[Received], now: datetime) -> list[Late]:
    """Those that nobody has first, then those that nobody called, then the others; the newest first."""
    found = [_late(lead) for lead in leads if lead.is_late(now)]
    found.sort(key=lambda one: one.received_at, reverse=True)
    waiting = {lead.lead for lead in leads if lead.first_attempt_at is None and not lead.closed}
    found.sort(key=lambda one: (not one.nobody, one.lead not in waiting))
    return found


def _late(lead: Received) -> Late:
    nobody = not lead.owner and not lead.closed
    if lead.response_ms is not None:
        because = say("first called after %(clock)s", clock=clock(lead.response_ms))
    elif lead.closed:
        because = say("closed without a call")
    elif nobody:
        because = say("nobody accepted yet") if lead.rung else say("nobody was rung yet")
    else:
        because = say("accepted, not called yet")
    return Late(lead.lead, lead.customer, lead.received_at, lead.owner, because, nobody)


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What people did today: leads they spoke to, and leads they made an appointment with."""

    conversations: int = 0
    booked: int = 0
    #: Leads spoken to today that also got their appointment today.
    booked_in_conversation: int = 0
    #: When each person did something last.
    last_at: dict[int, datetime] = {}

    @property
    def appointment_rate(self) -> Rate:
        """Over conversations: which of them were opportunities is known only after a review [S0]."""
        return Rate(self.booked_in_conversation, self.conversations)


@dataclass(frozen=True, slots=True)
class Today:
    received: Sequence[Received]
    work: Work


_TODAY = """
with received as (
    select l.id as lead,
        coalesce(nullif(c.full_name, ''), c.emails[1], c.phones -> 0 ->> 'raw', '') as customer,
        l.received_at, coalesce((l.standing ->> 'by_phone')::boolean, false) as by_phone,
        coalesce(p.name, '') as owner, l.first_attempt_at, l.first_attempt_reached,
        coalesce((l.standing ->> 'ring_count')::int, 0) > 0 as rung, l.closed_at is not null as closed
    from leadbell_lead l
    join leadbell_customer c on c.id = l.customer_id
    left join leadbell_person p on p.id = l.owner_id
    where l.dealer_id = %(dealer)s and l.received_on = %(day)s and l.in_hours and l.origin = any (%(origins)s)
        and l.lost_reason <> 'merged'
    order by l.received_at, l.id
), work as materialized (
    select lead_id, by, at, kind = 'booked' as booked,
        kind not in ('opened', 'passed_on') and not body ? 'corrected_by' as worked,
        kind = 'attempt_ended' and body ->> 'outcome' = 'conversation'
            and coalesce((body ->> 'connected_at')::timestamptz, at) >= %(since)s
            and not exists (
                select from leadbell_fact c
                where c.lead_id = f.lead_id and c.id > f.id and c.key = (f.body ->> 'key') || ':corrected'
            ) as spoke
    from leadbell_fact f where dealer_id = %(dealer)s and at >= %(since)s and by is not null
), leads as (
    select bool_or(booked) as booked, bool_or(spoke) as spoke from work group by lead_id
), people as (
    select by, max(at) as last_at from work where worked group by by
)
select (select json_agg(received) from received)::text, json_build_object(
    'conversations', count(*) filter (where spoke),
    'booked', count(*) filter (where booked),
    'booked_in_conversation', count(*) filter (where spoke and booked),
    'last_at', coalesce((select json_object_agg(by, last_at) from people), '{}'))::text
from leads
"""
_received = msgspec.json.Decoder(list[Received])
_work = msgspec.json.Decoder(Work)


def today(dealer: int, day: date, since: datetime) -> Today:
    """The dealer's local `day`, which began at `since`: leads that count for response times, oldest first."""
    about: dict[str, Any] = {"dealer": dealer, "day": day, "since": since, "origins": list(AT_ONCE)}
    with connection.cursor() as cursor:
        cursor.execute(_TODAY, about)
        received, work = cursor.fetchone() or ("[]", "{}")
    return Today(_received.decode(received or "[]"), _work.decode(work))
