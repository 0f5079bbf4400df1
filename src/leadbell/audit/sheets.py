"""Files as they come, into DuckDB: every cell as text, every row that isn't one with the reason."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb

from leadbell.audit.dialect import Dialect, dialect_of, named
from leadbell.trouble import Trouble

_PARQUET = {".parquet", ".pq"}
_CHUNK = 4 * 1024 * 1024


@dataclass(slots=True)
class Sheet:
    """One file. Its cells are in the table `raw_<name>` once loaded: c0, c1 … in the order of `columns`."""

    path: Path
    columns: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    #: Where DuckDB reads it: the file itself, or a copy in UTF-8.
    source: Path
    dialect: Dialect | None = None
    #: Lines before the first row.
    before: int = 0
    #: Its rows are what people count, not lines: a workbook.
    in_rows: bool = False
    #: Rows of its table, and rows of the file that are none of it; known once it is loaded.
    rows: int = 0
    unread: int = 0


def open_sheet(path: Path, scratch: Path) -> Sheet:
    """Look at a file's first rows. Raises Trouble with a sentence where it can't be read."""
    if not path.exists():
        raise Trouble("There is no file %(file)s.", file=str(path))
    if path.is_dir():
        raise Trouble("%(file)s is a folder, not a file.", file=str(path))
    if path.stat().st_size == 0:
        raise Trouble("%(file)s is empty.", file=path.name)
    with path.open("rb") as file:
        begins = file.read(512)
    if begins.startswith(b"PAR1") or path.suffix.lower() in _PARQUET:
        return _parquet(path)
    if begins.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _excel(path, scratch)
    # What CRMs save as .xls is often a web page or text.
    if re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|table|\?xml|meta)", begins, re.IGNORECASE):
        raise Trouble("%(file)s is a web page: open it in Excel and save it as .xlsx or CSV.", file=path.name)
    return _csv(path, scratch)


def _csv(path: Path, scratch: Path) -> Sheet:
    found = dialect_of(path)
    source = path
    if found.encoding not in ("utf-8", "utf-8-sig"):
        source = scratch / f"{len(list(scratch.iterdir()))}-{path.stem}.utf8.csv"
        with (
            path.open(encoding=found.encoding, errors="replace", newline="") as old,
            source.open("w", encoding="utf-8", newline="") as new,
        ):
            while piece := old.read(_CHUNK):
                new.write(piece)
    return Sheet(path, found.columns, found.sample, source, found, found.header_line)


def _excel(path: Path, scratch: Path) -> Sheet:
    """The fullest of its sheets, written as CSV: one way of reading for all."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names]
    except PasswordError:
        raise Trouble(
            "%(file)s is locked with a password: open it in Excel and save it without one.", file=path.name
        ) from None
    except (CalamineError, OSError, ValueError):
        raise Trouble(
            "%(file)s is no whole Excel file: it is cut off or damaged. Export or copy it again.",
            file=path.name,
        ) from None
    rows = max(sheets, key=len, default=[])
    source = scratch / f"{len(list(scratch.iterdir()))}-{path.stem}.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[_cell(value) for value in row] for row in rows])
    if not any(any(_cell(value) for value in row) for row in rows):
        raise Trouble("%(file)s is empty.", file=path.name)
    try:
        found = dialect_of(source)
    except Trouble:
        raise Trouble("%(file)s is not a table: no row looks like a header with columns below it.", file=path.name) from None  # fmt: skip
    return Sheet(path, found.columns, found.sample, source, found, found.header_line, in_rows=True)


def _cell(value: object) -> str:
    """A cell of Excel as text: whole numbers without a point, moments in ISO."""
    if isinstance(value, datetime | date | time):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, timedelta):
        return str(round(value.total_seconds()))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _parquet(path: Path) -> Sheet:
    try:
        found = duckdb.connect().execute("select * from read_parquet(?) limit 2000", [str(path)])
        columns = named([one[0] for one in found.description or ()])
        rows = found.fetchall()
    except duckdb.Error:
        raise Trouble(
            "%(file)s is no whole Parquet file: it is cut off or damaged. Export or copy it again.",
            file=path.name,
        ) from None
    sample = tuple(tuple("" if cell is None else str(cell) for cell in row) for row in rows)
    return Sheet(path, columns, sample, path)


def load(db: "duckdb.DuckDBPyConnection", sheet: Sheet, table: str, wanted: Sequence[int]) -> None:
    """Make `raw_<table>` with the wanted columns as text, and `unread_<table>` of the rows that aren't rows of it:
    where they begin in bytes, over how many lines, why, and what stands there."""
    cells = ", ".join(f"nullif(trim(c{i}), '') as c{i}" for i in sorted(set(wanted))) or "null as nothing"
    db.execute(
        f"create table unread_{table} (place bigint, lines bigint, why varchar, due integer, row varchar)"
    )
    try:
        if sheet.dialect is None:
            raw = ", ".join(
                f"cast({_quoted(name)} as varchar) as c{i}" for i, name in enumerate(_stored(sheet))
            )
            db.execute(f"create table raw_{table} as select {cells} from (select {raw} from read_parquet(?))",
                       [str(sheet.source)])  # fmt: skip
        else:
            db.execute(
                f"create table raw_{table} as select {cells} from {_reading(sheet, table)}",
                [str(sheet.source), sheet.dialect.delimiter, sheet.before],
            )
            db.execute(
                f"insert into unread_{table} select place, length(row) - length(replace(row, chr(10), '')) + 1, why, "
                f"{len(sheet.columns)}, row from (select line_byte_position as place, any_value(error_type)::varchar as why, "
                f"coalesce(any_value(trim(csv_line, chr(10) || chr(13) || ' ')), '') as row from bad_{table} group by 1)"
            )
            db.execute(f"drop table bad_{table}")
            db.execute(f"drop table scan_{table}")
    except duckdb.Error as error:
        raise Trouble(
            "%(file)s can't be read: %(why)s", file=sheet.path.name, why=str(error).splitlines()[0]
        ) from None
    (sheet.rows,) = db.execute(f"select count(*) from raw_{table}").fetchone() or (0,)
    (sheet.unread,) = db.execute(f"select count(*) from unread_{table}").fetchone() or (0,)


def _stored(sheet: Sheet) -> list[str]:
    return [one[0] for one in duckdb.connect().execute(
        "select name from parquet_schema(?) where num_children is null", [str(sheet.source)]).fetchall()]  # fmt: skip


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _reading(sheet: Sheet, table: str) -> str:
    """SQL that reads the CSV: source, delimiter and lines before the first row are its parameters."""
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(sheet.columns)))
    return (
        "read_csv(?, delim=?, header=false, skip=?, quote='\"', escape='\"', auto_detect=false, store_rejects=true, "
        f"rejects_table='bad_{table}', rejects_scan='scan_{table}', max_line_size=10000000, columns={{{columns}}})"
    )
