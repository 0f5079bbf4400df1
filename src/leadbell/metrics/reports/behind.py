"""Which leads a figure counts."""

from dataclasses import dataclass

from sqlglot import exp

from leadbell.metrics import question
from leadbell.metrics.engines import Engine
from leadbell.metrics.metric import Metric
from leadbell.metrics.question import EVERY, Which

#: The newest so many are listed.
MOST = 200


@dataclass(frozen=True, slots=True)
class Behind:
    lead: int
    #: Counts in the part, and not only in the base.
    counts: bool
    #: Of a measure, in the figure's unit.
    value: float | None


def leads_behind(
    engine: Engine, metric: Metric, as_of_ms: int, which: Which = EVERY, part: bool | None = None
) -> list[Behind]:
    """The newest leads in the figure's base; `part`: only those in its part (True), or only the others (False)."""
    of, counts, value = _conditions(metric)
    among = {None: of, True: f"({of}) and ({counts})", False: f"({of}) and not coalesce({counts}, false)"}[
        part
    ]
    shown = {
        "lead": "lead", "counts": f"case when {counts} then 1 else 0 end", "value": value, "received_ms": "received_ms",
    }  # fmt: skip
    asked = question.select(shown, {}, which, as_of_ms, engine.relation, among)
    newest = asked.order_by(exp.column("received_ms").desc(), exp.column("lead").desc()).limit(MOST)
    return [
        Behind(int(lead), bool(inside), None if said is None else float(said) / metric.scale)
        for lead, inside, said, _ in engine.rows(newest)
    ]


def _conditions(metric: Metric) -> tuple[str, str, str]:
    """Whether a lead is in the base, whether in the part, and its value."""
    match metric.shape:
        case "share":
            return f"({metric.of})", f"({metric.part})", "null"
        case "ratio":
            return f"({metric.of}) > 0", f"({metric.part}) > 0", f"({metric.part})"
        case _:
            return f"({metric.of}) and ({metric.part}) is not null", "true", f"({metric.part})"
