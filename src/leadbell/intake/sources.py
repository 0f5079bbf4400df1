"""A dealer's channels: where its leads come from, how many came, and who may still deliver."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction

from leadbell.announce import announce
from leadbell.dealers.models import Organisation
from leadbell.intake.keys import Address, address_of, new_key
from leadbell.intake.models import Source
from leadbell.lead.facts import Origin
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.words import say

#: The source of leads that people type in; one per origin, made when the first is typed.
BY_HAND = "by hand"
#: Deliveries are counted over these days.
COUNTED_DAYS = 30


class NoSuchSource(LookupError):
    """There is no such channel at this dealer."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A source with its addresses, and what it delivered in COUNTED_DAYS by what became of it."""

    source: Source
    address: Address
    counts: Mapping[str, int] = field(default_factory=dict)
    last_at: datetime | None = None

    @property
    def delivered(self) -> int:
        return sum(self.counts.values())

    @property
    def by_hand(self) -> bool:
        return self.source.name == BY_HAND


_DELIVERED = """
select source_id, status, count(*), max(received_at) from leadbell_envelope
where dealer_id = %s and received_at >= %s group by source_id, status
"""


def channels_of(dealer: Organisation, now: datetime) -> list[Channel]:
    """Those that may deliver first, each newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_DELIVERED, [dealer.pk, now - timedelta(days=COUNTED_DAYS)])
        rows = cursor.fetchall()
    sources = Source.objects.filter(dealer=dealer).order_by("-created_at", "-pk")
    channels = [
        Channel(
            source,
            address_of(source),
            {status: count for owner, status, count, _ in rows if owner == source.pk},
            max((last for owner, _, _, last in rows if owner == source.pk), default=None),
        )
        for source in sources
    ]
    return sorted(channels, key=lambda one: (one.source.revoked_at is not None, one.by_hand))


def source_of(dealer: Organisation, number: int) -> Source:
    """Raises NoSuchSource."""
    source = Source.objects.filter(dealer=dealer, pk=number).select_related("dealer").first()
    if source is None:
        raise NoSuchSource(number)
    return source


@transaction.atomic
def add_source(
    dealer: Organisation, name: str, origin: str, now: datetime, secret: str = ""
) -> Source | Refused:
    """A channel with a key of its own; it may deliver at once."""
    name = name.strip()[:120]
    if not name:
        return Refused(say("Give the channel a name: it stands on every lead it brings."))
    if name == BY_HAND or Source.objects.filter(dealer=dealer, name__iexact=name, revoked_at=None).exists():
        return Refused(say("There is a channel called “%(name)s” already.", name=name))
    if origin not in Lead.Origin.values:
        return Refused(say("Choose where these leads come from: it decides how they are followed up."))
    source = Source.objects.create(
        dealer=dealer, name=name, origin=origin, key=new_key(), secret=secret.strip()[:120], created_at=now
    )
    announce(dealer.pk, "dealer")
    return source


@transaction.atomic
def revoke(source: Source, now: datetime) -> Source | Refused:
    """Its key opens nothing any more; its leads stay. Senders hear that the key is unknown."""
    if source.revoked_at is not None:
        return Refused(say("This channel is revoked already."))
    source.revoked_at = now
    source.save(update_fields=["revoked_at"])
    announce(source.dealer_id, "dealer")
    return source


def source_for_chat(dealer: Organisation, site: str, now: datetime) -> Source:
    """The channel whose leads the chats of this website become; made when its chat is first switched on."""
    name = f"Chat: {site}"[:120]
    source = Source.objects.filter(dealer=dealer, name=name, origin="chat", revoked_at=None).first()
    return source or Source.objects.create(
        dealer=dealer, name=name, origin="chat", key=new_key(), created_at=now
    )


def by_hand(dealer: Organisation, origin: Origin, now: datetime) -> Source:
    """The source of leads of this origin that people type in."""
    source = Source.objects.filter(dealer=dealer, name=BY_HAND, origin=origin, revoked_at=None).first()
    return source or Source.objects.create(
        dealer=dealer, name=BY_HAND, origin=origin, key=new_key(), created_at=now
    )
