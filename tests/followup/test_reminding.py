"""Another attempt that has become due: whose phone rings for it, when, and how often."""

from datetime import datetime, timedelta

import pytest

from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import run_due
from leadbell.lead.facts import Accepted, Attempted, AttemptEnded, CallBackAgreed, Noted
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Lead
from leadbell.ring import health
from leadbell.ring.models import Call, PhoneLine, PhoneRules
from leadbell.ring.wanted import forget_lines
from tests.conftest import NOON, lead_of

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def phone(northside: Organisation, rosa: Person) -> None:
    forget_lines()
    Person.objects.filter(pk=rosa.pk).update(phone="+31611111117")
    PhoneLine.objects.create(
        dealer=northside,
        kind="asterisk",
        caller_id="+31201234567",
        trunk="trunk",
        created_at=NOON,
        seen_at=NOON,
    )


def not_reached(dealer: Organisation, owner: Person, now: datetime = NOON) -> Lead:
    """A lead whose first attempt nobody answered."""
    lead = locked(lead_of(dealer, now=now).pk)
    record(lead, Accepted(at=now, by=owner.pk))
    record(lead, Attempted(at=now, by=owner.pk, key="1"))
    record(lead, AttemptEnded(at=now + SECOND, by=owner.pk, key="1", outcome="no_answer"))
    run_due(now + SECOND)
    return locked(lead.pk)


def rang(lead: Lead) -> list[datetime]:
    return list(Call.objects.filter(lead=lead).order_by("asked_at").values_list("asked_at", flat=True))


def work(now: datetime) -> None:
    """The clockwork, with a line that is up."""
    forget_lines()
    health.line_is_up("asterisk", now)
    run_due(now)


def test_an_attempt_that_quiet_hours_moved_rings_when_they_are_over(
    northside: Organisation, rosa: Person
) -> None:
    PhoneRules.objects.create(dealer=northside, quiet_from=13 * 60, quiet_until=15 * 60)
    lead = not_reached(northside, rosa)
    over = NOON + 3 * HOUR
    assert (lead.next_kind, lead.next_at) == ("call", over)
    work(over - SECOND)
    assert rang(lead) == []
    work(over)
    assert rang(lead) == [over]
    assert locked(lead.pk).next_at == over, "it is late from then on, not since before"


def test_an_attempt_that_became_quiet_while_it_was_due_is_due_anew_when_it_is_over(
    northside: Organisation, rosa: Person
) -> None:
    PhoneRules.objects.create(dealer=northside, quiet_from=14 * 60 + 30, quiet_until=15 * 60)
    lead = not_reached(northside, rosa)
    due, over = NOON + 2 * HOUR + SECOND, NOON + 3 * HOUR
    work(due)
    record(locked(lead.pk), Noted(at=over - 20 * MINUTE, by=rosa.pk, text="Tries at lunch"))
    work(over - 20 * MINUTE)
    assert locked(lead.pk).next_at == over
    work(over)
    assert rang(lead) == [due, over]


def test_whose_phone_nobody_answers_is_rung_twice_more_and_then_it_is_late(
    northside: Organisation, rosa: Person
) -> None:
    lead = not_reached(northside, rosa)
    due = lead.next_at
    assert due is not None
    for later in range(0, 120):
        work(due + later * MINUTE)
        nobody_answers(due + later * MINUTE)
    assert rang(lead) == [due, due + 5 * MINUTE, due + 20 * MINUTE]
    left = locked(lead.pk)
    assert (left.next_kind, left.next_for, left.next_at) == ("call", rosa.pk, due)
    assert left.standing.tries == 1, "a phone that rang is no attempt"


def test_it_rings_again_in_opening_hours_only(northside: Organisation, rosa: Person) -> None:
    lead = not_reached(northside, rosa)
    closing = northside.opening_hours.closing_after(NOON)
    assert closing is not None
    promised = closing - 2 * MINUTE
    record(locked(lead.pk), CallBackAgreed(at=NOON + MINUTE, by=rosa.pk, due_at=promised))
    work(NOON + MINUTE)
    work(promised)
    nobody_answers(promised)
    opening = northside.opening_hours.next_opening(closing)
    assert rang(lead) == [promised]
    assert locked(lead.pk).wake_at == opening


def test_whose_owner_talks_is_rung_when_they_are_free(northside: Organisation, rosa: Person) -> None:
    lead = not_reached(northside, rosa)
    due = lead.next_at
    assert due is not None
    other = locked(lead_of(northside, customer="Mrs Vos", phone="+31612345679", now=due - MINUTE).pk)
    record(other, Accepted(at=due - MINUTE, by=rosa.pk))
    record(other, Attempted(at=due - MINUTE, by=rosa.pk, key="2"))
    for later in range(0, 6):
        work(due + later * MINUTE)
    assert rang(lead) == []
    record(locked(other.pk), AttemptEnded(at=due + 5 * MINUTE, by=rosa.pk, key="2", outcome="conversation"))
    for later in range(6, 9):
        work(due + later * MINUTE)
    assert rang(lead) == [due + 6 * MINUTE]


def test_what_is_entered_late_rings_nobody_who_sits_in_front_of_it(
    northside: Organisation, rosa: Person
) -> None:
    lead = locked(lead_of(northside).pk)
    record(lead, Accepted(at=NOON, by=rosa.pk))
    record(lead, Attempted(at=NOON, by=rosa.pk, key="1"))
    work(NOON)
    told_at = NOON + 2 * HOUR + 10 * MINUTE
    record(locked(lead.pk), AttemptEnded(at=told_at, by=rosa.pk, key="1", outcome="no_answer"))
    work(told_at)
    assert locked(lead.pk).next_kind == "call"
    assert rang(lead) == []


def nobody_answers(now: datetime) -> None:
    Call.objects.exclude(status="over").update(status="over", outcome="nobody", ended_at=now)
