"""Reports: the figures of a person, a dealer, a group or the network over some days, each with its base."""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leadbell.dealers.shelves import names_of
from leadbell.desk.entrance import Visit, door
from leadbell.desk.reports.drawn import bars, drawn
from leadbell.desk.reports.scope import NAMED, PERIODS, Scope, asked_of, may_see_customers, scope_of
from leadbell.lead.doors import names_of_dealers
from leadbell.lead.finding import ORIGINS
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.reports.download import WRITE
from leadbell.metrics.reports.report import (
    COMPARED,
    COMPARED_BY,
    SECTIONS,
    Row,
    compare,
    report,
    section_named,
)
from leadbell.metrics.reports.verdict import falling_short

#: Groups of one comparison on the page; the download has them all.
MOST_GROUPS = 40


@require_GET
@door
def reports(request: Visit, now: datetime) -> HttpResponse:
    scope = scope_of(request, now)
    section = section_named(request.GET.get("section", ""))
    with asked_of(request, scope.who.dealers) as engine:
        found = report(engine, section, engine.as_of_ms, scope.which)
    shown = frame(request, scope, "verdict") | {
        "section": section,
        "report": found,
        "steps": bars(found.funnel, falling_short(found.funnel)),
        "drawn": [drawn(one) for one in found.charts],
    }
    return render(request, "reports/live.html" if request.htmx else "reports/reports.html", shown)


@require_GET
@door
def comparison(request: Visit, now: datetime) -> HttpResponse:
    scope = scope_of(request, now)
    allowed = compared_by(request, scope)
    by = request.GET.get("by", "")
    by = by if by in allowed else allowed[0]
    with asked_of(request, scope.who.dealers) as engine:
        rows, unsupported = compare(engine, by, engine.as_of_ms, scope.which)
    named = named_groups(by, rows[:MOST_GROUPS])
    said = [name for name in COMPARED if name not in {one.metric.name for one in unsupported}]
    shown = frame(request, scope, "verdict") | {
        "section": None,
        "by": by,
        "compared_by": {name: COMPARED_BY[name] for name in allowed},
        "figures": [METRICS[name] for name in said],
        "rows": [(name, row, opened(scope, by, row.key)) for name, row in named],
        "more": max(0, len(rows) - MOST_GROUPS),
        "unsupported": [(one.metric.title, one.because) for one in unsupported],
    }
    return render(
        request, "reports/comparison_live.html" if request.htmx else "reports/comparison.html", shown
    )


def opened(scope: Scope, by: str, key: str | int | None) -> str:
    """The query of this group's own report; empty where leads can't be filtered by it."""
    filters = {**{name: name for name in ("origin", *NAMED)}, "salesperson": "who", "dealer": "who"}
    if by not in filters or key in (None, ""):
        return ""
    return scope.link(**{filters[by]: {"salesperson": f"p{key}", "dealer": f"d{key}"}.get(by, str(key))})


def frame(request: Visit, scope: Scope, active: str) -> dict[str, object]:
    """What every report page needs: the filters, the sections, and whether leads may be opened."""
    return {
        "active": active,
        "now": scope.now,
        "scope": scope,
        "sections": SECTIONS,
        "periods": PERIODS,
        "origins": ORIGINS,
        "only_origin": dict(ORIGINS).get(scope.asked["origin"], ""),
        "forms": tuple(WRITE),
        "opens": may_see_customers(request),
        "print": "print" in request.GET,
    }


def compared_by(request: Visit, scope: Scope) -> tuple[str, ...]:
    """A salesperson isn't set beside colleagues by name; one dealer has no others beside it."""
    role = request.user.role
    left_out = {"salesperson"} if role != "manager" or scope.who.person else set()
    if len(scope.who.dealers) < 2 or scope.who.person:
        left_out.add("dealer")
    return tuple(name for name in COMPARED_BY if name not in left_out)


def named_groups(by: str, rows: tuple[Row, ...]) -> list[tuple[str, Row]]:
    """Each group under the name people know it by; people and dealers are kept by number."""
    if by not in ("salesperson", "dealer"):
        return [("" if row.key is None else str(row.key), row) for row in rows]
    numbers = [int(str(row.key)) for row in rows if row.key is not None]
    names = names_of(numbers) if by == "salesperson" else names_of_dealers(numbers)
    return [("" if row.key is None else names.get(int(str(row.key)), "?"), row) for row in rows]
