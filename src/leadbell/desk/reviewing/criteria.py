"""The Dealer page, part Review: what is to be heard, how much it weighs, and how many conversations are heard."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from leadbell.desk.dealer.people import framed, managed
from leadbell.desk.entrance import Visit, answer
from leadbell.desk.templatetags.leadbell import language_name
from leadbell.refused import Refused
from leadbell.review.criteria import (
    LANGUAGES,
    NoSuchCriterion,
    choice_of,
    choose,
    criteria_of,
    keep_criterion,
    retire,
)

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation


@managed
@require_http_methods(["GET", "POST"])
def criteria(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """All criteria, a form for each and one for a new one."""
    if request.method == "GET":
        return _page(request, dealer, {})
    number = request.POST.get("criterion", "")
    try:
        outcome = keep_criterion(
            dealer,
            request.POST.dict(),
            request.user,
            now,
            int(number) if number.isdecimal() and len(number) < 19 else None,
        )
    except NoSuchCriterion:
        raise Http404 from None
    if isinstance(outcome, Refused):
        return _page(request, dealer, {"refused": outcome.because, "said": request.POST.dict()}, status=409)
    return answer(request, outcome, reverse("dealer-review", args=[dealer.pk]), _("Saved."))


@managed
@require_POST
def removal(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    try:
        outcome = retire(dealer, number, now)
    except NoSuchCriterion:
        raise Http404 from None
    return answer(request, outcome, reverse("dealer-review", args=[dealer.pk]), _("Not asked any more."))


@managed
@require_POST
def amount(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    outcome = choose(dealer, request.POST.dict())
    return answer(request, outcome, reverse("dealer-review", args=[dealer.pk]), _("Saved."))


@dataclass(frozen=True, slots=True)
class Form:
    """A criterion to change; without a number a new one. Texts are (code, language, words)."""

    number: str
    weight: str
    texts: tuple[tuple[str, str, str], ...]


def _page(request: Visit, dealer: "Organisation", more: dict[str, Any], status: int = 200) -> HttpResponse:
    """What couldn't be kept stands again where it was written."""
    said: dict[str, str] = more.pop("said", {})
    rows = [_form(str(one.pk), str(one.weight), one.texts, said) for one in criteria_of(dealer.pk)]
    each, second_of = choice_of(dealer.pk)
    shown = framed(request, dealer, "review") | {
        "rows": rows, "blank": _form("", "1", {}, said), "each": each, "second_of": second_of,
    }  # fmt: skip
    return render(request, "dealer/review.html", shown | more, status=status)


def _form(number: str, weight: str, texts: Mapping[str, str], said: Mapping[str, str]) -> Form:
    if said and said.get("criterion", "") == number:
        weight, texts = said.get("weight", ""), {code: said.get(f"text-{code}", "") for code in LANGUAGES}
    return Form(number, weight, tuple((code, language_name(code), texts.get(code, "")) for code in LANGUAGES))
