"""What a page of hundreds of dealers has for each of them: a template takes several times as long for it.

What was said of a figure is remembered: when one dealer's changes, those of the others are still said the same way.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from django import template
from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from leadbell.desk.reports.scope import Who
from leadbell.desk.templatetags.figures import counted, in_unit, interval, judged
from leadbell.metrics.answers import Answer
from leadbell.metrics.monthly.compared import Compared, Stands, value_of
from leadbell.metrics.reports.league import Placed

register = template.Library()

#: Cells that are remembered, of some hundred bytes each.
MOST = 4_000


@register.filter
def each_beside_others(lines: Iterable[Compared]) -> SafeString:
    """A dealer's figures as the cells of a row."""
    cells = "".join([f'<td class="n">{beside_others(line)}</td>' for line in lines])
    return mark_safe(cells)  # noqa: S308 (each is safe)


@register.filter
def beside_others(line: Compared) -> SafeString:
    """What a dealer's cell holds: the value, what it was counted of, and where it surely stands beside the others."""
    return _beside(line.answer, line.unripe, line.stands, get_language())


@lru_cache(maxsize=MOST)
def _beside(answer: Answer, unripe: bool, stands: Stands, language: str | None) -> SafeString:
    ripe = f' <span class="badge bg-yellow-lt">{escape(gettext("not ripe"))}</span>' if unripe else ""
    bases = " · ".join(_median_of(answer) if answer.metric.shape == "measure" else _share_of(answer))
    cell = f'{_value(value_of(answer), answer)}{ripe}<div class="why">{escape(bases)}</div>{_stands(stands)}'
    return mark_safe(cell)  # noqa: S308 (every word in it is escaped)


def _value(value: float | None, answer: Answer, tone: str = "") -> str:
    if value is None:
        return f'<span class="why">{escape(gettext("too few"))}</span>'
    return f'<b class="{" ".join(("clock", tone)).rstrip()}">{escape(in_unit(value, answer.metric.unit))}</b>'


def _median_of(answer: Answer) -> Sequence[str]:
    of = gettext("median of %(of)s") % {"of": answer.denominator}
    if answer.value is None:
        return (of,)
    return of, gettext("mean %(mean)s") % {"mean": in_unit(answer.value, answer.metric.unit)}


def _share_of(answer: Answer) -> Sequence[str]:
    if answer.value is None or answer.interval is None:
        return (counted(answer),)
    return counted(answer), interval(answer.interval)


def _stands(stands: Stands) -> str:
    match stands:
        case "better":
            colour, said = "green", gettext("surely better")
        case "worse":
            colour, said = "red", gettext("surely worse")
        case "above":
            colour, said = "secondary", gettext("surely more")
        case "below":
            colour, said = "secondary", gettext("surely less")
        case _:
            return ""
    return f'<span class="badge bg-{colour}-lt">{escape(said)}</span>'


@register.filter
def side_by_side(answers: Iterable[Answer]) -> SafeString:
    """The figures of one group of leads as the cells of a row, each against its reference."""
    language = get_language()
    cells = "".join([f'<td class="n">{_against_reference(one, language)}</td>' for one in answers])
    return mark_safe(cells)  # noqa: S308 (each is safe)


@lru_cache(maxsize=MOST)
def _against_reference(answer: Answer, language: str | None) -> SafeString:
    of = (gettext("of %(n)s") % {"n": answer.denominator},)
    base = "<br>".join(map(escape, of if answer.metric.shape == "measure" else _share_of(answer)))
    cell = f'{_value(answer.value, answer, judged(answer))}<div class="why">{base}</div>'
    return mark_safe(cell)  # noqa: S308 (every word in it is escaped)


@register.filter
def in_league(placed: Placed) -> SafeString:
    """A dealer's share in the league, and its interval on a line from 0 to 100 % with the references."""
    return _in_league(placed.answer, get_language())


@lru_cache(maxsize=MOST)
def _in_league(answer: Answer, language: str | None) -> SafeString:
    share = _value(answer.value, answer, judged(answer))
    cells = (
        f'<td class="n">{share}<div class="why">{escape(counted(answer))}</div></td>'
        f'<td class="league-way">{_way(answer)}</td>'
    )
    return mark_safe(cells)  # noqa: S308 (every word in it is escaped)


def _way(answer: Answer) -> str:
    if answer.value is None:
        return ""
    said, (low, high) = escape(interval(answer.interval)), answer.interval or (0.0, 1.0)
    lines = [_line("best", one.value, one.value, -2, 12) for one in answer.metric.references]
    lines += _line("span", low, high, 5, 5), _line("at", answer.value, answer.value, 0, 10)
    about = f'viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{said}"'
    return f'<svg {about}>{"".join(lines)}</svg><div class="why">{said}</div>'


def _line(kind: str, x1: float, x2: float, y1: int, y2: int) -> str:
    return f'<line class="{kind}" x1="{100 * x1:.2f}" x2="{100 * x2:.2f}" y1="{y1}" y2="{y2}"/>'


@register.filter
def options(choices: Iterable[Who], chosen: str) -> SafeString:
    """Whose leads can be chosen."""
    return format_html_join(
        "", '<option value="{}"{}>{}</option>',
        ((one.code, mark_safe(" selected") if one.code == chosen else "", one.label) for one in choices),
    )  # fmt: skip
