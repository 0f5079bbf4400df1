"""What came back becomes a fact, once: over our own SMTP server or out of the dealer's mailbox."""

import json
import smtplib
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction

from leadbell.conversation.models import DeadAddress, Incoming, Message, MessageSetup
from leadbell.conversation.receiving import keep_fetched, read_some
from leadbell.conversation.shelves import not_read
from leadbell.conversation.writing import write
from leadbell.followup.actions import follow_up
from leadbell.followup.texts import colleague, stranger
from leadbell.lead.facts import OptedOut, Reopened, Replied, Undelivered
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Handle
from leadbell.lead.thread import Thread
from leadbell.sale.actions import lose, sell
from tests.conftest import NOON, lead_of
from tests.conversation import samples
from tests.conversation.mail import set_up_mail
from tests.conversation.test_sending import draft
from tests.fakes.front import Town, town
from tests.intake.test_smtp import open_door

MINUTE = timedelta(minutes=1)


@pytest.fixture
def lead(northside, rosa):
    set_up_mail(northside, 1)
    lead = lead_of(northside)
    Handle.objects.create(dealer=northside, kind="email", value=samples.TO, customer=lead.customer)
    with transaction.atomic():
        write(locked(lead.pk), rosa.pk, draft(), NOON)
    Message.objects.update(status="sent", send_at=None)
    return lead


def thread_of(lead):
    return Thread(lead.dealer_id, lead.pk)


def arrives(lead, raw, at=NOON + MINUTE, addressed=True, dealer=None):
    Incoming.objects.create(
        dealer=dealer or lead.dealer, carrier="email", kind="mail", key=f"{Incoming.objects.count()}", body=raw,
        lead=lead.pk if addressed else None, received_at=at,
    )  # fmt: skip
    assert read_some(at, stranger, colleague) == 1
    return Incoming.objects.order_by("-pk")[0]


def theirs():
    return Message.objects.filter(way="in")


def facts(lead, kind):
    return len(read_history(lead).of(kind))


@pytest.mark.django_db
def test_an_answer_is_told_once_and_rings_the_salesperson(lead, rosa):
    lead.owner = rosa
    from leadbell.ring.actions import take

    with transaction.atomic():
        take(locked(lead.pk), rosa.pk, NOON)
    arrives(lead, samples.answer(thread_of(lead)))
    arrives(lead, samples.answer(thread_of(lead)))
    assert facts(lead, Replied) == 1
    assert theirs().get().text == "Yes, Saturday please."
    with transaction.atomic():
        follow_up(locked(lead.pk), NOON + MINUTE)
    assert read_history(lead).of(Replied)[0].message == theirs().get().pk
    assert list(locked(lead.pk).ringing) == [rosa.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["by the address", "by what it answers", "by who wrote it"])
def test_whose_answer_it_is(lead, how):
    raw = samples.answer(
        thread_of(lead), In_Reply_To="" if how == "by who wrote it" else f"<ab.{thread_of(lead).name}@x>"
    )
    arrives(lead, raw, addressed=how == "by the address")
    assert facts(lead, Replied) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("raw", [samples.answer, samples.postfix])
def test_what_is_read_names_its_lead_so_that_it_can_be_erased(lead, raw):
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_clockwork")
        Incoming.objects.create(
            dealer=lead.dealer,
            carrier="email",
            kind="mail",
            key="k",
            body=raw(thread_of(lead)),
            received_at=NOON,
        )
        read_some(NOON, stranger, colleague)
        cursor.execute("reset role")
    assert Incoming.objects.get().lead == lead.pk


@pytest.mark.django_db
def test_a_strangers_mail_is_nobodys_answer(lead):
    raw = samples.answer(thread_of(lead), In_Reply_To="", From="stranger@example.net")
    assert arrives(lead, raw, addressed=False).status == "aside"
    assert not theirs().exists()


@pytest.mark.django_db
def test_another_dealers_thread_is_not_reached_from_here(lead, southside):
    raw = samples.answer(thread_of(lead))
    assert arrives(lead, raw, addressed=False, dealer=southside).status == "aside"
    assert arrives(lead, raw, addressed=True, dealer=southside).status == "aside"
    assert facts(lead, Replied) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("sign", samples.AUTOMATIC.values(), ids=samples.AUTOMATIC)
def test_a_machines_answer_is_shown_and_stops_nothing(lead, sign):
    arrives(lead, samples.answer(thread_of(lead), "I am away.", **sign))
    assert facts(lead, Replied) == 0
    assert theirs().get().automation == "automatic"


@pytest.mark.django_db
@pytest.mark.parametrize("bounce", [samples.postfix, samples.exchange, samples.exim, samples.qmail])
def test_a_bounce_marks_the_message_and_the_address(lead, bounce):
    arrives(lead, bounce(thread_of(lead)), addressed=False)
    arrives(lead, bounce(thread_of(lead)), addressed=False)
    assert Message.objects.get(way="out").status == "bounced"
    assert DeadAddress.objects.get().address == samples.TO
    assert facts(lead, Undelivered) == 1
    assert locked(lead.pk).standing.by_email is False


@pytest.mark.django_db
def test_a_full_mailbox_is_no_dead_address(lead):
    arrives(lead, samples.postfix(thread_of(lead), "5.2.2"))
    assert Message.objects.get(way="out").status == "bounced"
    assert not DeadAddress.objects.exists()


@pytest.mark.django_db
def test_a_delay_changes_nothing(lead):
    arrives(lead, samples.postfix(thread_of(lead), "4.4.1", "delayed"))
    assert Message.objects.get(way="out").status == "sent"
    assert facts(lead, Undelivered) == 0


@pytest.mark.django_db
def test_another_dealers_report_changes_nothing_here(lead, southside):
    assert (
        arrives(lead, samples.postfix(thread_of(lead)), addressed=False, dealer=southside).status == "aside"
    )
    assert Message.objects.get(way="out").status == "sent"


@pytest.mark.django_db
def test_who_writes_from_a_dead_address_has_one_that_works(lead):
    arrives(lead, samples.postfix(thread_of(lead)))
    arrives(lead, samples.answer(thread_of(lead)))
    assert not DeadAddress.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["STOP", "Unsubscribe.", "afmelden", "стоп"])
def test_a_stop_is_no_answer(lead, word):
    arrives(lead, samples.answer(thread_of(lead), word))
    assert (facts(lead, OptedOut), facts(lead, Replied)) == (1, 0)


@pytest.mark.django_db
def test_an_answer_opens_a_lost_lead_and_leaves_a_sold_one(lead, rosa):
    with transaction.atomic():
        lose(locked(lead.pk), rosa.pk, "price", NOON)
    arrives(lead, samples.answer(thread_of(lead)))
    assert facts(lead, Reopened) == 1
    with transaction.atomic():
        sell(locked(lead.pk), rosa.pk, NOON + MINUTE)
    arrives(lead, samples.answer(thread_of(lead), Message_ID="<two@mail.example.org>"), NOON + 2 * MINUTE)
    assert (facts(lead, Replied), facts(lead, Reopened)) == (2, 1)
    assert not locked(lead.pk).is_open


@pytest.mark.django_db
def test_what_cant_be_read_is_kept_aside(lead):
    arrives(lead, b"\0" * 100)
    assert facts(lead, Replied) == 1, "to a reply address: somebody wrote, whatever it was"


@pytest.mark.django_db
def test_a_mailbox_keeps_what_is_about_us_and_nothing_else(lead, northside):
    setup = MessageSetup.objects.get(dealer=northside)
    private = b"From: wife@example.net\nSubject: dinner\n\nat eight\n"
    mails = [private, samples.answer(thread_of(lead)), samples.postfix(thread_of(lead))]
    assert keep_fetched(setup, 7, 12, mails, NOON) == 2
    assert keep_fetched(setup, 7, 12, mails, NOON) == 2
    setup.refresh_from_db()
    assert (setup.imap_validity, setup.imap_uid) == (7, 12)
    assert Incoming.objects.count() == 2
    assert not any(b"dinner" in bytes(one.body) for one in Incoming.objects.all())


BROKEN = "(" * 3000


@pytest.mark.django_db
def test_a_mail_that_no_parser_gets_through_is_kept_and_counted(lead):
    kept = arrives(lead, samples.answer(thread_of(lead), From=BROKEN), addressed=False)
    assert (kept.status, kept.lead, facts(lead, Replied)) == ("aside", lead.pk, 0)
    assert bytes(kept.body)
    assert not_read(lead.dealer_id) == 1


@pytest.mark.django_db
def test_one_bad_mail_never_stops_a_mailbox(lead, northside):
    setup = MessageSetup.objects.get(dealer=northside)
    private = f"From: {BROKEN}\nSubject: dinner\n\nat eight\n".encode()
    theirs_broken = samples.answer(thread_of(lead), From=BROKEN, Message_ID="<b@x>")
    mails = [private, theirs_broken, samples.answer(thread_of(lead))]
    for _ in range(2):
        assert keep_fetched(setup, 7, 12, mails, NOON) == 3
    read_some(NOON, stranger, colleague)
    assert facts(lead, Replied) == 1
    assert not_read(northside.pk) == 2
    assert not any(b"dinner" in bytes(one.body) for one in Incoming.objects.all()), "it stays in the mailbox"


@pytest.mark.django_db
def test_a_fault_while_reading_stops_nobody_else_and_says_nothing_of_the_customer(lead, capsys):
    def breaks(dealer, number, text, sid, now):
        raise RuntimeError(f"{number}: {text}")

    body = json.dumps({"From": "+31687654321", "Body": "my secret", "MessageSid": "SM1"}).encode()
    about = {"dealer": lead.dealer, "received_at": NOON}
    Incoming.objects.create(carrier="sms", kind="text", key="first", body=body, **about)
    Incoming.objects.create(
        carrier="email", kind="mail", key="second", body=samples.answer(thread_of(lead)), **about
    )
    assert read_some(NOON, breaks, colleague) == 2
    assert facts(lead, Replied) == 1
    assert not_read(lead.dealer_id) == 1
    said = "".join(capsys.readouterr())
    assert "RuntimeError at" in said
    assert "secret" not in said
    assert "31687654321" not in said


# -- over our own SMTP server, with the rights it has --


@pytest.fixture(scope="module")
def here(cluster, django_db_setup):
    with town(cluster) as there:
        yield there


@pytest.fixture(scope="module")
def port(here: Town):
    with open_door(here.urls) as open_at:
        yield open_at


def send(port, to, mail):
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as sender:
        sender.ehlo("mx.example.org")
        sender.mail("")
        for one in to:
            code, said = sender.rcpt(one)
            if code != 250:
                return code, said.decode()
        return sender.data(mail)


def kept(here, dealer):
    with psycopg.connect(here.urls.owner) as owner:
        return owner.execute(
            "select lead, body, carrier, kind from leadbell_incoming where dealer_id = %s", [dealer]
        ).fetchall()


def test_an_answer_is_committed_before_it_is_taken(here, port):
    dealer = here.dealer()
    mail = samples.answer(Thread(dealer, 15))
    for _ in range(2):
        assert send(port, [Thread(dealer, 15).reply_address("leads.localhost")], mail)[0] == 250
    ((lead, body, carrier, kind),) = kept(here, dealer)
    assert (lead, carrier, kind) == (15, "email", "mail")
    assert bytes(body) == mail.rstrip(b"\r\n") + b"\r\n"


def test_an_answer_to_an_intake_address_is_no_new_lead(here, port):
    dealer = here.dealer()
    source, key = here.source(dealer)
    assert send(port, [f"{key}@leads.localhost"], samples.answer(Thread(dealer, 16)))[0] == 250
    assert [row[0] for row in kept(here, dealer)] == [16]
    assert send(port, [f"{key}@leads.localhost"], samples.answer(Thread(dealer + 1, 16)))[0] == 250
    with psycopg.connect(here.urls.owner) as owner:
        (count,) = owner.execute(
            "select count(*) from leadbell_envelope where source_id = %s", [source]
        ).fetchone()
    assert count == 1, "what names another dealer's thread is the intake's business"
    assert len(kept(here, dealer)) == 1


@pytest.mark.parametrize("address", ["reply+1-1-aaaaaaaaaaaaaaaa", "reply+", "reply+1-1"])
def test_an_address_that_was_not_made_here_is_nobodys(port, address):
    assert send(port, [f"{address}@leads.localhost"], b"x")[0] == 550
