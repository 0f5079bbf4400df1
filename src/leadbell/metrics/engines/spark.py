"""Apache Spark, where one machine is too small: local, or a cluster. Needs `leadbell[spark]` and Java 17."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from sqlglot import exp

from leadbell.metrics.question import facts, quantiles_as, translated
from leadbell.metrics.tables import TABLES, Table, missing
from leadbell.trouble import Trouble

#: Where Spark finds a cluster, if there is one.
_CLUSTER = ("SPARK_CONF_DIR", "SPARK_HOME", "PYSPARK_SUBMIT_ARGS", "SPARK_REMOTE")


@contextmanager
def opened(scratch: Path) -> Iterator[SparkSession]:
    """The session that Spark's own settings name; without any, this machine alone, listening to nobody else."""
    builder = SparkSession.builder.appName("leadbell").config("spark.ui.enabled", "false")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    if not any(os.environ.get(name) for name in _CLUSTER):
        builder = builder.master("local[*]").config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
        builder = builder.config("spark.driver.host", "127.0.0.1").config(
            "spark.driver.bindAddress", "127.0.0.1"
        )
        builder = builder.config("spark.sql.shuffle.partitions", str(2 * (os.cpu_count() or 1)))
    try:
        session = builder.getOrCreate()
    except PySparkException as error:
        raise Trouble(
            "Spark doesn't start (it needs Java 17): %(why)s", why=str(error).splitlines()[0]
        ) from None
    try:
        yield session
    finally:
        session.stop()


class Spark:
    """Figures over a Spark session; `sources` names Parquet files or folders of the exchange format.

    The files have to be where every worker can read them. What isn't there is empty or NULL, and what needs it can't
    be said.
    """

    dialect = "spark"

    def __init__(
        self, session: SparkSession, sources: Mapping[str, str | Path], lacks: frozenset[str] = frozenset()
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
