"""A table as a file to take along: CSV, Excel, Parquet. What a program could run is made harmless.

The libraries are loaded when somebody takes such a file along: every process that writes links loads the pages.
"""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

Value = str | int | float | None
Rows = Iterable[Sequence[Value]]
#: A spreadsheet runs what begins like this.
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


def harmless(value: Value) -> Value:
    """Text that a spreadsheet would take for a formula, as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_RUNS) else value


def as_csv(head: Sequence[str], rows: Rows) -> bytes:
    """UTF-8 with a mark at the start, so that Excel reads it right."""
    out = io.StringIO()
    write = csv.writer(out)
    write.writerow([harmless(one) for one in head])
    write.writerows([harmless(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_xlsx(head: Sequence[str], rows: Rows) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(out, safe) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        sheet.write_row(0, 0, head, bold)
        for at, row in enumerate(rows, 1):
            sheet.write_row(at, 0, row)
        sheet.freeze_panes(1, 0)
        sheet.autofit()
    return out.getvalue()


def as_parquet(head: Sequence[str], rows: Rows) -> bytes:
    """Each column as numbers where all its values are, else as text."""
    import duckdb

    kept = [list(row) for row in rows]
    columns = [[row[i] for row in kept] for i in range(len(head))]
    types = [_type(column) for column in columns]
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as folder:
        connection.execute("set enable_progress_bar = false")
        names = ", ".join(f"{_quoted(name)} {kind}" for name, kind in zip(head, types, strict=True))
        connection.execute(f"create table said ({names})")
        table = connection.table("said")
        for row in kept:
            table.insert(row)
        path = Path(folder) / "table.parquet"
        connection.table("said").write_parquet(str(path))
        return path.read_bytes()


def _type(column: Sequence[Value]) -> str:
    said = [value for value in column if value is not None]
    if said and all(isinstance(value, int) for value in said):
        return "BIGINT"
    return "DOUBLE" if said and all(isinstance(value, int | float) for value in said) else "VARCHAR"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


WRITE: dict[str, Callable[[Sequence[str], Rows], bytes]] = {
    "csv": as_csv, "xlsx": as_xlsx, "parquet": as_parquet,
}  # fmt: skip
