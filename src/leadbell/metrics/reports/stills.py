"""Charts as static SVG, for print, e-mail and readers without scripts; no style attributes, so any CSP shows them."""

from collections.abc import Callable, Sequence
from html import escape
from math import log10

from leadbell.metrics.reports.charts import Chart, Columns, Curve, Line, Map, Mark, Tone, short
from leadbell.words import Words

#: Told apart by colour-blind people too; the second is hatched or dashed where it matters.
COLOURS: dict[Tone, str] = {
    "first": "#1d4ed8", "second": "#d97706", "auto": "#7c3aed", "late": "#b91c1c", "quiet": "#94a3b8",
}  # fmt: skip
DASHES: dict[Tone, str] = {"second": "7 3", "auto": "4 3"}
WIDE, HIGH = 700, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 14, 34
#: A mark is read over bars, too.
_OVER = {"stroke": "var(--tblr-bg-surface, #fff)", "stroke_width": "4", "paint_order": "stroke"}
_W, _H = WIDE - _LEFT - _RIGHT, HIGH - _TOP - _BOTTOM
Read = Callable[[Words], str]


def still(chart: Chart, read: Read) -> str:
    """The chart as an <svg> element with a title; `read` puts words into the reader's language."""
    match chart:
        case Curve():
            body, high = _curve(chart, read), HIGH
        case Columns():
            body, high = _columns(chart, read), HIGH
        case Map():
            body, high = _map(chart, read), 40 + 34 * len(chart.rows)
    label = escape(f"{read(chart.title)}: {read(chart.base)}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {high}" width="100%" role="img" '
        f'aria-label="{label}" font-family="Inter, system-ui, sans-serif" font-size="12" fill="currentColor">'
        f"{body}</svg>"
    )


def _text(x: float, y: float, said: str, anchor: str = "middle", **more: str) -> str:
    rest = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{rest}>{escape(said)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str = "currentColor", dash: str = "", width: float = 1,
          opacity: float = 1) -> str:  # fmt: skip
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}" '
        f'stroke-opacity="{opacity}"{dashed}/>'
    )


def _up(share: float) -> float:
    return _TOP + _H * (1 - share)


def _percents() -> str:
    parts = []
    for percent in (0, 25, 50, 75, 100):
        y = _up(percent / 100)
        parts += [
            _rule(_LEFT, y, WIDE - _RIGHT, y, opacity=0.15),
            _text(_LEFT - 6, y + 4, f"{percent} %", "end"),
        ]
    return "".join(parts)


def _legend(lines: Sequence[Line], read: Read) -> str:
    parts, x = [], float(_LEFT)
    for line in lines:
        said = read(line.title)
        parts += [
            f'<rect x="{x:.1f}" y="{HIGH - 11}" width="10" height="10" rx="2" fill="{COLOURS[line.tone]}"/>',
            _text(x + 14, HIGH - 2, said, "start"),
        ]
        x += 28 + 6.6 * len(said)
    return "".join(parts)


def _curve(chart: Curve, read: Read) -> str:
    low, high = log10(chart.xs[0]), log10(chart.xs[-1])

    def across(ms: float) -> float:
        return _LEFT + _W * (log10(ms) - low) / (high - low)

    parts = [_percents()]
    shown = -100.0
    for x in chart.xs:
        if across(x) - shown > 44:
            parts.append(_text(across(x), HIGH - 18, short(x)))
            shown = across(x)
    for mark in chart.marks:
        here = across(mark.at)
        parts += [
            _rule(here, _TOP, here, _TOP + _H, COLOURS["late"], "5 4", 1.5),
            _text(here + 5, _TOP + 9, read(mark.says), "start", fill=COLOURS["late"]),
        ]
    for line in chart.lines:
        points = " ".join(
            f"{across(x):.1f},{_up(y):.1f}"
            for x, y in zip(chart.xs, line.values, strict=False) if y is not None
        )  # fmt: skip
        dash = DASHES.get(line.tone)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        if points:
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{COLOURS[line.tone]}" stroke-width="2.5"{dashed}/>'
            )
    return "".join(parts) + _legend(chart.lines, read)


def _columns(chart: Columns, read: Read) -> str:
    values = [[value or 0.0 for value in line.values] for line in chart.lines]
    sums = [sum(column) if chart.stacked else max(column) for column in zip(*values, strict=True)]
    marks: Sequence[Mark] = chart.marks
    top = _nice(max([*sums, *(mark.at for mark in marks), 0.0]), whole=chart.unit == "count")
    parts = []
    for i in range(5):
        said = f"{100 * top * i / 4:.0f} %" if chart.unit == "share" else f"{top * i / 4:,.0f}"
        y = _up(i / 4)
        parts += [_rule(_LEFT, y, WIDE - _RIGHT, y, opacity=0.15), _text(_LEFT - 6, y + 4, said, "end")]
    room = _W / len(chart.labels)
    each = room * 0.76 / (1 if chart.stacked else len(chart.lines))
    skip = max(1, round(22 * len(chart.labels) / _W * 1.4)) if len(chart.labels) > 12 else 1
    for place, label in enumerate(chart.labels):
        x = _LEFT + room * place + room * 0.12
        floor = 0.0
        for i, line in enumerate(chart.lines):
            tall = values[i][place] / top
            if tall:
                left = x if chart.stacked else x + each * i
                y = _up(floor + tall)
                parts.append(
                    f'<rect x="{left:.1f}" y="{y:.1f}" width="{each:.1f}" height="{_H * tall:.1f}" rx="2" '
                    f'fill="{COLOURS[line.tone]}"/>'
                )
            floor += tall if chart.stacked else 0.0
        last = place == len(chart.labels) - 1
        if (
            place % skip == 0 and not (skip > 1 and len(chart.labels) - 1 - skip < place and not last)
        ) or last:
            said = read(label) if isinstance(label, Words) else label
            parts.append(_text(_LEFT + room * (place + 0.5), HIGH - 18, said))
    for mark in marks:
        y = _up(mark.at / top)
        parts += [
            _rule(_LEFT, y, WIDE - _RIGHT, y, COLOURS["late"], "5 4", 1.5),
            _text(WIDE - _RIGHT, y - 4, read(mark.says), "end", fill="currentColor", **_OVER),
        ]
    return "".join(parts) + _legend(chart.lines, read)


def _nice(most: float, whole: bool) -> float:
    """The end of an axis of four steps that holds `most`: 4, 8, 20, 40 …; of shares 0.04 to 1."""
    if most <= 0:
        return 4.0 if whole else 1.0
    step = 10.0**-4 if not whole else 1.0
    while True:
        for times in (1, 2, 5):
            if 4 * times * step >= most:
                return min(4 * times * step, 1.0) if not whole and most <= 1 else 4 * times * step
        step *= 10


def _map(chart: Map, read: Read) -> str:
    left, wide, high = 78, 74, 31
    parts = []
    for i, row in enumerate(chart.squares):
        y = 8.0 + 34 * i
        parts.append(_text(left - 8, y + 20, chart.rows[i], "end", opacity="0.7"))
        for j, square in enumerate(row):
            x = left + (wide + 3) * j
            share = square.share
            edge = f'stroke="{COLOURS["second"]}" stroke-width="2.5"' if square.framed else (
                'stroke="currentColor" stroke-opacity="0.18"')  # fmt: skip
            parts.append(
                f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="5" fill="{COLOURS["first"]}" '
                f'fill-opacity="{0.02 if share is None else 0.04 + 0.9 * min(share / 0.8, 1):.2f}" {edge}/>'
            )
            said = "·" if share is None else f"{100 * share:.0f} %"
            colour = {"fill": "#ffffff"} if share is not None and share > 0.65 else {}
            faint = {"opacity": "0.5"} if share is None else {}
            parts.append(_text(x + wide / 2, y + 20, said, **colour, **faint))
    under = 8 + 34 * len(chart.rows)
    for j, said in enumerate(chart.columns):
        parts.append(_text(left + (wide + 3) * j + wide / 2, under + 12, said, opacity="0.7"))
    parts.append(
        _text(left + (wide + 3) * len(chart.columns) / 2, under + 28, read(chart.column_title), opacity="0.6")
    )
    return "".join(parts)
