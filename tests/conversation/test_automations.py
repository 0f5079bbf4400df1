"""What is sent without a person: only where a manager wants it, once, marked, and never to a machine."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from leadbell.appointment.actions import book, move
from leadbell.conversation.models import Message, MessageSetup
from leadbell.followup.automations import run_automations
from leadbell.followup.handing import take_over
from leadbell.handover.actions import offer
from leadbell.lead.consent import keep
from leadbell.lead.journal import locked
from leadbell.lead.law import Said
from leadbell.lead.models import Customer, Lead
from leadbell.ring.actions import take
from tests.conftest import NOON, lead_of, make_person
from tests.conversation.mail import set_up_mail

pytestmark = pytest.mark.django_db
#: Monday, 23:00 in Amsterdam: the dealer is closed.
NIGHT = NOON + timedelta(hours=11)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def setup(northside):
    northside.hours = {"week": {"monday": [["09:00", "18:00"]], "tuesday": [["09:00", "18:00"]]}}
    northside.save()
    return set_up_mail(northside, 1, automations=["acknowledge", "remind"])


def at_night(northside, **about):
    lead = lead_of(northside, now=NIGHT, **about)
    Lead.objects.filter(pk=lead.pk).update(in_hours=False)
    return lead


def test_a_question_at_night_is_acknowledged_once_and_nobody_has_worked(setup, northside, rosa):
    lead = at_night(northside)
    assert run_automations(NIGHT + MINUTE) == 1
    assert run_automations(NIGHT + 2 * MINUTE) == 0
    message = Message.objects.get()
    assert (message.automation, message.by) == ("acknowledge", None)
    assert "sent automatically" in message.text
    standing = locked(lead.pk).standing
    assert (standing.worked_at, standing.touches, standing.automated) == (None, 0, 1)


def test_it_names_the_car_as_everything_else_does(setup, northside):
    lead = at_night(northside)
    run_automations(NIGHT + MINUTE)
    assert lead.car in Message.objects.get().text
    assert lead.car.endswith("2026")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Dear customer,\n\nYour question about the car has arrived."),
        ("nl", "Beste klant,\n\nUw vraag over de auto is binnen."),
        ("ru", "Здравствуйте!\n\nВаш вопрос про автомобиль получен."),
    ],
)
def test_a_question_without_name_and_car_is_acknowledged_in_whole_sentences(setup, northside, language, said):
    lead = at_night(northside, customer="")
    Lead.objects.filter(pk=lead.pk).update(cars=[])
    Customer.objects.filter(pk=lead.customer_id).update(language=language)
    assert run_automations(NIGHT + MINUTE) == 1
    assert Message.objects.get().text.startswith(said)


def test_two_machines_dont_thank_each_other_for_ever(setup, northside):
    at_night(northside)
    assert run_automations(NIGHT + MINUTE) == 1
    at_night(northside)
    assert run_automations(NIGHT + 2 * MINUTE) == 0


@pytest.mark.parametrize(
    "about",
    [
        {"email": None},
        {"email": "no-reply@portal.example"},
        {"email": "MAILER-DAEMON@x.example"},
        {"origin": "direct_mail"},
    ],
)
def test_who_is_not_acknowledged(setup, northside, about):
    at_night(northside, **about)
    assert run_automations(NIGHT + MINUTE) == 0


def test_in_opening_hours_people_answer(setup, northside):
    lead_of(northside)
    assert run_automations(NOON + MINUTE) == 0


def test_nothing_is_sent_where_nobody_wants_it(setup, northside):
    MessageSetup.objects.update(automations=[])
    at_night(northside)
    assert run_automations(NIGHT + MINUTE) == 0


def test_who_opted_out_gets_no_automation(setup, northside):
    lead = at_night(northside)
    with transaction.atomic():
        keep(locked(lead.pk), [Said("contact", False, "no")], NIGHT + MINUTE, channel="desk")
    assert run_automations(NIGHT + 2 * MINUTE) == 0


def test_an_appointment_is_reminded_of_the_day_before_and_again_when_it_moves(setup, northside, rosa):
    lead = lead_of(northside)
    with transaction.atomic():
        book(locked(lead.pk), rosa.pk, NOON + DAY, NOON - DAY)
    assert run_automations(NOON - timedelta(hours=3)) == 0, "more than a day ahead"
    assert run_automations(NOON + MINUTE) == 1
    assert run_automations(NOON + 2 * MINUTE) == 0
    assert "Tuesday 24 November 12:00" in Message.objects.get().text
    with transaction.atomic():
        move(locked(lead.pk), rosa.pk, NOON + DAY - timedelta(hours=1), NOON + 3 * MINUTE)
    assert run_automations(NOON + 4 * MINUTE) == 1


def test_what_was_agreed_a_moment_ago_needs_no_reminder(setup, northside, rosa):
    lead = lead_of(northside)
    with transaction.atomic():
        book(locked(lead.pk), rosa.pk, NOON + timedelta(hours=4), NOON)
    assert run_automations(NOON + MINUTE) == 0


def test_who_was_reminded_is_not_even_asked_for(setup, northside, rosa):
    lead = lead_of(northside)
    with transaction.atomic():
        book(locked(lead.pk), rosa.pk, NOON + DAY, NOON - DAY)
    run_automations(NOON + MINUTE)
    with CaptureQueriesContext(connection) as asked:
        run_automations(NOON + 2 * MINUTE)
    assert not [one["sql"] for one in asked if "FOR UPDATE" in one["sql"].upper()]


def test_a_fault_in_one_lead_stops_no_other(setup, northside, capsys):
    broken, fine = at_night(northside), at_night(northside, email="okafor@example.net")
    Lead.objects.filter(pk=broken.pk).update(standing_json={"attempts": "Mr Okafor"})
    assert run_automations(NIGHT + MINUTE) == 1
    assert Message.objects.get().lead == fine
    said = "".join(capsys.readouterr())
    assert f"lead={broken.pk}" in said
    assert "Okafor" not in said


def test_a_fault_in_one_dealer_stops_no_other(setup, northside, southside):
    set_up_mail(southside, 1, automations=["acknowledge"])
    southside.zone = "Nowhere/Land"
    southside.save()
    at_night(northside)
    assert run_automations(NIGHT + MINUTE) == 1


def test_who_receives_them_is_told_once_when_the_handover_is_accepted(northside, rosa, samir):
    setup = set_up_mail(northside, 1, automations=["introduce"])
    bea = make_person("Bea", northside, "bdc")
    lead = lead_of(northside)
    take(lead, bea.pk, NOON)
    offer(lead, rosa.pk, NOON + 30 * MINUTE, "quote", NOON, by=bea.pk)
    assert run_automations(NOON + MINUTE) == 0, "nobody has accepted yet"
    take_over(locked(lead.pk), rosa.pk, NOON + 2 * MINUTE)
    assert run_automations(NOON + 3 * MINUTE) == 1
    assert run_automations(NOON + 4 * MINUTE) == 0
    message = Message.objects.get()
    assert "Rosa of Northside will receive you" in message.text
    assert (message.automation, message.by) == ("introduce", None)
    setup.automations = []
    setup.save()
    other = lead_of(northside, "Ms Bruin", phone="+31612345671", email="bruin@example.org")
    take(other, bea.pk, NOON)
    offer(other, samir.pk, NOON + 30 * MINUTE, "quote", NOON, by=bea.pk)
    take_over(locked(other.pk), samir.pk, NOON + 2 * MINUTE)
    assert run_automations(NOON + 5 * MINUTE) == 0, "no automation where nobody wants it"
