"""E-mail to our own people: stored once, claimed, handed over at most once between two answers, settled.

It goes out by the dealer's own account; by the house's where the dealer has none, and for groups and importers.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec
import structlog
from django.conf import settings
from django.db import transaction

from leadbell.conversation.models import Message, MessageSetup, StaffMail
from leadbell.conversation.ports import Account, Letter, NotNow, Outcome, Perhaps, Security, Sent
from leadbell.conversation.rules import GIVE_UP_AFTER, next_try
from leadbell.conversation.sending import LOOKED_AT_AGAIN, NOT_READY, STOPPED, account_of
from leadbell.dealers.models import Person
from leadbell.log import fault_of
from leadbell.process import AWAY
from leadbell.words import Words, say

log = structlog.get_logger("leadbell.messages")

#: What was sent is nobody's archive: the reports themselves are on the screen.
KEPT = timedelta(days=60)
NO_ACCOUNT = say("no mail account is set up")
#: How the keys of each kind of letter that a person chooses begin, and since when they want it; others are news of
#: something that a manager has to look after.
WANTED = {"week": "weekly_from", "month": "monthly_from"}


@dataclass(frozen=True, slots=True)
class Draft:
    subject: str
    text: str
    html: str
    #: One click ends letters of this kind (RFC 8058).
    opt_out_url: str


@dataclass(frozen=True, slots=True)
class ClaimedStaffMail:
    number: int
    #: Whose account it is: one letter of each is under way at a time.
    organisation: int
    letter: Letter
    account: Account


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the last letter to somebody."""

    status: Message.Status
    at: datetime
    because: Words | None


def written_to(people: Collection[int], keys: Collection[str]) -> set[tuple[int, str]]:
    """(person, key) of those letters to these people that are kept already."""
    kept = StaffMail.objects.filter(person__in=people, key__in=keys)
    return set(kept.values_list("person", "key"))


@transaction.atomic
def store(person: Person, key: str, draft: Draft, now: datetime) -> bool:
    """Keep a letter to be sent; false where one of this key is kept already."""
    StaffMail.objects.filter(created_at__lt=now - KEPT).delete()
    _found, made = StaffMail.objects.get_or_create(
        person=person, key=key,
        defaults={
            "organisation_id": person.organisation_id, "address": person.email, "subject": draft.subject[:250],
            "text": draft.text, "html": draft.html, "opt_out_url": draft.opt_out_url, "status": "queued",
            "message_id": f"<staff-{uuid4().hex}@{settings.MAIL_DOMAIN}>", "created_at": now, "send_at": now,
        },
    )  # fmt: skip
    return made


@transaction.atomic
def claim(now: datetime, most: int, busy: Collection[int] = ()) -> list[ClaimedStaffMail]:
    """Up to `most` letters that are due, one per organisation, none of one in `busy`."""
    due = (
        StaffMail.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("organisation", "person")
        .filter(status="queued", send_at__lte=now).exclude(organisation__in=list(busy))
        .order_by("send_at")[: most * 4]
    )  # fmt: skip
    claimed: dict[int, ClaimedStaffMail] = {}
    for mail in due:
        if len(claimed) >= most or mail.organisation_id in claimed:
            continue
        if (because := _not_any_more(mail, now)) is not None:
            _settle(mail, "failed", now, because)
            continue
        try:
            with transaction.atomic():
                ready = _ready(mail, now)
        except AWAY:
            raise
        except Exception as error:
            log.error("a letter to staff can't be made ready", staff_mail=mail.pk, fault=fault_of(error))
            ready = NOT_READY
        if isinstance(ready, ClaimedStaffMail):
            claimed[mail.organisation_id] = ready
        else:
            _change(mail, send_at=now + LOOKED_AT_AGAIN, because=msgspec.to_builtins(ready))
    return list(claimed.values())


def _ready(mail: StaffMail, now: datetime) -> ClaimedStaffMail | Words:
    """The letter with its account, marked as being sent; or why it waits."""
    account = account_of(mail.organisation_id, "email") or house_account()
    if account is None:
        return NO_ACCOUNT
    letter = _letter(mail)
    _change(mail, status="sending", tries=mail.tries + 1, tried_at=now, send_at=None)
    return ClaimedStaffMail(mail.pk, mail.organisation_id, letter, account)


@transaction.atomic
def settle(number: int, outcome: Outcome, now: datetime) -> None:
    """Write down what became of a letter that was handed over."""
    mail = StaffMail.objects.select_for_update().filter(pk=number).first()
    if mail is None or mail.status not in ("sending", "unsure"):
        return
    match outcome:
        case Sent():
            _settle(mail, "sent", now, None)
        case Perhaps():
            _settle(mail, "unsure", now, outcome.because)
        case NotNow() if again_at := next_try(mail.tries, mail.created_at, now):
            _change(mail, status="queued", send_at=again_at, because=msgspec.to_builtins(outcome.because))
        case _:
            _settle(mail, "failed", now, outcome.because)
    log.info("settled", organisation=mail.organisation_id, staff_mail=number, status=mail.status)


def forgotten(now: datetime) -> int:
    """What an earlier life was handing over when it ended may have been sent: nobody repeats it."""
    with transaction.atomic():
        left = list(StaffMail.objects.select_for_update().filter(status="sending"))
        for mail in left:
            _settle(mail, "unsure", now, STOPPED)
    return len(left)


def last_told(person: int, kind: str) -> Told | None:
    """What became of the newest letter of this kind (WANTED) to this person."""
    found = StaffMail.objects.filter(person=person, key__startswith=f"{kind}:").order_by("-created_at")
    for status, at, settled_at, because in found.values_list("status", "created_at", "settled_at", "because")[
        :1
    ]:
        return Told(
            Message.Status(status), settled_at or at, msgspec.convert(because, Words) if because else None
        )
    return None


def can_send(organisation: int) -> bool:
    """Whether letters to its people would go out; asked without reading a password."""
    setup = MessageSetup.objects.filter(dealer=organisation).first()
    return (setup is not None and setup.mails) or house_account() is not None


def house_account() -> Account | None:
    """The house's own mail account; None where it isn't set up."""
    if not settings.MAIL_HOST or not settings.MAIL_SENDER:
        return None
    security = msgspec.convert(settings.MAIL_SECURITY, type=Security)
    return Account(
        settings.MAIL_SENDER, settings.MAIL_HOST, settings.MAIL_PORT, security, settings.MAIL_LOGIN,
        settings.MAIL_PASSWORD,
    )  # fmt: skip


def _letter(mail: StaffMail) -> Letter:
    return Letter(
        key=f"staff-{mail.pk}", to=mail.address, to_name=mail.person.name,
        from_name=f"Leadbell · {mail.organisation.name}", subject=mail.subject, text=mail.text, html=mail.html,
        message_id=mail.message_id, opt_out_url=mail.opt_out_url, automatic=True,
    )  # fmt: skip


def _not_any_more(mail: StaffMail, now: datetime) -> Words | None:
    """Why a letter that waited is not sent after all."""
    chosen = WANTED.get(mail.key.split(":")[0])
    if not mail.person.is_active or (chosen is not None and getattr(mail.person, chosen) is None):
        return say("it is not wanted any more")
    if now - mail.created_at >= GIVE_UP_AFTER:
        return msgspec.convert(mail.because, Words) if mail.because else say("it waited for more than a day")
    return None


def _settle(mail: StaffMail, status: str, now: datetime, because: Words | None) -> None:
    told = msgspec.to_builtins(because) if because else None
    _change(mail, status=status, settled_at=now, send_at=None, because=told)


def _change(mail: StaffMail, **fields: object) -> None:
    for name, value in fields.items():
        setattr(mail, name, value)
    mail.save(update_fields=list(fields))
