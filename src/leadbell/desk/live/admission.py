"""Who listens to the live stream: whose session it is, and which dealers' news they may hear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.db import transaction
from django.utils.crypto import constant_time_compare

from leadbell.announce import announce
from leadbell.dealers.presence import mark_gone, mark_seen
from leadbell.lead.doors import dealers_of


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose screen it is, and which dealers' news it may hear."""

    person: int
    session: str
    dealers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Stranger:
    """Nobody is signed in (401), or somebody who may not be (403)."""

    status: int
    because: str


SIGNED_OUT = Stranger(401, "You are signed out. Sign in again.")
INACTIVE = Stranger(403, "You can't sign in any more. Ask your manager.")
DOWN = Stranger(503, "The database doesn't answer. Try again in a few seconds.")


def admit(sessions: Sequence[str], now: datetime) -> dict[str, Reader | Stranger]:
    """Who is signed in under each session; their desks are open now. Unknown ones are missing."""
    from django.contrib.sessions.models import Session

    claims = {
        session.session_key: session.get_decoded()
        for session in Session.objects.filter(session_key__in=sessions, expire_date__gt=now)
    }
    numbers = {
        int(claim[SESSION_KEY]) for claim in claims.values() if str(claim.get(SESSION_KEY)).isdecimal()
    }
    people = get_user_model().objects.in_bulk(list(numbers))
    found: dict[str, Reader | Stranger] = {}
    dealers_seen: dict[tuple[str, int], tuple[int, ...]] = {}
    for session, claim in claims.items():
        person = people.get(int(claim[SESSION_KEY])) if SESSION_KEY in claim else None
        if person is None or not _holds(claim, person):
            continue
        if not person.is_active:
            found[session] = INACTIVE
            continue
        place = (person.role, person.organisation_id)
        if place not in dealers_seen:
            # An importer hears of what it sent itself, and of no dealer's customer.
            dealers_seen[place] = dealers_of(person) or (person.organisation_id,)
        found[session] = Reader(person.pk, session, frozenset(dealers_seen[place]))
    _seen([reader for reader in found.values() if isinstance(reader, Reader)], now)
    return found


def _holds(claim: Mapping[str, Any], person: Any) -> bool:
    """Whether the session was made with the password that the person has now."""
    if claim.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    told = claim.get(HASH_SESSION_KEY, "")
    hashes = [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
    return any(constant_time_compare(told, known) for known in hashes)


def _seen(readers: Sequence[Reader], now: datetime) -> None:
    """Write whose desks are open, and tell the screens of their dealers who came."""
    if not readers:
        return
    with transaction.atomic():
        came = mark_seen({reader.person for reader in readers}, now)
        for dealer in {dealer for reader in readers if reader.person in came for dealer in reader.dealers}:
            announce(dealer, "came")


def leave(reader: Reader) -> None:
    with transaction.atomic():
        mark_gone([reader.person])
        for dealer in reader.dealers:
            announce(dealer, "left", people=[reader.person])


def stay(people: Sequence[int], now: datetime) -> None:
    mark_seen(people, now)
