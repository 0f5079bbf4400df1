"""E-mail out: over a real SMTP server, once, with its thread, its way to opt out, and its failures in words."""

import re
import socket
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from aiosmtpd.smtp import AuthResult
from django.db import ProgrammingError, connection, transaction

from leadbell.conversation.actions import opt_out_by_link
from leadbell.conversation.carriers import carrier_for
from leadbell.conversation.models import DeadAddress, Message, MessageSetup
from leadbell.conversation.ports import Account, Letter, Never, NotNow
from leadbell.conversation.sending import claim, forgotten, settle
from leadbell.conversation.writing import Draft, automate, write
from leadbell.followup.messenger import Messenger, handed_over
from leadbell.followup.posting import letter_of
from leadbell.lead.facts import Undelivered, Wrote
from leadbell.lead.journal import locked, read_history
from leadbell.lead.thread import Thread, thread_in
from leadbell.refused import Refused
from leadbell.visits.actions import add_site
from leadbell.visits.links import read_link
from tests.conftest import NOON, lead_of
from tests.conversation.mail import MailServer, set_up_mail

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def lead(northside, rosa, server):
    set_up_mail(northside, server.port)
    return lead_of(northside)


def draft(**about):
    return Draft(**{"carrier": "email", "to": "okafor@example.org", "subject": "Your Kona",
                    "text": "Dear Mr Okafor,\n\nIt is in stock.\n.\nRosa", "key": "0a1b"} | about)  # fmt: skip


def written(lead, person, now=NOON, **about):
    with transaction.atomic():
        message = write(locked(lead.pk), person.pk, draft(**about), now)
    assert not isinstance(message, Refused), message
    return message


def run(now=NOON):
    """One round of the messenger, to its end."""
    messenger = Messenger(lambda: now, lambda name: carrier_for(name, SimpleNamespace()))
    try:
        messenger.step()
        messenger.finish(10)
    finally:
        messenger.close()


def state(message):
    message.refresh_from_db()
    return message.status


def test_a_message_goes_out_once_with_its_thread_and_its_way_to_opt_out(lead, rosa, taken):
    message = written(lead, rosa)
    run()
    run()
    assert state(message) == "sent"
    ((sender, recipients, mail),) = taken.letters
    assert (sender, recipients) == ("sales@northside.example", ["okafor@example.org"])
    assert mail["From"] == "Rosa · Northside <sales@northside.example>"
    assert mail["Subject"] == "Your Kona"
    assert thread_in(mail["Message-ID"]) == Thread(lead.dealer_id, lead.pk)
    plain, page = (mail.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))
    assert plain.startswith("Dear Mr Okafor,\n\nIt is in stock.\n.\nRosa\n")
    url = re.fullmatch("<(.+)>", mail["List-Unsubscribe"])[1]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url in plain
    assert f'href="{url}"' in page
    assert "Auto-Submitted" not in mail


def test_the_next_message_continues_the_thread(lead, rosa, taken):
    first = written(lead, rosa)
    run()
    written(lead, rosa, NOON + MINUTE, key="second", subject="Re: Your Kona")
    run(NOON + MINUTE)
    mail = taken.letters[-1][2]
    assert mail["In-Reply-To"] == first.message_id == mail["References"]


def test_pressing_send_twice_is_one_message(lead, rosa, taken):
    assert written(lead, rosa).pk == written(lead, rosa).pk
    run()
    assert len(taken.letters) == 1
    assert len(read_history(lead).of(Wrote)) == 1


def test_who_is_busy_is_asked_again_later(lead, rosa, taken):
    taken.to_recipient = "450 4.2.1 mailbox busy"
    message = written(lead, rosa)
    run()
    assert state(message) == "queued"
    assert message.send_at == NOON + MINUTE
    assert "450 4.2.1 mailbox busy" in message.because["values"]["said"]
    taken.to_recipient = "250 OK"
    run(NOON + MINUTE - timedelta(seconds=1))
    assert taken.letters == []
    run(NOON + MINUTE)
    assert state(message) == "sent"
    assert len(taken.letters) == 1


def test_after_a_day_it_has_failed(lead, rosa, taken):
    taken.to_recipient = "450 4.2.1 mailbox busy"
    message = written(lead, rosa)
    Message.objects.update(send_at=NOON + timedelta(hours=25))
    run(NOON + timedelta(hours=25))
    assert state(message) == "failed"


@pytest.mark.parametrize(("hours", "status"), [(23, "sent"), (24, "failed")])
def test_what_waited_a_day_for_its_account_is_not_sent_any_more(lead, rosa, northside, taken, hours, status):
    message = written(lead, rosa)
    MessageSetup.objects.update(mail_on=False)
    run()
    assert state(message) == "queued"
    assert "it waits" in message.because["text"]
    later = NOON + timedelta(hours=hours)
    run(later)
    MessageSetup.objects.update(mail_on=True)
    run(later + timedelta(minutes=15))
    assert state(message) == status
    assert len(taken.letters) == (status == "sent")
    assert [str(fact.because) for fact in read_history(lead).of(Undelivered)] == [
        "for a day it couldn't go out: write it again"
    ] * (status == "failed")


def test_an_address_that_doesnt_exist_is_not_written_to_again(lead, rosa, taken):
    taken.to_recipient = "550 5.1.1 no such user here"
    message = written(lead, rosa)
    run()
    assert state(message) == "failed"
    assert DeadAddress.objects.get().address == "okafor@example.org"
    (fact,) = read_history(lead).of(Undelivered)
    assert (fact.by, fact.by_email) == (rosa.pk, False)
    standing = locked(lead.pk).standing
    assert (standing.by_email, standing.wrote_at) == (False, None)
    with transaction.atomic():
        again = write(locked(lead.pk), rosa.pk, draft(key="again"), NOON)
    assert isinstance(again, Refused)
    assert "no such user" in str(again.because)


def test_a_policy_refusal_says_nothing_about_the_address(lead, rosa, taken):
    taken.to_message = "554 5.7.1 looks like spam"
    message = written(lead, rosa)
    run()
    assert state(message) == "failed"
    assert not DeadAddress.objects.exists()


def test_a_connection_that_breaks_at_the_end_is_not_repeated(lead, rosa, taken):
    taken.hangs_up = True
    message = written(lead, rosa)
    run()
    assert state(message) == "unsure"
    taken.hangs_up = False
    run(NOON + timedelta(hours=1))
    assert len(taken.letters) == 1


def test_a_server_that_is_away_is_the_accounts_fault(lead, rosa, northside, taken):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        setup = set_up_mail(northside, nobody.getsockname()[1])
        message = written(lead, rosa)
        run()
    setup.refresh_from_db()
    assert state(message) == "queued"
    assert "doesn't answer" in setup.mail_because["text"]


def test_what_an_earlier_life_was_sending_is_perhaps_sent(lead, rosa, taken):
    message = written(lead, rosa)
    (claimed,) = claim(NOON, 5)
    assert claim(NOON, 5) == []
    assert forgotten(NOON + MINUTE) == 1
    assert state(message) == "unsure"
    run(NOON + MINUTE)
    assert taken.letters == []
    settle(
        claimed.message.pk,
        carrier_for("email", None).send(claimed.account, letter_of(claimed.message, NOON)),
        NOON,
    )
    assert state(message) == "sent", "who was only slow tells it after all"


def test_who_has_opted_out_meanwhile_gets_nothing(lead, rosa, taken):
    message = written(lead, rosa)
    with transaction.atomic():
        assert opt_out_by_link(locked(lead.pk), "link", "no more", NOON)
    run()
    assert state(message) == "failed"
    assert taken.letters == []


def test_a_fault_of_ours_leaves_it_unsure():
    class Broken:
        def send(self, account, letter):
            raise RuntimeError("boom")

    assert "nobody foresaw" in str(handed_over(Broken(), None, None).because)


def test_one_dealers_server_holds_up_nobody_else(lead, rosa, northside, southside, lena, server, taken):
    set_up_mail(southside, server.port)
    written(lead, rosa)
    written(lead_of(southside), lena)
    assert [one.message.dealer_id for one in claim(NOON, 5, busy={northside.pk})] == [southside.pk]


@pytest.mark.parametrize(
    ("about", "because"),
    [
        ({"text": "  "}, "empty"),
        ({"subject": " "}, "subject"),
        ({"to": "somebody@else.example"}, "customer's own"),
        ({"text": "x" * 20_001}, "too long"),
        ({"key": "x" * 41}, "too old"),
        ({"key": "a b"}, "too old"),
        ({"carrier": "sms", "to": "+31612345678"}, "not set up"),
    ],
)
def test_what_cant_be_sent_is_refused_in_words(lead, rosa, about, because):
    with transaction.atomic():
        refused = write(locked(lead.pk), rosa.pk, draft(**about), NOON)
    assert isinstance(refused, Refused)
    assert because in str(refused.because)
    assert not Message.objects.exists()


@pytest.mark.parametrize("injected", ["Hello\r\nBcc: everybody@example.org", "Hello\nBcc: x@example.org"])
def test_a_header_cant_be_smuggled_in(lead, rosa, taken, injected):
    written(lead, rosa, subject=injected)
    run()
    ((_, recipients, mail),) = taken.letters
    assert "Bcc" not in mail
    assert recipients == ["okafor@example.org"]


def test_a_name_cant_smuggle_a_header_in(lead, rosa, taken):
    lead.customer.full_name = 'Mr "Okafor"\r\nBcc: everybody@example.org'
    lead.customer.save()
    written(lead, rosa)
    run()
    assert "Bcc" not in taken.letters[0][2]


def test_automation_is_marked_for_ever_and_never_counts(lead, rosa, taken):
    with transaction.atomic():
        message = automate(locked(lead.pk), "acknowledge", draft(), NOON)
    assert message is not None
    run()
    mail = taken.letters[0][2]
    assert mail["Auto-Submitted"] == "auto-generated"
    standing = locked(lead.pk).standing
    assert (standing.worked_at, standing.touches, standing.automated) == (None, 0, 1)


@pytest.mark.parametrize("role", ["leadbell_app", "leadbell_clockwork"])
@pytest.mark.parametrize("column", ["by_id = null", "automation = 'x'", "text = 'x'"])
def test_who_wrote_what_is_never_changed(lead, rosa, role, column):
    written(lead, rosa)
    with connection.cursor() as cursor:
        cursor.execute(f"set local role {role}")
        with pytest.raises(ProgrammingError, match="permission denied"):
            cursor.execute(f"update leadbell_message set {column}")


def test_a_link_to_the_dealers_site_tells_who_follows_it(lead, rosa, northside, taken):
    add_site(northside, {"name": "Site", "origins": "https://www.northside.example"}, NOON)
    text = "See https://www.northside.example/cars/12?a=1. Or https://elsewhere.example/x"
    message = written(lead, rosa, text=text)
    letter = letter_of(message, NOON)
    said = re.search(r"leadbell=([^&\s]+)", letter.text)[1].rstrip(".")
    found = read_link(unquote(said), northside.pk, NOON)
    assert found is not None
    assert found.lead == lead.pk
    assert "https://elsewhere.example/x\n" in letter.text
    assert ">https://www.northside.example/cars/12?a=1</a>." in letter.html


def test_a_link_that_leads_nowhere_is_sent_as_it_was_written(lead, rosa, northside):
    add_site(northside, {"name": "Site", "origins": "https://www.northside.example"}, NOON)
    message = written(lead, rosa, text="See http://[ and https://www.northside.example[/cars")
    assert "http://[ and" in letter_of(message, NOON).text


def test_what_a_customers_program_called_its_mail_spoils_no_answer(lead, rosa, taken):
    odd = "<a\ud83d\ude97b@c> (x <ok@mail.example.org> " + "y" * 200
    Message.objects.create(
        dealer_id=lead.dealer_id, lead=lead, way="in", carrier="email", key="in", status="received",
        address="okafor@example.org", text="Yes", message_id=odd.encode("utf-16", "surrogatepass").decode("utf-16"),
        created_at=NOON,
    )  # fmt: skip
    written(lead, rosa, NOON + MINUTE)
    run(NOON + MINUTE)
    assert taken.letters[0][2]["References"] == "<ok@mail.example.org>"


@pytest.mark.parametrize(
    ("about", "because"),
    [
        ({"host": "a" * 64 + ".example"}, "can't be talked to"),
        ({"sender": "sales@" + "a" * 64 + ".example"}, "sender's address"),
    ],
)
def test_an_account_that_nobody_can_use_is_the_accounts_fault_and_nothing_was_sent(
    lead, rosa, about, because
):
    message = written(lead, rosa)
    MessageSetup.objects.update(**about)
    run()
    assert state(message) == "queued"
    assert because in message.because["text"]
    assert not DeadAddress.objects.exists()


@pytest.mark.parametrize(
    ("knows_users", "because"), [(True, "can't be talked to"), (False, "no user and password")]
)
def test_a_password_that_cant_be_said_is_the_accounts_fault(taken, knows_users, because):
    about = {"authenticator": lambda *_: AuthResult(success=True), "auth_require_tls": False}
    server = MailServer(taken, **about if knows_users else {})
    server.start()
    try:
        account = Account("sales@northside.example", "127.0.0.1", server.port, "none", "sales", "geheim€")
        outcome = carrier_for("email", None).send(
            account, Letter("k", "a@b.example", "Hello", subject="Hello")
        )
    finally:
        server.stop()
    assert isinstance(outcome, NotNow)
    assert outcome.ours
    assert because in str(outcome.because)


def test_an_address_the_server_cant_write_to_is_never_tried_again(taken):
    letter = Letter("k", "окафор@example.org", "Hello", subject="Hello", message_id="<k@northside.example>")
    server = MailServer(taken, enable_SMTPUTF8=False)
    server.start()
    try:
        account = Account("sales@northside.example", "127.0.0.1", server.port, "none")
        outcome = carrier_for("email", None).send(account, letter)
    finally:
        server.stop()
    assert isinstance(outcome, Never)
    assert (outcome.dead, taken.letters) == (False, [])


def test_html_is_escaped(lead, rosa):
    message = written(lead, rosa, text='<script>alert(1)</script> https://x.example/"><img>')
    page = letter_of(message, NOON).html
    assert "<script>" not in page
    assert "<img" not in page


def test_the_messenger_needs_no_more_than_its_role_may(lead, rosa, taken):
    message = written(lead, rosa)
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_clockwork")
        run()
        taken.to_recipient = "550 5.1.1 no such user here"
        forgotten(NOON)
        cursor.execute("reset role")
    assert state(message) == "sent"
