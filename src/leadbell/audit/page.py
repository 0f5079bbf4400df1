"""The report as one HTML file: no scripts, nothing from elsewhere; everything from the export is escaped."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files

from leadbell.audit.drawing import Drawn, drawn, way
from leadbell.audit.reader import Reader
from leadbell.audit.sentences import between, headline, leaks, percent, ripe, worth_of
from leadbell.audit.study import BY_PERSON, Study
from leadbell.metrics.answers import Answer, printed
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.reports.charts import readable
from leadbell.metrics.reports.verdict import Verdict, falling_short
from leadbell.words import Words, say

#: Nothing but this page's own style may load: an export's text can't call anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_COMPARED_AT_MOST = 200


def page(found: Study, words: Reader, language: str) -> str:
    """The whole document in the reader's language."""
    title = words(say("Follow-up of leads: %(file)s", file=found.sheets["leads"].path.name))
    body = "".join(
        (
            _top(found, words), _monday(found, words), _charts(found, words), _people(found, words), _figures(found, words),
            _unsaid(found, words), _quality(found, words), _method(found, words),
        )
    )  # fmt: skip
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{files('leadbell.audit').joinpath('page.css').read_text('utf-8')}</style></head>"
        f'<body><p class="quiet">Leadbell · {escape(title)} · {escape(_moment(found.as_of_ms))}</p><main>{body}</main></body></html>\n'
    )


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _section(title: str, body: str, beside: str = "", kind: str = "") -> str:
    small = f"<small>{escape(beside)}</small>" if beside else ""
    style = f' class="{kind}"' if kind else ""
    return f'<section{style}><h2>{escape(title)}{small}</h2><div class="in">{body}</div></section>'


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Cells are escaped here and nowhere else; numbers stand right."""

    def cell(value: object) -> str:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        said = "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
        kind = ' class="n"' if number else ""
        return f"<td{kind}>{escape(said)}</td>"

    heads = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "".join(f"<tr>{''.join(cell(value) for value in row)}</tr>" for row in rows)
    many = ' class="many"' if len(head) > 4 else ""
    return f'<div class="wide" tabindex="0"><table{many}><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'


def _paragraph(text: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f"<p{style}>{escape(text)}</p>"


def _top(found: Study, words: Reader) -> str:
    verdict = found.verdict
    if not isinstance(verdict, Verdict):
        told = words(say("No verdict can be given: %(why)s.", why=words(verdict)))
        return f'<section><div class="top"><div><h1>{escape(told)}</h1></div></div></section>'
    kind = {"process": "bad", "meets the norm": "good"}.get(verdict.said, "unsure")
    one = verdict.conversion
    interval = ""
    if one.interval:
        low, high = (f"{100 * end:.1f}" for end in one.interval)
        interval = words(say("95 %% interval %(low)s – %(high)s · norm 13 %%", low=low, high=f"{high} %"))
    lines = [_paragraph(f"{words(verdict.because)} {words(ripe(verdict))}", "quiet")]
    leak = leaks(verdict, words)
    if leak is not None:
        lines.append(_paragraph(words(leak)))
    return (
        f'<section><div class="top"><div><h1>{escape(headline(verdict, words))}</h1>{"".join(lines)}</div>'
        f'<div><div class="big {kind}">{escape(one.printed or words(say("too few")))}</div>'
        f'<p class="quiet">{escape(interval)}</p></div></div></section>'
    )


def _monday(found: Study, words: Reader) -> str:
    """The funnel, and what to change."""
    verdict = found.verdict
    steps = verdict.funnel if isinstance(verdict, Verdict) else found.funnel
    if not steps:
        return ""
    leak = falling_short(steps)
    rows = [
        (words(step.title), step.leads, "" if step.share is None else percent(step.share),
         "" if step.reference is None else percent(step.reference), step.implied)
        for step in steps
    ]  # fmt: skip
    head = [
        words(one)
        for one in (
            say("step"),
            say("leads"),
            say("of the step before"),
            say("reference"),
            say("only by a later step"),
        )
    ]
    svg = way(steps, leak.stage if leak else None, words)
    table = f"<details><summary>{escape(words(say('Table')))}</summary>{_table(head, rows)}</details>"
    funnel = _section(
        words(say("Where they go")), svg + table, words(say("dashed: where the reference would be"))
    )
    monday = _section(words(say("What to change on Monday")), _advice(found, words))
    return f'<div class="monday">{funnel}{monday}</div>'


def _advice(found: Study, words: Reader) -> str:
    """What mends the leak first, and what closing it is worth."""
    items = [f"<b>{escape(words(one.do))}</b> {escape(words(one.because))}" for one in found.advice]
    items = items or [escape(words(say("Nothing falls short of its line. Keep it so.")))]
    if isinstance(found.verdict, Verdict) and (worth := worth_of(found.verdict)) is not None:
        items.append(escape(words(worth)))
    return f"<ol>{''.join(f'<li>{one}</li>' for one in items)}</ol>"


def _charts(found: Study, words: Reader) -> str:
    return f'<div class="two">{"".join(_chart(one, words) for one in drawn(found, words))}</div>'


def _chart(one: Drawn, words: Reader) -> str:
    if one.because is not None:
        told = say("Can't be said from this export, because %(why)s.", why=words(one.because))
        return _section(words(one.title), _paragraph(words(told), "quiet"))
    head = [words(each) for each in one.table.head] if one.table else []
    rows = [[readable(value, words) for value in row] for row in one.table.rows] if one.table else []
    note = _paragraph(words(one.note), "quiet") if one.note else ""
    table = f"<details><summary>{escape(words(say('Table')))}</summary>{_table(head, rows)}</details>"
    return _section(
        words(one.title),
        one.svg + note + table,
        words(one.base) if one.base else "",
        "all" if one.wide else "",
    )


def _people(found: Study, words: Reader) -> str:
    parts = []
    for title, given, key in (
        (say("Per dealer"), found.dealers, say("dealer")), (say("Per salesperson"), found.people, say("salesperson")),
    ):  # fmt: skip
        groups: dict[tuple[str | int | None, ...], dict[str, Answer]] = {}
        for one in given:
            groups.setdefault(one.group, {})[one.metric.name] = one
        if not groups:
            continue
        names = [name for name in BY_PERSON if any(name in by for by in groups.values())]
        ordered = sorted(
            groups.items(), key=lambda one: -max((a.denominator for a in one[1].values()), default=0)
        )
        rows = [
            [" · ".join(str(part) for part in group if part is not None) or "—"]
            + [_said(by.get(name), words) for name in names]
            for group, by in ordered[:_COMPARED_AT_MOST]
        ]
        head = [words(key), *(words(METRICS[name].title) for name in names)]
        note = say("Each figure with its base; under 5 nothing is said. Intervals overlap where groups are small: "
                   "this is no ranking.")  # fmt: skip
        parts.append(
            _section(words(title), _table(head, rows) + _paragraph(words(note), "quiet"), kind="long")
        )
    return "".join(parts)


def _said(one: Answer | None, words: Reader) -> str:
    if one is None:
        return ""
    if one.value is None:
        return words(say("too few (%(of)s)", of=one.denominator))
    middle = (
        f" · {words(say('median'))} {printed(one.median, one.metric.unit)}" if one.median is not None else ""
    )
    return f"{one.printed}{middle} ({one.denominator:,})"


def _figures(found: Study, words: Reader) -> str:
    head = [
        words(one)
        for one in (
            say("figure"),
            say("value"),
            say("of"),
            say("base"),
            say("interval"),
            say("reference"),
            say("formula"),
        )
    ]
    rows = []
    for one in found.answers.given:
        reference = one.metric.reference
        interval = between(one.interval) if one.interval and one.value is not None else ""
        value = one.printed or words(say("too few"))
        if one.median is not None:
            value += f" ({words(say('median'))} {printed(one.median, one.metric.unit)})"
        said = f"{words(reference.says)} [{reference.source}]" if reference else ""
        formula = words(one.metric.tooltip)
        rows.append(
            [words(one.metric.title), value, one.denominator, words(one.metric.base), interval, said, formula]
        )
    return _section(words(say("Every figure, with its denominator")), _table(head, rows), kind="long")


def _unsaid(found: Study, words: Reader) -> str:
    if not found.answers.unsupported:
        return ""
    by: dict[str, list[str]] = {}
    for one in found.answers.unsupported:
        by.setdefault(words(one.because), []).append(words(one.metric.title))
    items = "".join(f"<li>{escape('; '.join(titles))} — {escape(why)}</li>" for why, titles in by.items())
    title = words(say("What can't be said from this export, and why"))
    return _section(title, f"<ul>{items}</ul>", kind="long")


def _quality(found: Study, words: Reader) -> str:
    counted = say("%(read)s rows read, %(rejected)s could not be.", read=found.read, rejected=found.rejected)
    parts = [_paragraph(words(counted)), *(_paragraph(words(note)) for note in found.notes)]
    rows = [
        [found.sheets[table].path.name, one.line, words(one.because)]
        for table, beside in found.beside.items()
        for one in beside.first
    ]
    if rows:
        parts.append(_table([words(one) for one in (say("file"), say("line"), say("why"))], rows))
    unknown = [
        [f"{table}.{field}", value, often]
        for table, fields in found.mapping.unknown.items()
        for field, values in fields.items()
        for value, often in list(values.items())[:20]
    ]
    if unknown:
        parts.append(_paragraph(words(say("Values that weren't understood count for nothing:"))))
        parts.append(_table([words(one) for one in (say("field"), say("value"), say("rows"))], unknown))
    mapped = [
        [f"{table}.{field}", guess.column, f"{guess.sure:.0%}"]
        for table, fields in found.mapping.columns.items()
        for field, guess in fields.items()
    ]
    head = [words(one) for one in (say("what"), say("column"), say("sure"))]
    parts.append(
        f"<details><summary>{escape(words(say('What the columns were taken for')))}</summary>{_table(head, mapped)}</details>"
    )
    return _section(words(say("Data quality")), "".join(parts), kind="long")


def _method(found: Study, words: Reader) -> str:
    lines: list[Words] = [
        say("One row is made per lead; each figure is a numerator over a named base of leads. Shares have Wilson intervals of 95 %%. "
            "Under 5 leads nothing is said."),
        say("The moment looked at is the newest in the export. The verdict is over active leads at least 45 days old; with none, over all."),
        say("Negative and absurd durations are counted and left out of means, never corrected."),
        say("S0 prints 38 %% once over 1,398 opportunities and once over 2,379 reviewed calls; only the first is right (534 of 1,398), "
            "over the calls it is 22.4 %%."),
        say("S4: “20 %% more calls per lead without automation” can't be had from its own counts: 0.50 against 0.80 calls per lead is 60 %% more."),
        say("S4 prints 21.6 %% both as the upper unlost share and as a re-engagement rate; a mix-up in the source can't be excluded."),
        say("S4 compares leads that were not assigned at random: an association, no effect."),
        say("S3's “over 20 %%” for an internal team is a rule of thumb; each dealer has its own break-even."),
    ]  # fmt: skip
    if not found.mapping.zone:
        lines.insert(
            2,
            say(
                "No time zone was given: times were taken as they are written, and clock changes don't count."
            ),
        )
    items = "".join(f"<li>{escape(words(line).replace('%%', '%'))}</li>" for line in lines)
    return _section(
        words(say("Method, and where the sources don't add up")), f"<ul>{items}</ul>", kind="long"
    )
