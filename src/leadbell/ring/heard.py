"""Recorded conversations, as those who listen back ask for them."""

import uuid
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from leadbell.dealers.models import Person
from leadbell.lead.talk import Talk
from leadbell.ring.models import Call, Recording
from leadbell.ring.recordings.store import the_store


def conversations(dealers: Collection[int], since: datetime, until: datetime) -> Iterator[Talk]:
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
    yield from map(_talk, found)


def conversation(dealers: Collection[int], call: uuid.UUID) -> Talk | None:
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
    return None if found is None else _talk(found)


def kept_lately(
    since: datetime, now: datetime, most: int, but: QuerySet[Any], longest_ms: int | None = None
) -> list[Talk]:
    """Of all dealers, the newest first; none that is about to be deleted, or is the `call` of a row of `but`."""
    found = (
        Call.objects.filter(
            asked_at__gte=since, outcome="conversation", recording__status=Recording.Status.KEPT, lead__isnull=False,
            person__isnull=False,
        )
        .exclude(attempt="")
        .exclude(recording__delete_at__lte=now)
        .exclude(Exists(but.filter(call=OuterRef("pk"))))
        .select_related("dealer")
        .order_by("-asked_at")
    )  # fmt: skip
    if longest_ms is not None:
        found = found.exclude(talk_ms__gt=longest_ms)
    return [_talk(call) for call in found[:most]]


def people_in(calls: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Who of ours talked in each of these calls."""
    found = Call.objects.filter(pk__in=list(calls), person__isnull=False)
    return {call: person for call, person in found.values_list("pk", "person") if person is not None}


def sound_of(call: uuid.UUID) -> bytes:
    """All of it, as it is stored. Raises NotThere, StoreAway."""
    stored_as, size = Recording.objects.filter(call=call).values_list("stored_as", "bytes").get()
    return the_store().read(stored_as, 0, size or 0)


def gaps_while_kept(call: uuid.UUID, now: datetime) -> list[tuple[int, int]] | None:
    """What of it wasn't recorded, as long as this transaction lasts; None where it is deleted or about to be."""
    row = Recording.objects.select_for_update().filter(call=call, status=Recording.Status.KEPT).first()
    if row is None or (row.delete_at is not None and row.delete_at <= now):
        return None
    return [(start, end) for start, end in row.gaps]


def _talk(call: Call) -> Talk:
    hours = call.dealer.opening_hours
    return Talk(
        call=call.pk.hex, attempt=call.attempt, dealer=call.dealer_id, lead=call.lead_id or 0,
        person=call.person_id or 0, at=call.connected_at or call.asked_at, talk_ms=call.talk_ms or 0,
        on=hours.local_day(call.connected_at or call.asked_at),
    )  # fmt: skip
