"""A dealer's month: the funnel and its leak, every figure beside other dealers', twelve months of sales."""

from dataclasses import dataclass

from leadbell.metrics.catalogue.conversion import NORM
from leadbell.metrics.engines import Engine
from leadbell.metrics.monthly.compared import OUTCOMES, Asked, Best, Compared, days
from leadbell.metrics.monthly.peers import Member
from leadbell.metrics.monthly.rules import Month
from leadbell.metrics.reports.charts import Columns, Line, Mark, Table
from leadbell.metrics.reports.verdict import Cohort, Step, cohorts, funnel
from leadbell.words import Words, say

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Monthly:
    """`peers`: the comparable dealers; `others`: all of the network but those of its own house."""

    month: Month
    dealer: Member
    network: str
    received: int
    others: int
    peers: tuple[Member, ...]
    lines: tuple[Compared, ...]
    ripe_month: Month
    ripe: Compared
    funnel: tuple[Step, ...]
    sold: Columns | None
    best: Best | None

    @property
    def unripe(self) -> bool:
        return any(line.unripe for line in self.lines)


def monthly(engine: Engine, as_of_ms: int, asked: Asked, dealer: int) -> Monthly:
    """Raises KeyError for a dealer that isn't of the network."""
    month, member = asked.month, asked.network.member(dealer)
    year = cohorts(engine, as_of_ms, days(month.back(MONTHS - 1).first, month.until, (dealer,)))
    *lines, ripe = asked.lines(dealer)
    return Monthly(
        month, member, asked.network.name, asked.leads.get(dealer, 0), len(asked.network.others(dealer)),
        asked.peers(dealer), tuple(lines), asked.ripe_month, ripe,
        funnel(engine, as_of_ms, days(month.first, month.until, (dealer,))),
        None if isinstance(year, Words) else sold_by_month(year, month), asked.best(OUTCOMES[0]),
    )  # fmt: skip


def sold_by_month(found: tuple[Cohort, ...], month: Month) -> Columns:
    """Sales conversion of the twelve months that end with this one; those that aren't ripe in another colour."""
    months = [month.back(n) for n in reversed(range(MONTHS))]
    known = {one.month: one for one in found}
    cells = [known.get(one.first.year * 100 + one.first.month) for one in months]
    ripe = tuple(one.conversion.value if one and not one.immature else None for one in cells)
    unripe = tuple(one.conversion.value if one and one.immature else None for one in cells)
    rows = tuple(
        (one.code, cell.conversion.numerator, cell.conversion.denominator,
         say("not yet") if cell.immature else say("yes"))
        for one, cell in zip(months, cells, strict=True) if cell
    )  # fmt: skip
    return Columns(
        "sold_by_month", say("Sold, by month of arrival"), say("of active leads received"),
        tuple(one.code[2:] for one in months),
        (Line(say("all 45 days old"), ripe), Line(say("not ripe: will still grow"), unripe, "quiet")),
        Table((say("month"), say("sold"), say("active leads received"), say("ripe")), rows),
        unit="share", stacked=True, marks=(Mark(NORM, say("norm 13 % [S2]")),),
        note=say("months with fewer leads than it needs have no column"),
    )  # fmt: skip
