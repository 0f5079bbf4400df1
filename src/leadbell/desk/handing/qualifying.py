"""A BDC agent's call: the script, the answers, a salesperson's free time, and the handover as one form."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from leadbell.conversation.shelves import language_of
from leadbell.conversation.wording import fill
from leadbell.dealers.rules import times_to_propose
from leadbell.desk.entrance import Visit, answer, door
from leadbell.desk.handing.bdc import BDC
from leadbell.desk.times import chosen_time
from leadbell.followup.actions import playbook_for
from leadbell.followup.handing import Reached, qualify, receivers
from leadbell.handover.actions import Answered
from leadbell.handover.own_scripts import script_of
from leadbell.handover.rules import DAYS_AHEAD, Receiver, free_times, who_receives
from leadbell.handover.scripts import RECEIVES, Question, Script
from leadbell.handover.texts import OWN
from leadbell.intake.asked import asked_for
from leadbell.lead.doors import open_lead, take_lead
from leadbell.lead.facts import Answers, Goal
from leadbell.lead.journal import read_history
from leadbell.refused import Refused
from leadbell.ring.actions import take
from leadbell.ring.calling import rung_by_line
from leadbell.words import say

if TYPE_CHECKING:
    from leadbell.lead.models import Lead

GOALS: dict[str, Goal] = {"appointment": "appointment", "quote": "quote", "later": "later"}
#: So many people are proposed, each with their free times.
MOST_RECEIVERS = 8
LARGEST_BUDGET = 10_000_000
#: In threes or not: 24000, 24.000, 24 000; “1,5” is none.
_WHOLE = re.compile(r"[0-9]+|[0-9]{1,3}(?:[., \u00a0\u202f][0-9]{3})+")
CALL_AGAIN = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Free:
    """Somebody who can receive the customer, and when."""

    receiver: Receiver
    times: Sequence[datetime]


def _for_the_bdc(request: Visit) -> None:
    """Asked after the door: whose lead isn't here hears that first. Raises PermissionDenied."""
    if request.user.role not in BDC:
        raise PermissionDenied


@door
@require_POST
def taking(request: Visit, now: datetime, number: int) -> HttpResponse:
    """Take a lead of the queue, and go to its script."""
    lead = take_lead(request.user, number)
    _for_the_bdc(request)
    outcome = lead if lead.owner_id == request.user.pk else take(lead, request.user.pk, now)
    if isinstance(outcome, Refused):
        return answer(request, outcome, reverse("bdc"))
    page = reverse("qualification", args=[number])
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": page})
    return redirect(page)


@door
@require_http_methods(["GET", "POST"])
def qualification(request: Visit, now: datetime, number: int) -> HttpResponse:
    """The script to read; posted: what was reached, kept and handed over in one step."""
    seen = open_lead(request.user, number)
    _for_the_bdc(request)
    if request.method == "GET":
        return _page(request, seen, now)
    lead = take_lead(request.user, number)
    reached = _reached(request.POST, lead)
    outcome: object = reached
    if not isinstance(reached, Refused):
        outcome = qualify(lead, request.user, reached, playbook_for(lead, read_history(lead), now), now)
    if isinstance(outcome, Refused):
        return _page(request, open_lead(request.user, number), now, outcome, request.POST)
    later = isinstance(reached, Reached) and reached.goal == "later"
    messages.success(
        request, _("Kept. It comes back to you in time.") if later else _("Kept, and handed over.")
    )
    return redirect("bdc")


def _reached(said: Mapping[str, str], lead: "Lead") -> Reached | Refused:
    """What the form says; a free time is `person@time`."""
    goal = GOALS.get(said.get("goal", ""))
    answers = _answers(said, lead)
    if goal is None:
        return Refused(say("Choose what was reached: an appointment, a quote, or not yet."))
    if isinstance(answers, Refused):
        return answers
    to, starts_at, due_at = said.get("to", ""), None, None
    if goal == "appointment":
        slot, _at, when = said.get("slot", "").partition("@")
        to = slot or to
        chosen = chosen_time({"at": when, "picked": said.get("visit_picked", "")}, lead.dealer.zone)
        if isinstance(chosen, Refused):
            return chosen
        starts_at = chosen
    if goal == "later":
        chosen = chosen_time({"at": said.get("at", ""), "picked": said.get("picked", "")}, lead.dealer.zone)
        if isinstance(chosen, Refused):
            return chosen
        due_at = chosen
    return Reached(
        goal, answers, int(to) if to.isdecimal() and len(to) < 19 else None, starts_at, due_at,
        said.get("text", ""), said.get("note", ""), said.get("told") == "yes",
    )  # fmt: skip


def _answers(said: Mapping[str, str], lead: "Lead") -> Answered | Refused:
    """Only what the script of that version asks, and only answers it offers."""
    script, number = _script(lead, said)
    found: dict[str, Any] = {}
    asked: dict[str, str] = {}
    for question in script.asks:
        answered = said.get(f"ask-{question.name}", "").strip()
        if not answered:
            continue
        if question.kind == "yes_no" and answered in ("yes", "no"):
            found[question.name] = answered == "yes"
        elif question.kind == "choice" and answered in dict(question.choices):
            own = question.name.startswith(OWN)
            found[question.name] = str(dict(question.choices)[answered]) if own else answered
        elif question.kind == "number":
            digits = re.sub(r"\D", "", answered)
            if _WHOLE.fullmatch(answered) is None or len(digits) > 9 or int(digits) > LARGEST_BUDGET:
                return Refused(say("“%(said)s” is no whole number.", said=answered[:20]))
            found[question.name] = int(digits)
        if question.name in found and question.own_words:
            asked[question.name] = question.own_words
    to_own = {name: answer for name, answer in found.items() if name.startswith(OWN)}
    ours = {name: answer for name, answer in found.items() if name not in to_own}
    return Answered(Answers(**ours), script.name, number, to_own, asked)


def _script(lead: "Lead", said: Mapping[str, str]) -> tuple[Script, int]:
    """The version that the form was made of, whatever has changed meanwhile; else the newest."""
    version = said.get("version", "")
    number = int(version) if version.isdecimal() and len(version) < 5 else None
    return script_of(lead.dealer_id, lead.standing.origin, translation.get_language() or "en", number)


def _page(
    request: Visit,
    lead: "Lead",
    now: datetime,
    refused: Refused | None = None,
    said: Mapping[str, str] | None = None,
) -> HttpResponse:
    hours = lead.dealer.opening_hours
    with timezone.override(ZoneInfo(lead.dealer.zone)):
        script, version = _script(lead, said or {})
        language = language_of(lead)
        found = receivers(lead.dealer, now, now + timedelta(days=DAYS_AHEAD + 1), lead.standing.appointment)
        people = who_receives(lead.standing.origin, found, lead.standing.known_to)[:MOST_RECEIVERS]
        free = [Free(one, free_times(one, hours, now)) for one in people]
        values = {
            "name": lead.customer.full_name, "car": lead.car, "dealer": lead.dealer.name,
            "agent": request.user.name,
        }  # fmt: skip
        shown = {
            "active": "bdc",
            "now": now,
            "lead": lead,
            "standing": lead.standing,
            "script": script,
            "version": version,
            "language": language,
            "says": [fill(one, values, language) for one in script.says.get(language, script.says["en"])],
            "receives": fill(RECEIVES.get(language, RECEIVES["en"]), {"receiver": "…"}),
            "asks": [_asked(question, said or {}) for question in script.asks],
            "free": [one for one in free if one.times],
            "people": people,
            "call_backs": times_to_propose(hours, now, CALL_AGAIN),
            "asked": asked_for(lead.pk),
            "theirs": lead.owner_id in (None, request.user.pk),
            "by_line": bool(lead.customer.phone and rung_by_line(request.user, [lead.dealer_id], now)),
            "said": said or {},
            "refused": refused.because if refused else None,
        }
        return render(request, "bdc/qualification.html", shown, status=409 if refused else 200)


def _asked(question: Question, said: Mapping[str, str]) -> tuple[Question, str]:
    """The question, and what was answered already on a form that was refused."""
    return question, said.get(f"ask-{question.name}", "")
