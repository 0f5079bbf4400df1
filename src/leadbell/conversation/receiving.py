"""What came back is read: an answer is a fact, a bounce marks the address, a machine's answer is only shown."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec
import structlog
from django.db import transaction

from leadbell.announce import announce, wake_messenger
from leadbell.conversation.actions import opt_out_by_link
from leadbell.conversation.letterbox import Mail, Unreadable, read_mail
from leadbell.conversation.models import DeadAddress, Incoming, Message, MessageSetup
from leadbell.conversation.questions import Colleague, answered, asked_lately
from leadbell.conversation.sending import arrived, came_back
from leadbell.conversation.wording import says_stop
from leadbell.dealers.models import Person
from leadbell.lead.facts import Reopened, Replied
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Handle, Lead
from leadbell.lead.thread import thread_in
from leadbell.log import fault_of
from leadbell.process import AWAY
from leadbell.twilio_rest import NO_TEXTS, in_words
from leadbell.words import Words, say

log = structlog.get_logger("leadbell.messages")

AUTOMATIC = "automatic"
_NAMED = re.compile(r"<[^<>\s]{3,290}>")
_NOBODYS = say("nobody's answer")
#: Why something that arrived is kept aside although it may be somebody's answer; a manager sees how many there are.
UNREADABLE = say("a mail that no program can read")
FAULT = say("reading it failed")


#: Who takes a text of somebody nobody knows: its dealer, the number, the words and when; the lead, or None.
Stranger = Callable[[int, str, str, str, datetime], int | None]


def read_some(now: datetime, stranger: Stranger, colleague: Colleague, most: int = 20) -> int:
    """Read the oldest that arrived, each in a transaction of its own; how many there were."""
    numbers = list(
        Incoming.objects.filter(status="unread").order_by("received_at").values_list("pk", flat=True)[:most]
    )
    for number in numbers:
        try:
            _read(number, now, stranger, colleague)
        except AWAY:
            raise
        except Exception as error:
            log.error("something that arrived could not be read", incoming=number, fault=fault_of(error))
            Incoming.objects.filter(pk=number).update(status="aside", because=msgspec.to_builtins(FAULT))
    return len(numbers)


@transaction.atomic
def _read(number: int, now: datetime, stranger: Stranger, colleague: Colleague) -> None:
    incoming = Incoming.objects.select_for_update(skip_locked=True).filter(pk=number, status="unread").first()
    if incoming is None:
        return
    match incoming.kind:
        case "text":
            because = _text_arrived(incoming, stranger, colleague)
        case "status":
            because = _told(incoming, now)
        case _:
            because = _take(incoming, now)
    incoming.status = "aside" if because else "read"
    incoming.because = msgspec.to_builtins(because) if because else None
    incoming.save(update_fields=["status", "because", "lead"])


def _take(incoming: Incoming, now: datetime) -> Words | None:
    """Do what it asks for; why it is nobody's answer, where it is none."""
    mail = read_mail(bytes(incoming.body))
    if isinstance(mail, Unreadable):
        return _unreadable(incoming, mail)
    if mail.kind in ("bounce", "delayed"):
        return _bounced(incoming, mail, now)
    number = lead_of(incoming.dealer_id, mail, incoming.lead)
    if number is None:
        return _NOBODYS
    lead = locked(number)
    _answered(lead, incoming, mail)
    return None


def _unreadable(incoming: Incoming, mail: Unreadable) -> Words:
    """It stays as it came, and a manager is told; where it names one of our threads, its lead is known."""
    thread = thread_in(mail.names)
    if incoming.lead is None and thread is not None and thread.dealer == incoming.dealer_id:
        incoming.lead = thread.lead
    log.warning("a mail can't be read", incoming=incoming.pk, fault=mail.fault)
    return UNREADABLE


def lead_of(dealer: int, mail: Mail, addressed: int | None = None) -> int | None:
    """Whose answer it is: by the address it came to, by the mail it answers, else by who wrote it."""
    known = Lead.objects.filter(dealer=dealer)
    if addressed is not None and known.filter(pk=addressed).exists():
        return addressed
    thread = thread_in(mail.names)
    if thread is not None:
        return thread.lead if thread.dealer == dealer and known.filter(pk=thread.lead).exists() else None
    customer = Handle.objects.filter(dealer=dealer, kind="email", value=mail.sender).values_list(
        "customer", flat=True
    )
    theirs = Message.objects.filter(dealer=dealer, way="out", lead__customer__in=list(customer))
    return theirs.order_by("-created_at").values_list("lead_id", flat=True).first() if mail.sender else None


def is_ours(dealer: int, mail: Mail) -> bool:
    """Whether a mail in the dealer's own mailbox is about one of our messages; all others stay private."""
    if mail.kind in ("bounce", "delayed"):
        return _returned_message(dealer, mail) is not None
    return lead_of(dealer, mail) is not None


def _answered(lead: Lead, incoming: Incoming, mail: Mail) -> None:
    incoming.lead = lead.pk
    key = _key(mail.message_id, bytes(incoming.body))
    if Message.objects.filter(lead=lead, key=key).exists():
        return
    automatic = mail.kind != "answer"
    message = Message.objects.create(
        dealer_id=lead.dealer_id, lead=lead, way="in", carrier="email", key=key, status="received",
        automation=AUTOMATIC if automatic else "", address=mail.sender[:320], subject=mail.subject, text=mail.text,
        files=list(mail.files), message_id=mail.message_id, created_at=incoming.received_at,
        settled_at=incoming.received_at,
    )  # fmt: skip
    if automatic:
        announce(lead.dealer_id, "changed", lead.pk)
        return
    DeadAddress.objects.filter(dealer=lead.dealer_id, carrier="email", address=mail.sender).delete()
    if says_stop(mail.text) or says_stop(mail.subject):
        opt_out_by_link(lead, "email", mail.text[:200], incoming.received_at)
        announce(lead.dealer_id, "changed", lead.pk)
        return
    tell_replied(lead, message, incoming.received_at)


def tell_replied(lead: Lead, message: Message, at: datetime) -> None:
    """The customer answered: the clockwork rings the salesperson; a lost lead is open again."""
    if not lead.is_open and lead.state == Lead.State.LOST:
        record(lead, Reopened(at=at, because=say("the customer answered")))
    fact = Replied(at=at, carrier="sms" if message.carrier == "sms" else "email", message=message.pk)
    record(lead, fact, key=f"replied:{message.pk}")


def _bounced(incoming: Incoming, mail: Mail, now: datetime) -> Words | None:
    message = _returned_message(incoming.dealer_id, mail, incoming.lead)
    if message is None:
        return _NOBODYS
    incoming.lead = message.lead_id
    if mail.kind == "bounce":
        because = say("their mail server says: %(said)s", said=mail.reason or "?")
        came_back(message.pk, because, now, dead=mail.dead)
    return None


def _returned_message(dealer: int, mail: Mail, addressed: int | None = None) -> Message | None:
    """The message of ours that a report returns: by its Message-ID, else the thread's newest to that address."""
    ours = Message.objects.filter(dealer=dealer, way="out", carrier="email")
    named: Sequence[str] = _NAMED.findall(mail.names + " " + mail.returned)[:400]
    if found := ours.filter(message_id__in=named).order_by("-created_at").first():
        return found
    thread = thread_in(mail.names) or thread_in(mail.returned)
    number = thread.lead if thread and thread.dealer == dealer else addressed
    if number is None:
        return None
    newest = ours.filter(lead=number).order_by("-created_at")
    if mail.recipient:
        newest = newest.filter(address__iexact=mail.recipient)
    return newest.first()


def keep_told(dealer: int, kind: str, key: str, said: Mapping[str, str], now: datetime) -> None:
    """Commit what Twilio tells, once per `key`, before it is answered."""
    body = json.dumps(dict(said), ensure_ascii=False).encode("utf-8", "replace")
    about = {"kind": kind, "body": body, "received_at": now}
    Incoming.objects.get_or_create(dealer_id=dealer, carrier="sms", key=key[:200], defaults=about)
    wake_messenger()


def _text_arrived(incoming: Incoming, stranger: Stranger, colleague: Colleague) -> Words | None:
    said = json.loads(bytes(incoming.body))
    number, text, sid = (
        said.get("From", ""),
        said.get("Body", "")[:1600].replace("\0", ""),
        said.get("MessageSid", ""),
    )
    questions = asked_lately(incoming.dealer_id, number, incoming.received_at)
    if questions:
        return answered(incoming, questions, text, colleague)
    known = _lead_of_number(incoming.dealer_id, number)
    if known is None and Person.objects.filter(organisation=incoming.dealer_id, phone=number).exists():
        return say("it came from a colleague whom nobody had asked anything")
    if known is None:
        incoming.lead = known = stranger(incoming.dealer_id, number, text, sid, incoming.received_at)
        return None if known else say("nobody knows this number, and no channel takes its leads")
    lead = locked(known)
    incoming.lead = lead.pk
    key = f"text-{sid}"[:40]
    if Message.objects.filter(lead=lead, key=key).exists():
        return None
    message = Message.objects.create(
        dealer_id=lead.dealer_id, lead=lead, way="in", carrier="sms", key=key, status="received", address=number,
        text=text, provider_id=sid[:100], created_at=incoming.received_at, settled_at=incoming.received_at,
    )  # fmt: skip
    if says_stop(text):
        opt_out_by_link(lead, "sms", text[:200], incoming.received_at)
        announce(lead.dealer_id, "changed", lead.pk)
    else:
        tell_replied(lead, message, incoming.received_at)
    return None


def _lead_of_number(dealer: int, number: str) -> int | None:
    """The lead last written to at this number, else its owner's newest."""
    written = Message.objects.filter(dealer=dealer, way="out", carrier="sms", address=number).order_by(
        "-created_at"
    )
    if (lead := written.values_list("lead_id", flat=True).first()) is not None:
        return lead
    customer = Handle.objects.filter(dealer=dealer, kind="phone", value=number).values_list(
        "customer", flat=True
    )
    newest = Lead.objects.filter(dealer=dealer, customer__in=list(customer)).order_by("-pk")
    return newest.values_list("pk", flat=True).first()


#: What Twilio calls it, of a text of ours.
_GOES = {"sent": False, "delivered": True, "read": True}


def _told(incoming: Incoming, now: datetime) -> Words | None:
    """What became of a text of ours."""
    said = json.loads(bytes(incoming.body))
    number = int(said["message"])
    message = (
        Message.objects.filter(pk=number, dealer=incoming.dealer_id, carrier="sms").exclude(way="in").first()
    )
    if message is None or (message.provider_id and message.provider_id != said.get("MessageSid")):
        return _NOBODYS
    status, code = said.get("MessageStatus", ""), said.get("ErrorCode", "")
    if status in _GOES:
        arrived(number, now, delivered=_GOES[status], provider_id=said.get("MessageSid", "")[:100])
    elif status in ("failed", "undelivered"):
        error = int(code) if code.isdecimal() and len(code) < 9 else 0
        came_back(number, in_words(error), now, dead=error in NO_TEXTS)
    return None


def _key(message_id: str, body: bytes) -> str:
    """The same mail by two ways is one message."""
    return hashlib.sha256(message_id.encode() if message_id else body).hexdigest()[:40]


@transaction.atomic
def keep_fetched(setup: MessageSetup, validity: int, uid: int, mails: Sequence[bytes], now: datetime) -> int:
    """Commit what was found in the dealer's mailbox and how far it was read, in one; how many are ours."""
    kept = sum(_keep_mail(setup.dealer_id, raw, now) for raw in mails)
    MessageSetup.objects.filter(pk=setup.pk).update(
        imap_validity=validity, imap_uid=uid, imap_at=now, imap_because=None
    )
    return kept


def _keep_mail(dealer: int, raw: bytes, now: datetime) -> bool:
    """Keep it where it is ours. Of one that can't be read only that there is one: its words stay in the mailbox."""
    try:
        with transaction.atomic():
            mail = read_mail(raw)
            if not isinstance(mail, Unreadable):
                return is_ours(dealer, mail) and _kept(dealer, mail.message_id, raw, now)
            thread = thread_in(mail.names)
            if thread is not None and thread.dealer == dealer:
                return _kept(dealer, "", raw, now)
            because = UNREADABLE
    except AWAY:
        raise
    except Exception as error:
        log.error("a mail of a mailbox could not be looked at", dealer=dealer, fault=fault_of(error))
        because = FAULT
    return _kept(
        dealer, "", raw, now, {"body": b"", "status": "aside", "because": msgspec.to_builtins(because)}
    )


def _kept(
    dealer: int, message_id: str, raw: bytes, now: datetime, more: Mapping[str, object] | None = None
) -> bool:
    about = {"kind": "mail", "body": raw, "received_at": now, **(more or {})}
    key = f"mail:{_key(message_id, raw)}"
    Incoming.objects.get_or_create(dealer_id=dealer, carrier="email", key=key, defaults=about)
    return True
