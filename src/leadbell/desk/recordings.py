"""Listening to a call: its sound in ranges of bytes, and its waveform as a picture."""

import re
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from leadbell.desk.entrance import Visit, door
from leadbell.ring.recordings.listening import listen
from leadbell.ring.recordings.store import NotThere, StoreAway, the_store
from leadbell.ring.shelves import NoSuchRecording, may_listen, recording_of, tracks_of

if TYPE_CHECKING:
    from leadbell.ring.models import Recording

log = structlog.get_logger("leadbell.listening")

KINDS = {"flac": "audio/flac", "ogg": "audio/ogg"}
PRIVATE = "private, no-store"
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class Unsatisfiable(ValueError):
    """The bytes that were asked for lie behind the end."""


class _Admitted(HttpResponse):
    """Not sent to anybody: whoever asked may hear this recording, and it is written down that they did."""

    recording: "Recording"


@require_GET
def audio(request: HttpRequest, call: UUID) -> HttpResponseBase:
    """The sound, or the range of it that was asked for. The store is asked when no transaction is open."""
    admitted = _admit(request, call=call)
    return _sound(request, admitted.recording) if isinstance(admitted, _Admitted) else admitted


@door
def _admit(request: Visit, now: datetime, call: UUID) -> HttpResponse:
    recording = _audible(request, now, call)
    try:
        asked = asked_range(request.headers.get("Range", ""), recording.bytes or 0)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{recording.bytes}"})
    listen(recording, request.user, asked is None or asked[0] == 0, now)
    admitted = _Admitted()
    admitted.recording = recording
    return admitted


def _audible(request: Visit, now: datetime, call: UUID) -> "Recording":
    """404 where there is nothing to hear for this dealer's people, 403 for a colleague without the right."""
    try:
        recording = recording_of(request.dealers, call)
    except NoSuchRecording:
        raise Http404 from None
    if not may_listen(request.user, recording.call):
        raise PermissionDenied
    if recording.status != "kept" or (recording.delete_at is not None and recording.delete_at <= now):
        raise Http404
    return recording


def _sound(request: HttpRequest, recording: "Recording") -> HttpResponseBase:
    name, size = recording.stored_as, recording.bytes or 0
    asked = asked_range(request.headers.get("Range", ""), size)
    start, end = asked or (0, size)
    try:
        store = the_store()
        store.read(name, start, start + 1)
    except (NotThere, StoreAway) as error:
        log.warning(
            "can't be played", dealer=recording.dealer_id, call=recording.call_id.hex, seen=str(error)
        )
        said = _("The recording can't be fetched now. Please try again later.")
        return HttpResponse(said, status=503, content_type="text/plain; charset=utf-8")
    answer = StreamingHttpResponse(
        store.stream(name, start, end),
        status=206 if asked else 200,
        content_type=KINDS[name.rpartition(".")[2]],
    )
    answer["Accept-Ranges"] = "bytes"
    answer["Cache-Control"] = PRIVATE
    answer["Content-Length"] = str(end - start)
    answer["Content-Disposition"] = f'inline; filename="{name.rpartition("/")[2]}"'
    if asked:
        answer["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return answer


def asked_range(header: str, size: int) -> tuple[int, int] | None:
    """The one range of bytes that is asked for, its end not included; None for all of them (RFC 9110, 14.2).

    Several ranges at once and what can't be understood are answered with the whole. Raises Unsatisfiable.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        last = int(found[2])
        if last == 0 or size == 0:
            raise Unsatisfiable(header)
        return max(0, size - last), size
    start = int(found[1])
    end = min(size, int(found[2]) + 1) if found[2] else size
    if found[2] and int(found[2]) < start:
        return None
    if start >= size:
        raise Unsatisfiable(header)
    return start, end


@require_GET
@door
def waveform(request: Visit, now: datetime, call: UUID) -> HttpResponse:
    """Two shapes, `#customer` and `#salesperson`, 1000 wide and 100 high, in the colour of who shows them."""
    tracks = [(track.who, drawn(track.bars)) for track in tracks_of(_audible(request, now, call))]
    picture = render(request, "lead/waveform.svg", {"tracks": tracks}, content_type="image/svg+xml")
    picture["Cache-Control"] = PRIVATE
    return picture


def drawn(bars: "tuple[int | None, ...]") -> str:
    """The bars as one SVG path around the middle; a quiet one is a dot, a missing one is nothing."""
    if not bars:
        return ""
    step = 1000 / len(bars)
    width = step * 0.62
    parts = []
    for nth, bar in enumerate(bars):
        if bar is not None:
            height = max(3.0, bar)
            parts.append(
                f"M{nth * step + (step - width) / 2:.1f} {50 - height / 2:.1f}h{width:.1f}v{height:.1f}h-{width:.1f}z"
            )
    return "".join(parts)
