"""The demo's DMS: its log says what the messenger would have written, and nothing is sent until a person acts."""

from datetime import timedelta

import pytest

from leadbell.demo.cast import STAR
from leadbell.demo.dms import AWAY, CLOSED, NAME, TAKEN, connect_system
from leadbell.dms.models import DmsDelivery, DmsReceiver
from leadbell.dms.sending import claim
from leadbell.lead.facts import Booked
from leadbell.lead.journal import locked, record
from tests.conftest import NOON, lead_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def days(northside, rosa):
    """An appointment every four hours of the last days, written down the other way round."""
    rosa.email = STAR
    rosa.save()
    for nth in reversed(range(15)):
        at = NOON - timedelta(days=2, hours=20) + timedelta(hours=4 * nth)
        lead = lead_of(
            northside, f"Customer {nth}", now=at - timedelta(minutes=5), phone=f"+31201230{nth:03}"
        )
        starts_at = NOON + timedelta(days=1)
        record(locked(lead.pk), Booked(at=at, appointment=nth + 1, by=rosa.pk, starts_at=starts_at))


def test_the_log_holds_what_was_taken_and_what_waits(days):
    assert connect_system(NOON) == 15
    receiver = DmsReceiver.objects.get()
    assert (receiver.name, receiver.was_paused_by_us) == (NAME, True)
    log = list(DmsDelivery.objects.order_by("at"))
    assert [one.status for one in log] == ["taken"] * 12 + ["waiting"] * 3
    codes = [[attempt.code for attempt in one.attempts.order_by("pk")] for one in log]
    assert codes[6] == [AWAY[0], AWAY[0], TAKEN[0]]
    assert codes[:6] + codes[7:12] == [[TAKEN[0]]] * 11
    assert codes[12:] == [[CLOSED[0]], [], []]
    assert all(attempt.at > one.at for one in log for attempt in one.attempts.all()), (
        "nothing before it happened"
    )
    assert [one.pk for one in log] == sorted(one.pk for one in log)
    tried = [attempt.at for one in log for attempt in one.attempts.order_by("pk")]
    assert tried == sorted(tried)
    assert tried[-1] < NOON
    assert log[0].body


def test_nothing_is_due_until_a_person_lets_it_go_on(days):
    connect_system(NOON)
    later = NOON + timedelta(days=2)
    assert claim(later, 5, failing=True) == claim(later, 5, failing=False) == []
    assert connect_system(later) == 0, "a second start says nothing twice"


@pytest.mark.parametrize("fewer", [0, 1, 3])
def test_few_events_are_enough(northside, rosa, fewer):
    rosa.email = STAR
    rosa.save()
    for nth in range(fewer):
        lead = lead_of(northside, now=NOON - timedelta(days=1), phone=f"+31201230{nth:03}")
        record(locked(lead.pk), Booked(at=NOON - timedelta(hours=9), appointment=nth + 1, by=rosa.pk,
                                       starts_at=NOON))  # fmt: skip
    assert connect_system(NOON) == fewer
    assert DmsDelivery.objects.filter(status="waiting").count() == fewer
