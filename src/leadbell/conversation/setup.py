"""What a manager decides about messages: the mail account, texts, automations, and the dealer's own words."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from leadbell import statement
from leadbell.announce import announce, wake_messenger
from leadbell.conversation.models import MessageSetup, MessageTemplate, Signature
from leadbell.conversation.ports import CarrierName
from leadbell.conversation.wording import (
    AUTOMATIONS,
    LANGUAGES,
    LONGEST_MAIL,
    LONGEST_SUBJECT,
    LONGEST_TEXT,
    template_of,
    unknown_values,
)
from leadbell.dealers.models import Organisation, Person
from leadbell.refused import Refused
from leadbell.words import say

LONGEST_SIGNATURE = 500
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_HERE = ("localhost", "127.0.0.1", "::1")


def setup_for(dealer: Organisation) -> MessageSetup:
    """The dealer's choices; unsaved defaults where nobody has made any."""
    return MessageSetup.objects.filter(dealer=dealer).first() or MessageSetup(
        dealer=dealer, imap_security=MessageSetup.Security.TLS
    )


@transaction.atomic
def change_mail(dealer: Organisation, said: Mapping[str, str], now: datetime) -> MessageSetup | Refused:
    """The account mail goes out by. An empty password leaves the one there is."""
    setup = setup_for(dealer)
    sender, host = said.get("sender", "").strip(), said.get("host", "").strip()
    on = said.get("mail_on") == "1"
    if on and not _ADDRESS.fullmatch(sender):
        return Refused(say("The sender is no e-mail address."))
    if on and not _HOST.fullmatch(host):
        return Refused(say("Name the mail server, like smtp.example.com."))
    port = _port(said.get("port", ""))
    security = said.get("security", "")
    if port is None:
        return Refused(say("A port is a number from 1 to 65535."))
    if security not in MessageSetup.Security.values:
        return Refused(say("Choose how the connection is encrypted."))
    if security == MessageSetup.Security.NONE and host not in _HERE:
        return Refused(
            say("Without encryption only a server on this machine is used: choose STARTTLS or TLS.")
        )
    setup.mail_on, setup.sender, setup.host, setup.port = on, sender[:254], host, port
    setup.security, setup.login = security, said.get("login", "").strip()[:254]
    setup.mail_because = None
    _save(setup, now)
    _keep_password(dealer, "password", said.get("password", ""))
    return setup


@transaction.atomic
def change_replies(dealer: Organisation, said: Mapping[str, str], now: datetime) -> MessageSetup | Refused:
    """Where answers go, and the mailbox that is read for them."""
    setup = setup_for(dealer)
    replies = said.get("replies", "")
    if replies not in MessageSetup.Replies.values:
        return Refused(say("Choose where answers go."))
    host, port, security = (
        said.get("imap_host", "").strip(),
        _port(said.get("imap_port", "")),
        said.get("imap_security", ""),
    )
    if replies == MessageSetup.Replies.MAILBOX:
        if not _HOST.fullmatch(host) or port is None:
            return Refused(say("Name the server of the mailbox, like imap.example.com, and its port."))
        if security not in MessageSetup.Security.values:
            return Refused(say("Choose how the connection is encrypted."))
        if security == MessageSetup.Security.NONE and host not in _HERE:
            return Refused(
                say("Without encryption only a server on this machine is used: choose STARTTLS or TLS.")
            )
    if (setup.imap_host, setup.imap_login) != (host, said.get("imap_login", "").strip()):
        setup.imap_validity = setup.imap_uid = 0
    setup.replies, setup.bounces_here = replies, said.get("bounces_here") == "1"
    setup.imap_host, setup.imap_port = host, port or 993
    setup.imap_security = security if security in MessageSetup.Security.values else MessageSetup.Security.TLS
    setup.imap_login, setup.imap_because, setup.imap_looked_at = (
        said.get("imap_login", "").strip()[:254],
        None,
        None,
    )
    _save(setup, now)
    _keep_password(dealer, "imap_password", said.get("imap_password", ""))
    return setup


@transaction.atomic
def change_texts(dealer: Organisation, number: str, now: datetime) -> MessageSetup | Refused:
    """The number texts come from; empty: none are sent."""
    setup, number = setup_for(dealer), re.sub(r"[ ()-]", "", number)
    if number and not _NUMBER.fullmatch(number):
        return Refused(say("Write the number with its country, like +31612345678."))
    setup.sms_number = number
    try:
        with transaction.atomic():
            _save(setup, now)
    except IntegrityError:
        return Refused(say("This number is in use at another dealer."))
    return setup


@transaction.atomic
def change_automations(dealer: Organisation, chosen: list[str], now: datetime) -> MessageSetup:
    setup = setup_for(dealer)
    setup.automations = [name for name in AUTOMATIONS if name in chosen]
    return _save(setup, now)


@transaction.atomic
def ask_for_test(dealer: Organisation, person: Person, now: datetime) -> MessageSetup | Refused:
    """Send an e-mail to whoever asks; what came of it is shown on the page."""
    setup = setup_for(dealer)
    if not setup.mails:
        return Refused(say("Fill in the mail account first, and switch it on."))
    setup.test_to, setup.test_at, setup.test_status, setup.test_because = person.email, now, "asked", None
    _save(setup, now)
    wake_messenger()
    return setup


@transaction.atomic
def change_template(
    dealer: Organisation, name: str, carrier: CarrierName, language: str, subject: str, text: str
) -> MessageTemplate | Refused | None:
    """The dealer's own words; empty ones bring the default back."""
    if template_of(name, carrier, language) is None or language not in LANGUAGES:
        return Refused(say("There is no such template."))
    subject, text = " ".join(subject.split()), text.strip().replace("\r\n", "\n")
    about: dict[str, Any] = {"dealer": dealer, "name": name, "carrier": carrier, "language": language}
    if not text:
        MessageTemplate.objects.filter(**about).delete()
        return None
    longest = LONGEST_MAIL if carrier == "email" else LONGEST_TEXT
    if len(text) > longest or len(subject) > LONGEST_SUBJECT:
        return Refused(say("That is too long: %(most)s characters at most.", most=longest))
    if carrier == "email" and not subject:
        return Refused(say("Give the e-mail a subject."))
    if unknown := unknown_values(f"{subject} {text}"):
        return Refused(say("{%(name)s} means nothing here.", name=unknown[0]))
    row, _ = MessageTemplate.objects.update_or_create(**about, defaults={"subject": subject, "text": text})
    return row


@transaction.atomic
def change_signature(person: Person, dealer: Organisation, text: str) -> Signature | Refused | None:
    """What stands under this person's messages; empty brings name, dealer and number back."""
    text = text.strip().replace("\r\n", "\n")
    if len(text) > LONGEST_SIGNATURE:
        return Refused(say("That is too long: %(most)s characters at most.", most=LONGEST_SIGNATURE))
    if not text:
        Signature.objects.filter(person=person).delete()
        return None
    row, _ = Signature.objects.update_or_create(person=person, defaults={"dealer": dealer, "text": text})
    return row


def _save(setup: MessageSetup, now: datetime) -> MessageSetup:
    setup.changed_at = now
    setup.save()
    announce(setup.dealer_id, "dealer")
    return setup


_PASSWORDS = {
    "password": """insert into leadbell_messagesecret (dealer_id, password, imap_password)
        values (%(dealer)s, %(said)s, '') on conflict (dealer_id) do update set password = %(said)s""",
    "imap_password": """insert into leadbell_messagesecret (dealer_id, password, imap_password)
        values (%(dealer)s, '', %(said)s)
        on conflict (dealer_id) do update set imap_password = %(said)s""",
}


def _keep_password(dealer: Organisation, name: str, said: str) -> None:
    """Written, and never read here again."""
    if said:
        statement.tell(_PASSWORDS[name], {"dealer": dealer.pk, "said": said[:200]})


def _port(said: str) -> int | None:
    port = int(said) if said.isdecimal() and len(said) < 6 else 0
    return port if 0 < port < 65536 else None
