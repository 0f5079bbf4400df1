"""Who accepted a handover is told to the customer: once, by the way they may be written to, or in words why not."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from leadbell.appointment.actions import book
from leadbell.conversation.models import DeadAddress, Message, MessageSetup
from leadbell.desk.handing.handovers import shown
from leadbell.desk.story.story import people_in, story
from leadbell.followup.automations import run_automations
from leadbell.followup.handing import Met, first_contact, take_over
from leadbell.handover.actions import offer, refuse
from leadbell.handover.rules import deal_of, to_introduce
from leadbell.lead.consent import keep
from leadbell.lead.facts import NotIntroduced, Undelivered, Wrote
from leadbell.lead.journal import locked, read_history, record
from leadbell.lead.law import Said
from leadbell.refused import Refused
from leadbell.ring.actions import take
from leadbell.routing.actions import assign
from leadbell.words import say
from tests.conftest import NOON, lead_of, make_person
from tests.conversation.mail import set_up_mail

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
VISIT = NOON + timedelta(days=2)
#: Monday, 22:30 in Amsterdam.
LATE = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)


@pytest.fixture
def bea(northside):
    return make_person("Bea", northside, "bdc")


@pytest.fixture
def mails(northside):
    return set_up_mail(northside, 1, automations=["introduce"])


@pytest.fixture
def texts(northside, settings):
    settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN = "AC0", "token"
    return MessageSetup.objects.create(
        dealer=northside, sms_number="+31201234567", automations=["introduce"], changed_at=NOON
    )


def offered(dealer, agent, to, now=NOON, told=False, visit=VISIT, **about):
    lead = lead_of(dealer, now=now - 9 * HOUR, **about)
    take(lead, agent.pk, now - 4 * MINUTE)
    assert not isinstance(book(lead, agent.pk, visit, now - 3 * MINUTE, salesperson=to.pk), Refused)
    offer(lead, to.pk, now + 30 * MINUTE, "appointment", now, by=agent.pk, told=told)
    return lead


def accepted(lead, by, at):
    assert not isinstance(take_over(locked(lead.pk), by.pk, at), Refused)


def told_of(lead):
    return deal_of(read_history(lead)).told_of


def why_not_told(lead):
    return [str(one) for fact in read_history(lead).of(NotIntroduced) for one in fact.because]


def test_who_accepted_is_told_by_mail_with_the_time_in_the_customers_language(northside, bea, rosa, mails):
    lead = offered(northside, bea, rosa)
    lead.customer.language = "nl"
    lead.customer.save()
    assert run_automations(NOON + MINUTE) == 0, "nobody has accepted yet"
    accepted(lead, rosa, NOON + 2 * MINUTE)
    before = read_history(lead).standing
    assert run_automations(NOON + 3 * MINUTE) == 1
    assert run_automations(NOON + 4 * MINUTE) == 0
    message = Message.objects.get()
    assert (message.carrier, message.automation, message.by, message.language) == (
        "email",
        "introduce",
        None,
        "nl",
    )
    assert "Rosa van Northside ontvangt u" in message.text
    assert "woensdag 25 november 12:00" in message.text
    after = read_history(lead).standing
    assert (after.worked_at, after.touches, after.attempts, after.wrote_at) == (
        before.worked_at, before.touches, before.attempts, before.wrote_at,
    )  # fmt: skip
    assert after.automated == before.automated + 1
    assert told_of(lead) == rosa.pk
    history = read_history(lead)
    line = story(history, {rosa.pk: "Rosa"})[-1]
    assert rosa.pk in people_in(history)
    assert (str(line.sentence), line.who) == (
        "An e-mail told the customer that Rosa receives them",
        "automation",
    )


def test_without_an_address_it_goes_by_text(northside, bea, rosa, texts):
    lead = offered(northside, bea, rosa, email=None)
    accepted(lead, rosa, NOON + MINUTE)
    assert run_automations(NOON + 2 * MINUTE) == 1
    message = Message.objects.get()
    assert (message.carrier, message.address) == ("sms", "+31612345678")
    assert "Rosa of Northside will receive you. Wednesday 25 November 12:00" in message.text
    line = story(read_history(lead), {rosa.pk: "Rosa"})[-1]
    assert str(line.sentence) == "A text told the customer that Rosa receives them"


@pytest.mark.parametrize("email", ["no-reply@portal.example", "okafor@example.org"])
def test_an_address_that_nobody_reads_or_that_is_dead_leaves_the_text(northside, bea, rosa, texts, email):
    set_up_mail(northside, 1)
    because = {"text": "it came back", "values": {}}
    DeadAddress.objects.create(
        dealer=northside, carrier="email", address="okafor@example.org", because=because, since=NOON
    )
    lead = offered(northside, bea, rosa, email=email)
    accepted(lead, rosa, NOON + MINUTE)
    assert run_automations(NOON + 2 * MINUTE) == 1
    assert Message.objects.get().carrier == "sms"


def test_a_text_waits_for_the_quiet_hours_and_a_mail_does_not(northside, bea, rosa, texts):
    lead = offered(northside, bea, rosa, LATE - MINUTE, email=None)
    accepted(lead, rosa, LATE)
    assert run_automations(LATE + MINUTE) == 0
    assert why_not_told(lead) == []
    assert run_automations(LATE + 11 * HOUR) == 1
    set_up_mail(northside, 1)
    other = offered(
        northside,
        bea,
        rosa,
        LATE - MINUTE,
        customer="Ms Bruin",
        visit=VISIT + 2 * HOUR,
        email="bruin@example.org",
        phone=None,
    )
    accepted(other, rosa, LATE)
    assert run_automations(LATE + MINUTE) == 1


def test_whom_the_agent_named_isnt_named_twice_and_another_is(northside, bea, rosa, samir, mails):
    same = offered(northside, bea, rosa, told=True)
    accepted(same, rosa, NOON + MINUTE)
    assert run_automations(NOON + 2 * MINUTE) == 0
    assert told_of(same) == rosa.pk
    other = offered(
        northside,
        bea,
        rosa,
        told=True,
        customer="Ms Bruin",
        visit=VISIT + 2 * HOUR,
        phone="+31612345671",
        email="bruin@example.org",
    )
    refuse(locked(other.pk), rosa.pk, "busy", "", NOON + MINUTE)
    offer(locked(other.pk), samir.pk, NOON + HOUR, "appointment", NOON + 2 * MINUTE, because=say("busy"))
    assert run_automations(NOON + 3 * MINUTE) == 0
    accepted(other, samir, NOON + 4 * MINUTE)
    assert run_automations(NOON + 5 * MINUTE) == 1
    assert "Samir of Northside will receive you" in Message.objects.get().text
    assert told_of(other) == samir.pk


def test_a_new_handover_to_the_same_person_is_told_anew(northside, bea, rosa, mails):
    lead = offered(northside, bea, rosa)
    accepted(lead, rosa, NOON + MINUTE)
    assert run_automations(NOON + 2 * MINUTE) == 1
    first_contact(locked(lead.pk), rosa.pk, Met("dropped", "changed_mind"), NOON + 3 * MINUTE)
    assert locked(lead.pk).owner_id == bea.pk
    book(locked(lead.pk), bea.pk, VISIT, NOON + 4 * MINUTE, salesperson=rosa.pk)
    offer(locked(lead.pk), rosa.pk, NOON + HOUR, "appointment", NOON + 5 * MINUTE, by=bea.pk)
    assert told_of(lead) is None
    accepted(lead, rosa, NOON + 6 * MINUTE)
    assert run_automations(NOON + 7 * MINUTE) == 1
    assert run_automations(NOON + 8 * MINUTE) == 0
    assert Message.objects.count() == 2


def test_who_is_given_it_has_not_accepted_and_the_page_says_whom_the_customer_expects(
    northside, bea, rosa, samir, ines, mails
):
    lead = offered(northside, bea, rosa)
    accepted(lead, rosa, NOON + MINUTE)
    run_automations(NOON + 2 * MINUTE)
    assign(locked(lead.pk), samir.pk, ines.pk, NOON + 3 * MINUTE, say("who had it is away"))
    assert run_automations(NOON + 4 * MINUTE) == 0
    assert to_introduce(read_history(lead)) is None
    seen = shown(locked(lead.pk), read_history(lead), samir)
    assert (seen.told_of, seen.another) == ("Rosa", True)


def test_where_nobody_wants_it_nothing_is_sent_or_noted(northside, bea, rosa, mails):
    MessageSetup.objects.update(automations=[])
    lead = offered(northside, bea, rosa)
    accepted(lead, rosa, NOON + MINUTE)
    assert run_automations(NOON + 2 * MINUTE) == 0
    assert (Message.objects.count(), why_not_told(lead)) == (0, [])


def test_without_a_way_the_story_says_why_once_and_the_warning_stays(northside, bea, rosa, mails):
    lead = offered(northside, bea, rosa, email=None)
    accepted(lead, rosa, NOON + MINUTE)
    assert run_automations(NOON + 2 * MINUTE) == 0
    assert run_automations(NOON + 3 * MINUTE) == 0
    assert why_not_told(lead) == [
        "there is no e-mail address", "text messages are not set up: a manager does that under Dealer, Messages",
    ]  # fmt: skip
    history = read_history(lead)
    line = story(history, {rosa.pk: "Rosa"})[-1]
    assert rosa.pk in people_in(history)
    assert (str(line.sentence), line.tone) == ("The customer couldn’t be told that Rosa receives them", "bad")
    assert shown(locked(lead.pk), history, rosa).told_of == ""


def test_who_opted_out_isnt_written_to_and_the_story_says_so(northside, bea, rosa, mails):
    lead = offered(northside, bea, rosa)
    with transaction.atomic():
        keep(locked(lead.pk), [Said("contact", False, "no")], NOON + MINUTE, channel="desk")
    accepted(lead, rosa, NOON + 2 * MINUTE)
    assert run_automations(NOON + 3 * MINUTE) == 0
    assert len(why_not_told(lead)) == 1
    assert Message.objects.count() == 0


def test_a_mail_that_came_back_told_nobody(northside, bea, rosa, mails):
    lead = offered(northside, bea, rosa)
    accepted(lead, rosa, NOON + MINUTE)
    run_automations(NOON + 2 * MINUTE)
    record(
        locked(lead.pk), Undelivered(at=NOON + 3 * MINUTE, carrier="email", message=Message.objects.get().pk)
    )
    assert told_of(lead) is None
    assert to_introduce(read_history(lead)) is None, "it isn't tried for ever"


def test_after_a_day_or_the_visit_nobody_is_written_to(northside, bea, rosa, mails):
    lead = offered(northside, bea, rosa)
    accepted(lead, rosa, NOON + MINUTE)
    assert run_automations(NOON + timedelta(hours=25)) == 0
    late = offered(
        northside,
        bea,
        rosa,
        VISIT - HOUR,
        customer="Ms Bruin",
        visit=VISIT + 2 * HOUR,
        phone=None,
        email="bruin@example.org",
    )
    accepted(late, rosa, VISIT - HOUR + MINUTE)
    assert run_automations(VISIT + 2 * HOUR + MINUTE) == 0


def test_the_messengers_own_role_may_do_it(northside, bea, rosa, mails):
    lead = offered(northside, bea, rosa)
    other = offered(northside, bea, rosa, customer="Ms Bruin", visit=VISIT + 2 * HOUR, email=None)
    accepted(lead, rosa, NOON + MINUTE)
    accepted(other, rosa, NOON + MINUTE)
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_clockwork")
        assert run_automations(NOON + 2 * MINUTE) == 1
        cursor.execute("reset role")
    assert len(read_history(lead).of(Wrote)) == 1
    assert len(read_history(other).of(NotIntroduced)) == 1


def test_whoever_dies_before_the_commit_has_written_nothing_and_after_it_not_again(
    northside, bea, rosa, mails
):
    lead = offered(northside, bea, rosa)
    accepted(lead, rosa, NOON + MINUTE)
    with transaction.atomic():
        assert run_automations(NOON + 2 * MINUTE) == 1
        transaction.set_rollback(True)
    assert (Message.objects.count(), len(read_history(lead).of(Wrote))) == (0, 0)
    assert run_automations(NOON + 3 * MINUTE) == 1
    assert run_automations(NOON + 4 * MINUTE) == 0
    assert lead.facts.get(kind="wrote").key == f"message:{Message.objects.get().key}"
