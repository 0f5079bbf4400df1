"""The verdict: is it the process, where does it leak, and what to change on Monday."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leadbell.desk.entrance import Visit, door
from leadbell.desk.reports.drawn import bars, drawn
from leadbell.desk.reports.pages import frame
from leadbell.desk.reports.scope import asked_of, scope_of
from leadbell.metrics.answers import ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.catalogue.conversion import NORM
from leadbell.metrics.reports.advice import ASKED, advice
from leadbell.metrics.reports.report import Unsaid, chart
from leadbell.metrics.reports.verdict import Verdict, bdc_break_even, falling_short, headline, process_verdict

#: A verdict needs leads that are 45 days old.
PERIOD = "365"


@dataclass(frozen=True, slots=True)
class Even:
    """The calculator of an internal team: what was typed in (percent, money), and the answer as a share."""

    base: str
    cost: str
    margin: str
    answer: float | None


@require_GET
@door
def verdict(request: Visit, now: datetime) -> HttpResponse:
    scope = scope_of(request, now, PERIOD)
    with asked_of(request, scope.who.dealers) as engine:
        found = process_verdict(engine, engine.as_of_ms, scope.which)
        answers = ask(engine, [METRICS[name] for name in ASKED], engine.as_of_ms, which=scope.which)
        square = chart(engine, "talk_connect_map", engine.as_of_ms, scope.which)
    said = found if isinstance(found, Verdict) else None
    shown = frame(request, scope, "verdict") | {
        "active_section": "verdict",
        "verdict": said,
        "cannot": None if said else found,
        "headline": headline(said) if said else None,
        "steps": bars(said.funnel, falling_short(said.funnel)) if said else (),
        "leak": said.leak if said else None,
        "advice": advice(said.funnel, said.leak, answers.given) if said else (),
        "map": None if isinstance(square, Unsaid) else drawn(square),
        "even": even(request, said),
        "norm": NORM,
    }
    return render(request, "reports/verdict_live.html" if request.htmx else "reports/verdict.html", shown)


def even(request: Visit, found: Verdict | None) -> Even:
    """Numbers with a decimal comma count; what is no number gives no answer."""
    conversion = found.conversion.value if found else None
    usual = f"{100 * conversion:.1f}" if conversion is not None else "13"
    base = request.GET.get("base", usual).strip()[:12]
    cost, margin = (request.GET.get(name, "").strip()[:12] for name in ("cost", "margin"))
    numbers = [_number(one) for one in (base, cost, margin)]
    answer = None
    if all(one is not None and one >= 0 for one in numbers):
        share, money, earned = (one or 0.0 for one in numbers)
        answer = bdc_break_even(share / 100, money, earned)
    return Even(base, cost, margin, answer)


def _number(said: str) -> float | None:
    try:
        number = float(said.replace(",", "."))
    except ValueError:
        return None
    return number if abs(number) < 1e9 else None
