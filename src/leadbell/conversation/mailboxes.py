"""The mail account itself: tried on request, and its mailbox looked into from time to time."""

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from leadbell.announce import announce
from leadbell.conversation.models import MessageSecret, MessageSetup
from leadbell.conversation.ports import Account, Fetched, Letter, MailboxAway, Outcome, Security, Sent
from leadbell.conversation.receiving import keep_fetched
from leadbell.conversation.sending import mail_account

#: A test that nobody finished is over after this long: it is not sent again by itself.
FORGOTTEN = timedelta(minutes=2)


def asked_tests(now: datetime, busy: Collection[int]) -> list[tuple[MessageSetup, Account, Letter]]:
    """Tests that managers asked for a moment ago; each is taken once."""
    asked = (
        MessageSetup.objects.filter(test_status="asked")
        .exclude(dealer__in=list(busy))
        .select_related("dealer")
    )
    found = []
    for setup in asked:
        taken = MessageSetup.objects.filter(pk=setup.pk, test_status="asked").update(test_status="going")
        if taken and setup.test_at and now - setup.test_at < FORGOTTEN:
            found.append((setup, mail_account(setup), _test_letter(setup)))
    return found


def tested(number: int, outcome: Outcome, now: datetime) -> None:
    """Show what came of the test."""
    because = None if isinstance(outcome, Sent) else msgspec.to_builtins(outcome.because)
    status = "failed" if because else "sent"
    works = {} if because else {"mail_because": None, "mail_at": now}
    MessageSetup.objects.filter(pk=number).update(test_status=status, test_because=because, **works)
    announce(MessageSetup.objects.values_list("dealer_id", flat=True).get(pk=number), "dealer")


def mailboxes_due(since: datetime, busy: Collection[int]) -> list[tuple[MessageSetup, Account]]:
    """Those that nobody has looked into since then."""
    due = MessageSetup.objects.filter(replies="mailbox", mail_on=True).exclude(imap_host="")
    due = due.filter(Q(imap_looked_at=None) | Q(imap_looked_at__lte=since)).exclude(dealer__in=list(busy))
    return [(setup, _mailbox_account(setup)) for setup in due]


@transaction.atomic
def fetched(number: int, answer: Fetched | MailboxAway, now: datetime) -> None:
    """Keep what was found, or why nothing could be."""
    setup = MessageSetup.objects.select_for_update().get(pk=number)
    MessageSetup.objects.filter(pk=number).update(imap_looked_at=now)
    if isinstance(answer, MailboxAway):
        MessageSetup.objects.filter(pk=number).update(imap_because=msgspec.to_builtins(answer.because))
        return
    keep_fetched(setup, answer.validity, answer.uid, answer.mails, now)


def _mailbox_account(setup: MessageSetup) -> Account:
    secret = MessageSecret.objects.filter(dealer=setup.dealer_id).first()
    security: Security = msgspec.convert(setup.imap_security, type=Security)
    password = secret.imap_password if secret else ""
    return Account(setup.sender, setup.imap_host, setup.imap_port, security, setup.imap_login, password)


def _test_letter(setup: MessageSetup) -> Letter:
    with translation.override(setup.dealer.language):
        text = _("This is a test from Leadbell: e-mail works.")
        subject = _("Leadbell: a test")
    key = f"test-{setup.pk}-{int(setup.test_at.timestamp()) if setup.test_at else 0}"
    domain = setup.sender.rpartition("@")[2]
    return Letter(
        key, setup.test_to, text, from_name=setup.dealer.name, subject=subject, message_id=f"<{key}@{domain}>",
        automatic=True,
    )  # fmt: skip
