"""The report's charts as static SVG, each with its table; a chart that can't be said says why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from leadbell.audit.reader import Reader
from leadbell.audit.sentences import percent
from leadbell.audit.study import Study
from leadbell.metrics.answers import Answer
from leadbell.metrics.catalogue.touching import GROUPS, NO_EXPERIMENT
from leadbell.metrics.reports.charts import (
    Chart,
    Columns,
    Line,
    Map,
    Mark,
    Table,
    attempts_ladder,
    days_to_sale,
    response_curve,
    sale_weekdays,
    talk_connect_map,
)
from leadbell.metrics.reports.stills import COLOURS, still
from leadbell.metrics.reports.studies import STUDIES, Cell
from leadbell.metrics.reports.verdict import Step
from leadbell.words import Words, say


@dataclass(frozen=True, slots=True)
class Drawn:
    title: Words
    svg: str = ""
    base: Words | None = None
    table: Table | None = None
    note: Words | None = None
    because: Words | None = None
    #: Needs the whole width of the page.
    wide: bool = False


def drawn(found: Study, read: Reader) -> list[Drawn]:
    """All charts in the order of the report."""
    return [*_studies(found, read), _unlost(found, read), _automation(found, read)]


def _studies(found: Study, read: Reader) -> list[Drawn]:
    given = {one.metric.name: one for one in found.answers.given}
    mean = given["days_to_sale"].value if "days_to_sale" in given else None
    ways: dict[str, Callable[[Sequence[Cell]], Chart]] = {
        "response_curve": response_curve, "talk_connect_map": talk_connect_map, "attempts_ladder": attempts_ladder,
        "days_to_sale": lambda cells: days_to_sale(cells, mean), "sale_weekdays": sale_weekdays,
    }  # fmt: skip
    charts = []
    for name, draw in ways.items():
        cells = found.cells[name]
        if isinstance(cells, Words):
            charts.append(Drawn(STUDIES[name].title, because=cells))
        elif not cells:
            charts.append(Drawn(STUDIES[name].title, because=say("no lead of the export is in it")))
        else:
            charts.append(_of(draw(cells), read))
    return charts


def _of(chart: Chart, read: Reader) -> Drawn:
    note = getattr(chart, "note", None)
    return Drawn(chart.title, still(chart, read), chart.base, chart.table, note, wide=isinstance(chart, Map))


def _unlost(found: Study, read: Reader) -> Drawn:
    title = say("Lost leads seen again on the website")
    answers = [one for one in found.answers.given if one.metric.name.startswith("unlost_rate_")]
    if not answers:
        why = next(
            one.because for one in found.answers.unsupported if one.metric.name.startswith("unlost_rate_")
        )
        return Drawn(title, because=why)
    labels = tuple(say("%(days)s days", days=one.metric.name.rsplit("_", 1)[1]) for one in answers)
    reference = answers[0].metric.reference
    marks = (
        (Mark(reference.value, say("13.7 %%")), Mark(reference.upper or 0, say("21.6 %%")))
        if reference
        else ()
    )
    chart = Columns(
        "unlost", title, answers[1].metric.base if len(answers) > 1 else answers[0].metric.base, labels,
        (Line(say("seen again"), tuple(one.value for one in answers), "first"),),
        Table(
            (say("lost within"), say("seen again"), say("lost")),
            tuple((label, one.numerator, one.denominator) for label, one in zip(labels, answers, strict=True)),
        ),
        unit="share", marks=tuple(Mark(mark.at, say(mark.says.text.replace("%%", "%"))) for mark in marks),
        note=answers[0].metric.warning,
    )  # fmt: skip
    return _of(chart, read)


#: Ending of the figure, how it is said, and the figure of how many touches of that kind there were per lead.
_CHANNELS = (
    ("", say("in any way"), "touches"), ("_phone", say("by phone"), "calls"), ("_email", say("by e-mail"), "emails"),
    ("_sms", say("by text message"), "texts"), ("_chat", say("in a chat"), "chat_messages"),
)  # fmt: skip


def _automation(found: Study, read: Reader) -> Drawn:
    title = say("People and automation: who gets an answer")
    given: dict[str, Answer] = {one.metric.name: one for one in found.answers.given}
    if "reengagement_rate_people_only" not in given:
        why = next(
            one.because
            for one in found.answers.unsupported
            if one.metric.name == "reengagement_rate_people_only"
        )
        return Drawn(title, because=why)
    ways = [one for one in _CHANNELS if f"reengagement_rate_people_only{one[0]}" in given]
    lines = tuple(
        Line(
            words,
            tuple(given[f"reengagement_rate_{group}{ending}"].value for ending, _, _ in ways),
            "auto" if group == "some_automation" else "first",
        )
        for group, words in GROUPS.items()
    )
    rows = tuple(
        (label, *(value for group in GROUPS for value in _answered(given, group, ending, touches)))
        for ending, label, touches in ways
    )
    per_lead = say("touches per lead")
    head = (
        say("answered"),
        say("people only"),
        say("of"),
        per_lead,
        say("some automation"),
        say("of"),
        per_lead,
    )
    base = given["reengagement_rate_people_only"].metric.base
    chart = Columns("automation", title, base, tuple(label for _, label, _ in ways), lines, Table(head, rows),
                    unit="share", note=NO_EXPERIMENT)  # fmt: skip
    return _of(chart, read)


def _answered(given: Mapping[str, Answer], group: str, ending: str, touches: str) -> tuple[int, int, str]:
    """Leads answered, of how many, and touches of that kind per lead touched."""
    one, per_lead = given[f"reengagement_rate_{group}{ending}"], given[f"{touches}_per_lead_{group}"]
    many = "" if per_lead.value is None else f"{per_lead.value:.2f}"
    return one.numerator, one.denominator, many


def way(steps: Sequence[Step], leak: str | None, read: Reader) -> str:
    """The funnel as bars, each with its number; dashed where the reference would be. On a narrow screen the bar goes
    below its words."""
    most = max((step.leads for step in steps), default=1) or 1
    return f'<ol class="way">{"".join(_step(step, step.stage == leak, most, read) for step in steps)}</ol>'


def _step(step: Step, leaks: bool, most: int, read: Reader) -> str:
    colour = COLOURS["late"] if leaks else COLOURS["first"]
    bar = f'<rect width="{max(0.5, 100 * step.leads / most):.2f}" height="10" rx=".6" fill="{colour}"/>'
    beside = (
        "" if step.share is None else read(say("%(share)s of the step before", share=percent(step.share)))
    )
    if step.reference is not None and step.of is not None:
        x = 100 * step.of * step.reference / most
        bar += (
            f'<line x1="{x:.2f}" x2="{x:.2f}" y1="0" y2="10" stroke="{COLOURS["late"]}" stroke-width="2" '
            'stroke-dasharray="3 2" vector-effect="non-scaling-stroke"/>'
        )
        beside += " · " + read(say("reference %(share)s", share=percent(step.reference)))
    return (
        f"<li><b>{escape(read(step.title))}</b>"
        f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{bar}</svg>'
        f"<span><b>{step.leads:,}</b><small>{escape(beside)}</small></span></li>"
    )
