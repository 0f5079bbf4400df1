"""The figures of a month for every dealer of a network, asked once; each dealer's page is read off them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

from leadbell.metrics.answers import Answer, ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.engines import Engine
from leadbell.metrics.metric import Metric
from leadbell.metrics.monthly.best import Shift, Sides, shift, sides
from leadbell.metrics.monthly.peers import (
    FEWEST_DEALERS,
    Member,
    Network,
    Ranked,
    Spread,
    comparable,
)
from leadbell.metrics.monthly.rules import Month, ripe_month
from leadbell.metrics.question import Which
from leadbell.metrics.tables import day_number

#: In the order in which a lead meets them.
FIGURES = (
    "attempted_rate", "called_within_2_minutes", "response_time", "first_attempt_contact_rate", "three_attempt_rate",
    "talk_time", "appointment_rate_of_reached", "appointment_rate", "confirmed_rate", "show_rate", "fallout_rate",
    "lost_rate", "sales_conversion",
)  # fmt: skip
CONVERSION = "sales_conversion"
#: What grows while leads become 45 days old.
RIPENS = frozenset({"three_attempt_rate", "lost_rate", CONVERSION})
#: By what dealers can be the best, over the year that ends with the month.
OUTCOMES = ("sales_conversion_ripe", "appointment_rate_of_reached", "show_rate")
#: What dealers do; that in which the best differ from the others is said.
WORK = (
    "attempted_rate", "called_within_2_minutes", "response_time", "first_attempt_contact_rate", "three_attempt_rate",
    "over_prepared", "talk_time", "hands", "appointment_rate_of_reached", "confirmed_rate", "show_rate", "fallout_rate",
)  # fmt: skip

ByDealer = Mapping[int, Answer]
Stands = Literal["better", "worse", "above", "below", ""]


def value_of(one: Answer) -> float | None:
    """What dealers are compared by: a share, or of a measure its median."""
    return one.median if one.metric.shape == "measure" else one.value


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of one dealer beside those of others."""

    answer: Answer
    network: Spread | None
    peers: Spread | None
    #: The month's leads aren't all 45 days old, and the figure will still grow.
    unripe: bool

    @property
    def metric(self) -> Metric:
        return self.answer.metric

    @property
    def value(self) -> float | None:
        return value_of(self.answer)

    @property
    def stands(self) -> Stands:
        """Beside the middle of the comparable dealers, else of the network, and only where the whole interval does."""
        beside, interval = self.peers or self.network, self.answer.interval
        if beside is None or interval is None or self.answer.value is None:
            return ""
        if interval[0] <= beside.middle <= interval[1]:
            return ""
        above, better = interval[0] > beside.middle, self.metric.better
        if not better:
            return "above" if above else "below"
        return "better" if above == (better == "more") else "worse"


@dataclass(frozen=True, slots=True)
class Difference:
    """What the best do differently in one figure; no shift where too few dealers can say it."""

    metric: Metric
    shift: Shift | None


@dataclass(frozen=True, slots=True)
class Best:
    """Who is the best by `outcome`, and the figures in which their work differs beyond chance first."""

    outcome: Metric
    since: date
    sides: Sides
    differences: tuple[Difference, ...]
    fewest: int

    @property
    def told(self) -> bool:
        """Enough dealers on either side."""
        return min(len(self.sides.best), len(self.sides.others)) >= self.fewest

    @property
    def sure(self) -> tuple[Difference, ...]:
        return tuple(one for one in self.differences if one.shift is not None and one.shift.sure)

    @property
    def alike(self) -> tuple[Difference, ...]:
        """Where nobody can tell."""
        return tuple(one for one in self.differences if one not in self.sure)


@dataclass(frozen=True)
class Asked:
    """Everything a month's pages need of a network; `ripe`: sales conversion of the newest ripe month."""

    month: Month
    ripe_month: Month
    today: date
    network: Network
    figures: Mapping[str, ByDealer]
    ripe: ByDealer
    year: Mapping[str, ByDealer]

    @property
    def unripe(self) -> bool:
        return self.today < self.month.ripe_on

    @cached_property
    def leads(self) -> dict[int, int]:
        """Active leads of the month by dealer."""
        return {dealer: one.denominator for dealer, one in self.figures[CONVERSION].items()}

    @cached_property
    def _ranked(self) -> Mapping[str, Ranked]:
        return {name: _ranked(given) for name, given in self.figures.items()}

    @cached_property
    def _ripe_ranked(self) -> Ranked:
        return _ranked(self.ripe)

    def peers(self, dealer: int) -> tuple[Member, ...]:
        return comparable(self.network, dealer, self.leads)

    def lines(self, dealer: int, names: Collection[str] = FIGURES) -> tuple[Compared, ...]:
        """Those of these figures that this data can say, and last what was sold of the newest ripe month."""
        own, peers = self.network.own(dealer), {one.number for one in self.peers(dealer)}

        def line(name: str, given: ByDealer, ranked: Ranked, unripe: bool) -> Compared:
            mine = given.get(dealer) or Answer(METRICS[name], (str(dealer),), 0, 0, None)
            return Compared(mine, ranked.without(own), ranked.of(peers), unripe)

        return (
            *(line(name, given, self._ranked[name], name in RIPENS and self.unripe)
              for name, given in self.figures.items() if name in names),
            line(CONVERSION, self.ripe, self._ripe_ranked, unripe=False),
        )  # fmt: skip

    def best(self, outcome: str, fewest: int = FEWEST_DEALERS) -> Best | None:
        """None where no dealer has leads enough for the outcome."""
        found = sides(tuple(self.year[outcome].values()))
        if found is None:
            return None
        work = [name for name in WORK if name != outcome and name in self.year]
        differences = []
        for name in work:
            best, others = (self._said(name, side) for side in (found.best, found.others))
            enough = min(len(best), len(others)) >= fewest
            differences.append(Difference(METRICS[name], shift(best, others, len(work)) if enough else None))
        return Best(METRICS[outcome], self.month.year_began, found, tuple(differences), fewest)

    def _said(self, name: str, side: Collection[Answer]) -> list[float]:
        found = (value_of(given) for one in side for given in [self.year[name].get(_dealer(one))] if given)
        return [value for value in found if value is not None]


def asked(engine: Engine, as_of_ms: int, month: Month, today: date, network: Network) -> Asked:
    """Asked of this network's dealers alone, whatever the engine may see, in three passes over their leads."""
    ripe = ripe_month(month, today)
    return Asked(
        month, ripe, today, network,
        _by_dealer(engine, as_of_ms, FIGURES, days(month.first, month.until, network.numbers)),
        _by_dealer(engine, as_of_ms, (CONVERSION,), days(ripe.first, ripe.until, network.numbers))[CONVERSION],
        _by_dealer(
            engine, as_of_ms, tuple(dict.fromkeys((*OUTCOMES, *WORK))),
            days(month.year_began, month.until, network.numbers),
        ),
    )  # fmt: skip


def days(first: date, until: date, dealers: Sequence[int]) -> Which:
    """Leads of these dealers, received from a local day and before another."""
    return Which(day_number(first), day_number(until), {"dealer": tuple(str(one) for one in sorted(dealers))})


def _by_dealer(engine: Engine, as_of_ms: int, names: Sequence[str], which: Which) -> Mapping[str, ByDealer]:
    """Figures this data can't say aren't there."""
    answers = ask(engine, [METRICS[name] for name in names], as_of_ms, by=("dealer",), which=which)
    cannot = {one.metric.name for one in answers.unsupported}
    found: dict[str, dict[int, Answer]] = {name: {} for name in names if name not in cannot}
    for one in answers.given:
        found[one.metric.name][_dealer(one)] = one
    return found


def _ranked(given: ByDealer) -> Ranked:
    return Ranked((dealer, value_of(one)) for dealer, one in given.items())


def _dealer(one: Answer) -> int:
    return int(str(one.group[0]))
