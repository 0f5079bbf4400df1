"""Rows of the exchange format into DuckDB and Parquet."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import duckdb
import msgspec

from leadbell.metrics.rows.exchange import Rows
from leadbell.metrics.tables import TABLES, Table

_encode = msgspec.json.Encoder()


def create(connection: "duckdb.DuckDBPyConnection", leave_out: frozenset[str] = frozenset()) -> None:
    """Empty tables of the exchange format, without the columns to leave out (`leads.cost_cents`)."""
    for table in TABLES.values():
        columns = ", ".join(
            f"{column.name} {column.type}"
            for column in table.columns
            if f"{table.name}.{column.name}" not in leave_out
        )
        connection.execute(f"create or replace table {table.name} ({columns})")


def add(connection: "duckdb.DuckDBPyConnection", rows: Rows) -> None:
    """Append rows to the tables, by way of a file: DuckDB takes single rows slowly."""
    for table in TABLES.values():
        _add(connection, table, getattr(rows, table.name))


def _add(connection: "duckdb.DuckDBPyConnection", table: Table, rows: Iterable[tuple[object, ...]]) -> None:
    types = {column.name: column.type for column in table.columns}
    found = connection.execute(
        "select column_name from duckdb_columns() where table_name = ? order by column_index", [table.name]
    )
    names = ", ".join(name for (name,) in found.fetchall())
    with tempfile.NamedTemporaryFile("wb", suffix=".json") as file:
        for row in rows:
            file.write(_encode.encode(dict(zip(types, row, strict=True))) + b"\n")
        file.flush()
        if file.tell():
            read = connection.read_json(file.name, columns=types, format="newline_delimited")
            read.project(names).insert_into(table.name)


def write(connection: "duckdb.DuckDBPyConnection", folder: Path) -> list[Path]:
    """The tables as `leads.parquet`, `touches.parquet` and `visits.parquet` in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in TABLES:
        path = folder / f"{name}.parquet"
        connection.table(name).write_parquet(str(path), compression="zstd")
        written.append(path)
    return written
