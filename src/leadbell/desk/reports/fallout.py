"""Fallout: qualified leads that dropped off at the first contact, by agent, salesperson, origin and source [S1]."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from leadbell.dealers.shelves import names_of
from leadbell.desk.entrance import Visit, door_for
from leadbell.desk.reports.pages import frame
from leadbell.desk.reports.scope import Scope, asked_of, scope_of
from leadbell.lead.finding import ORIGINS
from leadbell.metrics.answers import Answer, ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.reports.download import Value
from leadbell.metrics.rows.live import Live

FALLOUT = METRICS["fallout_rate"]
#: Keys of `metrics.question`; people stand in the first two.
KEYS = ("bdc_agent", "received_by", "origin", "source", "campaign")
PEOPLE = frozenset({"bdc_agent", "received_by"})
MOST = 30
READERS = ("manager", "bdc")


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
    #: Said where there are none.
    nothing: str


@require_GET
@door_for(*READERS)
def fallout(request: Visit, now: datetime) -> HttpResponse:
    """A manager sees everybody; a BDC agent their own, and origins and sources of all."""
    scope = _of_everybody(scope_of(request, now))
    with asked_of(request, scope.who.dealers) as engine:
        all_of = ask(engine, [FALLOUT], engine.as_of_ms, which=scope.which).given
        parts = _parts(request, engine, scope)
    shown = frame(request, scope, "verdict") | {
        "title": _("Fallout"),
        "whole": all_of[0] if all_of else None,
        "line": FALLOUT.references[0],
        "figure": FALLOUT,
        "parts": parts,
    }
    return render(request, "reports/fallout_live.html" if request.htmx else "reports/fallout.html", shown)


def fallout_rows(
    request: Visit, engine: Live, scope: Scope
) -> tuple[Sequence[str], Sequence[Sequence[Value]]]:
    """The report as a table. Raises PermissionDenied for who doesn't get it."""
    if request.user.role not in READERS:
        raise PermissionDenied
    head = [
        _("by"),
        _("name"),
        _("dropped"),
        _("handed over"),
        _("share"),
        _("interval from"),
        _("interval to"),
    ]
    parts = _parts(request, engine, _of_everybody(scope))
    return head, [[part.title, *_row(row)] for part in parts for row in part.rows]


def _row(row: Row) -> tuple[Value, ...]:
    low, high = row.answer.interval or (None, None)
    return row.name, row.answer.numerator, row.answer.denominator, row.answer.value, low, high


def _of_everybody(scope: Scope) -> Scope:
    """People are told apart by the report: the leads of one person now aren't those they handed over."""
    if scope.who.person is None:
        return scope
    return replace(scope, who=next(one for one in scope.choices if one.code == "all"))


def _parts(request: Visit, engine: Live, scope: Scope) -> list[Part]:
    titles = {
        "bdc_agent": _("By BDC agent"), "received_by": _("By salesperson"), "origin": _("By origin"),
        "source": _("By source"), "campaign": _("By campaign"),
    }  # fmt: skip
    nothing = {"campaign": _("No handover of a lead that a campaign brought.")}
    return [
        Part(
            titles[key],
            _rows(request, key, ask(engine, [FALLOUT], engine.as_of_ms, by=(key,), which=scope.which).given),
            nothing.get(key, _("No handover whose first contact is known.")),
        )
        for key in KEYS
    ]


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
