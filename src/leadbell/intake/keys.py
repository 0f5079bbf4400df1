"""A dealer's intake keys: unguessable, one per source, each with its addresses."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from leadbell.dealers.models import Organisation
from leadbell.intake.models import Source
from leadbell.lead.facts import Origin


@dataclass(frozen=True, slots=True)
class Address:
    """Where a source sends its leads."""

    url: str
    mail: str


def new_key() -> str:
    """160 random bits in letters that survive mail addresses, which forget upper case."""
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return "".join(secrets.choice(letters) for _ in range(32))


def new_source(dealer: Organisation, name: str, origin: Origin, now: datetime, secret: str = "") -> Source:
    return Source.objects.create(
        dealer=dealer,
        name=name.strip()[:120],
        origin=origin,
        key=new_key(),
        secret=secret.strip()[:120],
        created_at=now,
    )


def address_of(source: Source) -> Address:
    return Address(f"{settings.PUBLIC_URL}/in/{source.key}", f"{source.key}@{settings.MAIL_DOMAIN}")
