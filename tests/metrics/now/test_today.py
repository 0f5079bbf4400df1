"""Today's figures: pure over the day's leads, and the same out of the database."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadbell.appointment import actions as appointment
from leadbell.conversation import actions as conversation
from leadbell.lead.facts import Assigned, Attempted, AttemptEnded, Outcome, Rang
from leadbell.lead.journal import locked, plan, record
from leadbell.metrics.figures import FEWEST, Median, Rate, clock, median
from leadbell.metrics.now.network import compare
from leadbell.metrics.now.today import (
    Received,
    late,
    reached_of_attempted,
    reached_of_received,
    response,
    today,
    within_target,
)
from leadbell.metrics.now.waiting import GRACE, attention
from leadbell.sale import actions as sale
from leadbell.words import say
from tests.conftest import NOON, lead_of, make_person

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DAY = NOON.date()
MIDNIGHT = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)


def came(
    called_after_s: int | None = None, reached: bool = False, ago: timedelta = 10 * MINUTE, **about
) -> Received:
    at = NOON - ago
    called = None if called_after_s is None else at + called_after_s * SECOND
    about = {"lead": 1, "customer": "Mr Okafor"} | about
    return Received(received_at=at, first_attempt_at=called, first_attempt_reached=reached, **about)


@pytest.mark.parametrize(
    ("rate", "percent"),
    [(Rate(0, 0), None), (Rate(4, 4), None), (Rate(0, 5), 0), (Rate(61, 90), 68), (Rate(5, 5), 100)],
)
def test_a_share_is_said_only_over_enough(rate, percent):
    assert rate.percent == percent
    assert rate.too_few is (percent is None)


@pytest.mark.parametrize(
    ("seconds", "middle"),
    [([], None), ([1, 2, 3, 4], None), ([5, 1, 4, 2, 3], 3_000), ([1, 2, 3, 4, 5, 600], 3_500)],
)
def test_the_median_is_the_middle(seconds, middle):
    assert median([s * 1000 for s in seconds]) == Median(middle, len(seconds))


@pytest.mark.parametrize(
    ("ms", "said"),
    [(0, "0:00"), (8_999, "0:08"), (84_000, "1:24"), (3_599_000, "59:59"), (3_727_000, "1:02:07")],
)
def test_clocks(ms, said):
    assert clock(ms) == said


@pytest.mark.parametrize(
    ("lead", "is_late", "is_judged"),
    [
        (came(120), False, True),
        (came(121), True, True),
        (came(None), True, True),
        (came(None, ago=119 * SECOND), False, False),
        (came(30, ago=60 * SECOND), False, True),
        (came(None, by_phone=False), False, False),
    ],
    ids=["in time", "a second late", "never", "still time", "just called", "no number"],
)
def test_two_minutes(lead, is_late, is_judged):
    assert (lead.is_late(NOON), lead.is_judged(NOON)) == (is_late, is_judged)


def test_each_rate_has_its_own_base():
    leads = [
        came(20, reached=True), came(60), came(180, reached=True), came(None), came(None, by_phone=False),
        came(None, ago=30 * SECOND), came(10, reached=True),
    ]  # fmt: skip
    assert within_target(leads, NOON) == Rate(3, 5)
    assert reached_of_received(leads) == Rate(3, 7)
    assert reached_of_attempted(leads) == Rate(3, 4)
    assert response(leads) == Median(None, 4)
    assert response([*leads, came(40)]) == Median(40_000, 5)


def test_what_nobody_has_is_the_loudest_and_says_why():
    leads = [
        came(380, lead=1, owner="Rosa"),
        came(None, lead=2, owner="Samir"),
        came(None, lead=3, rung=True),
        came(None, lead=4, closed=True),
        came(60, lead=5, owner="Rosa"),
        came(None, lead=6, owner="Rosa", by_phone=False),
    ]
    assert [(one.lead, str(one.because), one.nobody) for one in late(leads, NOON)] == [
        (3, "nobody accepted yet", True),
        (2, "accepted, not called yet", False),
        (1, "first called after 6:20", False),
        (4, "closed without a call", False),
    ]


# From here on: out of the database.


def called(dealer, person, after: timedelta, ended: Outcome = "no_answer", **about):
    """A lead that this person called `after` it had come."""
    at = about.pop("now", NOON - HOUR)
    lead = locked(lead_of(dealer, now=at, **about).pk)
    record(lead, Assigned(at=at, to=person.pk))
    conversation.start_attempt(lead, person.pk, at + after)
    conversation.end_attempt(lead, person.pk, ended, at + after + MINUTE)
    return lead


@pytest.mark.django_db
def test_only_leads_that_ring_at_once_in_opening_hours_count(northside, southside, rosa):
    counted = called(northside, rosa, 40 * SECOND, "conversation")
    lead_of(northside, origin="walk_in")
    lead_of(northside, origin="direct_mail")
    lead_of(northside, now=NOON - timedelta(days=1))
    lead_of(southside)
    at_night = lead_of(northside)
    at_night.in_hours = False
    at_night.save()
    [one] = today(northside.pk, DAY, MIDNIGHT).received
    assert one == Received(
        lead=counted.pk, customer="Mr Okafor", received_at=NOON - HOUR, by_phone=True, owner="Rosa",
        first_attempt_at=NOON - HOUR + 40 * SECOND, first_attempt_reached=True,
    )  # fmt: skip


@pytest.mark.django_db
def test_a_lead_without_a_name_is_called_by_what_is_known(northside):
    lead_of(northside, customer="", email="x@example.org")
    lead_of(northside, customer="", email=None)
    lead_of(northside, customer="", email=None, phone=None)
    assert [one.customer for one in today(northside.pk, DAY, MIDNIGHT).received] == [
        "x@example.org", "+31612345678", "",
    ]  # fmt: skip


@pytest.mark.django_db
def test_appointments_are_counted_over_conversations_of_the_day(northside, southside, rosa, samir, lena):
    for visit_at in (NOON + 24 * HOUR, NOON + 26 * HOUR, None):
        lead = called(northside, rosa, MINUTE, "conversation")
        if visit_at:
            appointment.book(lead, rosa.pk, visit_at, NOON - 30 * MINUTE)
    called(northside, samir, MINUTE, "voicemail")
    by_mail = locked(lead_of(northside).pk)
    appointment.book(by_mail, samir.pk, NOON + 24 * HOUR, NOON)
    called(northside, rosa, MINUTE, "conversation", now=NOON - timedelta(days=1))
    called(southside, lena, MINUTE, "conversation")
    work = today(northside.pk, DAY, MIDNIGHT).work
    assert (work.conversations, work.booked, work.booked_in_conversation) == (3, 3, 2)
    assert work.appointment_rate == Rate(2, 3)
    assert work.last_at == {rosa.pk: NOON - 30 * MINUTE, samir.pk: NOON}


@pytest.mark.django_db
def test_a_conversation_that_was_none_is_none_of_the_day(northside, rosa, ines):
    """Nor does who corrects it work on the lead."""
    for heard, was in (("conversation", "voicemail"), ("voicemail", "conversation")):
        for ago in (timedelta(days=1), timedelta()):
            began, key = NOON - HOUR - ago, "attempt:1"
            lead = locked(lead_of(northside, now=began).pk)
            talk = {"connected_at": began, "talk_ms": 60_000}
            record(lead, Attempted(at=began, by=rosa.pk, key=key, line="asterisk"))
            record(lead, AttemptEnded(at=began + MINUTE, by=rosa.pk, key=key, outcome=heard, **talk))
            true_end = AttemptEnded(
                at=NOON - ago / 3, by=rosa.pk, key=key, outcome=was, corrected_by=ines.pk, **talk
            )
            record(lead, true_end, key=f"{key}:corrected")
    work = today(northside.pk, DAY, MIDNIGHT).work
    assert work.conversations == 1
    assert work.last_at == {rosa.pk: NOON - HOUR + MINUTE}


@pytest.mark.django_db
def test_a_day_on_which_nothing_happened(northside):
    quiet = today(northside.pk, DAY, MIDNIGHT)
    assert quiet.received == []
    assert (quiet.work.conversations, quiet.work.booked, quiet.work.last_at) == (0, 0, {})
    assert response(quiet.received) == Median(None, 0)


@pytest.mark.django_db
def test_what_needs_attention(northside, southside, rosa, ines):
    fresh = lead_of(northside, "Fresh")
    ringing = locked(lead_of(northside, "Ringing", now=NOON - MINUTE).pk)
    record(ringing, Rang(at=NOON - 5 * SECOND, people=(rosa.pk, ines.pk), how="all", ring_s=30))
    accepted = locked(lead_of(northside, "Accepted", now=NOON - 2 * MINUTE).pk)
    record(accepted, Assigned(at=NOON, to=rosa.pk))
    talking = locked(lead_of(northside, "Talking", now=NOON - HOUR).pk)
    conversation.start_attempt(talking, rosa.pk, NOON - MINUTE)
    overdue = called(northside, rosa, MINUTE, customer="Overdue")
    plan(overdue, "call", say("attempt"), at=NOON - GRACE - SECOND, wake_at=None, whom=rosa.pk)
    in_time = called(northside, rosa, MINUTE, customer="In time")
    plan(in_time, "call", say("attempt"), at=NOON - GRACE, wake_at=None, whom=rosa.pk)
    waits_for_the_customer = called(northside, rosa, MINUTE, customer="Waits")
    plan(waits_for_the_customer, "wait", say("waits"), at=NOON - 24 * HOUR, wake_at=None, whom=rosa.pk)
    soon = called(northside, rosa, MINUTE, "conversation", customer="Soon")
    appointment.book(soon, rosa.pk, NOON + 20 * HOUR, NOON)
    far = called(northside, rosa, MINUTE, "conversation", customer="Far")
    appointment.book(far, rosa.pk, NOON + 25 * HOUR, NOON)
    sold = called(northside, rosa, MINUTE, "conversation", customer="Sold")
    sale.sell(sold, rosa.pk, NOON)
    lead_of(southside, "Elsewhere")

    needs = attention(northside.pk, NOON)
    assert [one.customer for one in needs.waiting] == ["Accepted", "Ringing", "Fresh"]
    assert [one.customer for one in needs.overdue] == ["Overdue"]
    assert [one.customer for one in needs.unconfirmed] == ["Soon"]
    assert [(one.customer, one.calling_by) for one in needs.leads if one.calling_by] == [("Talking", rosa.pk)]
    assert [(one.customer, one.ringing, one.ring_how) for one in needs.leads if one.rings(NOON)] == [
        ("Ringing", (rosa.pk, ines.pk), "all")
    ]
    assert needs.open_by_owner == {rosa.pk: 7}
    assert (needs.waiting_count, needs.overdue_count, needs.unconfirmed_count) == (3, 1, 1)
    assert needs.waiting[2].lead == fresh.pk
    assert (needs.waiting[2].car, needs.waiting[2].by_phone) == ("Hyundai Kona", True)


@pytest.mark.django_db
def test_a_trade_in_is_not_the_car_that_is_wanted(northside):
    lead = lead_of(northside)
    lead.cars = [{"interest": "trade-in", "make": "Opel"}, {"interest": None, "make": "Kia", "model": None}]
    lead.save()
    assert [one.car for one in attention(northside.pk, NOON).waiting] == ["Kia"]


@pytest.mark.django_db
def test_dealers_side_by_side(northside, southside, rosa, lena):
    importer = northside.parent = southside.parent = _importer()
    northside.save()
    southside.save()
    ivan = make_person("Ivan", importer, "importer")
    for seconds in (30, 60, 90, 200, 300):
        called(northside, rosa, seconds * SECOND, "conversation")
    sale.sell(called(northside, rosa, MINUTE, "conversation", origin="walk_in"), rosa.pk, NOON)
    missed = called(northside, rosa, MINUTE, "conversation", now=NOON - timedelta(days=29))
    appointment.book(missed, rosa.pk, NOON - timedelta(days=28), NOON - timedelta(days=28, hours=20))
    appointment.missed(missed, rosa.pk, NOON - timedelta(days=27))
    called(northside, rosa, MINUTE, now=NOON - timedelta(days=30))
    sale.lose(called(southside, lena, MINUTE), lena.pk, "price", NOON)

    north, south = compare(ivan, NOON)
    assert (north.dealer, south.dealer) == (northside, southside)
    assert (north.today.received, north.month.received) == (6, 7)
    assert north.today.within_target == Rate(3, 5)
    assert north.today.response == Median(90_000, 5)
    assert (north.today.appointments, north.month.appointments) == (0, 1)
    assert (north.today.sold, north.today.lost) == (1, 0)
    assert (south.today.received, south.today.lost, south.today.response) == (1, 1, Median(None, 1))
    assert south.today.within_target.of < FEWEST
    assert south.today.within_target.percent is None


@pytest.mark.django_db
def test_a_comparison_leaves_the_importer_without_a_single_row(northside):
    importer = northside.parent = _importer()
    northside.save()
    ivan = make_person("Ivan", importer, "importer")
    lead_of(northside, now=datetime.now(UTC))
    with connection.cursor() as cursor, CaptureQueriesContext(connection):
        cursor.execute("set role leadbell_app")
        try:
            assert compare(ivan, datetime.now(UTC))[0].month.received == 1
            cursor.execute("select count(*) from leadbell_lead")
            assert cursor.fetchone() == (0,)
        finally:
            cursor.execute("reset role")


def _importer():
    from leadbell.dealers.models import Organisation

    return Organisation.objects.create(
        kind="importer", name="Importer", country="NL", zone="Europe/Amsterdam", created_at=NOON
    )
