"""A chart as the page shows it: drawn live from its description, its picture for print, its table beside it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from leadbell.desk.templatetags.leadbell import words
from leadbell.metrics.reports.charts import Chart, Columns, Curve, Mark, Table, readable
from leadbell.metrics.reports.stills import still
from leadbell.metrics.reports.verdict import Step
from leadbell.words import Words


@dataclass(frozen=True, slots=True)
class Drawn:
    chart: Chart
    #: None: only the picture, as for the map.
    described: dict[str, Any] | None
    picture: SafeString

    @property
    def name(self) -> str:
        return self.chart.name

    @property
    def script(self) -> str:
        """The description as the page's script reads it; in an attribute, since htmx leaves script elements out."""
        return json.dumps(self.described)

    @property
    def table(self) -> "Read":
        return read(self.chart.table)


@dataclass(frozen=True, slots=True)
class Read:
    """A table in the reader's language."""

    head: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]


def read(table: Table) -> Read:
    return Read(
        tuple(words(one) for one in table.head),
        tuple(tuple(readable(value, words) for value in row) for row in table.rows),
    )


def drawn(chart: Chart) -> Drawn:
    picture = mark_safe(still(chart, words))  # noqa: S308 (it escapes every word in it)
    return Drawn(chart, _described(chart), picture)


def _described(chart: Chart) -> dict[str, Any] | None:
    match chart:
        case Curve():
            about: dict[str, Any] = {"kind": "curve", "xs": chart.xs, "marks": _marks(chart.marks)}
        case Columns():
            about = {
                "kind": "columns",
                "labels": [words(one) if isinstance(one, Words) else one for one in chart.labels],
                "unit": chart.unit,
                "stacked": chart.stacked,
                "marks": _marks(chart.marks),
            }
        case _:
            return None
    lines = [
        {"title": words(line.title), "values": line.values, "tone": line.tone}
        for line in chart.lines if any(value is not None for value in line.values)
    ]  # fmt: skip
    return (
        {"title": words(chart.title), "base": words(chart.base), "lines": lines, **about} if lines else None
    )


def _marks(marks: tuple[Mark, ...]) -> list[dict[str, Any]]:
    return [{"at": mark.at, "says": words(mark.says)} for mark in marks]


@dataclass(frozen=True, slots=True)
class Bar:
    """A step of the funnel; `wide` and `due` (where the reference would be) in percent of the first step."""

    step: Step
    wide: float
    due: float | None
    leaks: bool


def bars(steps: Sequence[Step], leak: Step | None) -> list[Bar]:
    first = steps[0].leads if steps else 0
    found, before = [], 0
    for step in steps:
        due = 100 * before * step.reference / first if step.reference and first else None
        found.append(
            Bar(
                step,
                round(100 * step.leads / first, 2) if first else 0.0,
                due and round(due, 2),
                step is leak,
            )
        )
        before = step.leads
    return found
