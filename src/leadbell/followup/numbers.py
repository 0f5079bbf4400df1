"""Numbers that customers call, each with the channel whose leads these calls are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import phonenumbers
from django.db import IntegrityError, transaction

from leadbell.announce import announce
from leadbell.dealers.actions import dialled
from leadbell.dealers.models import Organisation
from leadbell.intake.keys import new_source
from leadbell.intake.models import Source
from leadbell.intake.sources import BY_HAND
from leadbell.refused import Refused
from leadbell.ring.models import TrackingNumber
from leadbell.words import say


class NoSuchNumber(LookupError):
    """The dealer has no such tracking number."""


@dataclass(frozen=True, slots=True)
class Tracked:
    row: TrackingNumber
    source: str


def numbers_of(dealer: Organisation) -> list[Tracked]:
    """The dealer's tracking numbers by name."""
    rows = list(TrackingNumber.objects.filter(dealer=dealer, removed_at=None).order_by("name", "pk"))
    names = dict(Source.objects.filter(dealer=dealer).values_list("pk", "name"))
    return [Tracked(row, names.get(row.source, "")) for row in rows]


def call_sources(dealer: Organisation) -> Sequence[tuple[int, str]]:
    """The channels whose leads come by calls."""
    sources = Source.objects.filter(dealer=dealer, origin="call", revoked_at=None).exclude(name=BY_HAND)
    return list(sources.order_by("name").values_list("pk", "name"))


def number_of(dealer: Organisation, written: str) -> str | Refused:
    """The number as E.164, as somebody at the dealer writes it."""
    known = dialled(written.strip(), dealer.country)
    if known is None or not phonenumbers.is_valid_number(phonenumbers.parse(known)):
        return Refused(say("“%(number)s” is no phone number.", number=written.strip()[:40]))
    return known


@transaction.atomic
def add_number(
    dealer: Organisation, number: str, name: str, source: int | None, now: datetime
) -> TrackingNumber | Refused:
    """Calls on this number are leads of `source`; None makes a channel of the number's name."""
    name = name.strip()[:120]
    if not name:
        return Refused(say("Give the number a name: where it is printed or shown."))
    known = number_of(dealer, number)
    if isinstance(known, Refused):
        return known
    if source is not None and source not in dict(call_sources(dealer)):
        return Refused(say("Choose the channel whose leads these calls are."))
    ours = TrackingNumber.objects.select_for_update().filter(dealer=dealer, number=known).first()
    if ours is not None and ours.removed_at is None:
        return Refused(say("This number is there already."))
    if ours is None:
        ours = TrackingNumber(dealer=dealer, number=known)
    ours.name, ours.created_at, ours.removed_at, ours.site = name, now, None, None
    try:
        with transaction.atomic():
            ours.source = source if source is not None else _channel(dealer, name, now)
            ours.save()
    except IntegrityError:
        # Somebody else's: theirs isn't shown here, and no two dealers can have one number.
        return Refused(say("This number is in use already."))
    announce(dealer.pk, "dealer")
    return ours


@transaction.atomic
def remove_number(dealer: Organisation, number: int, now: datetime) -> TrackingNumber:
    """Calls on it are nobody's any more; what it brought stays. Raises NoSuchNumber."""
    row = TrackingNumber.objects.filter(dealer=dealer, pk=number, removed_at=None).first()
    if row is None:
        raise NoSuchNumber(number)
    row.removed_at = now
    row.save(update_fields=["removed_at"])
    announce(dealer.pk, "dealer")
    return row


def _channel(dealer: Organisation, name: str, now: datetime) -> int:
    """The channel of this name for calls, made when there is none."""
    same = Source.objects.filter(dealer=dealer, name=name, origin="call", revoked_at=None).first()
    return (same or new_source(dealer, name, "call", now)).pk
