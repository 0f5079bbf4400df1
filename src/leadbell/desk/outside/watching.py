"""Video mail from the customer's side: a public page with a player, for whoever has the signed link."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from leadbell.allowance import Allowance
from leadbell.conversation.shelves import language_of
from leadbell.desk.outside.allowed import at_most
from leadbell.desk.recordings import Unsatisfiable, asked_range
from leadbell.lead.doors import tenant
from leadbell.ring.recordings.store import NotThere, StoreAway, the_store
from leadbell.video import actions
from leadbell.video.rules import is_a_person, parts
from leadbell.video.shelves import named, video_at

if TYPE_CHECKING:
    from leadbell.video.models import Video

log = structlog.get_logger("leadbell.video")

#: So many requests a minute from one address; a player asks for ranges.
_ALLOWED = Allowance(240)


@never_cache
@require_safe
@at_most(_ALLOWED)
def page(request: HttpRequest, name: str) -> HttpResponse:
    """The player. To look at the page is no opening: a preview does that, too."""
    with _named(name, datetime.now(UTC)) as video:
        if video is None:
            return render(request, "video/gone.html", status=410)
        with translation.override(language_of(video.lead)):
            return render(request, "video/watch.html", {"video": video, "name": name})


@require_safe
@at_most(_ALLOWED)
def stream(request: HttpRequest, name: str) -> HttpResponseBase:
    """The video, or the range of it that was asked for. The store is asked when no transaction is open."""
    now = datetime.now(UTC)
    with _named(name, now) as video:
        if video is None:
            return HttpResponse(status=410)
        try:
            asked = asked_range(request.headers.get("Range", ""), video.bytes)
        except Unsatisfiable:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{video.bytes}"})
        if video.opened_at is None and _is_the_customer(request):
            actions.opened(video.pk, now)
    return _sent(request, video, asked)


@csrf_exempt
@require_POST
@at_most(_ALLOWED)
def watched(request: HttpRequest, name: str) -> HttpResponse:
    """The player has come to the end. No cookie, no sign-in: the name is what proves it."""
    now = datetime.now(UTC)
    with _named(name, now) as video:
        if video is not None and not _is_ours(request):
            actions.watched(video.pk, now)
    return HttpResponse(status=204)


def _sent(request: HttpRequest, video: "Video", asked: tuple[int, int] | None) -> HttpResponseBase:
    start, end = asked or (0, video.bytes)
    store = the_store()
    try:
        store.read(video.piece(0), 0, 1)
    except (NotThere, StoreAway) as error:
        log.warning("can't be played", dealer=video.dealer_id, video=video.pk.hex, seen=str(error))
        return HttpResponse(status=503, headers={"Retry-After": "60"})

    async def pieces() -> AsyncIterator[bytes]:
        for nth, first, until in parts(video.sizes, start, end):
            async for chunk in store.stream(video.piece(nth), first, until):
                yield chunk

    answer: HttpResponseBase = HttpResponse() if request.method == "HEAD" else StreamingHttpResponse(pieces())
    answer.status_code = 206 if asked else 200
    answer["Content-Type"] = f"video/{video.kind}"
    answer["Accept-Ranges"] = "bytes"
    answer["Cache-Control"] = "private, no-store"
    answer["Content-Length"] = str(end - start)
    answer["Content-Disposition"] = "inline"
    if asked:
        answer["Content-Range"] = f"bytes {start}-{end - 1}/{video.bytes}"
    return answer


def _is_the_customer(request: HttpRequest) -> bool:
    return request.method == "GET" and not _is_ours(request) and is_a_person(request.headers)


def _is_ours(request: HttpRequest) -> bool:
    """Our own people look whether it is right."""
    return request.user.is_authenticated


@contextmanager
def _named(name: str, now: datetime) -> "Iterator[Video | None]":
    """Behind its dealer's door: the video, None where it can't be seen any more; 404 where no link has this name."""
    link = named(name)
    if link is None:
        raise Http404
    with tenant([link.dealer]):
        yield video_at(link, now)
