"""Fallout: qualified leads that dropped off at the first contact, by agent, salesperson, origin and source [S1]."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from leadbell.dealers.shelves import names_of
from leadbell.desk.entrance import Visit, door_for
from leadbell.desk.reports.pages import frame
from leadbell.desk.reports.scope import asked_of, scope_of
from leadbell.lead.finding import ORIGINS
from leadbell.metrics.answers import Answer, ask
from leadbell.metrics.catalogue import METRICS

FALLOUT = METRICS["fallout_rate"]
#: Keys of `metrics.question`; people stand in the first two.
KEYS = ("bdc_agent", "received_by", "origin", "source")
PEOPLE = frozenset({"bdc_agent", "received_by"})
MOST = 30


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    answer: Answer

    @property
    def over(self) -> bool:
        """Surely over the line: the whole interval lies above it."""
        interval, line = self.answer.interval, FALLOUT.references[0].value
        return self.answer.value is not None and interval is not None and interval[0] > line


@dataclass(frozen=True, slots=True)
class Part:
    title: str
    rows: Sequence[Row]


@require_GET
@door_for("manager", "bdc")
def fallout(request: Visit, now: datetime) -> HttpResponse:
    """A manager sees everybody; a BDC agent their own, and origins and sources of all."""
    scope = scope_of(request, now)
    if scope.who.person is not None:
        # People are told apart below: the leads of one person now aren't those they handed over.
        scope = replace(scope, who=next(one for one in scope.choices if one.code == "all"))
    with asked_of(request, scope.who.dealers) as engine:
        all_of = ask(engine, [FALLOUT], engine.as_of_ms, which=scope.which).given
        found = {
            key: ask(engine, [FALLOUT], engine.as_of_ms, by=(key,), which=scope.which).given for key in KEYS
        }
    titles = {
        "bdc_agent": _("By BDC agent"), "received_by": _("By salesperson"), "origin": _("By origin"),
        "source": _("By source or campaign"),
    }  # fmt: skip
    shown = frame(request, scope, "verdict") | {
        "title": _("Fallout"),
        "whole": all_of[0] if all_of else None,
        "line": FALLOUT.references[0],
        "figure": FALLOUT,
        "parts": [Part(titles[key], _rows(request, key, found[key])) for key in KEYS],
    }
    return render(request, "reports/fallout_live.html" if request.htmx else "reports/fallout.html", shown)


def _rows(request: Visit, key: str, answers: Sequence[Answer]) -> list[Row]:
    """With a base, the largest first; of people only those the reader may see."""
    known = [one for one in answers if one.denominator and one.group[0] is not None]
    if key in PEOPLE:
        numbers = [int(str(one.group[0])) for one in known if str(one.group[0]).isdecimal()]
        names = {str(number): name for number, name in names_of(numbers).items()}
        if not request.user.manages:
            known = [one for one in known if str(one.group[0]) == str(request.user.pk)]
    else:
        names = {code: str(label) for code, label in ORIGINS} if key == "origin" else {}
    rows = [Row(names.get(str(one.group[0]), str(one.group[0])), one) for one in known]
    return sorted(rows, key=lambda row: (-row.answer.denominator, row.name))[:MOST]
