"""Turns figures into one SQL statement: only what they need of lead_facts.sql, in the engine's dialect."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import cast

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.eliminate_ctes import eliminate_ctes
from sqlglot.optimizer.eliminate_joins import eliminate_joins
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify

from leadbell.metrics.metric import Metric
from leadbell.metrics.tables import TABLES

#: The dialect everything here is written in.
OURS = "duckdb"
#: What figures may be grouped and filtered by.
KEYS = (
    "dealer", "salesperson", "brand", "origin", "source", "campaign", "channel", "received_on", "received_month",
    "set_aside", "lost_reason", "bdc_agent", "received_by",
)  # fmt: skip
#: Keys that aren't columns of the row itself.
_WRITTEN = {"received_month": "cast(floor(received_on / 100.0) as integer)"}
#: The moment a question is asked for, and as a number: it is said only when the question is asked, as a column of
#: the table `moment`.
AS_OF, LATER = "as_of", -1
#: Percentiles of a measure.
QUANTILES = (0.1, 0.5, 0.9)


class NoSuchKey(ValueError):
    """Figures can't be grouped or filtered by this."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which leads: received from (and before) a local day as 20261123, and with one of these values per key."""

    since: int | None = None
    until: int | None = None
    only: Mapping[str, Sequence[str | int | None]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(
            (self.since, self.until, *((key, tuple(values)) for key, values in sorted(self.only.items())))
        )


EVERY = Which()


@lru_cache
def _whole() -> exp.Query:
    written = files("leadbell.metrics").joinpath("lead_facts.sql").read_text("utf-8")
    schema: dict[str, object] = {
        table.name: {column.name: column.type for column in table.columns} for table in TABLES.values()
    }
    parsed = sqlglot.parse_one(written, dialect=OURS)
    return cast(exp.Query, qualify(parsed, schema=schema, dialect=OURS, quote_identifiers=False))


def columns() -> tuple[str, ...]:
    """The columns of a lead's row, in order."""
    return tuple(_whole().named_selects)


@lru_cache(maxsize=512)
def _only(needed: frozenset[str]) -> exp.Query:
    """lead_facts.sql with these columns, and without whatever only the others need."""
    query = _whole().copy()
    kept = [one for one in query.selects if one.alias_or_name in needed]
    query.set("expressions", kept)
    before = ""
    while before != (now := query.sql(dialect=OURS)):
        before = now
        query = eliminate_ctes(eliminate_joins(pushdown_projections(query)))
    return query


def facts(needed: Iterable[str] | None = None) -> exp.Query:
    """The query of one row per lead, with the columns needed (None: all)."""
    every = columns()
    wanted = frozenset(every if needed is None else needed)
    if unknown := wanted - set(every):
        raise NoSuchKey(f"a lead's row has no {', '.join(sorted(unknown))}")
    return (_whole() if wanted == set(every) else _only(wanted)).copy()


def condition(written: str) -> exp.Expr:
    return _parsed(written).copy()


@lru_cache(maxsize=2_000)
def _parsed(written: str) -> exp.Expr:
    return sqlglot.parse_one(written, dialect=OURS)


def looked_at(*written: str) -> frozenset[str]:
    """The columns of a lead's row that these conditions and values look at."""
    return frozenset(column.name for one in written for column in _parsed(one).find_all(exp.Column)) - {AS_OF}


def _key(name: str) -> exp.Expr:
    if name not in KEYS:
        raise NoSuchKey(f"figures can't be grouped by {name!r}: use {', '.join(KEYS)}")
    return condition(_WRITTEN.get(name, name))


def _literal(value: str | int) -> exp.Expr:
    return exp.Literal.string(value) if isinstance(value, str) else exp.Literal.number(value)


def _filters(which: Which) -> list[exp.Expr]:
    found: list[exp.Expr] = []
    if which.since is not None:
        found.append(exp.column("received_on") >= exp.Literal.number(which.since))
    if which.until is not None:
        found.append(exp.column("received_on") < exp.Literal.number(which.until))
    for name, values in which.only.items():
        said = [_literal(value) for value in values if value is not None]
        parts: list[exp.Expr] = [exp.In(this=_key(name), expressions=said)] if said else []
        if None in values:
            parts.append(exp.Is(this=_key(name), expression=exp.Null()))
        found.append(exp.paren(exp.or_(*parts)) if parts else exp.false())
    return found


def select(
    shown: Mapping[str, exp.Expr | str],
    by: Mapping[str, exp.Expr | str],
    which: Which,
    as_of_ms: int,
    relation: str | None,
    among: str | None = None,
) -> exp.Select:
    """`by` and `shown` over the rows of the leads; from `relation` where they stand already, else worked out.

    `among`: a condition on the leads, besides `which`. `as_of_ms` may be LATER where there is a relation.
    """
    query = exp.Select()
    keys = {name: condition(said) if isinstance(said, str) else said for name, said in by.items()}
    asked = {name: condition(said) if isinstance(said, str) else said for name, said in shown.items()}
    named = [
        exp.alias_(said, name, copy=False)
        for name, said in ({n: k.copy() for n, k in keys.items()} | asked).items()
    ]
    query.set("expressions", named)
    query.where(*_filters(which), *([condition(among)] if among else []), copy=False)
    if keys:
        query.group_by(*(said.copy() for said in keys.values()), copy=False)
        ordered = [exp.Ordered(this=said.copy(), nulls_first=False) for said in keys.values()]
        query.order_by(*ordered, copy=False)
    _at(query, as_of_ms)
    needed = {column.name for column in query.find_all(exp.Column)}
    inner = exp.to_table(relation) if relation else facts(needed or {"lead"}).subquery("f", copy=False)
    query.from_(inner, copy=False)
    return query.join("moment", join_type="cross", copy=False) if as_of_ms == LATER else query


def _at(query: exp.Select, as_of_ms: int) -> None:
    """Say when it is asked, unless that is said later."""
    if as_of_ms == LATER:
        return
    for column in list(query.find_all(exp.Column)):
        if column.name == AS_OF:
            column.replace(exp.Literal.number(as_of_ms))


def keys(by: Sequence[str]) -> dict[str, exp.Expr | str]:
    return {name: _key(name) for name in by}


def counted(metric: Metric, prefix: str) -> dict[str, str]:
    """The aggregates of one figure: `<prefix>_part`, `<prefix>_of`, and of a measure its quantiles."""
    part, of = metric.part, metric.of
    if metric.shape == "share":
        return {
            f"{prefix}_part": f"count(case when ({of}) and ({part}) then 1 end)",
            f"{prefix}_of": f"count(case when {of} then 1 end)",
        }
    if metric.shape == "ratio":
        return {f"{prefix}_part": f"sum({part})", f"{prefix}_of": f"sum({of})"}
    value = f"case when {of} then {part} end"
    return {f"{prefix}_part": f"sum({value})", f"{prefix}_of": f"count({value})"} | {
        f"{prefix}_q{i}": f"percentile_cont({q}) within group (order by {value})"
        for i, q in enumerate(QUANTILES)
    }


#: Of a statement: how it is said in a dialect; a question asked again isn't translated again.
_SAID = "said"


def translated(asked: exp.Expr, how: str, translate: Callable[[], str]) -> str:
    """The statement as `translate` says it, once for each `how`."""
    known: dict[str, str] = asked.meta.setdefault(_SAID, {})
    if how not in known:
        known[how] = translate()
    return known[how]


def quantiles_as(asked: exp.Expr, function: str) -> exp.Expr:
    """Percentiles as `function(value, share)`: sqlglot would give DuckDB a sorted aggregate and Spark a rough one."""
    asked = asked.copy()
    for found in list(asked.find_all(exp.WithinGroup)):
        value = found.expression.expressions[0].this
        found.replace(exp.Anonymous(this=function, expressions=[value, found.this.this]))
    return asked
