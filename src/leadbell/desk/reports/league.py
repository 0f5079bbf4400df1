"""The league: dealers side by side with their intervals. Who can't be told apart shares a place."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from leadbell.desk.entrance import Visit, door_for
from leadbell.desk.reports.pages import frame, opened
from leadbell.desk.reports.scope import Scope, asked_of, scope_of
from leadbell.lead.doors import names_of_dealers
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.metric import Metric
from leadbell.metrics.reports.download import Value
from leadbell.metrics.reports.league import MEASURED, Placed, league, movers
from leadbell.metrics.rows.live import Live


@require_GET
@door_for("importer", "manager")
def league_page(request: Visit, now: datetime) -> HttpResponse:
    """Whoever has only one dealer has no league."""
    if request.user.organisation.kind == "dealer":
        raise PermissionDenied
    scope, measure = scope_of(request, now), measure_of(request)
    with asked_of(request, scope.who.dealers) as engine:
        table = league(engine, measure, engine.as_of_ms, scope.which)
        moved = movers(engine, measure, engine.as_of_ms, scope.which, scope.before)
    names = _names(scope)
    shown = frame(request, scope, "league") | {
        "measure": measure,
        "measures": [METRICS[name] for name in MEASURED],
        "rows": [
            (names.get(str(one.dealer), "?"), one, opened(scope, "dealer", one.dealer)) for one in table
        ],
        "silent": sorted(set(names.values()) - {names.get(str(one.dealer)) for one in table}),
        "movers": [(names.get(str(one.dealer), "?"), one) for one in moved],
    }
    return render(request, "reports/league_live.html" if request.htmx else "reports/league.html", shown)


def measure_of(request: Visit) -> Metric:
    name = request.GET.get("figure", "")
    return METRICS[name if name in MEASURED else MEASURED[0]]


def league_rows(
    request: Visit, engine: Live, scope: Scope
) -> tuple[Sequence[str], Sequence[Sequence[Value]]]:
    """The league as a table. Raises PermissionDenied for who has none."""
    if request.user.role not in ("importer", "manager") or request.user.organisation.kind == "dealer":
        raise PermissionDenied
    names = _names(scope)
    head = [_("place"), _("dealer"), _("numerator"), _("denominator"), _("value"), _("interval from"),
            _("interval to")]  # fmt: skip
    return head, [
        _row(one, names) for one in league(engine, measure_of(request), engine.as_of_ms, scope.which)
    ]


def _names(scope: Scope) -> dict[str, str]:
    """Of the dealers, by number as a figure's group has it."""
    return {str(number): name for number, name in names_of_dealers(scope.who.dealers).items()}


def _row(one: Placed, names: dict[str, str]) -> list[Value]:
    low, high = one.answer.interval or (None, None)
    return [one.place, names.get(str(one.dealer), "?"), one.answer.numerator, one.answer.denominator,
            one.answer.value, low, high]  # fmt: skip
