"""The dealer's mailbox on a real IMAP server: read from where we were, and left as it is."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from leadbell.conversation.carriers import mailbox
from leadbell.conversation.mailboxes import fetched, mailboxes_due
from leadbell.conversation.models import Incoming, MessageSecret, MessageSetup
from leadbell.conversation.ports import Account, Fetched, MailboxAway
from leadbell.lead.thread import Thread
from tests.conftest import NOON, lead_of
from tests.conversation import samples
from tests.conversation.dovecot import MISSING, Dovecot
from tests.conversation.mail import set_up_mail

pytestmark = [pytest.mark.slow, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]


@pytest.fixture
def dovecot():
    with TemporaryDirectory(prefix="dovecot-") as folder:
        Path(folder).chmod(0o755)
        server = Dovecot(Path(folder) / "here")
        server.start()
        yield server
        server.stop()


def account(server, **about):
    known = {"sender": "s@n.example", "host": "127.0.0.1", "port": server.port, "security": "none", "login": "sales",
             "password": server.password} | about  # fmt: skip
    return Account(**known)


def look(server, validity=0, uid=0, seen_at=None):
    found = mailbox().fetch(account(server), validity, uid, seen_at)
    assert isinstance(found, Fetched), (found, server.said())
    return found


def test_it_begins_with_now_and_reads_each_mail_once(dovecot):
    dovecot.deliver(b"Subject: old\r\n\r\nbefore us\r\n")
    start = look(dovecot)
    assert start.mails == ()
    assert look(dovecot, start.validity, start.uid).mails == ()
    dovecot.deliver(b"Subject: one\r\n\r\nfirst\r\n")
    dovecot.deliver(b"Subject: two\r\n\r\nsecond\r\n")
    found = look(dovecot, start.validity, start.uid)
    assert [mail.partition(b"\r\n")[0] for mail in found.mails] == [b"Subject: one", b"Subject: two"]
    assert look(dovecot, found.validity, found.uid).mails == ()
    assert not any("S" in name.partition(":2,")[2] for name in dovecot.flags()), "nothing is marked as read"


def test_a_renumbered_mailbox_is_read_again(dovecot):
    start = look(dovecot)
    dovecot.deliver(b"Subject: one\r\n\r\nfirst\r\n")
    dovecot.renumber()
    found = look(dovecot, start.validity + 1, start.uid + 100, datetime.now(UTC))
    assert [mail.partition(b"\r\n")[0] for mail in found.mails] == [b"Subject: one"]


def test_a_large_mail_is_cut_and_many_come_in_turns(dovecot):
    start = look(dovecot)
    dovecot.deliver(b"Subject: big\r\n\r\n" + b"x" * 3_000_000)
    for number in range(25):
        dovecot.deliver(b"Subject: %d\r\n\r\nx\r\n" % number)
    first = look(dovecot, start.validity, start.uid)
    assert (len(first.mails), max(map(len, first.mails))) == (20, 1_048_576)
    assert len(look(dovecot, first.validity, first.uid).mails) == 6


@pytest.mark.parametrize(
    ("about", "because"),
    [
        ({"password": "wrong"}, "refuses the user"),
        ({"port": 1}, "doesn't answer"),
        ({"security": "tls"}, "encryption doesn't fit"),
        ({"security": "starttls"}, "encryption doesn't fit"),
    ],
)
def test_what_is_wrong_is_said_in_words(dovecot, about, because):
    found = mailbox().fetch(account(dovecot, **about), 0, 0, None)
    assert isinstance(found, MailboxAway)
    assert because in str(found.because)


@pytest.mark.django_db
def test_an_answer_in_the_mailbox_reaches_the_lead(dovecot, northside, rosa):
    setup = set_up_mail(northside, 1, replies="mailbox", imap_host="127.0.0.1", imap_port=dovecot.port,
                        imap_security="none", imap_login="sales")  # fmt: skip
    MessageSecret.objects.update(imap_password=dovecot.password)
    lead = lead_of(northside)
    for mail in (None, samples.answer(Thread(northside.pk, lead.pk)), b"Subject: dinner\r\n\r\nat eight\r\n"):
        if mail:
            dovecot.deliver(mail)
        ((_, where),) = mailboxes_due(NOON, 5, (), NOON)
        setup = MessageSetup.objects.get(pk=setup.pk)
        fetched(setup.pk, mailbox().fetch(where, setup.imap_validity, setup.imap_uid, setup.imap_at), NOON)
        setup.refresh_from_db()
        assert setup.imap_because is None, dovecot.said()
    assert [one.kind for one in Incoming.objects.all()] == ["mail"]
    assert b"Saturday" in bytes(Incoming.objects.get().body)
