"""Do two distributions differ by more than chance? Pearson's chi-square test of independence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erfc, exp, pi, sqrt

from leadbell.metrics.reports.studies import Cell

#: Under this expected count a cell says too little for the test (Cochran).
LEAST_EXPECTED = 5


@dataclass(frozen=True, slots=True)
class Tested:
    """`p`: how often chance alone would give a difference as large; None where there is too little to compare."""

    chi2: float
    degrees: int
    p: float | None
    #: Share of cells with an expected count under 5; over a fifth of them the p value is rough.
    thin: float

    @property
    def rough(self) -> bool:
        return self.thin > 0.2


def independence(table: Sequence[Sequence[int]]) -> Tested:
    """Of rows and columns of counts; empty rows and columns don't take part."""
    rows = [row for row in table if sum(row)]
    columns = [j for j in range(len(table[0]) if table else 0) if any(row[j] for row in rows)]
    total = sum(sum(row) for row in rows)
    degrees = (len(rows) - 1) * (len(columns) - 1)
    if len(rows) < 2 or len(columns) < 2:
        return Tested(0.0, 0, None, 1.0)
    sums = {j: sum(row[j] for row in rows) for j in columns}
    expected = [(row[j], sum(row) * sums[j] / total) for row in rows for j in columns]
    chi2 = sum((seen - due) ** 2 / due for seen, due in expected)
    thin = sum(due < LEAST_EXPECTED for _, due in expected) / len(expected)
    return Tested(chi2, degrees, surviving(chi2, degrees), thin)


def surviving(chi2: float, degrees: int) -> float:
    """The chance that a chi-square variable with so many degrees of freedom is at least `chi2`.

    By the closed series for whole degrees of freedom (Abramowitz and Stegun 26.4.4, 26.4.5).
    """
    if chi2 <= 0:
        return 1.0
    half = chi2 / 2
    if degrees % 2 == 0:
        term, total = exp(-half), 0.0
        for i in range(degrees // 2):
            total += term
            term *= half / (i + 1)
        return min(1.0, total)
    total = erfc(sqrt(half))
    term = exp(-half) * sqrt(2 * chi2 / pi)
    for i in range(1, (degrees - 1) // 2 + 1):
        total += term
        term *= chi2 / (2 * i + 1)
    return min(1.0, total)


def side_by_side(cells: Sequence[Cell], columns: Sequence[int]) -> Mapping[str, tuple[int, ...]]:
    """Of a study by age and weekday (or day of the month): the counts of `young` and `old`, column by column."""
    counts = {cell.keys: cell.counts[0] for cell in cells}
    return {age: tuple(counts.get((age, column), 0) for column in columns) for age in ("young", "old")}
