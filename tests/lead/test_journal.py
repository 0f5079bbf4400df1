from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from leadbell.appointment.actions import book
from leadbell.conversation.actions import end_attempt, start_attempt
from leadbell.dealers.models import Organisation, Person
from leadbell.lead.facts import LOST_REASONS, Arrived, PickedUp, Rang
from leadbell.lead.history import folded
from leadbell.lead.journal import begin, locked, locked_that_are_due, projected, read_history, record
from leadbell.lead.models import LOST_REASON_CHOICES, Fact, Lead
from leadbell.refused import Refused
from leadbell.ring.actions import accept, ring
from tests.conftest import NOON, lead_of

SECOND = timedelta(seconds=1)


def test_where_a_lead_stands_is_the_fold_of_its_facts(
    northside: Organisation, rosa: Person, samir: Person
) -> None:
    lead = lead_of(northside)
    ring(lead, [rosa.pk], "best", 20, NOON + SECOND)
    accept(lead, rosa.pk, NOON + 8 * SECOND)
    start_attempt(lead, rosa.pk, NOON + 11 * SECOND)
    end_attempt(lead, rosa.pk, "conversation", NOON + 190 * SECOND, connected_at=NOON + 19 * SECOND)
    book(lead, rosa.pk, NOON + timedelta(days=2), NOON + 191 * SECOND, "test drive")

    stored = locked(lead.pk)
    standing = folded(read_history(stored).facts)
    assert stored.standing == standing
    for name, value in projected(standing).items():
        assert getattr(stored, name) == value, name
    assert (standing.state, standing.owner, standing.attempts) == ("appointment", rosa.pk, 1)
    assert standing.first_attempt_reached
    assert standing.reached_at == NOON + 19 * SECOND


def test_leads_that_are_due_come_with_their_facts(northside: Organisation, rosa: Person) -> None:
    first, second, _later = (lead_of(northside, now=NOON + n * SECOND) for n in (1, 0, 5))
    ring(first, [rosa.pk], "best", 20, NOON + 2 * SECOND)
    due = locked_that_are_due(NOON + 3 * SECOND, 8)
    assert [lead.pk for lead in due] == [second.pk, first.pk]
    accept(due[1], rosa.pk, NOON + 3 * SECOND)
    for lead in due:
        assert read_history(lead) == read_history(locked(lead.pk))
        assert (lead.dealer, lead.customer) == (northside, Lead.objects.get(pk=lead.pk).customer)
    assert [lead.pk for lead in locked_that_are_due(NOON + 3 * SECOND, 1)] == [second.pk]


def test_who_picks_up_lets_nobody_decide_anew(northside: Organisation, rosa: Person) -> None:
    lead = lead_of(northside)
    ring(lead, [rosa.pk], "best", 20, NOON)
    Lead.objects.filter(pk=lead.pk).update(wake_at=NOON + 20 * SECOND)
    with transaction.atomic():
        lead = locked(lead.pk)
        record(lead, PickedUp(at=NOON + 3 * SECOND, by=rosa.pk))
    assert locked_that_are_due(NOON + 19 * SECOND, 1) == []
    (due,) = locked_that_are_due(NOON + 20 * SECOND, 1)
    assert (due.wake_at, due.standing.ring_until) == (lead.wake_at, NOON + 28 * SECOND)


def test_two_people_never_both_have_a_lead(northside: Organisation, rosa: Person, samir: Person) -> None:
    lead = lead_of(northside)
    ring(lead, [rosa.pk, samir.pk], "all", 30, NOON)
    accept(lead, samir.pk, NOON + SECOND)
    answer = accept(locked(lead.pk), rosa.pk, NOON + SECOND)
    assert isinstance(answer, Refused)
    assert str(answer.because) == "Somebody else was first."
    assert Lead.objects.get(pk=lead.pk).owner == samir


def test_a_step_happens_once(northside: Organisation, rosa: Person) -> None:
    lead = lead_of(northside)
    rang = Rang(at=NOON, people=(rosa.pk,), how="best", ring_s=20)
    record(lead, rang, key="ring:1")
    with pytest.raises(IntegrityError), transaction.atomic():
        record(lead, rang, key="ring:1")


def test_tapping_call_twice_is_one_attempt(northside: Organisation, rosa: Person) -> None:
    lead = lead_of(northside)
    first = start_attempt(lead, rosa.pk, NOON)
    assert start_attempt(locked(lead.pk), rosa.pk, NOON + SECOND) == first
    assert Fact.objects.filter(lead=lead, kind="attempted").count() == 1


@pytest.mark.parametrize("role", ["leadbell_app", "leadbell_clockwork"])
def test_no_role_may_change_the_journal(northside: Organisation, role: str) -> None:
    lead = lead_of(northside)
    for statement in ("update leadbell_fact set kind = 'x'", "delete from leadbell_fact"):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local role {role}")
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                cursor.execute(statement)
            cursor.execute("reset role")
    assert Fact.objects.filter(lead=lead).count() == 1


def test_every_reason_to_lose_a_lead_has_words() -> None:
    assert [code for code, _words in LOST_REASON_CHOICES] == list(LOST_REASONS)


def test_a_lead_that_has_just_begun_knows_its_facts(northside: Organisation, rosa: Person) -> None:
    """What the lead carries along is what stands in the journal."""
    seen = lead_of(northside)
    fresh = Lead(
        dealer=northside, customer=seen.customer, origin="online", channel="adf", source="Website",
        received_at=NOON, received_on=NOON.date(), in_hours=True,
    )  # fmt: skip
    begin(fresh, read_history(seen).of(Arrived)[0])  # type: ignore[arg-type]  # it holds one fact
    ring(fresh, [rosa.pk], "best", 20, NOON + SECOND)
    assert len(read_history(fresh).facts) == 2
    assert read_history(fresh).facts == read_history(locked(fresh.pk)).facts
    assert fresh.standing == locked(fresh.pk).standing
