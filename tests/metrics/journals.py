"""Journals made by chance, of leads as they come and as they shouldn't."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from leadbell.dealers.hours import OpeningHours
from leadbell.lead.facts import (
    Accepted,
    Answered,
    AnyFact,
    Arrived,
    AskedAgain,
    Assigned,
    Attempted,
    AttemptEnded,
    Booked,
    CallBackAgreed,
    Cancelled,
    Confirmed,
    Connected,
    Lost,
    MissedCall,
    NoShow,
    NothingAgreed,
    Opened,
    Quoted,
    Rang,
    Reopened,
    Replied,
    SeenAgain,
    Shown,
    Sold,
    Wrote,
)
from leadbell.lead.history import History
from leadbell.metrics.rows.exchange import LeadOf

#: Rosa and Samir sell; Bea is of the BDC.
ROSA, SAMIR, BEA = 1, 2, 3
ZONES = ("Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
HOURS = tuple(OpeningHours(zone) for zone in ZONES)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
#: Around them clocks change, a dealer closes (18:00 in Amsterdam), a year ends.
EDGES = (
    datetime(2026, 3, 29, 0, 59, 59, 999_000, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 11, 23, 17, 0, tzinfo=UTC), datetime(2026, 11, 23, 16, 59, 59, 999_000, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 0, tzinfo=UTC),
)  # fmt: skip


def leads_made(chance: Random, n: int, first: int = 1) -> Iterator[tuple[LeadOf, History]]:
    for lead in range(first, first + n):
        dealer = chance.randrange(200)
        hours = HOURS[dealer % len(HOURS)]
        visits = [_moment(chance) for _ in range(chance.choice((0, 0, 0, 1, 3)))]
        yield (
            LeadOf(lead, f"dealer {dealer}", hours, bdc=(BEA,), visits=visits),
            History(tuple(_facts(chance, lead))),
        )


def _moment(chance: Random) -> datetime:
    if chance.random() < 0.1:
        return chance.choice(EDGES)
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=chance.randrange(365 * 86_400_000))


def _facts(chance: Random, lead: int) -> Iterator[AnyFact]:
    at = _moment(chance)
    origin = chance.choice(
        ("online", "online", "online", "call", "chat", "walk_in", "direct_mail", "lost_sale")
    )
    yield Arrived(
        at=at, origin=origin, channel="adf", source=chance.choice(("Website", "Portal")), envelope=str(lead),
        by_phone=chance.random() < 0.9, by_email=True, brand=chance.choice(("Hyundai", None)),
    )  # fmt: skip
    for i in range(chance.randrange(14)):
        at = _later(chance, at)
        yield from _what_happens(chance, at, i)


def _later(chance: Random, at: datetime) -> datetime:
    """Usually soon, sometimes at once, after weeks, or before what came before: clocks are wrong now and then."""
    kind = chance.random()
    if kind < 0.05:
        return at
    if kind < 0.08:
        return at - timedelta(milliseconds=chance.choice((1, 59_999, 60_000, 60_001, 7_200_000)))
    if kind < 0.1:
        return at + timedelta(days=chance.choice((7, 14, 21, 45, 400)))
    return at + timedelta(
        milliseconds=chance.randrange(1, 2 * chance.choice((60_000, 3_600_000, 5 * 86_400_000)))
    )


def _what_happens(chance: Random, at: datetime, i: int) -> Iterator[AnyFact]:
    by = chance.choice((ROSA, SAMIR, BEA))
    key = f"attempt:{i}"
    kind = chance.randrange(20)
    if kind < 6:
        yield Attempted(at=at, by=by, key=key) if kind else Answered(at=at, by=by, key=key, line="sip")
        yield from _ending(chance, at, by, key)
        return
    appointment = chance.choice((1, 1, 2))
    yield chance.choice((
        Rang(at=at, people=chance.choice(((), (ROSA,))), how="best", ring_s=20), Accepted(at=at, by=by),
        Assigned(at=at, to=by), Opened(at=at, by=by), MissedCall(at=at, line="sip"), AskedAgain(
            at=at, channel="adf", source="Website", envelope="again"),
        Wrote(at=at, carrier=chance.choice(("email", "sms", "video", "chat")), by=chance.choice((by, None))),
        Wrote(at=at, carrier="email", by=None), Replied(at=at, carrier=chance.choice(("email", "sms", "chat", "call"))),
        Booked(at=at, appointment=appointment, by=by, starts_at=at + DAY), Confirmed(at=at, appointment=1, by=by),
        Shown(at=at, appointment=appointment, by=by), NoShow(at=at, appointment=appointment, by=by),
        Cancelled(at=at, appointment=appointment, by=by), Sold(at=at, by=by), Lost(at=at, reason="price", by=by),
        Lost(at=at, reason="no_answer_45_days"), Reopened(at=at), Quoted(at=at, by=by),
        SeenAgain(at=at, visit=i, began_at=at - MINUTE, was="lost"),
    ))  # fmt: skip


def _ending(chance: Random, at: datetime, by: int, key: str) -> Iterator[AnyFact]:
    """Some calls never end, some end before they began, some last for days."""
    if chance.random() < 0.1:
        return
    outcome = chance.choice(("conversation", "conversation", "voicemail", "no_answer", "busy", "unknown"))
    connected = at + timedelta(milliseconds=chance.randrange(60_000)) if outcome == "conversation" else None
    if connected and chance.random() < 0.3:
        yield Connected(at=connected, by=by, key=key)
        connected = None
    talk = chance.choice((None, -5, 0, 90_000, 179_000, 14_400_000, 14_400_001))
    end = at + timedelta(milliseconds=chance.randrange(600_000))
    yield AttemptEnded(at=end, key=key, by=by, outcome=outcome, connected_at=connected, talk_ms=talk)
    if outcome == "conversation" and chance.random() < 0.6:
        yield chance.choice((
            Booked(at=end, appointment=1, by=by, starts_at=end + DAY), Quoted(at=end, by=by),
            CallBackAgreed(at=end, by=by, due_at=end + DAY), NothingAgreed(at=end, by=by),
        ))  # fmt: skip
