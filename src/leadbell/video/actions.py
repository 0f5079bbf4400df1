"""A video comes in pieces, is kept, is opened and watched by its customer, and goes again."""

import uuid
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from leadbell.announce import announce
from leadbell.dealers.models import Person
from leadbell.lead.consent import contact_forbidden
from leadbell.lead.facts import VideoOpened, VideoWatched
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Customer, Lead
from leadbell.refused import Refused
from leadbell.video.models import Video
from leadbell.video.rules import (
    FINISHED_WITHIN,
    LARGEST_PIECE,
    LONGEST_MS,
    MOST_BYTES,
    MOST_PIECES,
    SEEN_FOR,
    SHORTEST_MS,
    TOLERATED_MS,
    kind_of,
)
from leadbell.words import say

log = structlog.get_logger("leadbell.video")

GONE = Refused(say("This video is not here any more: record it again."))


@transaction.atomic
def begin(lead: Lead, person: Person, now: datetime) -> Video | Refused:
    """A video for this lead's customer, still without content; unfinished it is gone after a while."""
    if because := contact_forbidden(lead):
        return Refused(because)
    if not lead.is_open:
        return Refused(say("This lead is closed: reopen it first."))
    return Video.objects.create(
        dealer_id=lead.dealer_id, lead=lead, by=person, created_at=now, delete_at=now + FINISHED_WITHIN
    )


def wrong_piece(video: Video, nth: int, piece: bytes) -> Refused | None:
    """Why this can't be the next piece; the same one once more is fine, since an answer may get lost."""
    if video.status != Video.Status.COMING:
        return GONE
    if nth not in (len(video.sizes), len(video.sizes) - 1) or nth >= MOST_PIECES:
        return Refused(say("A part of the video is missing: record it again."))
    if not piece or len(piece) > LARGEST_PIECE or sum(video.sizes[:nth]) + len(piece) > MOST_BYTES:
        return Refused(say("The video is too large: record a shorter one."))
    if nth == 0 and kind_of(piece) is None:
        return Refused(say("This is no video that can be played."))
    return None


@transaction.atomic
def piece_kept(number: uuid.UUID, nth: int, piece: bytes) -> Video | Refused:
    """Note that this piece lies on the shelf."""
    video = Video.objects.select_for_update().get(pk=number)
    if refused := wrong_piece(video, nth, piece):
        return refused
    video.sizes = [*video.sizes[:nth], len(piece)]
    video.kind = (kind_of(piece) or "") if nth == 0 else video.kind
    video.save(update_fields=["sizes", "kind"])
    return video


@transaction.atomic
def finish(number: uuid.UUID, pieces: int, length_ms: int, keep: timedelta, now: datetime) -> Video | Refused:
    """All of it is here: it can be sent, and is kept for `keep`, at most as long as its link works."""
    video = Video.objects.select_for_update().get(pk=number)
    if video.status == Video.Status.KEPT:
        return video
    if video.status != Video.Status.COMING:
        return GONE
    if pieces != len(video.sizes) or not video.kind:
        return Refused(say("A part of the video is missing: record it again."))
    if not SHORTEST_MS <= length_ms <= LONGEST_MS + TOLERATED_MS:
        return Refused(say("A video lasts from one second to a minute and a half."))
    video.status, video.length_ms, video.delete_at = Video.Status.KEPT, length_ms, now + min(keep, SEEN_FOR)
    video.save()
    announce(video.dealer_id, "changed", video.lead_id)
    return video


@transaction.atomic
def opened(number: uuid.UUID, now: datetime) -> None:
    """Somebody has begun to play it, for the first time: the salesperson is told."""
    lead, video = _locked(number)
    if video.opened_at is None:
        video.opened_at = now
        video.save(update_fields=["opened_at"])
        record(lead, VideoOpened(at=now, video=video.pk.hex), key=f"video:{video.pk.hex}:opened")


@transaction.atomic
def watched(number: uuid.UUID, now: datetime) -> None:
    """It was played to its end, for the first time."""
    lead, video = _locked(number)
    if video.watched_at is None and video.opened_at is not None:
        video.watched_at = now
        video.save(update_fields=["watched_at"])
        fact = VideoWatched(at=now, video=video.pk.hex, length_ms=video.length_ms)
        record(lead, fact, key=f"video:{video.pk.hex}:watched")


def _locked(number: uuid.UUID) -> tuple[Lead, Video]:
    """The lead before the video, as everywhere."""
    lead = locked(Video.objects.values_list("lead", flat=True).get(pk=number))
    return lead, Video.objects.select_for_update().get(pk=number)


def delete_of_customer(customer: Customer, now: datetime) -> int:
    """Nobody sees them any more from now on; how many. They are off the shelf with the next `due`."""
    theirs = Video.objects.filter(lead__customer=customer).exclude(status=Video.Status.DELETED)
    return theirs.update(delete_at=now)


def due(now: datetime, most: int = 20) -> dict[uuid.UUID, tuple[str, ...]]:
    """What is to be taken off the shelf now: the names of each video's pieces.

    The piece after the last one may lie there, where somebody was killed before it was noted.
    """
    found = Video.objects.filter(delete_at__lte=now).order_by("delete_at")[:most]
    return {one.pk: tuple(one.piece(nth) for nth in range(len(one.sizes) + 1)) for one in found}


@transaction.atomic
def taken_off(number: uuid.UUID) -> None:
    """It is off the shelf."""
    video = Video.objects.select_for_update().get(pk=number)
    video.status, video.delete_at, video.sizes = Video.Status.DELETED, None, []
    video.save()
    announce(video.dealer_id, "changed", video.lead_id)
    log.info("video deleted", dealer=video.dealer_id, lead=video.lead_id, video=video.pk.hex)
