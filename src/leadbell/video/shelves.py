"""Videos, for the lead they belong to and for whoever has the link."""

import base64
import hmac
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.crypto import salted_hmac

from leadbell.lead.models import Lead
from leadbell.video.models import Video
from leadbell.video.rules import SEEN_FOR

_SALT = "leadbell.video.link"
_NAME = re.compile(r"([1-9][0-9]{0,17})-([0-9a-f]{32})-([1-9][0-9]{8,10})-([a-z2-7]{24})")


@dataclass(frozen=True, slots=True)
class Link:
    """Which video, of which dealer, and until when the link works."""

    dealer: int
    video: uuid.UUID
    until: datetime


def name_of(video: Video) -> str:
    """The signed end of the video's address; it works as long as the video is kept, SEEN_FOR at most."""
    until = int((video.delete_at or video.created_at + SEEN_FOR).timestamp())
    return f"{video.dealer_id}-{video.pk.hex}-{until}-{_proof(video.dealer_id, video.pk.hex, until)}"


def named(name: str) -> Link | None:
    """None where it was not made here; whether it still works says `until`."""
    found = _NAME.fullmatch(name)
    if found is None or not hmac.compare_digest(_proof(int(found[1]), found[2], int(found[3])), found[4]):
        return None
    until = datetime.fromtimestamp(0, UTC) + timedelta(seconds=int(found[3]))
    return Link(int(found[1]), uuid.UUID(hex=found[2]), until)


def video_at(link: Link, now: datetime) -> Video | None:
    """Inside the dealer's door: the video, where it can still be seen."""
    video = Video.objects.select_related("lead__customer", "dealer", "by").filter(pk=link.video).first()
    return video if video is not None and link.until > now and video.can_be_seen(now) else None


def video_of(lead: Lead, number: str) -> Video | None:
    """One video of this lead, by the number in an address."""
    try:
        return Video.objects.select_related("by").filter(lead=lead.pk, pk=uuid.UUID(hex=number)).first()
    except ValueError:
        return None


def newest_of(lead: Lead, now: datetime) -> Video | None:
    """The newest video for this customer that can be seen."""
    kept = Video.objects.filter(lead=lead.pk, status=Video.Status.KEPT, delete_at__gt=now)
    return kept.order_by("-created_at").first()


def count_of(leads: list[int]) -> int:
    return Video.objects.filter(lead__in=leads).exclude(status=Video.Status.DELETED).count()


def _proof(dealer: int, video: str, until: int) -> str:
    digest = salted_hmac(_SALT, f"{dealer}:{video}:{until}", algorithm="sha256").digest()
    return base64.b32encode(digest[:15]).decode().lower()
