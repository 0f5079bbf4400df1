"""What a page of hundreds of dealers has for each of them: a template takes several times as long for it.

What was said of a figure is remembered: when one dealer's changes, those of the others are still said the same way.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from django import template
from django.utils.html import format_html, format_html_join
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
LINE_BREAK, SELECTED = mark_safe("<br>"), mark_safe(" selected")


@register.filter
def each_beside_others(lines: Iterable[Compared]) -> SafeString:
    """A dealer's figures as the cells of a row."""
    return format_html_join("", '<td class="n">{}</td>', ((beside_others(line),) for line in lines))


@register.filter
def beside_others(line: Compared) -> SafeString:
    """What a dealer's cell holds: the value, what it was counted of, and where it surely stands beside the others."""
    return _beside(line.answer, line.unripe, line.stands, get_language())


@lru_cache(maxsize=MOST)
def _beside(answer: Answer, unripe: bool, stands: Stands, language: str | None) -> SafeString:
    ripe = format_html(' <span class="badge bg-yellow-lt">{}</span>', gettext("not ripe")) if unripe else ""
    bases = " · ".join(_median_of(answer) if answer.metric.shape == "measure" else _share_of(answer))
    value = _value(value_of(answer), answer)
    return format_html('{}{}<div class="why">{}</div>{}', value, ripe, bases, _stands(stands))


def _value(value: float | None, answer: Answer, tone: str = "") -> SafeString:
    if value is None:
        return format_html('<span class="why">{}</span>', gettext("too few"))
    looks = " ".join(("clock", tone)).rstrip()
    return format_html('<b class="{}">{}</b>', looks, in_unit(value, answer.metric.unit))


def _median_of(answer: Answer) -> Sequence[str]:
    of = gettext("median of %(of)s") % {"of": answer.denominator}
    if answer.value is None:
        return (of,)
    return of, gettext("mean %(mean)s") % {"mean": in_unit(answer.value, answer.metric.unit)}


def _share_of(answer: Answer) -> Sequence[str]:
    if answer.value is None or answer.interval is None:
        return (counted(answer),)
    return counted(answer), interval(answer.interval)


def _stands(stands: Stands) -> SafeString | str:
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
    return format_html('<span class="badge bg-{}-lt">{}</span>', colour, said)


@register.filter
def side_by_side(answers: Iterable[Answer]) -> SafeString:
    """The figures of one group of leads as the cells of a row, each against its reference."""
    language = get_language()
    return format_html_join(
        "", '<td class="n">{}</td>', ((_against_reference(one, language),) for one in answers)
    )


@lru_cache(maxsize=MOST)
def _against_reference(answer: Answer, language: str | None) -> SafeString:
    of = (gettext("of %(n)s") % {"n": answer.denominator},)
    said = of if answer.metric.shape == "measure" else _share_of(answer)
    base = format_html_join(LINE_BREAK, "{}", ((one,) for one in said))
    return format_html('{}<div class="why">{}</div>', _value(answer.value, answer, judged(answer)), base)


@register.filter
def in_league(placed: Placed) -> SafeString:
    """A dealer's share in the league, and its interval on a line from 0 to 100 % with the references."""
    return _in_league(placed.answer, get_language())


@lru_cache(maxsize=MOST)
def _in_league(answer: Answer, language: str | None) -> SafeString:
    share = _value(answer.value, answer, judged(answer))
    return format_html(
        '<td class="n">{}<div class="why">{}</div></td><td class="league-way">{}</td>',
        share, counted(answer), _way(answer),
    )  # fmt: skip


def _way(answer: Answer) -> SafeString | str:
    if answer.value is None:
        return ""
    said, (low, high) = interval(answer.interval), answer.interval or (0.0, 1.0)
    lines = [("best", one.value, one.value, -2, 12) for one in answer.metric.references]
    lines += ("span", low, high, 5, 5), ("at", answer.value, answer.value, 0, 10)
    drawn = format_html_join(
        "", '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>',
        ((kind, f"{100 * x1:.2f}", f"{100 * x2:.2f}", y1, y2) for kind, x1, x2, y1, y2 in lines),
    )  # fmt: skip
    return format_html(
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
        '<div class="why">{}</div>', said, drawn, said,
    )  # fmt: skip


@register.filter
def options(choices: Iterable[Who], chosen: str) -> SafeString:
    """Whose leads can be chosen."""
    return format_html_join(
        "", '<option value="{}"{}>{}</option>',
        ((one.code, SELECTED if one.code == chosen else "", one.label) for one in choices),
    )  # fmt: skip
