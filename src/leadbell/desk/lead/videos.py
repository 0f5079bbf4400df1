"""Video mail from the salesperson's side: recorded in the browser, uploaded in pieces, then written around."""

import io
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from csp.constants import SELF
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from leadbell.desk.entrance import Visit, door_for
from leadbell.desk.policy import allowing
from leadbell.desk.reader import SALES
from leadbell.desk.templatetags.leadbell import words
from leadbell.lead.consent import contact_forbidden
from leadbell.lead.doors import open_lead, take_lead
from leadbell.refused import Refused
from leadbell.ring.choices import keep_days_of
from leadbell.ring.recordings.store import StoreAway, the_store
from leadbell.video import actions
from leadbell.video.rules import LARGEST_PIECE, LONGEST_MS
from leadbell.video.shelves import name_of, video_of
from leadbell.words import say

if TYPE_CHECKING:
    from leadbell.lead.models import Lead
    from leadbell.video.models import Video

log = structlog.get_logger("leadbell.video")

STORE_AWAY = Refused(say("The video can't be kept just now: try again in a minute. It is still here."))


#: What was recorded is shown from the browser's own memory.
OWN_MEMORY = {"media-src": [SELF, "blob:"]}


@door_for(*SALES)
@require_GET
def record(request: Visit, now: datetime, number: int) -> HttpResponse:
    """The camera: nothing leaves the browser before somebody says so."""
    lead = open_lead(request.user, number)
    seen = {
        "active": "leads", "lead": lead, "longest_s": LONGEST_MS // 1000, "piece": LARGEST_PIECE,
        "unwanted": contact_forbidden(lead),
    }  # fmt: skip
    return allowing(render(request, "video/record.html", seen), OWN_MEMORY)


@door_for(*SALES)
@require_POST
def begin(request: Visit, now: datetime, number: int) -> HttpResponse:
    video = actions.begin(take_lead(request.user, number), request.user, now)
    if isinstance(video, Refused):
        return _said(video)
    return JsonResponse({"video": video.pk.hex})


class _Admitted(HttpResponse):
    """Not sent to anybody: the piece may be kept."""

    video: "Video"


@require_POST
def piece(request: HttpRequest, number: int, video: str, nth: int) -> HttpResponse:
    """One piece of it. The store is asked when no transaction is open."""
    try:
        body = request.body
    except RawPostDataException:  # a form was read instead: that is no video
        body = b""
    admitted = _admit(request, number=number, video=video, nth=nth, body=body)
    if not isinstance(admitted, _Admitted):
        return admitted
    there = admitted.video
    try:
        the_store().put(there.piece(nth), io.BytesIO(body))
    except StoreAway as error:
        log.warning("not kept", dealer=there.dealer_id, video=there.pk.hex, seen=str(error))
        return _said(STORE_AWAY, 503)
    return _kept(request, number=number, video=video, nth=nth, body=body)


@door_for(*SALES)
def _admit(request: Visit, now: datetime, number: int, video: str, nth: int, body: bytes) -> HttpResponse:
    there = _own(request, number, video)
    if refused := actions.wrong_piece(there, nth, body):
        return _said(refused)
    admitted = _Admitted()
    admitted.video = there
    return admitted


@door_for(*SALES)
def _kept(request: Visit, now: datetime, number: int, video: str, nth: int, body: bytes) -> HttpResponse:
    kept = actions.piece_kept(_own(request, number, video).pk, nth, body)
    return _said(kept) if isinstance(kept, Refused) else HttpResponse(status=204)


@door_for(*SALES)
@require_POST
def finish(request: Visit, now: datetime, number: int, video: str) -> HttpResponse:
    """All of it is here: on to the message it goes with."""
    there, said = _own(request, number, video), request.POST
    keep = timedelta(days=keep_days_of(there.dealer_id))
    outcome = actions.finish(there.pk, _whole(said.get("pieces")), _whole(said.get("ms")), keep, now)
    if isinstance(outcome, Refused):
        return _said(outcome)
    return JsonResponse(
        {"then": f"{reverse('lead-messages', args=[number])}?template=confirmation&video={video}"}
    )


def link_of(video: "Video") -> str:
    """Where the customer watches it."""
    return f"{settings.PUBLIC_URL}{reverse('video-watch', args=[name_of(video)])}"


def _own(request: Visit, number: int, video: str) -> "Video":
    """The reader's own video of this lead; 404 for every other."""
    lead: Lead = open_lead(request.user, number)
    there = video_of(lead, video)
    if there is None or there.by_id != request.user.pk:
        raise Http404
    return there


def _whole(said: str | None) -> int:
    return int(said) if said and said.isdecimal() and len(said) < 9 else 0


def _said(refused: Refused, status: int = 409) -> HttpResponse:
    return HttpResponse(words(refused.because), status=status, content_type="text/plain; charset=utf-8")
