"""DuckDB: in this process, over Parquet files or tables of a connection."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from leadbell.metrics.question import facts, quantiles_as, translated
from leadbell.metrics.tables import TABLES, Table, missing


class Duck:
    """Figures over a DuckDB connection in which `leads`, `touches` and `visits` are tables or views.

    A table or column that isn't there is made up as empty or NULL; what needs it can't be said. The rows of the leads
    are worked out for each question, unless `keep` has kept them.
    """

    dialect = "duckdb"

    def __init__(self, connection: "duckdb.DuckDBPyConnection", lacks: frozenset[str] = frozenset()) -> None:
        self.connection = connection
        self.relation: str | None = None
        #: What stands in for a table with columns missing.
        self._instead: dict[str, str] = {}
        self.lacks = lacks | frozenset(
            column for table in TABLES.values() for column in self._complete(table)
        )

    def rows(self, asked: exp.Expr) -> Sequence[Sequence[Any]]:
        return self.connection.execute(self.said(asked)).fetchall()

    def said(self, asked: exp.Expr) -> str:
        """The statement as DuckDB gets it."""
        return translated(asked, f"duckdb {sorted(self._instead)}", lambda: self._said(asked))

    def _said(self, asked: exp.Expr) -> str:
        asked = quantiles_as(asked, "quantile_cont")
        # What only picks rows is quicker picked again than kept: kept, millions of rows fill the memory.
        for picked in asked.find_all(exp.CTE):
            if picked.this.find(exp.AggFunc) is None:
                picked.set("materialized", False)
        for table in asked.find_all(exp.Table):
            if table.name in self._instead:
                table.set("this", exp.to_identifier(self._instead[table.name]))
        return asked.sql(dialect=self.dialect, comments=False)

    def keep(self, columns: Iterable[str] | None = None) -> "Duck":
        """Work the leads' rows out once, for many questions; with these columns (None: all)."""
        made = exp.Create(
            this=exp.to_table("lead_facts"),
            kind="TABLE",
            replace=True,
            expression=facts(columns),
            properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        )
        self.connection.execute(self.said(made))
        self.relation = "lead_facts"
        return self

    def _complete(self, table: Table) -> list[str]:
        """Stand in for what isn't there; answers which columns those are."""
        found = self._columns(table.name)
        absent = missing(table, found)
        if absent:
            null = [exp.alias_(exp.cast(exp.Null(), column.type), column.name) for column in absent]
            filled = exp.Select().select("*", *null).from_(exp.to_table(table.name))
            if not found:
                filled = exp.Select().select(*null).limit(0)
            self._instead[table.name] = f"filled_{table.name}"
            view = f"create or replace temp view filled_{table.name} as {filled.sql(dialect=self.dialect)}"
            self.connection.execute(view)
        return [f"{table.name}.{column.name}" for column in absent]

    def _columns(self, table: str) -> list[str]:
        found = self.connection.execute(
            "select column_name from duckdb_columns() where table_name = ? and not internal order by column_index",
            [table],
        ).fetchall()
        return list(dict.fromkeys(name for (name,) in found))


def open_duck(
    sources: Mapping[str, str | Path],
    *,
    threads: int | None = None,
    memory: str | None = None,
    lacks: frozenset[str] = frozenset(),
) -> Duck:
    """DuckDB in memory over Parquet files: {"leads": path or glob, "touches": …, "visits": …}."""
    connection = duckdb.connect()
    connection.execute("set enable_progress_bar = false")
    if threads:
        connection.execute(f"set threads = {int(threads)}")
    if memory:
        connection.execute("set memory_limit = ?", [memory])
    for name, path in sources.items():
        if name not in TABLES:
            raise ValueError(f"there is no table {name!r} in the exchange format")
        connection.read_parquet(str(path)).create_view(name)
    return Duck(connection, lacks)
