"""Apache Spark, where one machine is too small: local, or a cluster. Needs `leadbell[spark]` and Java 17."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from leadbell.metrics.question import facts, quantiles_as, translated
from leadbell.metrics.tables import TABLES, Table, missing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Spark:
    """Figures over a Spark session; `sources` names Parquet files or folders of the exchange format.

    The files have to be where every worker can read them. What isn't there is empty or NULL, and what needs it can't
    be said.
    """

    dialect = "spark"

    def __init__(
        self, session: "SparkSession", sources: Mapping[str, str | Path], lacks: frozenset[str] = frozenset()
    ) -> None:
        self.session = session
        self.relation: str | None = None
        absent: set[str] = set()
        for table in TABLES.values():
            absent |= self._view(table, sources.get(table.name))
        self.lacks = lacks | absent

    def rows(self, asked: exp.Expr) -> Sequence[Sequence[Any]]:
        return [tuple(row) for row in self.session.sql(self.said(asked)).collect()]

    def said(self, asked: exp.Expr) -> str:
        return translated(asked, self.dialect, lambda: _said(asked))

    def keep(self, columns: Iterable[str] | None = None) -> "Spark":
        """Work the leads' rows out once, for many questions; with these columns (None: all)."""
        self.session.sql(self.said(facts(columns))).cache().createOrReplaceTempView("lead_facts")
        self.relation = "lead_facts"
        return self

    def _view(self, table: Table, source: str | Path | None) -> set[str]:
        found = self.session.read.parquet(str(source)) if source else self.session.range(0)
        absent = missing(table, found.columns if source else ())
        null = [
            f"cast(null as {_TYPES[column.type]}) as {column.name}"
            if column in absent
            else f"cast({column.name} as {_TYPES[column.type]}) as {column.name}"
            for column in table.columns
        ]
        found.selectExpr(*null).createOrReplaceTempView(table.name)
        return {f"{table.name}.{column.name}" for column in absent}


def _said(asked: exp.Expr) -> str:
    """Columns that keep their name go without an alias: Spark 4 loses track of them where one table is joined twice
    (PLAN_VALIDATION_FAILED_RULE_IN_BATCH, RemoveRedundantAliases)."""
    asked = quantiles_as(asked, "percentile")
    for alias in list(asked.find_all(exp.Alias)):
        if isinstance(alias.this, exp.Column) and alias.this.name == alias.alias:
            alias.replace(alias.this)
    return asked.sql(dialect="spark", comments=False)


_TYPES = {"BIGINT": "bigint", "INTEGER": "int", "BOOLEAN": "boolean", "VARCHAR": "string"}
