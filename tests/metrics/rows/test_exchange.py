"""A journal as rows of the exchange format: what each fact becomes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

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
    ChatAnswered,
    Connected,
    FirstContact,
    Lost,
    MissedCall,
    NoShow,
    Origin,
    Outcome,
    Rang,
    Replied,
    SeenAgain,
    Shown,
    Sold,
    Wrote,
)
from leadbell.lead.history import History
from leadbell.metrics.rows.exchange import LeadOf, Rows, ms, rows_of
from leadbell.metrics.tables import TABLES

HOURS = OpeningHours("Europe/Amsterdam")
#: Monday, an hour before the dealer closes at 18:00.
FIVE = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ROSA, BEA = 1, 3


def rows(*facts: AnyFact, at: datetime = FIVE) -> Rows:
    arrived = Arrived(
        at=at, origin="online", channel="adf", source="Website", envelope="1", by_phone=True, by_email=True
    )
    return rows_of(
        [(LeadOf(41, "Northside", HOURS, bdc=(BEA,), names={ROSA: "Rosa"}), History((arrived, *facts)))]
    )


@pytest.mark.parametrize(
    ("origin", "told", "campaign"),
    [
        ("online", None, None), ("online", "Spring sale", "Spring sale"), ("direct_mail", None, "Letter of May"),
        ("lost_sale", "Second chance", "Second chance"),
    ],
)  # fmt: skip
def test_a_campaign_is_what_the_sender_says_or_the_dealers_own_letter(
    origin: Origin, told: str | None, campaign: str | None
) -> None:
    arrived = Arrived(
        at=FIVE, origin=origin, channel="json", source="Letter of May", envelope="1", by_phone=True,
        by_email=True, campaign=told,
    )  # fmt: skip
    assert said(rows_of([(LeadOf(41, "Northside", HOURS), History((arrived,)))]))["campaign"] == campaign


def said(found: Rows, table: str = "leads", nth: int = 0) -> dict[str, Any]:
    return dict(zip(TABLES[table].names, getattr(found, table)[nth], strict=True))


def booked(appointment: int, after: timedelta, by: int = ROSA) -> Booked:
    return Booked(at=FIVE + after, appointment=appointment, by=by, starts_at=FIVE + DAY)


def talked(after: timedelta, by: int = ROSA, key: str = "1") -> tuple[AnyFact, AnyFact]:
    began = FIVE + after
    return (
        Attempted(at=began, by=by, key=key),
        AttemptEnded(at=began + 3 * MINUTE, key=key, by=by, outcome="conversation", connected_at=began + MINUTE,
            talk_ms=120_000),
    )  # fmt: skip


def test_a_call_after_closing_time_waits_in_opening_hours_only_until_then() -> None:
    """Called on Tuesday at 9:30: an hour on Monday and half an hour on Tuesday were open."""
    call = said(rows(*talked(16.5 * HOUR)), "touches")
    assert call["started_ms"] - ms(FIVE) == 16.5 * 3_600_000
    assert call["open_ms"] == 90 * 60_000
    assert call["connected_open_ms"] == 91 * 60_000
    assert (call["channel"], call["direction"], call["made_by"], call["person"]) == (
        "phone",
        "out",
        "human",
        "Rosa",
    )
    assert (call["outcome"], call["talk_ms"]) == ("conversation", 120_000)


@pytest.mark.parametrize(
    ("at", "in_hours", "day"),
    [
        (datetime(2026, 11, 23, 16, 59, 59, 999_000, tzinfo=UTC), True, 20261123),
        (datetime(2026, 11, 23, 17, 0, tzinfo=UTC), False, 20261123),
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), False, 20261124),
        # Clocks went back on 25 October: Saturday at 10:00 is 8:00 UTC before, Monday at 9:00 is 8:00 UTC after.
        (datetime(2026, 10, 24, 7, 59, tzinfo=UTC), False, 20261024),
        (datetime(2026, 10, 26, 8, 0, tzinfo=UTC), True, 20261026),
    ],
)
def test_days_and_hours_are_the_dealers(at: datetime, in_hours: bool, day: int) -> None:
    lead = said(rows(at=at))
    assert (lead["in_hours"], lead["received_on"]) == (in_hours, day)


@pytest.mark.parametrize(
    ("facts", "after"),
    [
        ((), None),
        ((booked(1, HOUR),), HOUR),
        ((booked(1, HOUR), NoShow(at=FIVE + DAY, appointment=1, by=ROSA)), HOUR),
        ((booked(1, HOUR), Cancelled(at=FIVE + DAY, appointment=1, by=ROSA)), None),
        ((booked(1, HOUR), Cancelled(at=FIVE + DAY, appointment=1, by=ROSA), booked(2, 2 * DAY)), 2 * DAY),
    ],
)
def test_a_cancelled_appointment_was_none_a_missed_one_was(
    facts: tuple[AnyFact, ...], after: timedelta | None
) -> None:
    assert said(rows(*facts))["booked_ms"] == (None if after is None else ms(FIVE + after))


@pytest.mark.parametrize(
    ("facts", "handed_over", "dropped"),
    [
        ((booked(1, HOUR, BEA), Assigned(at=FIVE + 2 * HOUR, to=ROSA)), True, None),
        ((booked(1, HOUR, ROSA), Assigned(at=FIVE + 2 * HOUR, to=ROSA)), False, None),
        ((booked(1, HOUR, BEA), Accepted(at=FIVE + 2 * HOUR, by=BEA)), False, None),
        ((booked(1, HOUR, BEA), Assigned(at=FIVE + 2 * HOUR, to=ROSA), *talked(3 * HOUR),
            Cancelled(at=FIVE + 4 * HOUR, appointment=1, by=ROSA)), True, True),
        ((booked(1, HOUR, BEA), Assigned(at=FIVE + 2 * HOUR, to=ROSA), *talked(3 * HOUR),
            Lost(at=FIVE + 4 * HOUR, reason="price", by=ROSA)), True, True),
        ((booked(1, HOUR, BEA), Assigned(at=FIVE + 2 * HOUR, to=ROSA), *talked(3 * HOUR),
            Shown(at=FIVE + DAY, appointment=1, by=ROSA)), True, False),
        ((booked(1, HOUR, BEA), Assigned(at=FIVE + 2 * HOUR, to=ROSA), *talked(3 * HOUR), *talked(DAY, key="2"),
            Lost(at=FIVE + 2 * DAY, reason="price", by=ROSA)), True, False),
        ((booked(1, HOUR, BEA), Accepted(at=FIVE + 2 * HOUR, by=ROSA),
            FirstContact(at=FIVE + 3 * HOUR, by=ROSA, went="dropped", reason="price")), True, True),
        ((booked(1, HOUR, BEA), Accepted(at=FIVE + 2 * HOUR, by=ROSA), *talked(3 * HOUR),
            FirstContact(at=FIVE + 3 * HOUR, by=ROSA, went="moved"),
            Cancelled(at=FIVE + 4 * HOUR, appointment=1, by=ROSA)), True, False),
    ],
)  # fmt: skip
def test_fallout_is_what_drops_at_the_first_contact_after_the_bdc(
    facts: tuple[AnyFact, ...], handed_over: bool, dropped: bool | None
) -> None:
    lead = said(rows(*facts))
    assert (lead["handed_over_ms"] is not None, lead["dropped"]) == (handed_over, dropped)


@pytest.mark.parametrize(
    ("fact", "touch"),
    [
        (Wrote(at=FIVE, carrier="email", by=ROSA), ("email", "out", "human", "Rosa", None)),
        (Wrote(at=FIVE, carrier="sms"), ("sms", "out", "automation", None, None)),
        (Replied(at=FIVE, carrier="email"), ("email", "in", "human", None, None)),
        (Replied(at=FIVE, carrier="call"), ("phone", "in", "human", None, None)),
        (
            AskedAgain(at=FIVE, channel="adf", source="Website", envelope="2"),
            ("form", "in", "human", None, None),
        ),
        (MissedCall(at=FIVE, line="sip"), ("phone", "in", "human", None, "no_answer")),
        (Answered(at=FIVE, by=ROSA, key="1", line="sip"), ("phone", "in", "human", "Rosa", None)),
    ],
)
def test_what_is_a_touch(fact: AnyFact, touch: tuple[str | None, ...]) -> None:
    found = said(rows(fact), "touches")
    assert tuple(found[name] for name in ("channel", "direction", "made_by", "person", "outcome")) == touch


def test_what_was_agreed_belongs_to_the_conversation_before() -> None:
    later = FIVE + 2 * HOUR
    found = rows(
        *talked(HOUR), CallBackAgreed(at=later, by=ROSA, due_at=later + DAY), booked(1, 2 * HOUR),
        CallBackAgreed(at=later, by=ROSA, due_at=later + DAY), Attempted(at=later, by=ROSA, key="2"),
        booked(2, 3 * HOUR),
    )  # fmt: skip
    assert [said(found, "touches", n)["agreed"] for n in (0, 1)] == ["appointment", None]


def test_a_line_that_only_hears_the_connection_says_when() -> None:
    found = rows(
        Attempted(at=FIVE, by=ROSA, key="1"), Connected(at=FIVE + MINUTE, by=ROSA, key="1"),
        AttemptEnded(at=FIVE + 2 * MINUTE, key="1", by=ROSA, outcome="conversation"),
    )  # fmt: skip
    call = said(found, "touches")
    assert (call["connected_ms"], call["ended_ms"], call["talk_ms"]) == (
        ms(FIVE + MINUTE),
        ms(FIVE + 2 * MINUTE),
        None,
    )


def test_an_end_nobody_noted_is_no_voicemail() -> None:
    ended = AttemptEnded(at=FIVE, key="1", by=ROSA, outcome="unknown")
    assert said(rows(Attempted(at=FIVE, by=ROSA, key="1"), ended), "touches")["outcome"] is None


def test_lost_sold_seen_and_who_was_free() -> None:
    found = rows(
        Rang(at=FIVE, people=(), how="best", ring_s=20), Lost(at=FIVE + DAY, reason="price", by=ROSA),
        SeenAgain(at=FIVE + 9 * DAY, visit=1, began_at=FIVE + 8 * DAY, was="lost"), Sold(at=FIVE + 12 * DAY, by=ROSA),
    )  # fmt: skip
    lead = said(found)
    assert (lead["forwarded"], lead["somebody_free"]) == (False, False)
    assert (lead["lost_ms"], lead["lost_reason"]) == (ms(FIVE + DAY), "price")
    assert (lead["sold_ms"], lead["sold_on"], lead["sold_weekday"]) == (ms(FIVE + 12 * DAY), 20261205, 6)
    assert said(found, "visits")["seen_ms"] == ms(FIVE + 8 * DAY)


def test_the_first_answer_in_a_chat_is_a_contact_by_a_person() -> None:
    found = rows(ChatAnswered(at=FIVE + MINUTE / 3, by=ROSA, waited_ms=20_000))
    touch = said(found, "touches")
    assert (touch["channel"], touch["direction"], touch["made_by"], touch["person"]) == (
        "chat", "out", "human", "Rosa"
    )  # fmt: skip
    assert touch["started_ms"] - said(found)["received_ms"] == 20_000


def test_what_went_on_in_another_lead_is_in_no_figure() -> None:
    assert said(rows())["set_aside"] is None
    assert said(rows(Lost(at=FIVE, reason="other")))["set_aside"] is None
    assert said(rows(Lost(at=FIVE, reason="merged")))["set_aside"] == "merged"


@pytest.mark.parametrize("was", ["voicemail", "wrong_number"])
def test_what_its_line_took_for_a_conversation_counts_as_what_it_was(was: Outcome) -> None:
    call = said(rows(*talked(MINUTE), corrected(was, HOUR), booked(7, 2 * HOUR)), "touches")
    assert (call["outcome"], call["talk_ms"], call.get("agreed")) == (was, None, None)
    assert call["ended_ms"] == ms(FIVE) + 4 * 60_000


def test_what_its_line_took_for_a_voicemail_counts_as_the_talk_it_was() -> None:
    began, *_ = talked(MINUTE)
    heard = AttemptEnded(at=FIVE + 4 * MINUTE, key="1", by=ROSA, outcome="voicemail")
    connect = {"connected_at": FIVE + 2 * MINUTE, "talk_ms": 120_000}
    found = rows(began, heard, corrected("conversation", HOUR, **connect), booked(7, 2 * HOUR))
    assert len(found.touches) == 1
    call = said(found, "touches")
    assert (call["outcome"], call["talk_ms"], call["agreed"]) == ("conversation", 120_000, "appointment")
    assert (call["connected_ms"], call["ended_ms"]) == (ms(FIVE) + 2 * 60_000, ms(FIVE) + 4 * 60_000)


def corrected(was: Outcome, after: timedelta, **talk: Any) -> AttemptEnded:
    return AttemptEnded(at=FIVE + after, key="1", by=ROSA, outcome=was, corrected_by=ROSA, **talk)


def test_a_handover_drops_off_after_conversations_that_were_some() -> None:
    """Two were in conversation after the handover; of one its line had heard that only."""
    over = (
        booked(7, MINUTE, BEA), Accepted(at=FIVE + HOUR, by=ROSA), *talked(2 * HOUR), *talked(3 * HOUR, key="2"),
    )  # fmt: skip
    was = AttemptEnded(at=FIVE + 4 * HOUR, key="2", by=ROSA, outcome="voicemail", corrected_by=ROSA)
    assert said(rows(*over))["dropped"] is False
    assert said(rows(*over, was))["dropped"] is None
