"""A manager lets a system of the dealer's know, changes what it is told, tries it, pauses it, and tells it again."""

import json
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from django.db import transaction

from leadbell import statement
from leadbell.announce import announce, wake_messenger
from leadbell.dealers.models import Organisation
from leadbell.dms.models import DmsDelivery, DmsKey, DmsPlace, DmsReceiver
from leadbell.dms.rules import BOTH_SECRETS, MOST_BACK, TEST, events_for, kinds_of, secret_of
from leadbell.outgoing import NO_ADDRESS, PRIVATE, NotAsked, checked, is_allowed, may_be_asked
from leadbell.refused import Refused
from leadbell.words import say

log = structlog.get_logger("leadbell.dms")

MOST_RECEIVERS, MOST_REPLAYED = 10, 20_000
SECRET_BYTES = 32
PAUSED = Refused(say("It is paused: let it go on first."))
LONGEST_NAME, LONGEST_LOGIN, LONGEST_PASSWORD = 80, 254, 500
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a system lies, as somebody typed it."""

    address: str
    login: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A system, and the secret we sign with: shown now, and never again. E-mail isn't signed."""

    receiver: DmsReceiver
    secret: str = ""


@transaction.atomic
def add_receiver(
    dealer: Organisation, name: str, kind: str, place: Place, events: Collection[str], now: datetime
) -> Made | Refused:
    """From now on this system is told of these events, of every lead of the dealer's."""
    if kind not in DmsReceiver.Kind.values:
        return Refused(say("Choose how it is told."))
    if not name.strip() or len(name.strip()) > LONGEST_NAME:
        return Refused(say("Give it a name of up to %(most)s letters.", most=LONGEST_NAME))
    if DmsReceiver.objects.filter(dealer=dealer).count() >= MOST_RECEIVERS:
        return Refused(say("%(most)s systems are told already: remove one first.", most=MOST_RECEIVERS))
    chosen = [event for event in events_for(kind) if event in events]
    if not chosen:
        return Refused(say("Choose at least one event."))
    if refused := _wrong(kind, place):
        return refused
    receiver = DmsReceiver.objects.create(
        dealer=dealer, name=name.strip(), kind=kind, host=_host(kind, place), kinds=kinds_of(chosen), created_at=now
    )  # fmt: skip
    _keep(receiver, place)
    announce(dealer.pk, "dms")
    log.info("a system is told from now on", dealer=dealer.pk, receiver=receiver.pk, kind=kind)
    return Made(receiver, "" if kind == DmsReceiver.Kind.ADF_MAIL else _new_secret(receiver, now))


@transaction.atomic
def change_events(
    receiver: DmsReceiver, name: str, events: Collection[str], *, mails: bool = True
) -> DmsReceiver | Refused:
    """What it is called and told from now on, and whether managers get an e-mail of its outages; what waits already
    is still sent."""
    chosen = [event for event in events_for(receiver.kind) if event in events]
    if not chosen:
        return Refused(say("Choose at least one event."))
    if not name.strip() or len(name.strip()) > LONGEST_NAME:
        return Refused(say("Give it a name of up to %(most)s letters.", most=LONGEST_NAME))
    receiver.name, receiver.kinds = name.strip(), kinds_of(chosen)
    receiver.mails = mails
    receiver.save(update_fields=["name", "kinds", "mails"])
    announce(receiver.dealer_id, "dms")
    return receiver


@transaction.atomic
def move(receiver: DmsReceiver, place: Place, now: datetime) -> DmsReceiver | Refused:
    """It lies somewhere else from now on; user and password are typed anew, never sent to another server."""
    if refused := _wrong(receiver.kind, place):
        return refused
    receiver.host = _host(receiver.kind, place)
    receiver.save(update_fields=["host"])
    DmsPlace.objects.filter(receiver=receiver).delete()
    _keep(receiver, place)
    return go_on(receiver, now)


@transaction.atomic
def renew_secret(receiver: DmsReceiver, now: datetime) -> Made | Refused:
    """A new secret; the old one signs beside it for a day, so that nothing is turned away meanwhile."""
    if receiver.kind == DmsReceiver.Kind.ADF_MAIL:
        return Refused(say("An e-mail isn’t signed."))
    DmsKey.objects.filter(receiver=receiver, until=None).update(until=now + BOTH_SECRETS)
    DmsKey.objects.filter(receiver=receiver, until__lte=now).delete()
    return Made(receiver, _new_secret(receiver, now))


@transaction.atomic
def pause(receiver: DmsReceiver, now: datetime) -> DmsReceiver:
    """It is told nothing until somebody lets it go on; what happens meanwhile waits."""
    receiver.paused_at, receiver.paused_because = receiver.paused_at or now, None
    receiver.save(update_fields=["paused_at", "paused_because"])
    announce(receiver.dealer_id, "dms")
    return receiver


@transaction.atomic
def go_on(receiver: DmsReceiver, now: datetime) -> DmsReceiver:
    """Everything that waited goes now, the oldest first, with as many tries as if it were new."""
    for name in ("paused_at", "paused_because", "failing_since", "because", "rest_until"):
        setattr(receiver, name, None)
    receiver.failures = 0
    receiver.save(
        update_fields=["paused_at", "paused_because", "failing_since", "because", "rest_until", "failures"]
    )
    waiting = DmsDelivery.objects.filter(receiver=receiver, status=DmsDelivery.Status.WAITING)
    waiting.update(next_at=now, tries=0, first_tried_at=None)
    _start(receiver)
    return receiver


_FORGET = (
    # Who is telling it, or writing down an event for it, ends first; in the order in which they lock.
    "select from leadbell_dmsdelivery where receiver_id = %(receiver)s and status = 'waiting' for update",
    "select from leadbell_dmsreceiver where id = %(receiver)s for update",
    "delete from leadbell_dmstry where delivery_id in (select id from leadbell_dmsdelivery where receiver_id = "
    "%(receiver)s)",
    "delete from leadbell_dmsdelivery where receiver_id = %(receiver)s",
    "delete from leadbell_dmskey where receiver_id = %(receiver)s",
    "delete from leadbell_dmsplace where receiver_id = %(receiver)s",
    "delete from leadbell_dmsreceiver where id = %(receiver)s",
)


@transaction.atomic
def remove(receiver: DmsReceiver) -> None:
    """It is told nothing any more; its address, secrets and log are forgotten."""
    for forgotten in _FORGET:
        statement.tell(forgotten, {"receiver": receiver.pk})
    announce(receiver.dealer_id, "dms")
    log.info("a system is told nothing any more", dealer=receiver.dealer_id, receiver=receiver.pk)


@transaction.atomic
def send_test(receiver: DmsReceiver, now: datetime) -> DmsDelivery | Refused:
    """Something about nobody, to see whether it arrives."""
    if receiver.paused_at is not None:
        return PAUSED
    made = DmsDelivery.objects.create(
        dealer_id=receiver.dealer_id, receiver=receiver, event=TEST, number=uuid4(), at=now, next_at=now
    )
    _start(receiver)
    return made


@transaction.atomic
def send_again(delivery: DmsDelivery, now: datetime) -> DmsDelivery | Refused:
    """The same event once more, under the same number: whoever knows it already can tell."""
    if delivery.receiver.paused_at is not None:
        return PAUSED
    DmsDelivery.objects.filter(pk=delivery.pk).update(
        status=DmsDelivery.Status.WAITING, next_at=now, tries=0, first_tried_at=None, settled_at=None
    )
    _start(delivery.receiver)
    return delivery


#: What happened since then, from the journal: also what was never told before. Nothing where it is too much.
_REPLAY = """
with found as materialized (
    select f.lead_id, f.id, f.at, %(kinds)s::jsonb ->> f.kind as event
    from leadbell_fact f join leadbell_lead l on l.id = f.lead_id
    where l.dealer_id = %(dealer)s and (l.closed_at is null or l.closed_at >= %(since)s or l.received_at >= %(since)s)
        and f.at >= %(since)s and %(kinds)s::jsonb ? f.kind
    order by f.id limit %(most)s + 1
), told as (
    insert into leadbell_dmsdelivery (dealer_id, receiver_id, lead_id, fact, event, number, at, next_at)
    select %(dealer)s, %(receiver)s, lead_id, id, event, gen_random_uuid(), at, %(now)s from found
    where (select count(*) from found) <= %(most)s
    on conflict (receiver_id, fact) where fact is not null do update set status = 'waiting', next_at = %(now)s,
        tries = 0, first_tried_at = null, settled_at = null
    returning id
)
select (select count(*) from found), (select count(*) from told)
"""


@transaction.atomic
def tell_again(receiver: DmsReceiver, since: datetime, now: datetime) -> int | Refused:
    """Everything it is told that happened since then, once more and in its order; how much that is."""
    if receiver.paused_at is not None:
        return PAUSED
    if not now - MOST_BACK <= since < now:
        return Refused(say("Choose a moment in the last %(days)s days.", days=MOST_BACK.days))
    about = {
        "dealer": receiver.dealer_id, "receiver": receiver.pk, "since": since, "now": now, "most": MOST_REPLAYED,
        "kinds": json.dumps(receiver.kinds),
    }  # fmt: skip
    ((found, told),) = statement.run(_REPLAY, about)
    if found > MOST_REPLAYED:
        return Refused(say("That is more than %(most)s events: choose a later moment.", most=MOST_REPLAYED))
    _start(receiver)
    return int(told)


def _start(receiver: DmsReceiver) -> None:
    """What is due goes now, whenever it failed last."""
    DmsReceiver.objects.filter(pk=receiver.pk).update(rest_until=None)
    announce(receiver.dealer_id, "dms")
    wake_messenger()


def _new_secret(receiver: DmsReceiver, now: datetime) -> str:
    secret = secret_of(secrets.token_bytes(SECRET_BYTES))
    statement.tell(
        "insert into leadbell_dmskey (dealer_id, receiver_id, secret, made_at) "
        "values (%(dealer)s, %(receiver)s, %(secret)s, %(now)s)",
        {"dealer": receiver.dealer_id, "receiver": receiver.pk, "secret": secret, "now": now},
    )
    return secret


def _keep(receiver: DmsReceiver, place: Place) -> None:
    """Written, and never read here again."""
    statement.tell(
        "insert into leadbell_dmsplace (dealer_id, receiver_id, address, login, password) "
        "values (%(dealer)s, %(receiver)s, %(address)s, %(login)s, %(password)s)",
        {"dealer": receiver.dealer_id, "receiver": receiver.pk, "address": place.address.strip(),
         "login": place.login.strip(), "password": place.password},
    )  # fmt: skip


def _wrong(kind: str, place: Place) -> Refused | None:
    """Why this is no place to tell anything."""
    address = place.address.strip()
    if kind == DmsReceiver.Kind.ADF_MAIL:
        good = len(address) <= LONGEST_LOGIN and _MAIL.fullmatch(address)
        return None if good else Refused(say("This is no e-mail address."))
    if len(place.login) > LONGEST_LOGIN or len(place.password) > LONGEST_PASSWORD:
        return Refused(say("The user name or the password is too long."))
    if "\0" in address + place.login + place.password:
        return Refused(NO_ADDRESS)
    try:
        parts = checked(address)
    except NotAsked as refused:
        return Refused(refused.words)
    number = _number(parts.hostname or "")
    if number is not None and not may_be_asked(number):
        return Refused(PRIVATE)
    if parts.scheme != "https" and (number is None or not is_allowed(number)):
        return Refused(say("Customers’ data goes encrypted only: the address begins with https://."))
    return None


def _number(host: str) -> str | None:
    """The address that a host is written as, where it is a number or this machine."""
    if host.lower().rstrip(".") == "localhost":
        return "127.0.0.1"
    try:
        return str(ip_address(host.partition("%")[0]))
    except ValueError:
        return None


def _host(kind: str, place: Place) -> str:
    address = place.address.strip()
    shown = address if kind == DmsReceiver.Kind.ADF_MAIL else urlsplit(address).hostname or ""
    return shown[:253]
