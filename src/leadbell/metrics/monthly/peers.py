"""With whom a dealer is compared, and what of them may be said: quartiles of at least five dealers, never one's own
figure. Pure: who is in the network is an argument."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from leadbell.metrics.figures import quantile

#: Of fewer dealers nothing is said: the quartiles of four are nearly the four of them.
FEWEST_DEALERS = 5
#: Comparable: from half to twice as many active leads in the month.
SIMILAR = (0.5, 2.0)


@dataclass(frozen=True, slots=True)
class Member:
    """A dealer of a network. `house`: the group it belongs to, or itself; no brands: sells all."""

    number: int
    name: str
    house: int
    brands: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Network:
    """All dealers below one importer; a dealer without an importer is alone."""

    name: str
    members: tuple[Member, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(one.number for one in self.members)

    def member(self, number: int) -> Member:
        """Raises KeyError."""
        return self._by_number[number]

    @cached_property
    def _by_number(self) -> Mapping[int, Member]:
        return {one.number: one for one in self.members}

    def others(self, number: int) -> tuple[Member, ...]:
        """Of other houses: a group that knows its own dealers' figures can't work out the last one's."""
        house = self.member(number).house
        return tuple(one for one in self.members if one.house != house)

    def own(self, number: int) -> Sequence[int]:
        """The dealers of its house, itself among them."""
        return self._by_house[self.member(number).house]

    @cached_property
    def _by_house(self) -> Mapping[int, Sequence[int]]:
        found: dict[int, list[int]] = {}
        for one in self.members:
            found.setdefault(one.house, []).append(one.number)
        return found


def comparable(network: Network, number: int, leads: dict[int, int]) -> tuple[Member, ...]:
    """Those of other houses that sell one of its brands and got half to twice as many active leads."""
    mine, count = network.member(number), leads.get(number, 0)
    if not count:
        return ()
    (low, high), house, brands = (times * count for times in SIMILAR), mine.house, mine.brands
    return tuple([
        one for one in network.members
        if one.house != house and low <= leads.get(one.number, 0) <= high
        and (not brands or not one.brands or not brands.isdisjoint(one.brands))
    ])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of `n` dealers' figures, and the two between which half of them lie."""

    n: int
    low: float
    middle: float
    high: float


def spread(ordered: Sequence[float], fewest: int = FEWEST_DEALERS) -> Spread | None:
    """Of values in order; None where they are of fewer dealers than may be told of."""
    if len(ordered) < fewest:
        return None
    return Spread(len(ordered), quantile(ordered, 0.25), quantile(ordered, 0.5), quantile(ordered, 0.75))


class Ranked:
    """One figure of the dealers for whom it can be said, put in order once for every dealer that is set beside them."""

    def __init__(self, values: Iterable[tuple[int, float | None]]) -> None:
        self._ranked = sorted((value, number) for number, value in values if value is not None)
        self._ordered = [value for value, _ in self._ranked]
        self._said = {number: value for value, number in self._ranked}

    def of(self, dealers: Collection[int]) -> Spread | None:
        """Of these dealers."""
        return spread([value for value, number in self._ranked if number in dealers])

    def without(self, dealers: Iterable[int]) -> Spread | None:
        """Of all but these."""
        left = self._ordered.copy()
        for number in dealers:
            if number in self._said:
                del left[bisect_left(left, self._said[number])]
        return spread(left)
