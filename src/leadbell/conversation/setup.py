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
    UNSTORABLE,
    is_unstorable,
    template_of,
    unknown_values,
)
from leadbell.dealers.models import Organisation, Person
from leadbell.refused import Refused
from leadbell.words import say

LONGEST_SIGNATURE = 500
LONGEST_NAME, LONGEST_PASSWORD = 254, 200
PASSWORD_AGAIN = Refused(
    say(
        "Type the password too: the one there is belongs to another server or user, and is not sent to this one."
    )
)
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_HERE = ("localhost", "127.0.0.1", "::1")


def setup_for(dealer: Organisation) -> MessageSetup:
    """The dealer's choices; unsaved defaults where nobody has made any."""
    return MessageSetup.objects.filter(dealer=dealer).first() or MessageSetup(dealer=dealer)


@transaction.atomic
def change_mail(dealer: Organisation, said: Mapping[str, str], now: datetime) -> MessageSetup | Refused:
    """The account mail goes out by. An empty password leaves the one there is: for the same server and user."""
    sender, host, login = (said.get(name, "").strip() for name in ("sender", "host", "login"))
    on, port = said.get("mail_on") == "1", _port(said.get("port", ""))
    security, password = said.get("security", ""), said.get("password", "")
    if (on or sender) and not (len(sender) <= LONGEST_NAME and _ADDRESS.fullmatch(sender)):
        return Refused(say("The sender is no e-mail address."))
    if (on or host) and not _HOST.fullmatch(host):
        return Refused(say("Name the mail server, like smtp.example.com."))
    if port is None:
        return Refused(say("A port is a number from 1 to 65535."))
    if refused := _unsafe(security, host) or _unusable(login, password):
        return refused
    setup = _locked(dealer, now)
    if login and host and not password and (setup.host, setup.login) != (host, login):
        return PASSWORD_AGAIN
    _save(
        setup, now, mail_on=on, sender=sender, host=host, port=port, security=security, login=login,
        mail_because=None,
    )  # fmt: skip
    _keep_password(dealer, "password", password)
    return setup


@transaction.atomic
def change_replies(dealer: Organisation, said: Mapping[str, str], now: datetime) -> MessageSetup | Refused:
    """Where answers go, and the mailbox that is read for them; its password as in `change_mail`."""
    host, login = said.get("imap_host", "").strip(), said.get("imap_login", "").strip()
    replies, port = said.get("replies", ""), _port(said.get("imap_port", ""))
    security, password = said.get("imap_security", ""), said.get("imap_password", "")
    reads = replies == MessageSetup.Replies.MAILBOX
    if replies not in MessageSetup.Replies.values:
        return Refused(say("Choose where answers go."))
    if ((reads or host) and not _HOST.fullmatch(host)) or (reads and port is None):
        return Refused(say("Name the server of the mailbox, like imap.example.com, and its port."))
    if refused := (_unsafe(security, host) if reads else None) or _unusable(login, password):
        return refused
    setup = _locked(dealer, now)
    other = (setup.imap_host, setup.imap_login) != (host, login)
    if host and not password and other:
        return PASSWORD_AGAIN
    read_anew = {"imap_validity": 0, "imap_uid": 0} if other else {}
    _save(
        setup, now, replies=replies, bounces_here=said.get("bounces_here") == "1", imap_host=host,
        imap_port=port or 993, imap_login=login, imap_because=None, imap_looked_at=None,
        imap_security=security if security in MessageSetup.Security.values else MessageSetup.Security.TLS,
        **read_anew,
    )  # fmt: skip
    _keep_password(dealer, "imap_password", password)
    return setup


@transaction.atomic
def change_texts(dealer: Organisation, number: str, now: datetime) -> MessageSetup | Refused:
    """The number texts come from; empty: none are sent."""
    number = re.sub(r"[ ()-]", "", number)
    if number and not _NUMBER.fullmatch(number):
        return Refused(say("Write the number with its country, like +31612345678."))
    setup = _locked(dealer, now)
    try:
        with transaction.atomic():
            return _save(setup, now, sms_number=number)
    except IntegrityError:
        return Refused(say("This number is in use at another dealer."))


@transaction.atomic
def change_automations(dealer: Organisation, chosen: list[str], now: datetime) -> MessageSetup:
    return _save(_locked(dealer, now), now, automations=[name for name in AUTOMATIONS if name in chosen])


@transaction.atomic
def ask_for_test(dealer: Organisation, person: Person, now: datetime) -> MessageSetup | Refused:
    """Send an e-mail to whoever asks; what came of it is shown on the page."""
    setup = _locked(dealer, now)
    if not setup.mails:
        return Refused(say("Fill in the mail account first, and switch it on."))
    _save(setup, now, test_to=person.email, test_at=now, test_status="asked", test_because=None)
    wake_messenger()
    return setup


@transaction.atomic
def change_template(
    dealer: Organisation, name: str, carrier: CarrierName, language: str, subject: str, text: str
) -> MessageTemplate | Refused | None:
    """The dealer's own words; empty ones bring the default back."""
    if template_of(name, carrier, language) is None or language not in LANGUAGES:
        return Refused(say("There is no such template."))
    if is_unstorable(subject, text):
        return Refused(UNSTORABLE)
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
    if is_unstorable(text):
        return Refused(UNSTORABLE)
    text = text.strip().replace("\r\n", "\n")
    if len(text) > LONGEST_SIGNATURE:
        return Refused(say("That is too long: %(most)s characters at most.", most=LONGEST_SIGNATURE))
    if not text:
        Signature.objects.filter(person=person).delete()
        return None
    row, _ = Signature.objects.update_or_create(person=person, defaults={"dealer": dealer, "text": text})
    return row


def _locked(dealer: Organisation, now: datetime) -> MessageSetup:
    """The dealer's row, made where there is none: nobody else writes it before this transaction ends."""
    rows = MessageSetup.objects.select_for_update(of=("self",))
    setup, _ = rows.get_or_create(dealer=dealer, defaults={"changed_at": now})
    return setup


def _save(setup: MessageSetup, now: datetime, **chosen: object) -> MessageSetup:
    """Write what was chosen, and no other column: the messenger writes its own ones in this row."""
    for name, value in chosen.items():
        setattr(setup, name, value)
    setup.changed_at = now
    setup.save(update_fields=[*chosen, "changed_at"])
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
        statement.tell(_PASSWORDS[name], {"dealer": dealer.pk, "said": said})


def _port(said: str) -> int | None:
    port = int(said) if said.isdecimal() and len(said) < 6 else 0
    return port if 0 < port < 65536 else None


def _unsafe(security: str, host: str) -> Refused | None:
    if security not in MessageSetup.Security.values:
        return Refused(say("Choose how the connection is encrypted."))
    if security == MessageSetup.Security.NONE and host not in _HERE:
        return Refused(
            say("Without encryption only a server on this machine is used: choose STARTTLS or TLS.")
        )
    return None


def _unusable(login: str, password: str) -> Refused | None:
    if len(login) > LONGEST_NAME or len(password) > LONGEST_PASSWORD:
        return Refused(say("The user or the password is too long."))
    return Refused(UNSTORABLE) if is_unstorable(login, password) else None
