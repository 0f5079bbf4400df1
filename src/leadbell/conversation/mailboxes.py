"""The mail account itself: tried on request, and its mailbox looked into from time to time."""

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext as _

from leadbell.announce import announce
from leadbell.conversation.models import MessageSecret, MessageSetup
from leadbell.conversation.ports import (
    Account,
    Fetched,
    Letter,
    MailboxAway,
    Never,
    Outcome,
    Security,
    Sent,
)
from leadbell.conversation.receiving import keep_fetched
from leadbell.conversation.sending import mail_account
from leadbell.log import fault_of
from leadbell.process import AWAY
from leadbell.words import say

#: A test that nobody finished is over after this long: it is not sent again by itself.
FORGOTTEN = timedelta(minutes=2)
UNFIT = say("what is written here about the account can't be used: save it anew")

log = structlog.get_logger("leadbell.messages")


def asked_tests(
    now: datetime, most: int, busy: Collection[int]
) -> list[tuple[MessageSetup, Account, Letter]]:
    """Up to `most` tests that managers asked for a moment ago, each taken once; one that can't be made has failed."""
    asked = MessageSetup.objects.filter(test_status="asked").exclude(dealer__in=list(busy))
    found = []
    for setup in asked.select_related("dealer").order_by("test_at")[:most]:
        taken = MessageSetup.objects.filter(pk=setup.pk, test_status="asked").update(test_status="going")
        if not taken or setup.test_at is None or now - setup.test_at >= FORGOTTEN:
            continue
        try:
            with transaction.atomic():
                found.append((setup, mail_account(setup), _test_letter(setup)))
        except AWAY:
            raise
        except Exception as error:
            log.error("a test can't be sent", dealer=setup.dealer_id, fault=fault_of(error))
            tested(setup.pk, Never(UNFIT), now)
    return found


def tested(number: int, outcome: Outcome, now: datetime) -> None:
    """Show what came of the test."""
    because = None if isinstance(outcome, Sent) else msgspec.to_builtins(outcome.because)
    status = "failed" if because else "sent"
    works = {} if because else {"mail_because": None, "mail_at": now}
    MessageSetup.objects.filter(pk=number).update(test_status=status, test_because=because, **works)
    announce(MessageSetup.objects.values_list("dealer_id", flat=True).get(pk=number), "dealer")


def mailboxes_due(
    since: datetime, most: int, busy: Collection[int], now: datetime
) -> list[tuple[MessageSetup, Account]]:
    """Up to `most` that nobody has looked into since then, those first that wait longest."""
    due = MessageSetup.objects.filter(replies="mailbox", mail_on=True).exclude(imap_host="")
    due = due.filter(Q(imap_looked_at=None) | Q(imap_looked_at__lte=since)).exclude(dealer__in=list(busy))
    found = []
    for setup in due.order_by(F("imap_looked_at").asc(nulls_first=True), "pk")[:most]:
        try:
            with transaction.atomic():
                found.append((setup, _mailbox_account(setup)))
        except AWAY:
            raise
        except Exception as error:
            log.error("a mailbox can't be looked into", dealer=setup.dealer_id, fault=fault_of(error))
            fetched(setup.pk, MailboxAway(UNFIT), now)
    return found


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
