"""With whom a dealer is compared, and what of them may be said: quartiles of at least five dealers, never one's own
figure. Pure: who is in the network is an argument."""

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


def comparable(network: Network, number: int, leads: dict[int, int]) -> tuple[Member, ...]:
    """Those of other houses that sell one of its brands and got half to twice as many active leads."""
    mine, count = network.member(number), leads.get(number, 0)
    if not count:
        return ()
    low, high = (times * count for times in SIMILAR)
    return tuple(
        one for one in network.others(number)
        if low <= leads.get(one.number, 0) <= high and _share_a_brand(one, mine)
    )  # fmt: skip


def _share_a_brand(one: Member, other: Member) -> bool:
    return not one.brands or not other.brands or bool(one.brands & other.brands)


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of `n` dealers' figures, and the two between which half of them lie."""

    n: int
    low: float
    middle: float
    high: float


def spread(values: Iterable[float | None], fewest: int = FEWEST_DEALERS) -> Spread | None:
    """Of the dealers whose figure can be said; None where they are fewer than may be told of."""
    said = sorted(value for value in values if value is not None)
    if len(said) < fewest:
        return None
    return Spread(len(said), *(quantile(said, share) for share in (0.25, 0.5, 0.75)))


def of_these(values: Mapping[int, float | None], members: Collection[Member]) -> Sequence[float | None]:
    return [values.get(one.number) for one in members]
