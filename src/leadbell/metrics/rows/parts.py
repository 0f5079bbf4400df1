"""An answer put together from one part per dealer, exactly: only dealers whose leads changed are asked again.

Counts and sums are added up, percentiles are taken from all dealers' values in order; nothing is averaged. A part says
until when time alone can't change it: the next moment that one of its leads is compared with.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from leadbell.metrics.figures import between
from leadbell.metrics.question import AS_OF, condition

#: Whose parts are asked for, as a column of the table `moment`.
DEALERS = "dealers"
#: A moment that never comes.
NEVER = 1 << 62
_MADE = "parts"
Key = tuple[Any, ...]
#: A dealer's values, in order.
Run = Sequence[int]


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of the answer: a sum over the parts (`counts`: of nothing it is 0), or a percentile of their values."""

    at: int
    share: float | None = None
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """`asked` per dealer: the dealer, `keys` columns of the group, `added` numbers, `collected` values, and moments."""

    asked: exp.Select
    keys: int
    added: int
    collected: int
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one dealer's leads say, by group; `until`: the first millisecond at which it may be something else."""

    number: int
    until: int
    groups: Mapping[Key, tuple[tuple[int | None, ...], tuple[Run, ...]]]

    @property
    def weight(self) -> int:
        """About how many values it keeps."""
        return 1 + sum(len(added) + sum(map(len, values)) for added, values in self.groups.values())


def plan_of(asked: exp.Expr) -> Plan | None:
    """How this is asked per dealer; None where its parts can't be put together exactly."""
    if _MADE not in asked.meta:
        asked.meta[_MADE] = _plan(asked)
    made: Plan | None = asked.meta[_MADE]
    return made


def _plan(asked: exp.Expr) -> Plan | None:
    if not isinstance(asked, exp.Select) or asked.args.get("limit"):
        return None
    group = asked.args.get("group")
    keys = [one.copy() for one in group.expressions] if group else []
    moments = _moments(asked)
    if moments is None:
        return None
    added: list[exp.Expr] = []
    collected: dict[str, exp.Expr] = {}
    shown: list[Shown] = []
    for one in asked.expressions[len(keys) :]:
        match one.unalias():
            case exp.Count() | exp.Sum() as sum_of:
                shown.append(Shown(len(added), counts=isinstance(sum_of, exp.Count)))
                added.append(sum_of.copy())
            case exp.WithinGroup(this=exp.PercentileCont(this=share), expression=order):
                value = order.expressions[0].this
                collected.setdefault(value.sql(), value.copy())
                shown.append(Shown(list(collected).index(value.sql()), float(share.this)))
            case _:
                return None
    query = asked.copy()
    # How the whole question is said is remembered with it, and isn't how its parts are.
    query.meta.clear()
    dealer = exp.column("dealer_id")
    values = [_collected(one) for one in collected.values()]
    query.set("expressions", [dealer, *(key.copy() for key in keys), *added, *values, *moments])
    query.set("group", None)
    query.set("order", None)
    query.group_by(dealer.copy(), *keys, copy=False)
    query.where(condition(f"dealer_id = any({DEALERS})"), copy=False)
    return Plan(query, len(keys), len(added), len(values), tuple(shown))


def _collected(value: exp.Expr) -> exp.Expr:
    """All values as eight bytes each, which is far less than text."""
    sent = exp.Anonymous(this="int8send", expressions=[exp.cast(value.copy(), "bigint")])
    return exp.Anonymous(this="string_agg", expressions=[sent, exp.cast(exp.Literal.string(""), "bytea")])


def _moments(asked: exp.Select) -> list[exp.Expr] | None:
    """For each comparison with the present the next moment that changes it; None where it is used otherwise."""
    found: dict[str, exp.Expr] = {}
    where = asked.args.get("where")
    if where is not None and any(column.name == AS_OF for column in where.find_all(exp.Column)):
        # Leads left out now would come in later, and their moments aren't looked at.
        return None
    for column in asked.find_all(exp.Column):
        if column.name != AS_OF:
            continue
        compared = column.parent
        if not isinstance(compared, exp.LT | exp.LTE) or compared.expression is not column:
            return None
        found.setdefault(compared.this.sql(), compared.this)
    return [condition(f"min(case when {said} >= {AS_OF} then {said} end)") for said in found]


def parts(
    plan: Plan, rows: Iterable[Sequence[Any]], numbers: Mapping[int, int], dealers: Iterable[int]
) -> dict[int, Part]:
    """The rows of a plan's answer, by dealer; who has none has an empty part."""
    groups: dict[int, dict[Key, Any]] = {dealer: {} for dealer in dealers}
    until = dict.fromkeys(groups, NEVER)
    a, b = 1 + plan.keys, 1 + plan.keys + plan.added
    for row in rows:
        dealer, moments = row[0], row[b + plan.collected :]
        added = tuple(None if n is None else int(n) for n in row[a:b])
        values = tuple(map(_in_order, row[b : b + plan.collected]))
        groups[dealer][tuple(row[1:a])] = added, values
        until[dealer] = min([until[dealer], *(int(one) for one in moments if one is not None)])
    return {dealer: Part(numbers.get(dealer, 0), until[dealer], said) for dealer, said in groups.items()}


def _in_order(sent: "bytes | memoryview | None") -> Run:
    values = array("q", bytes(sent or b""))
    values.byteswap()
    return array("q", sorted(values))


def together(plan: Plan, found: Sequence[Part]) -> list[tuple[Any, ...]]:
    """The answer of all these dealers, in the order of its keys, those without a value last."""
    by_key: dict[Key, list[tuple[tuple[int | None, ...], tuple[Run, ...]]]] = {}
    if not plan.keys:
        by_key[()] = []
    for part in found:
        for key, said in part.groups.items():
            by_key.setdefault(key, []).append(said)
    ordered = sorted(by_key, key=lambda key: tuple((value is None, value) for value in key))
    return [(*key, *_shown(plan, by_key[key])) for key in ordered]


def _shown(
    plan: Plan, said: Sequence[tuple[tuple[int | None, ...], tuple[Run, ...]]]
) -> Iterable[float | None]:
    for one in plan.shown:
        if one.share is None:
            numbers = [n for added, _ in said if (n := added[one.at]) is not None]
            yield sum(numbers) if numbers or one.counts else None
        else:
            yield percentile([values[one.at] for _, values in said if values[one.at]], one.share)


def percentile(runs: Sequence[Run], share: float) -> float | None:
    """As PostgreSQL's percentile_cont over all the values of these runs, each in order; None of none."""
    count = sum(map(len, runs))
    if not count:
        return None
    place = share * (count - 1)
    low = nth(runs, int(place))
    return between(low, low if place == int(place) else nth(runs, int(place) + 1), place)


def nth(runs: Sequence[Run], place: int) -> int:
    """The value at this place (from 0) of all runs in one order, without putting them together."""
    if len(runs) == 1:
        return runs[0][place]
    low, high = min(run[0] for run in runs), max(run[-1] for run in runs)
    while low < high:
        middle = (low + high) // 2
        if sum(bisect_right(run, middle) for run in runs) > place:
            high = middle
        else:
            low = middle + 1
    return low
