"""One conversation, listened to: both voices, the marks, the moments. Versions, never overwritten."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.reader import SALES
from leadbell.desk.story.review import VERDICTS as WORDS
from leadbell.followup.listening import was_drawn
from leadbell.lead.doors import open_lead, take_lead
from leadbell.lead.talk import Talk
from leadbell.review.actions import (
    Answered,
    Marks,
    NoSuchMoment,
    mark_moment,
    may_review,
    review,
    take_back,
    want_review,
)
from leadbell.review.criteria import criteria_of, text_of
from leadbell.review.hearing import machine_of, set_aside
from leadbell.review.rules import VERDICTS
from leadbell.review.shelves import Asked, Heard, moments_of, reviews_of
from leadbell.review.transcripts import is_written
from leadbell.review.turns import says
from leadbell.ring.heard import conversation
from leadbell.ring.shelves import recordings_of

#: The key that marks each verdict.
KEYS = {"opportunity": "o", "voicemail": "v", "wrong_number": "n", "service": "s", "other": "x"}
YES_NO = {"yes": True, "no": False}
WHY: Mapping[str, Literal["complaint", "learning"]] = {"complaint": "complaint", "learning": "learning"}


@door_for(*SALES)
@require_GET
def call(request: Visit, now: datetime, call: UUID) -> HttpResponse:
    """Reviewers mark; who was in the conversation sees what was marked. Others see nothing."""
    talk = talk_here(request, call)
    marks = may_review(request.user, talk)
    said = reviews_of(call, translation.get_language() or "en")
    mine = _own(request, said)
    lead = open_lead(request.user, talk.lead)
    shown = {
        "active": "review",
        "now": now,
        "talk": talk,
        "lead": lead,
        "recording": recordings_of(lead, request.user).get(talk.call),
        "marks": marks,
        "mine": mine,
        "seen": 1 + len(mine.before) if mine else 0,
        # Who marks second isn't told what the first one said.
        "others": [one for one in said if one is not mine] if mine or not marks else [],
        "waiting": bool(said) and mine is None and marks,
        "verdicts": [(code, WORDS[code], key) for code, key in KEYS.items()],
        "asked": _criteria(talk, mine),
        "moments": moments_of(call),
        "machine": _machine(call),
        "written": is_written(call),
    }
    return render(request, "review/call_live.html" if request.htmx else "review/call.html", shown)


def _machine(call: UUID) -> dict[str, Any] | None:
    """What the machine heard, and what it suggests."""
    found = machine_of(call)
    if found is None:
        return None
    row, heard = found
    share = heard.talk_ratio
    return {
        "row": row, "percent": None if share is None else round(100 * share), "says": says(heard),
        "interruptions": heard.interruptions, "monologue_s": heard.longest_monologue_ms / 1000,
        "silence_s": heard.silence_ms / 1000,
        "answers_s": None if heard.answers_after_ms is None else heard.answers_after_ms / 1000,
    }  # fmt: skip


@door_for(*SALES)
@require_POST
def machine_set_aside(request: Visit, now: datetime, call: UUID) -> HttpResponse:
    """What the machine heard is wrong, says whoever may see it."""
    return answer(
        request, set_aside(talk_here(request, call), request.user, now), _page(call), _("Set aside.")
    )


def talk_here(request: Visit, call: UUID) -> Talk:
    """404 for what isn't this dealer's, 403 for a colleague's conversation."""
    talk = conversation(request.dealers, call)
    if talk is None:
        raise Http404
    if request.user.pk != talk.person and not may_review(request.user, talk):
        raise PermissionDenied
    return talk


def _own(request: Visit, said: list[Heard]) -> Heard | None:
    return next((one for one in said if one.now.reviewer_id == request.user.pk), None)


def _criteria(talk: Talk, mine: Heard | None) -> list[Asked]:
    """The dealer's criteria with what was answered; those of a former review stand as they were weighed."""
    language = translation.get_language() or "en"
    answered = {one.number: one for one in mine.asked} if mine else {}
    now_asked = [
        Asked(one.pk, text_of(one, language), one.weight, answered[one.pk].met if one.pk in answered else None)
        for one in criteria_of(talk.dealer)
    ]  # fmt: skip
    there = {one.number for one in now_asked}
    return [*now_asked, *(one for number, one in answered.items() if number not in there)]


@door_for(*SALES)
@require_POST
def marks(request: Visit, now: datetime, call: UUID) -> HttpResponse:
    """Keep the marks as the reader's next version."""
    talk = talk_here(request, call)
    said = request.POST
    if said.get("verdict", "") not in VERDICTS:
        return answer(request, None, _page(call))
    lead = take_lead(request.user, talk.lead)
    mine = _own(request, reviews_of(call))
    heard = Marks(
        VERDICTS[said["verdict"]], YES_NO.get(said.get("asked", "")), YES_NO.get(said.get("made", "")),
        tuple(
            Answered(one.number, one.weight, YES_NO.get(said.get(f"criterion-{one.number}", "")))
            for one in _criteria(talk, mine)
        ),
        said.get("note", "").strip(),
    )  # fmt: skip
    seen = said.get("seen", "0")
    version = int(seen) if seen.isdecimal() and len(seen) < 5 else 0
    outcome = review(lead, talk, request.user, heard, drawn=was_drawn(talk), seen=version, now=now)
    return answer(request, outcome, _page(call), _("Kept."))


@door_for(*SALES)
@require_POST
def moments(request: Visit, now: datetime, call: UUID) -> HttpResponse:
    """A comment at a moment, `at` in seconds or as 1:23."""
    talk = talk_here(request, call)
    lead = take_lead(request.user, talk.lead)
    outcome = mark_moment(
        lead, talk, request.user, _ms(request.POST.get("at", "")), request.POST.get("text", ""), now
    )
    return answer(request, outcome, _page(call))


def _ms(said: str) -> int:
    """`83.25`, `1:23` and `1:02:03` as milliseconds; -1 for anything else."""
    parts = said.strip().replace(",", ".").split(":")
    if not 1 <= len(parts) <= 3 or not all(
        part.replace(".", "", 1).isdecimal() and len(part) < 12 for part in parts
    ):
        return -1
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + float(part)
    return round(seconds * 1000)


@door_for(*SALES)
@require_POST
def moment_removal(request: Visit, now: datetime, call: UUID, number: int) -> HttpResponse:
    try:
        outcome = take_back(talk_here(request, call), number, request.user, now)
    except NoSuchMoment:
        raise Http404 from None
    return answer(request, outcome, _page(call))


@door_for(*SALES)
@require_POST
def wanted(request: Visit, now: datetime, call: UUID) -> HttpResponse:
    """Have a conversation listened to: by whoever may see its lead."""
    talk = conversation(request.dealers, call)
    if talk is None:
        raise Http404
    lead = take_lead(request.user, talk.lead)
    why = WHY.get(request.POST.get("why", ""), "learning")
    outcome: Any = want_review(lead, talk, request.user, why, request.POST.get("note", ""), now)
    return answer(request, outcome, reverse("lead", args=[lead.pk]), _("It is listened to next."))


def _page(call: UUID) -> str:
    return reverse("review-call", args=[call])
