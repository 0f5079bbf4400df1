"""How figures are said on screen: values in their unit, shares, intervals."""

from functools import lru_cache

from django import template
from django.utils import formats
from django.utils.translation import get_language, gettext

from leadbell.metrics.answers import Answer, Interval
from leadbell.metrics.figures import clock
from leadbell.metrics.metric import Metric, Reference, Unit
from leadbell.metrics.reports.charts import short

register = template.Library()


@register.filter
def in_unit(value: "float | None", unit: Unit) -> str:
    """`61 %`, `2:10`, `12.3 days`, `1.3`; a dash where there is nothing to say."""
    if value is None:
        return "–"
    match unit:
        case "share":
            return percent(value)
        case "ms":
            return clock(round(value)) if value < 86_400_000 else short(value)
        case "days":
            return gettext("%(days)s days") % {"days": _rounded(value, 1)}
        case _:
            return _rounded(value, 2)


def _rounded(value: float, places: int) -> str:
    """In the reader's way of writing numbers, which by itself would cut instead of rounding."""
    return _written(round(value, places), places, get_language())


@lru_cache(maxsize=10_000)
def _written(value: float, places: int, language: str | None) -> str:
    """Of shares there are few with a decimal, and a table says hundreds of them."""
    return formats.number_format(value, places)


@register.filter
def percent(share: "float | None") -> str:
    """`61 %`; under ten percent with a decimal: `9.4 %`."""
    if share is None:
        return "–"
    return f"{_rounded(100 * share, 1 if 0 < share < 0.0995 else 0)} %"


@register.filter
def interval(found: "Interval | None") -> str:
    """`7.9–11.2 %`."""
    if found is None:
        return ""
    low, high = (_rounded(100 * share, 1) for share in found)
    return f"{low}–{high} %"


@register.filter
def counted(answer: Answer) -> str:
    """`12 of 34`."""
    return gettext("%(part)s of %(of)s") % {"part": answer.numerator, "of": answer.denominator}


@register.filter
def judged(answer: Answer) -> str:
    """`fine` at the reference or better, `late` below it; empty where there is nothing to judge by."""
    reference = answer.metric.reference
    if answer.value is None or reference is None or not answer.metric.better:
        return ""
    if answer.metric.better == "more":
        return "fine" if answer.value >= reference.value else "late"
    return "fine" if answer.value <= (reference.upper or reference.value) else "late"


@register.filter
def line(reference: Reference, metric: Metric) -> str:
    """The reference in the figure's unit: `73 %`, `2:10`."""
    said = in_unit(reference.value, metric.unit)
    return said if reference.upper is None else f"{said} – {in_unit(reference.upper, metric.unit)}"


@register.filter
def width(share: "float | None") -> str:
    """Of a bar in a hundred steps, as a class."""
    return f"w-{round(100 * min(max(share or 0.0, 0.0), 1.0))}p"


@register.filter
def apart(difference: float, unit: Unit) -> str:
    """A difference: of shares in points, `+12.3 points`; else in the unit with its sign, `−1:20`."""
    sign = "−" if difference < 0 else "+"
    size = abs(difference)
    if unit == "share":
        return gettext("%(points)s points") % {"points": f"{sign}{_rounded(100 * size, 1)}"}
    return f"{sign}{in_unit(size, unit)}"
