"""A call begins only where the law lets it, and what comes next is planned for when it does."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from leadbell.conversation.actions import consent, end_attempt, opt_out, start_attempt
from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import run_due
from leadbell.lead.consent import has_allowed
from leadbell.lead.facts import AskedAgain, Attempted, Replied
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Consent, Lead
from leadbell.refused import Refused
from leadbell.ring.models import PhoneRules
from tests.conftest import NOON, lead_of, make_source

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MANHATTAN = "+12125550123"
#: 21:00 in Amsterdam.
NIGHT = NOON + 9 * HOUR


def called(lead: Lead, person: Person, at: datetime) -> Attempted | Refused:
    return start_attempt(locked(lead.pk), person.pk, at)


@pytest.mark.parametrize(
    ("phone", "later", "allowed"),
    [
        ("+31612345678", 9 * HOUR - MINUTE, True),
        ("+31612345678", 9 * HOUR, False),
        ("+31612345678", 20 * HOUR - MINUTE, False),
        ("+31612345678", 20 * HOUR, True),
        (MANHATTAN, 30 * MINUTE, True),
        (MANHATTAN, 31 * MINUTE, False),
        (MANHATTAN, 2 * HOUR, True),
        (MANHATTAN, 9 * HOUR, True),
    ],
)
def test_nobody_is_woken(
    northside: Organisation, rosa: Person, phone: str, later: timedelta, allowed: bool
) -> None:
    lead = lead_of(northside, phone=phone)
    answer = called(lead, rosa, NOON + later)
    assert isinstance(answer, Attempted) is allowed
    if isinstance(answer, Refused):
        assert "until 08:00 their time" in str(answer.because)
        assert locked(lead.pk).attempts == 0


def test_the_dealers_own_quiet_hours_count(northside: Organisation, rosa: Person) -> None:
    lead = lead_of(northside)
    PhoneRules.objects.create(dealer=northside, quiet_from=13 * 60, quiet_until=14 * 60)
    assert isinstance(called(lead, rosa, NOON + HOUR), Refused)
    assert isinstance(called(lead, rosa, NIGHT), Attempted)


SUNDAY = NOON + 6 * DAY


def asked_again(source: str) -> AskedAgain:
    return AskedAgain(at=SUNDAY - DAY, channel="adf", source=source, envelope="e", by_phone=True)


def test_a_campaign_is_not_called_about_on_a_sunday(northside: Organisation, rosa: Person) -> None:
    lead, asked = lead_of(northside, origin="direct_mail"), lead_of(northside)
    refused = called(lead, rosa, SUNDAY)
    assert isinstance(refused, Refused)
    assert "Sunday" in str(refused.because)
    assert isinstance(called(asked, rosa, SUNDAY), Attempted)


@pytest.mark.parametrize(
    ("fact", "allowed"),
    [
        (asked_again("Website"), True),
        (asked_again("Spring mailing"), False),
        (Replied(at=SUNDAY - DAY, carrier="email"), True),
    ],
)
def test_who_answers_a_campaign_has_asked_and_a_second_mailing_is_no_answer(
    northside: Organisation, rosa: Person, fact: Any, allowed: bool
) -> None:
    make_source(northside, "Spring mailing", "direct_mail")
    lead = lead_of(northside, origin="direct_mail")
    record(locked(lead.pk), fact)
    assert isinstance(called(lead, rosa, SUNDAY), Attempted) is allowed


def test_no_marketing_forbids_the_campaign_and_not_the_request(northside: Organisation, rosa: Person) -> None:
    mailing, request = lead_of(northside, origin="direct_mail"), lead_of(northside)
    for lead in (mailing, request):
        opt_out(locked(lead.pk), rosa.pk, NOON, "No folders.", "marketing")
    assert isinstance(called(mailing, rosa, NOON + HOUR), Refused)
    assert isinstance(called(request, rosa, NOON + HOUR), Attempted)
    run_due(NOON + 3 * HOUR)
    assert (locked(mailing.pk).next_kind, locked(request.pk).next_kind) == ("rest", "outcome")


def test_a_no_holds_for_every_lead_of_the_customer_until_they_ask_again(
    northside: Organisation, rosa: Person
) -> None:
    said_to = lead_of(northside)
    earlier = lead_of(northside)
    Lead.objects.filter(pk=earlier.pk).update(customer=said_to.customer)
    opt_out(locked(said_to.pk), rosa.pk, NOON + MINUTE, "Leave me alone.")
    run_due(NOON + 2 * MINUTE)
    assert [locked(lead.pk).next_kind for lead in (said_to, earlier)] == ["rest", "rest"]
    assert isinstance(called(earlier, rosa, NOON + 3 * MINUTE), Refused)
    again = AskedAgain(at=NOON + HOUR, channel="adf", source="Website", envelope="e", by_phone=True)
    record(locked(said_to.pk), again)
    run_due(NOON + HOUR)
    assert locked(said_to.pk).ringing == [rosa.pk]
    assert isinstance(called(said_to, rosa, NOON + HOUR), Attempted)
    assert isinstance(called(earlier, rosa, NOON + HOUR), Refused)


def test_taking_it_back_sets_follow_up_going_again(northside: Organisation, rosa: Person) -> None:
    lead = lead_of(northside)
    opt_out(locked(lead.pk), rosa.pk, NOON)
    run_due(NOON)
    assert has_allowed(lead.customer_id, "contact") is False
    assert isinstance(consent(locked(lead.pk), rosa.pk, "contact", True, "", NOON), Refused)
    consent(locked(lead.pk), rosa.pk, "contact", True, "Wrote us: call me after all.", NOON + MINUTE)
    assert has_allowed(lead.customer_id, "contact") is True
    assert has_allowed(lead.customer_id, "recording") is None
    run_due(NOON + MINUTE)
    assert locked(lead.pk).ringing == [rosa.pk]


def test_the_second_attempt_waits_for_the_customers_morning(northside: Organisation, rosa: Person) -> None:
    """7:00 in New York when the inquiry comes and the first attempt fails; 8:00 is 14:00 in Amsterdam."""
    lead = lead_of(northside, phone=MANHATTAN, now=NOON - 2 * HOUR)
    assert isinstance(called(lead, rosa, NOON - 2 * HOUR), Attempted)
    end_attempt(locked(lead.pk), rosa.pk, "no_answer", NOON - 2 * HOUR + MINUTE)
    run_due(NOON - 2 * HOUR + MINUTE)
    planned = locked(lead.pk)
    assert (planned.next_kind, planned.next_at) == ("call", NOON + 2 * HOUR)
    assert "quiet hours" in planned.next_because["text"]


def test_nobody_is_rung_for_a_customer_who_sleeps(northside: Organisation, rosa: Person) -> None:
    """The inquiry came at night; the dealer opens at 9:00, New York wakes up at 14:00."""
    lead = lead_of(northside, phone=MANHATTAN, now=NOON - 10 * HOUR)
    run_due(NOON - 3 * HOUR)
    assert (locked(lead.pk).ringing, locked(lead.pk).next_at) == ([], NOON + 2 * HOUR)
    run_due(NOON + 2 * HOUR)
    assert locked(lead.pk).ringing == [rosa.pk]


@pytest.mark.parametrize("role", ["leadbell_app", "leadbell_clockwork"])
@pytest.mark.parametrize(
    "change", ["update leadbell_consent set given = true", "delete from leadbell_consent"]
)
def test_what_was_said_cant_be_changed(northside: Organisation, rosa: Person, role: str, change: str) -> None:
    opt_out(locked(lead_of(northside).pk), rosa.pk, NOON, "Leave me alone.")
    with connection.cursor() as cursor:
        cursor.execute(f"set local role {role}")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            cursor.execute(change)
        cursor.execute("reset role")
    assert Consent.objects.get().given is False
