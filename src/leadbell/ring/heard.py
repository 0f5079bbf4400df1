"""Recorded conversations, as those who listen back ask for them."""

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from leadbell.dealers.models import Person
from leadbell.ring.models import Call, Recording
from leadbell.ring.recordings.store import the_store


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation whose sound is kept; `on` is the dealer's local day."""

    call: str
    attempt: str
    dealer: int
    lead: int
    person: int
    at: datetime
    talk_ms: int
    on: date


def conversations(dealers: Collection[int], since: datetime, until: datetime) -> Iterator[Conversation]:
    """Of salespeople and everybody else who talked, the oldest first; importers' people never talk."""
    found = (
        Call.objects.filter(
            dealer__in=list(dealers), asked_at__gte=since, asked_at__lt=until, outcome="conversation",
            status=Call.Status.OVER, recording__status=Recording.Status.KEPT, lead__isnull=False, person__isnull=False,
        )
        .exclude(kind=Call.Kind.TEST)
        .exclude(attempt="")
        .exclude(person__role=Person.Role.IMPORTER)
        .select_related("dealer")
        .order_by("asked_at", "pk")
    )  # fmt: skip
    yield from map(_conversation, found)


def conversation(dealers: Collection[int], call: uuid.UUID) -> Conversation | None:
    """One of a lead, whether its sound is still there or not; None for anybody else's."""
    found = (
        Call.objects.filter(
            pk=call,
            dealer__in=list(dealers),
            outcome="conversation",
            lead__isnull=False,
            person__isnull=False,
        )
        .exclude(attempt="")
        .select_related("dealer")
        .first()
    )
    return None if found is None else _conversation(found)


def kept_lately(since: datetime, most: int) -> list[Conversation]:
    """Of all dealers, the newest first."""
    found = (
        Call.objects.filter(
            asked_at__gte=since, outcome="conversation", recording__status=Recording.Status.KEPT, lead__isnull=False,
            person__isnull=False,
        )
        .exclude(attempt="")
        .select_related("dealer")
        .order_by("-asked_at")[:most]
    )  # fmt: skip
    return [_conversation(call) for call in found]


def sound_of(call: uuid.UUID) -> bytes:
    """All of it, as it is stored. Raises NotThere, StoreAway."""
    stored_as, size = Recording.objects.filter(call=call).values_list("stored_as", "bytes").get()
    return the_store().read(stored_as, 0, size or 0)


def _conversation(call: Call) -> Conversation:
    hours = call.dealer.opening_hours
    return Conversation(
        call=call.pk.hex, attempt=call.attempt, dealer=call.dealer_id, lead=call.lead_id or 0,
        person=call.person_id or 0, at=call.connected_at or call.asked_at, talk_ms=call.talk_ms or 0,
        on=hours.local_day(call.connected_at or call.asked_at),
    )  # fmt: skip
