"""The Dealer page, fourth part: what happens with a lead, per origin, in sentences and in numbers."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from leadbell.desk.dealer.people import framed, managed
from leadbell.desk.entrance import Visit, answer
from leadbell.followup.dayplan import MINUTES_EACH, Choices
from leadbell.followup.planning import change_choices
from leadbell.followup.playbook import DEFAULTS, Plan, Retry, RingRound
from leadbell.followup.playbooks import change_plan, plans_of, reset_plan
from leadbell.followup.shelves import what_it_means
from leadbell.followup.telling import tell
from leadbell.handover.rules import AGAINST
from leadbell.lead.facts import Origin, RingKind
from leadbell.refused import Refused
from leadbell.words import say

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation

NAMES: dict[Origin, Any] = {
    "online": gettext_lazy("Online"),
    "call": gettext_lazy("Calls"),
    "chat": gettext_lazy("Chat"),
    "walk_in": gettext_lazy("Walk-in"),
    "direct_mail": gettext_lazy("Direct mail"),
    "lost_sale": gettext_lazy("Lost sale"),
}
#: Who hears of a new lead first.
FIRST = ("salesperson", "manager", "bdc")
#: Rows of the form; a plan with more keeps them.
ROUNDS, RETRIES = 6, 4
#: A number with more digits means nothing here.
LARGEST = 1_000_000
#: The customer took the initiative.
ACTIVE: tuple[Origin, ...] = ("online", "call", "chat", "walk_in")
NUMBERS = (
    "wait_before_m", "ring_again_s", "ring_again_times", "manager_after_m", "last_day", "outcome_after_m",
    "confirm_before_h", "bdc_m", "accept_m", "confirm_within_h", "remind_before_h", "drop_off_h",
)  # fmt: skip


@managed
@require_http_methods(["GET", "POST"])
def playbooks(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """What happens, told; origins that follow the same plan stand together. Posted: how days are planned."""
    refused: dict[str, Any] = {}
    if request.method == "POST":
        said = said_choices(request.POST)
        outcome = said if isinstance(said, Refused) else change_choices(dealer, said, now)
        if not isinstance(outcome, Refused):
            return answer(request, outcome, reverse("dealer-playbooks", args=[dealer.pk]), _("Saved."))
        refused = {"refused": outcome.because, "said": request.POST}
    alike: dict[Plan, list[Origin]] = {}
    for origin, plan in plans_of(dealer).items():
        alike.setdefault(plan, []).append(origin)
    plans = [
        {
            "origins": [(origin, NAMES[origin], plan != DEFAULTS[origin]) for origin in origins],
            "told": tell(plan),
        }
        for plan, origins in alike.items()
    ]
    choices, means = what_it_means(dealer, now)
    seen = framed(request, dealer, "playbooks") | {
        "plans": plans, "choices": choices, "means": means, "minutes_each": MINUTES_EACH,
    }  # fmt: skip
    return render(request, "dealer/playbooks.html", seen | refused, status=409 if refused else 200)


def said_choices(said: QueryDict) -> Choices | Refused:
    """Nothing typed means by the minutes."""
    typed = said.get("per_day", "")
    try:
        per_day = _number(typed) if typed.strip() else None
    except NotANumber as wrong:
        return Refused(say("“%(said)s” is no whole number.", said=wrong.args[0]))
    return Choices(per_day, "waits" if said.get("absent") == "waits" else "colleagues")


@managed
@require_http_methods(["GET", "POST"])
def playbook(request: Visit, now: datetime, dealer: "Organisation", origin: str) -> HttpResponse:
    """The numbers of one plan."""
    name = _origin(origin)
    plan = plans_of(dealer)[name]
    if request.method == "GET":
        return _form(request, dealer, name, plan, {})
    said = said_plan(request.POST, plan)
    outcome = said if isinstance(said, Refused) else change_plan(dealer, name, said, now)
    if isinstance(outcome, Refused):
        shown = plan if isinstance(said, Refused) else said
        return _form(request, dealer, name, shown, {"refused": outcome.because}, status=409)
    return answer(request, outcome, reverse("dealer-playbook", args=[dealer.pk, name]), _("Saved."))


@managed
@require_POST
def default(request: Visit, now: datetime, dealer: "Organisation", origin: str) -> HttpResponse:
    name = _origin(origin)
    outcome = reset_plan(dealer, name, now)
    return answer(
        request, outcome, reverse("dealer-playbook", args=[dealer.pk, name]), _("Back to the default.")
    )


def said_plan(said: QueryDict, before: Plan) -> Plan | Refused:
    """The plan that a form says; what it doesn't ask stays as before."""
    try:
        numbers = {name: _number(said.get(name, "")) for name in NUMBERS if name in said}
        rounds = tuple(
            RingRound(how, _number(said.get(f"round-{row}-s", "")))
            for row in range(len(before.rounds) + ROUNDS)
            if (how := _how(said.get(f"round-{row}-how", "")))
        )
        retries = tuple(
            Retry(
                _number(said.get(f"retry-{row}-minutes", "")), said.get(f"retry-{row}-at", "").strip() or None
            )
            for row in range(len(before.retries) + RETRIES)
            if said.get(f"retry-{row}-minutes", "").strip()
        )
        days = tuple(_number(day) for day in said.get("cadence_days", "").replace(",", " ").split())
    except NotANumber as wrong:
        return Refused(say("“%(said)s” is no whole number.", said=wrong.args[0]))
    first = {"first": said["first"]} if said.get("first") in FIRST else {}
    return Plan(
        **{**_of(before), **numbers, **first, "rounds": rounds, "retries": retries, "cadence_days": days}
    )


class NotANumber(ValueError):
    """What was typed is no whole number from 0 to a million; it is the exception's only argument."""


def _number(said: str) -> int:
    said = said.strip()
    if not (said.isascii() and said.isdigit()) or len(said) > 7 or int(said) > LARGEST:
        raise NotANumber(said)
    return int(said)


def _how(said: str) -> RingKind | None:
    return next((how for how in get_args(RingKind) if how == said), None)


def _of(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__struct_fields__}


def _origin(said: str) -> Origin:
    for origin in NAMES:
        if origin == said:
            return origin
    raise Http404


def _form(
    request: Visit,
    dealer: "Organisation",
    origin: Origin,
    plan: Plan,
    more: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    rounds = [
        *((one.how, one.ring_s) for one in plan.rounds),
        *[("", "")] * max(1, ROUNDS - len(plan.rounds)),
    ]
    retries = [
        *((one.minutes, one.at or "") for one in plan.retries), *[("", "")] * max(1, RETRIES - len(plan.retries))
    ]  # fmt: skip
    seen = framed(request, dealer, "playbooks") | {
        "origin": origin,
        "name": NAMES[origin],
        "plan": plan,
        "told": tell(plan),
        "own": plan != DEFAULTS[origin],
        "against": AGAINST if origin in ACTIVE else None,
        "rounds": list(enumerate(rounds)),
        "retries": list(enumerate(retries)),
        "days": " ".join(str(day) for day in plan.cadence_days),
    }
    return render(request, "dealer/playbook.html", seen | more, status=status)
