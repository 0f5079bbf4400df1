"""Unlost as the Unlost page says it: the figure of Reports, and how many of its leads could be seen at all [S4]."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from leadbell.metrics import question
from leadbell.metrics.answers import Answer, ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.engines.postgres import said
from leadbell.metrics.figures import Rate
from leadbell.metrics.question import Which
from leadbell.metrics.rows.exchange import ms
from leadbell.metrics.rows.live import ROWS, live
from leadbell.metrics.tables import day_number

#: Leads that came in within so many days, today included: visits are kept for 30 to 90.
DAYS = 90

#: Of leads by number: those whose customer's browser is recognised.
_KNOWN = """
select count(*) from leadbell_lead l
where l.id = any (%(leads)s) and exists (
    select from leadbell_visitor v where v.customer_id = l.customer_id and v.dealer_id = l.dealer_id)
"""


@dataclass(frozen=True, slots=True)
class Unlost:
    """`answer`: unlost of lost by the window. `known`: lost leads whose browser is recognised; others can't be seen."""

    window: int
    answer: Answer
    known: Rate

    @property
    def rate(self) -> Rate:
        return Rate(self.answer.numerator, self.answer.denominator)

    @property
    def reference(self) -> tuple[float, float]:
        """From and to."""
        line = self.answer.metric.references[0]
        return line.value, line.upper or line.value


def unlost(dealers: Sequence[int], windows: Sequence[int], now: datetime, today: date) -> dict[int, Unlost]:
    """For each window in days, over the leads of the last DAYS local days: the figures `unlost_rate_7` and so on."""
    which = Which(
        day_number(today - timedelta(days=DAYS - 1)), day_number(today + timedelta(days=1)),
        {"dealer": tuple(str(one) for one in dealers)},
    )  # fmt: skip
    metrics = [METRICS[f"unlost_rate_{window}"] for window in windows]
    with live() as engine:
        answers = ask(engine, metrics, ms(now), which=which)
    return {
        window: Unlost(window, one, Rate(_known(metric.of, ms(now), which), one.denominator))
        for window, metric in zip(windows, metrics, strict=True)
        for one in [answers.of(metric.name)]
    }


def _known(lost: str, as_of_ms: int, which: Which) -> int:
    """How many of the leads in the figure's base could be seen again."""
    base = question.select({"lead": "lead"}, {}, which, as_of_ms, ROWS, lost)
    with connection.cursor() as cursor:
        cursor.execute(said(base))
        about: dict[str, Any] = {"leads": [lead for (lead,) in cursor.fetchall()]}
        cursor.execute(_KNOWN, about)
        ((known,),) = cursor.fetchall()
    return int(known)
