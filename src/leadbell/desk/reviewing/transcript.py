"""What was said in a conversation, as the machine wrote it down: read, corrected, set aside."""

from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.reader import SALES
from leadbell.desk.reviewing.call import talk_here
from leadbell.desk.templatetags.leadbell import language_name
from leadbell.lead.doors import open_lead
from leadbell.lead.talk import Talk
from leadbell.refused import Refused
from leadbell.review import transcripts
from leadbell.review.actions import may_review
from leadbell.review.hints import Line, hints
from leadbell.review.transcripts import NoSuchSentence, transcript_of
from leadbell.ring.recordings.listening import read
from leadbell.ring.shelves import recordings_of


@door_for(*SALES)
@require_GET
def transcript(request: Visit, now: datetime, call: UUID) -> HttpResponse:
    """All of it, beside the sound; that somebody reads it is on record, like listening. 404: nothing is there."""
    return _page(request, now, talk_here(request, call))


def _page(
    request: Visit, now: datetime, talk: Talk, refused: Refused | None = None, number: int = 0
) -> HttpResponse:
    found = transcript_of(talk.number)
    if found is None:
        raise Http404
    row, said = found
    lead = open_lead(request.user, talk.lead)
    recording = recordings_of(lead, request.user).get(talk.call)
    if recording is None or not recording.may_listen:
        raise Http404
    read([talk.number], request.user, now)
    lines = [
        Line(one.pk, "customer" if one.side == "customer" else "salesperson", one.start_ms, one.text)
        for one in said
    ]
    correct = request.GET.get("correct", "")
    shown = {
        "active": "review",
        "now": now,
        "talk": talk,
        "lead": lead,
        "row": row,
        "said": said,
        "names": {speaker.key: speaker.name or speaker.role for speaker in recording.speakers},
        "language": language_name(row.language) if row.language else "",
        "correcting": int(correct) if correct.isdecimal() and len(correct) < 19 else number,
        "hints": hints(lines, row.language),
        "marks": may_review(request.user, talk),
        "refused": refused.because if refused else None,
    }
    status = 409 if refused else 200
    return render(
        request, "review/said.html" if request.htmx else "review/transcript.html", shown, status=status
    )


@door_for(*SALES)
@require_POST
def correction(request: Visit, now: datetime, call: UUID, number: int) -> HttpResponse:
    """What was really said, by whoever listens back, or was in it; the machine's words stay beside it."""
    talk = talk_here(request, call)
    try:
        outcome = transcripts.correct(talk, number, request.POST.get("text", ""), request.user, now)
    except NoSuchSentence:
        raise Http404 from None
    if request.htmx:
        if isinstance(outcome, Refused):
            return _page(request, now, talk, outcome, number)
        return _page(request, now, talk)
    back = f"{reverse('review-transcript', args=[call])}#said-{number}"
    return answer(request, outcome, back, _("Corrected."))


@door_for(*SALES)
@require_POST
def set_aside(request: Visit, now: datetime, call: UUID) -> HttpResponse:
    outcome = transcripts.set_aside(talk_here(request, call), request.user, now)
    return answer(request, outcome, reverse("review-call", args=[call]), _("Set aside."))
