"""A dealer's own plans, and how they are told."""

from datetime import timedelta

import pytest

from leadbell.followup.models import PlaybookRow
from leadbell.followup.playbook import DEFAULTS, Plan, Retry, RingRound
from leadbell.followup.playbooks import change_plan, look_again, plans_of, reset_plan
from leadbell.followup.telling import tell
from leadbell.lead.facts import Assigned
from leadbell.lead.journal import locked, plan, record
from leadbell.refused import Refused
from tests.conftest import NOON, lead_of

OWN = Plan(
    rounds=(RingRound("all", 30),),
    ring_again_times=0,
    retries=(Retry(60), Retry(90, "18:00")),
    cadence_days=(),
)


@pytest.mark.django_db
def test_a_dealers_own_plan_and_back(northside, southside):
    assert plans_of(northside) == DEFAULTS
    assert change_plan(northside, "online", OWN, NOON) == OWN
    assert plans_of(northside) == DEFAULTS | {"online": OWN}
    assert plans_of(southside) == DEFAULTS
    reset_plan(northside, "online", NOON)
    assert plans_of(northside) == DEFAULTS


@pytest.mark.django_db
def test_the_default_itself_is_not_stored(northside):
    change_plan(northside, "online", OWN, NOON)
    change_plan(northside, "online", DEFAULTS["online"], NOON)
    assert not PlaybookRow.objects.exists()


@pytest.mark.django_db
def test_a_plan_nobody_could_follow_is_refused(northside):
    outcome = change_plan(northside, "online", Plan(rounds=()), NOON)
    assert isinstance(outcome, Refused)
    assert "Ring at least one round" in str(outcome.because)
    assert plans_of(northside) == DEFAULTS


@pytest.mark.django_db
def test_leads_that_nobody_has_are_looked_at_again(northside, southside, rosa):
    later = NOON + timedelta(hours=9)
    waiting, elsewhere, owned = lead_of(northside), lead_of(southside), locked(lead_of(northside).pk)
    record(owned, Assigned(at=NOON, to=rosa.pk))
    for lead in (waiting, elsewhere, owned):
        plan(lead, "wait", None, at=later, wake_at=later)
    look_again(northside, NOON)
    for lead in (waiting, elsewhere, owned):
        lead.refresh_from_db()
    assert (waiting.wake_at, elsewhere.wake_at, owned.wake_at) == (NOON, later, later)


def test_the_default_is_told_as_it_happens():
    told = tell(DEFAULTS["online"])
    assert [str(words) for words in told.ringing] == [
        "Ring at once in opening hours, else when the dealer opens.",
        "Ring the best salesperson for 20 seconds.",
        "Then the next best for 20 seconds.",
        "Then everybody at once for 30 seconds.",
        "Ring the sales manager for 60 seconds.",
        "Nobody accepted: ring everybody again every 180 seconds, up to 10 times.",
        "Accepted, but not called within 15 minutes: ring the manager.",
    ]
    assert [str(words) for words in told.calling] == [
        "No answer: at least 3 attempts.",
        "Attempt 2 after 120 minutes.",
        "Attempt 3 after 180 minutes or more, near 18:15.",
        "After the last one: write personally.",
    ]
    assert (
        str(told.staying[0]) == "Stay in touch on the days 2, 3, 5, 7, 8, 10, 12, 14, 16, 19, 23, 28, 35, 42."
    )


@pytest.mark.parametrize(
    ("the_plan", "again"),
    [
        (DEFAULTS["direct_mail"], "ring the manager again"),
        (DEFAULTS["lost_sale"], "ring the manager again"),
        (Plan(rounds=(RingRound("best", 20),)), "ring the best again"),
        (Plan(rounds=(RingRound("all", 20), RingRound("manager", 20))), "ring everybody again"),
        (OWN, "it waits on the Floor for a manager"),
    ],
)
def test_who_is_rung_again_is_told(the_plan, again):
    assert any(again in str(words) for words in tell(the_plan).ringing)


def test_a_plan_without_a_cadence_says_so():
    assert str(tell(OWN).staying[0]) == "No contact is planned after the attempts."
