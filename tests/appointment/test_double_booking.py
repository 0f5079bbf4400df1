"""Nobody can be in two places at once: the page says so, and the database makes sure."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from leadbell.appointment.actions import book, cancel, give_to, missed, move
from leadbell.appointment.models import Appointment, Busy, BusyCalendar
from leadbell.appointment.shelves import busy_between
from leadbell.dealers.models import Organisation, Person
from leadbell.lead.facts import Booked, Moved
from leadbell.lead.journal import locked
from leadbell.lead.models import Customer, Fact, Lead
from leadbell.refused import Refused
from leadbell.sale.actions import lose
from tests.conftest import NOON, lead_of, make_dealer, make_person

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
#: Tuesday noon.
THEN = NOON + DAY


def lead_for(dealer: Organisation, name: str = "Mr Okafor") -> Lead:
    return lead_of(dealer, name)


def busy(person: Person, since: datetime, until: datetime) -> Busy:
    calendar = BusyCalendar.objects.create(
        dealer_id=person.organisation_id, person=person, kind="ical", host="calendar.example", next_at=NOON,
        created_at=NOON,
    )  # fmt: skip
    return Busy.objects.create(
        dealer_id=person.organisation_id, person=person, source=calendar, from_at=since, until_at=until
    )


def test_a_taken_time_is_refused_and_others_are_offered(northside: Organisation, rosa: Person) -> None:
    assert isinstance(book(lead_for(northside), rosa.pk, THEN, NOON), Booked)
    other = lead_for(northside, "Mrs Brink")
    refused = book(other, rosa.pk, THEN + HOUR / 2, NOON)
    assert isinstance(refused, Refused)
    assert str(refused.because).startswith("Rosa has another appointment then")
    offered = [
        datetime.fromisoformat(str(refused.because.values[one]))
        for one in ("first_at", "second_at", "third_at")
    ]
    assert offered == [THEN + HOUR, THEN + 2 * HOUR, THEN + 3 * HOUR]
    assert Appointment.objects.count() == 1
    assert not Fact.objects.filter(lead=other, kind="booked").exists()
    assert isinstance(book(other, rosa.pk, offered[0], NOON), Booked)


def test_somebody_else_and_the_next_hour_are_free(
    northside: Organisation, rosa: Person, samir: Person
) -> None:
    book(lead_for(northside), rosa.pk, THEN, NOON)
    assert isinstance(book(lead_for(northside), samir.pk, THEN, NOON), Booked)
    assert isinstance(book(lead_for(northside), samir.pk, THEN, NOON, salesperson=rosa.pk), Refused)
    assert isinstance(book(lead_for(northside), rosa.pk, THEN + HOUR, NOON), Booked)


def test_the_own_calendar_is_in_the_way(northside: Organisation, rosa: Person) -> None:
    busy(rosa, THEN - HOUR, THEN + HOUR / 2)
    refused = book(lead_for(northside), rosa.pk, THEN, NOON)
    assert isinstance(refused, Refused)
    assert "says their calendar" in str(refused.because)
    assert refused.because.values["first_at"] == (THEN + HOUR / 2).isoformat()


def test_an_appointment_moves_within_its_own_time(northside: Organisation, rosa: Person) -> None:
    """Also where Rosa has put it into her own calendar."""
    lead = lead_for(northside)
    book(lead, rosa.pk, THEN, NOON)
    busy(rosa, THEN, THEN + HOUR)
    assert isinstance(move(lead, rosa.pk, THEN + HOUR / 2, NOON), Moved)
    book(lead_for(northside), rosa.pk, THEN + 3 * HOUR, NOON)
    assert isinstance(move(lead, rosa.pk, THEN + 3 * HOUR, NOON), Refused)
    assert Appointment.objects.get(lead=lead).starts_at == THEN + HOUR / 2


@pytest.mark.parametrize("how", ["cancelled", "no-show", "lost"])
def test_what_stands_no_more_frees_its_time(northside: Organisation, rosa: Person, how: str) -> None:
    lead = lead_for(northside)
    book(lead, rosa.pk, THEN, NOON)
    if how == "cancelled":
        cancel(lead, rosa.pk, NOON)
    elif how == "no-show":
        missed(lead, rosa.pk, THEN + 2 * HOUR)
    else:
        with transaction.atomic():
            lose(locked(lead.pk), rosa.pk, "price", NOON)
    assert busy_between([rosa.pk], NOON, NOON + 7 * DAY) == {rosa.pk: ()}
    assert isinstance(book(lead_for(northside), rosa.pk, THEN, NOON), Booked)


def test_the_database_itself_refuses(northside: Organisation, rosa: Person) -> None:
    """Whoever comes around the action: a bulk write, another program, a later mistake of ours."""
    book(lead_for(northside), rosa.pk, THEN, NOON)
    other = lead_for(northside)
    with pytest.raises(IntegrityError, match="one_place_at_a_time"), transaction.atomic():
        Appointment.objects.create(
            lead=other, dealer=northside, salesperson=rosa, starts_at=THEN + HOUR / 2, created_at=NOON
        )


def test_a_customer_who_is_handed_over_is_not_turned_away(
    northside: Organisation, rosa: Person, samir: Person
) -> None:
    lead = lead_for(northside)
    book(lead, rosa.pk, THEN, NOON)
    book(lead_for(northside), samir.pk, THEN, NOON)
    give_to(lead, samir.pk)
    given = Appointment.objects.get(lead=lead)
    assert (given.salesperson_id, given.doubled, given.sequence) == (samir.pk, True, 1)
    give_to(lead, rosa.pk)
    assert not Appointment.objects.get(lead=lead).doubled


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_gets_it() -> None:
    dealer = make_dealer("Northside")
    rosa = make_person("Rosa", dealer)
    with transaction.atomic():
        leads = [lead_of(dealer, name) for name in ("Mr Okafor", "Mrs Brink")]
    outcomes: list[object] = []
    together = threading.Barrier(2)

    def booking(number: int) -> None:
        try:
            with transaction.atomic():
                lead = locked(number)
                together.wait(10)
                outcomes.append(book(lead, rosa.pk, THEN, NOON))
        finally:
            connection.close()

    both = [threading.Thread(target=booking, args=(lead.pk,)) for lead in leads]
    for one in both:
        one.start()
    for one in both:
        one.join(30)
    assert sorted(type(one).__name__ for one in outcomes) == ["Booked", "Refused"]
    assert Appointment.objects.count() == 1
    assert Customer.objects.count() == 2
