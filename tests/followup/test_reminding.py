"""Another attempt that has become due: whose phone rings for it, when, and how often."""

from datetime import datetime, timedelta

import pytest

from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import run_due
from leadbell.lead.facts import Accepted, Attempted, AttemptEnded, Noted
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
