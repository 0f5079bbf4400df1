"""A message is written: stored with its fact in one transaction, and sent afterwards by the messenger."""

import secrets
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.conf import settings
from django.db import transaction

from leadbell.announce import announce, wake_messenger
from leadbell.conversation.models import DeadAddress, Message, MessageSetup
from leadbell.conversation.ports import CarrierName
from leadbell.conversation.wording import (
    LONGEST_MAIL,
    LONGEST_SUBJECT,
    LONGEST_TEXT,
    UNSTORABLE,
    is_unstorable,
)
from leadbell.lead.consent import contact_forbidden, may_call_now
from leadbell.lead.facts import Wrote
from leadbell.lead.journal import record
from leadbell.lead.models import Lead
from leadbell.lead.thread import Thread
from leadbell.refused import Refused
from leadbell.words import Words, say

MOST_REFERENCES = 10
#: A key is what a form brought along: short, and of harmless letters.
LONGEST_KEY = 40


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person has written, before it is sent. `key` names it: sent twice it is one message."""

    carrier: CarrierName
    to: str
    text: str
    key: str
    subject: str = ""
    calendar: str = ""
    #: Its text holds a recorded video.
    video: bool = False
    language: str = ""


def new_key() -> str:
    return secrets.token_hex(8)


def is_key(said: str) -> bool:
    return 0 < len(said) <= LONGEST_KEY and said.replace("-", "").isalnum()


def is_written(lead: Lead, key: str) -> bool:
    """Whether what this form holds was sent before."""
    return is_key(key) and Message.objects.filter(lead=lead, key=key).exists()


def setup_of(dealer: int) -> MessageSetup | None:
    return MessageSetup.objects.filter(dealer=dealer).first()


def addresses_of(lead: Lead, carrier: CarrierName) -> list[tuple[str, Words | None]]:
    """Where this customer can be written to, with why one of them doesn't work."""
    known = (
        list(lead.customer.emails)
        if carrier == "email"
        else [str(one["number"]) for one in lead.customer.phones if one.get("number")]
    )
    rows = DeadAddress.objects.filter(
        dealer=lead.dealer_id, carrier=carrier, address__in=[a.lower() for a in known]
    )
    dead = {row.address: msgspec.convert(row.because, Words) for row in rows}
    return [(address, dead.get(address.lower())) for address in dict.fromkeys(known)]


def works_again(lead: Lead, carrier: CarrierName, address: str) -> None:
    """Somebody knows better: one of this customer's addresses may be written to again."""
    if address in dict(addresses_of(lead, carrier)):
        DeadAddress.objects.filter(dealer=lead.dealer_id, carrier=carrier, address=address.lower()).delete()
        announce(lead.dealer_id, "changed", lead.pk)


def why_not(lead: Lead, carrier: CarrierName, now: datetime) -> Words | None:
    """Why nobody can write to this customer that way now."""
    if because := contact_forbidden(lead):
        return because
    setup = setup_of(lead.dealer_id)
    if carrier == "email" and not (setup and setup.mails):
        return say("e-mail is not set up: a manager does that under Dealer, Messages")
    if carrier == "sms" and not (setup and setup.sms_number and settings.TWILIO_ACCOUNT):
        return say("text messages are not set up: a manager does that under Dealer, Messages")
    addresses = addresses_of(lead, carrier)
    if not addresses:
        return say("there is no e-mail address") if carrier == "email" else say("there is no phone number")
    if all(dead for _, dead in addresses):
        return next(dead for _, dead in addresses)
    if carrier == "sms" and (refused := may_call_now(lead, now)):
        return refused.because
    return None


@transaction.atomic
def write(lead: Lead, person: int, draft: Draft, now: datetime) -> Message | Refused:
    """A person sends a message to the locked lead's customer. Asked twice with one key, it is one message."""
    if is_key(draft.key) and (known := Message.objects.filter(lead=lead, key=draft.key).first()):
        return known
    if because := why_not(lead, draft.carrier, now) or _wrong_with(lead, draft):
        return Refused(because)
    message = _store(lead, draft, now, by=person)
    carrier = "video" if draft.video else draft.carrier
    record(lead, Wrote(at=now, carrier=carrier, by=person, message=message.pk), key=f"message:{draft.key}")
    return message


@transaction.atomic
def automate(
    lead: Lead, automation: str, draft: Draft, now: datetime, introduces: int | None = None
) -> Message | None:
    """Send a message that nobody has written, where the law lets a person write; for ever marked as automation.

    `introduces` is the colleague it tells the customer of."""
    if Message.objects.filter(lead=lead, key=draft.key).exists():
        return None
    if why_not(lead, draft.carrier, now) or _wrong_with(lead, draft):
        return None
    message = _store(lead, draft, now, automation=automation)
    told = Wrote(at=now, carrier=draft.carrier, message=message.pk, introduces=introduces)
    record(lead, told, key=f"message:{draft.key}")
    return message


def _wrong_with(lead: Lead, draft: Draft) -> Words | None:
    text, longest = draft.text.strip(), LONGEST_MAIL if draft.carrier == "email" else LONGEST_TEXT
    if not is_key(draft.key):
        return say("Open the form again: it is too old.")
    if is_unstorable(text, draft.subject):
        return UNSTORABLE
    if not text:
        return say("An empty message says nothing.")
    if len(text) > longest:
        return say("That is too long: %(most)s characters at most.", most=longest)
    if draft.carrier == "email" and not " ".join(draft.subject.split()):
        return say("Give the e-mail a subject.")
    if len(draft.subject) > LONGEST_SUBJECT:
        return say("The subject is too long: %(most)s characters at most.", most=LONGEST_SUBJECT)
    dead = dict(addresses_of(lead, draft.carrier))
    if draft.to not in dead:
        return say("Choose one of the customer's own addresses.")
    return dead[draft.to]


def _store(lead: Lead, draft: Draft, now: datetime, by: int | None = None, automation: str = "") -> Message:
    mails = Message.objects.filter(lead=lead, carrier="email").exclude(message_id="").order_by("-created_at")
    earlier = list(mails.values_list("message_id", flat=True)[:MOST_REFERENCES])
    mail = draft.carrier == "email"
    message = Message.objects.create(
        dealer_id=lead.dealer_id, lead=lead, way="out", carrier=draft.carrier, key=draft.key, by_id=by,
        automation=automation, status="queued", address=draft.to, subject=" ".join(draft.subject.split()),
        text=draft.text.strip().replace("\r\n", "\n"), calendar=draft.calendar, language=draft.language,
        message_id=_message_id(lead, draft.key) if mail else "",
        references=" ".join(reversed(earlier)) if mail else "", created_at=now, send_at=now,
    )  # fmt: skip
    announce(lead.dealer_id, "changed", lead.pk)
    wake_messenger()
    return message


def _message_id(lead: Lead, key: str) -> str:
    """It names the thread, so that an answer is recognised wherever it arrives."""
    setup = setup_of(lead.dealer_id)
    domain = (setup.sender if setup else "").rpartition("@")[2] or "leadbell.invalid"
    return f"<{key.lower()}.{Thread(lead.dealer_id, lead.pk).name}@{domain}>"
