"""The leads behind a figure: who counts in its base, and who in its part."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leadbell.desk.entrance import Visit, door_for
from leadbell.desk.reports.pages import frame
from leadbell.desk.reports.scope import asked_of, scope_of
from leadbell.lead.doors import leads_for
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.reports.behind import MOST, leads_behind

if TYPE_CHECKING:
    from leadbell.lead.models import Lead


@dataclass(frozen=True, slots=True)
class Counted:
    lead: "Lead"
    #: In the part, not only in the base; of a measure: its value in the figure's unit.
    counts: bool
    value: float | None


@require_GET
@door_for("salesperson", "bdc", "manager")
def behind(request: Visit, now: datetime, name: str) -> HttpResponse:
    if name not in METRICS:
        raise Http404
    metric, scope = METRICS[name], scope_of(request, now)
    part = {"part": True, "rest": False}.get(request.GET.get("only", ""))
    with asked_of(request, scope.who.dealers) as engine:
        found = leads_behind(engine, metric, engine.as_of_ms, scope.which, part)
    leads = leads_for(request.user).in_bulk([one.lead for one in found])
    shown = frame(request, scope, "verdict") | {
        "metric": metric,
        "only": request.GET.get("only", ""),
        "rows": [Counted(leads[one.lead], one.counts, one.value) for one in found if one.lead in leads],
        "most": MOST,
    }
    return render(request, "reports/behind.html", shown)
