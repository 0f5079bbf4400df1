"""A handover that nobody accepts in time goes on to the next person, then to the manager: never silently."""

from datetime import datetime, timedelta

import pytest

from leadbell.appointment.actions import book
from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import run_due
from leadbell.handover.actions import accept, ask_back, first_contact, offer, refuse
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Fact, Lead
from leadbell.refused import Refused
from leadbell.ring.actions import take
from tests.conftest import NOON, lead_of, make_person

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
#: Tuesday at 15:00.
VISIT = NOON + DAY + 3 * timedelta(hours=1)


@pytest.fixture
def bea(northside: Organisation) -> Person:
    return make_person("Bea", northside, "bdc")


def offered(dealer: Organisation, agent: Person, to: Person, now: datetime = NOON) -> Lead:
    """Bea has made an appointment with `to` and handed the lead over, to be accepted within half an hour."""
    lead = lead_of(dealer)
    take(lead, agent.pk, now)
    book(lead, agent.pk, VISIT, now, salesperson=to.pk)
    offer(lead, to.pk, now + 30 * MINUTE, "appointment", now, by=agent.pk, text="a test drive", told=True)
    return lead


def now_with(lead: Lead) -> tuple[str, int | None, int | None]:
    """What comes next, for whom, and who receives the customer."""
    fresh = Lead.objects.get(pk=lead.pk)
    visit = fresh.appointments.first()
    return fresh.next_kind, fresh.next_for, visit.salesperson_id if visit else None


def test_accepted_in_time_it_is_rosas_to_confirm(northside: Organisation, rosa: Person, bea: Person) -> None:
    lead = offered(northside, bea, rosa)
    run_due(NOON + MINUTE)
    assert now_with(lead) == ("accept", rosa.pk, rosa.pk)
    accept(locked(lead.pk), rosa.pk, NOON + 2 * MINUTE)
    run_due(NOON + 3 * MINUTE)
    assert now_with(lead) == ("confirm", rosa.pk, rosa.pk)
    assert locked(lead.pk).standing.hands == (bea.pk, rosa.pk)


def test_not_accepted_it_goes_to_the_next_who_is_free_then_to_the_manager(
    northside: Organisation, rosa: Person, samir: Person, ines: Person, bea: Person
) -> None:
    third = make_person("Tess", northside)
    other = lead_of(northside, "Ms Bruin", phone="+31612345670", email="bruin@example.org")
    take(other, samir.pk, NOON)
    book(other, samir.pk, VISIT + 30 * MINUTE, NOON)
    lead = offered(northside, bea, rosa)
    run_due(NOON + 31 * MINUTE)
    # Samir receives somebody else then.
    assert now_with(lead)[:2] == ("accept", third.pk)
    run_due(NOON + 62 * MINUTE)
    assert locked(lead.pk).owner_id == ines.pk
    assert now_with(lead) == ("confirm", ines.pk, ines.pk)
    told = list(Fact.objects.filter(lead=lead).order_by("id").values_list("kind", flat=True))
    assert told.count("handed_over") == 2
    assert told[-1] == "assigned"


def test_refused_it_goes_on_at_once_with_the_reason(
    northside: Organisation, rosa: Person, samir: Person, bea: Person
) -> None:
    lead = offered(northside, bea, rosa)
    assert isinstance(refuse(locked(lead.pk), rosa.pk, "", "", NOON + MINUTE), Refused)
    assert isinstance(refuse(locked(lead.pk), samir.pk, "busy", "", NOON + MINUTE), Refused)
    refuse(locked(lead.pk), rosa.pk, "not_here", "at the dentist", NOON + MINUTE)
    run_due(NOON + 2 * MINUTE)
    assert now_with(lead)[:2] == ("accept", samir.pk)
    because = [
        f.because for f in read_history(locked(lead.pk)).facts if type(f).__name__ == "HandoverRefused"
    ]
    assert [str(one) for one in because] == ["not here then"]


def test_who_is_asked_back_answers_before_it_goes_on(
    northside: Organisation, rosa: Person, bea: Person
) -> None:
    lead = offered(northside, bea, rosa)
    ask_back(locked(lead.pk), rosa.pk, "Which trim?", NOON + MINUTE)
    run_due(NOON + 2 * MINUTE)
    assert now_with(lead)[:2] == ("answer", bea.pk)


def test_the_dealers_own_manager_has_it_before_the_groups(
    northside: Organisation, rosa: Person, bea: Person
) -> None:
    noord = Organisation.objects.create(
        kind="group", name="Noord", country="NL", zone="Europe/Amsterdam", created_at=NOON
    )
    Organisation.objects.filter(pk=northside.pk).update(parent=noord)
    make_person("Gina", noord, "manager")
    ines = make_person("Ines", northside, "manager")
    lead = offered(northside, bea, rosa)
    run_due(NOON + 31 * MINUTE)
    assert locked(lead.pk).owner_id == ines.pk


def test_without_a_manager_it_comes_back_to_the_agent(
    northside: Organisation, rosa: Person, bea: Person
) -> None:
    lead = offered(northside, bea, rosa)
    run_due(NOON + 31 * MINUTE)
    assert locked(lead.pk).owner_id == bea.pk
    assert locked(lead.pk).standing.contract is None
    assert locked(lead.pk).standing.taken_over_at is None


def test_only_who_took_it_over_tells_of_the_first_contact(
    northside: Organisation, rosa: Person, samir: Person, bea: Person
) -> None:
    lead = offered(northside, bea, rosa)
    accept(locked(lead.pk), rosa.pk, NOON + MINUTE)
    assert isinstance(first_contact(locked(lead.pk), samir.pk, "kept", NOON + 2 * MINUTE), Refused)
    assert isinstance(first_contact(locked(lead.pk), rosa.pk, "dropped", NOON + 2 * MINUTE), Refused)
    first_contact(locked(lead.pk), rosa.pk, "dropped", NOON + 2 * MINUTE, "no_time", True, "understood")
    assert locked(lead.pk).standing.dropped_at == NOON + 2 * MINUTE
