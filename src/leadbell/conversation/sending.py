"""Sending what was stored: claimed in one transaction, handed to a carrier outside it, settled in another.

A message is handed over at most once between two answers: whoever dies in between leaves it "perhaps sent".
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog
from django.db import transaction

from leadbell.announce import announce
from leadbell.conversation.actions import opt_out_by_link
from leadbell.conversation.models import DeadAddress, Message, MessageSecret, MessageSetup
from leadbell.conversation.ports import Account, Never, NotNow, Outcome, Perhaps, Security, Sent
from leadbell.conversation.rules import is_too_late, next_try
from leadbell.conversation.writing import addresses_of
from leadbell.lead.consent import contact_forbidden, quiet_until
from leadbell.lead.facts import Undelivered
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Lead
from leadbell.log import fault_of
from leadbell.process import AWAY
from leadbell.words import Words, say

log = structlog.get_logger("leadbell.messages")

#: What can't go out now for a reason of ours is looked at again after this long.
LOOKED_AT_AGAIN = timedelta(minutes=15)
TOO_LATE = say("for a day it couldn't go out: write it again")
STOPPED = say("Leadbell was stopped while this was being sent")
NOT_READY = say("making it ready failed")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours to hand over now, with the account it goes out by."""

    message: Message
    account: Account


def claim(now: datetime, most: int, busy: Collection[int] = ()) -> list[Claimed]:
    """Up to `most` messages that are due, one per dealer, none of a dealer in `busy`.

    One that may no longer be sent is settled here: the customer opted out, or the account was gone for a day.
    """
    claimed, too_late = _claimed(now, most, busy)
    for number in too_late:
        _give_up(number, now)
    return claimed


@transaction.atomic
def _claimed(now: datetime, most: int, busy: Collection[int]) -> tuple[list[Claimed], list[int]]:
    due = (
        Message.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("dealer", "by").filter(status="queued", send_at__lte=now).exclude(dealer__in=list(busy))
        .order_by("send_at")[: most * 4]
    )  # fmt: skip
    claimed: dict[int, Claimed] = {}
    too_late = []
    for message in due:
        if len(claimed) >= most or message.dealer_id in claimed:
            continue
        try:
            with transaction.atomic():
                ready = _ready(message, now)
        except AWAY:
            raise
        except Exception as error:
            log.error("a message can't be made ready", message=message.pk, fault=fault_of(error))
            ready = NOT_READY
        if isinstance(ready, Claimed):
            claimed[message.dealer_id] = ready
        elif ready is not None and is_too_late(message.created_at, now):
            too_late.append(message.pk)
        elif ready is not None:
            _change(message, send_at=now + LOOKED_AT_AGAIN, because=_stored(ready))
    return list(claimed.values()), too_late


def _ready(message: Message, now: datetime) -> Claimed | Words | None:
    """The message with its account, marked as being sent; why it waits; None: it is settled, or its time is known."""
    lead = Lead.objects.select_related("customer", "dealer").get(pk=message.lead_id)
    message.lead = lead
    to_customer = message.way == "out"
    if to_customer and (because := contact_forbidden(lead)):
        _settle(message, "failed", now, because=because)
        return None
    if to_customer and message.carrier == "sms" and (until := quiet_until(lead, now)):
        _change(message, send_at=until[0], because=_stored(until[1]))
        return None
    account = account_of(message.dealer_id, message.carrier)
    if account is None:
        return _switched_off(message)
    _change(message, status="sending", tries=message.tries + 1, tried_at=now, send_at=None)
    return Claimed(message, account)


@transaction.atomic
def _give_up(number: int, now: datetime) -> None:
    """What was written a day ago isn't sent when somebody switches the account on again."""
    lead, message = _locked(number)
    if message.status == "queued":
        _undelivered(lead, message, "failed", TOO_LATE, now)


def account_of(dealer: int, carrier: str) -> Account | None:
    """Where this dealer's messages go out; None where it isn't set up, or was switched off."""
    setup = MessageSetup.objects.filter(dealer=dealer).first()
    if setup is None:
        return None
    if carrier == "sms":
        return Account(setup.sms_number) if setup.sms_number else None
    return mail_account(setup) if setup.mails else None


def mail_account(setup: MessageSetup) -> Account:
    secret = MessageSecret.objects.filter(dealer=setup.dealer_id).first()
    security: Security = msgspec.convert(setup.security, type=Security)
    return Account(
        setup.sender, setup.host, setup.port, security, setup.login, secret.password if secret else ""
    )


@transaction.atomic
def settle(number: int, outcome: Outcome, now: datetime) -> None:
    """Write down what became of a message that was handed over."""
    lead, message = _locked(number)
    if message.status not in ("sending", "unsure"):
        return
    match outcome:
        case Sent():
            _settle(message, "sent", now, provider_id=outcome.provider_id, sent_at=now)
            _account_works(message, now)
        case Perhaps():
            _settle(message, "unsure", now, because=outcome.because)
        case NotNow():
            again_at = next_try(message.tries, message.created_at, now)
            if again_at is None:
                _undelivered(lead, message, "failed", outcome.because, now)
            else:
                _change(message, status="queued", send_at=again_at, because=_stored(outcome.because))
                announce(message.dealer_id, "changed", message.lead_id)
            if outcome.ours:
                _account_fails(message, outcome.because)
        case Never():
            if outcome.opted_out:
                opt_out_by_link(lead, message.carrier, str(outcome.because), now)
            if outcome.dead and message.way == "out":
                bury(message.dealer_id, message.carrier, message.address, outcome.because, now)
            _undelivered(lead, message, "failed", outcome.because, now)
    log.info("settled", dealer=message.dealer_id, lead=message.lead_id, message=number, status=message.status)


@transaction.atomic
def came_back(number: int, because: Words, now: datetime, *, dead: bool) -> None:
    """A message that was sent came back: the customer hasn't got it. `dead`: nothing ever arrives there."""
    lead, message = _locked(number)
    if message.way != "out" or message.status in ("bounced", "failed"):
        return
    if dead:
        bury(message.dealer_id, message.carrier, message.address, because, now)
    _undelivered(lead, message, "bounced", because, now)


@transaction.atomic
def arrived(number: int, now: datetime, *, delivered: bool, provider_id: str = "") -> None:
    """The carrier says later that a message went out, or was delivered; what was unsure is known then."""
    _, message = _locked(number)
    known = {"queued": 0, "sending": 1, "unsure": 1, "sent": 2, "delivered": 3}
    status = "delivered" if delivered else "sent"
    if known.get(message.status, 9) < known[status]:
        sent_at, name = message.sent_at or now, provider_id or message.provider_id
        _settle(message, status, now, provider_id=name, sent_at=sent_at)


def forgotten(now: datetime) -> int:
    """What an earlier life was handing over when it ended may have been sent: nobody repeats it by itself."""
    with transaction.atomic():
        left = list(Message.objects.select_for_update(of=("self",)).filter(status="sending"))
        for message in left:
            _settle(message, "unsure", now, because=STOPPED)
    return len(left)


def bury(dealer: int, carrier: str, address: str, because: Words, now: datetime) -> None:
    """Nothing is sent to this address any more."""
    DeadAddress.objects.update_or_create(
        dealer_id=dealer, carrier=carrier, address=address.lower(),
        defaults={"because": _stored(because)}, create_defaults={"because": _stored(because), "since": now},
    )  # fmt: skip


def _undelivered(lead: Lead, message: Message, status: str, because: Words, now: datetime) -> None:
    _settle(message, status, now, because=because)
    if message.way != "out":
        return
    left = any(dead is None for _, dead in addresses_of(lead, "email"))
    fact = Undelivered(
        at=now, carrier="email" if message.carrier == "email" else "sms", message=message.pk, by=message.by_id,
        because=because, by_email=left,
    )  # fmt: skip
    record(lead, fact, key=f"undelivered:{message.pk}")


def _locked(number: int) -> tuple[Lead, Message]:
    """The lead's row first, as everybody who records facts does."""
    lead = locked(Message.objects.values_list("lead_id", flat=True).get(pk=number))
    return lead, Message.objects.select_for_update(of=("self",)).get(pk=number)


def _switched_off(message: Message) -> Words:
    return (
        say("e-mail was switched off: it waits")
        if message.carrier == "email"
        else say("texts were switched off: it waits")
    )


def _settle(
    message: Message, status: str, now: datetime, because: Words | None = None, **more: object
) -> None:
    _change(message, status=status, settled_at=now, send_at=None, because=_stored(because), **more)
    announce(message.dealer_id, "changed", message.lead_id)


def _change(message: Message, **fields: object) -> None:
    for name, value in fields.items():
        setattr(message, name, value)
    message.save(update_fields=list(fields))


def _account_works(message: Message, now: datetime) -> None:
    if message.carrier == "email":
        MessageSetup.objects.filter(dealer=message.dealer_id).update(mail_at=now, mail_because=None)


def _account_fails(message: Message, because: Words) -> None:
    if message.carrier == "email":
        MessageSetup.objects.filter(dealer=message.dealer_id).update(mail_because=_stored(because))
        announce(message.dealer_id, "dealer")


def _stored(because: Words | None) -> object:
    return msgspec.to_builtins(because) if because else None
