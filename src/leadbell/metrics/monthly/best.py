"""What the best do differently: whose share is surely above the network's, and by how much their work differs.

Dealers are set against dealers, not leads against leads: leads of one dealer resemble each other, and counting them
as if they didn't would find differences everywhere. The difference is Hodges and Lehmann's: the median of all
differences between one of the best and one of the others, with the interval of the Mann-Whitney test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb, floor, sqrt
from statistics import NormalDist

from leadbell.metrics.answers import Answer, Interval
from leadbell.metrics.figures import quantile

#: The interval of one difference; of several together each is wider, so that all hold at once.
CONFIDENCE = 0.95
#: Above so many pairs the normal distribution stands in for the exact count.
EXACT = 2_000


@dataclass(frozen=True, slots=True)
class Sides:
    """The best: dealers whose whole interval lies above the network's share; `others`: the rest that can be said."""

    share: float
    best: tuple[Answer, ...]
    others: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much the best differ from the others, in the figure's unit; and each side's middle dealer."""

    best: float
    others: float
    n_best: int
    n_others: int
    difference: float
    interval: Interval

    @property
    def sure(self) -> bool:
        """Beyond chance: the interval doesn't hold zero."""
        return self.interval[0] > 0 or self.interval[1] < 0


def sides(answers: Sequence[Answer]) -> Sides | None:
    """Of one share by dealer; None where no dealer has leads enough."""
    said = [one for one in answers if one.value is not None and one.interval is not None]
    if not said:
        return None
    share = sum(one.numerator for one in said) / sum(one.denominator for one in said)
    best: list[Answer] = []
    others: list[Answer] = []
    for one in said:
        (best if one.interval and one.interval[0] > share else others).append(one)
    return Sides(share, tuple(best), tuple(others))


def shift(best: Sequence[float], others: Sequence[float], among: int = 1) -> Shift | None:
    """One of `among` differences that are to hold together; None where there are too few dealers for an interval."""
    pairs = sorted(one - other for one in best for other in others)
    cut = _cut(len(best), len(others), (1 - CONFIDENCE) / among)
    if cut < 1:
        return None
    return Shift(
        quantile(sorted(best), 0.5), quantile(sorted(others), 0.5), len(best), len(others), quantile(pairs, 0.5),
        (pairs[cut - 1], pairs[-cut]),
    )  # fmt: skip


@lru_cache(maxsize=1_000)
def _cut(n: int, m: int, alpha: float) -> int:
    """The place, from either end of the ordered differences, where the interval ends; 0 where there is none."""
    if n * m > EXACT:
        z = NormalDist().inv_cdf(1 - alpha / 2)
        return max(0, floor(n * m / 2 - z * sqrt(n * m * (n + m + 1) / 12)))
    most, so_far = alpha / 2 * comb(n + m, n), 0
    for place, ways in enumerate(_ways(n, m)):
        so_far += ways
        if so_far > most:
            return place
    return 0


@lru_cache(maxsize=100)
def _ways(n: int, m: int) -> tuple[int, ...]:
    """In how many orders of n and m exactly 0, 1, 2 … pairs stand the other way round (Mann and Whitney 1947)."""
    ways = [1] + [0] * (n * m)
    for i in range(1, n + 1):
        for at in range(n * m, m + i - 1, -1):
            ways[at] -= ways[at - m - i]
        for at in range(i, n * m + 1):
            ways[at] += ways[at - i]
    return tuple(ways)
