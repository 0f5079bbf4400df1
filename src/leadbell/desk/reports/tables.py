"""The table beside a chart or figure, as a file to take along."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from leadbell.desk.entrance import Visit, door
from leadbell.desk.reports.drawn import read
from leadbell.desk.reports.fallout import fallout_rows
from leadbell.desk.reports.league import league_rows
from leadbell.desk.reports.pages import compared_by, named_groups
from leadbell.desk.reports.scope import Scope, asked_of, scope_of
from leadbell.desk.templatetags.leadbell import words
from leadbell.metrics.answers import Answer, ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.reports.download import MIME, WRITE, Value
from leadbell.metrics.reports.report import CHARTS, COMPARED_BY, Unsaid, chart, compare, section_named
from leadbell.metrics.reports.verdict import funnel
from leadbell.metrics.rows.live import Live

Table = tuple[Sequence[str], Sequence[Sequence[Value]]]


@require_GET
@door
def table(request: Visit, now: datetime, name: str, form: str) -> HttpResponse:
    if form not in WRITE:
        raise Http404
    scope = scope_of(request, now)
    with asked_of(request, scope.who.dealers) as engine:
        head, rows = _table(request, engine, scope, name)
    return HttpResponse(
        WRITE[form](head, rows),
        content_type=MIME[form],
        headers={
            "Content-Disposition": f'attachment; filename="{name}-{scope.first}-{scope.last}.{form}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


def _table(request: Visit, engine: Live, scope: Scope, name: str) -> Table:
    if name == "figures":
        figures = section_named(request.GET.get("section", "")).figures
        answers = ask(engine, [METRICS[one] for one in figures], engine.as_of_ms, which=scope.which)
        return _figure_head(), [list(_figure(one)) for one in answers.given]
    if name == "comparison":
        allowed = compared_by(request, scope)
        by = request.GET.get("by", "")
        by = by if by in allowed else allowed[0]
        groups, _cannot = compare(engine, by, engine.as_of_ms, scope.which)
        head = [words(COMPARED_BY[by]), *_figure_head()]
        return head, [[name, *_figure(one)] for name, row in named_groups(by, groups) for one in row.figures]
    if name == "funnel":
        steps = funnel(engine, engine.as_of_ms, scope.which)
        head = [_("step"), _("leads"), _("of"), _("share"), _("reference")]
        return head, [[words(one.title), one.leads, one.of, one.share, one.reference] for one in steps]
    if name == "league":
        return league_rows(request, engine, scope)
    if name == "fallout":
        return fallout_rows(request, engine, scope)
    if name not in CHARTS:
        raise Http404
    made = chart(engine, name, engine.as_of_ms, scope.which)
    if isinstance(made, Unsaid):
        raise Http404
    said = read(made.table)
    return said.head, said.rows


def _figure_head() -> list[str]:
    return [
        _("figure"), _("base"), _("numerator"), _("denominator"), _("value"), _("unit"), _("interval from"),
        _("interval to"), _("median"), _("reference"), _("source of the reference"),
    ]  # fmt: skip


def _figure(one: Answer) -> Iterator[Value]:
    low, high = one.interval or (None, None)
    line = one.metric.reference
    yield from (words(one.metric.title), words(one.metric.base), one.numerator, one.denominator, one.value)
    yield from (one.metric.unit, low, high, one.median)
    yield from (line.value if line else None, line.source if line else None)
