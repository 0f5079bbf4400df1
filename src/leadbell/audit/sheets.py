"""Files as they come, into DuckDB: every cell as text, every row that isn't one with its line and the reason."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb

from leadbell.audit.dialect import Dialect, dialect_of, named
from leadbell.trouble import Trouble
from leadbell.words import Words, say

_EXCEL = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
_PARQUET = {".parquet", ".pq"}
_CHUNK = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that couldn't be read; `line` as an editor counts (of Excel and Parquet: the row)."""

    line: int
    because: Words
    row: str
    #: It isn't even a row of the table.
    unread: bool = False


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
    rejected: list[Rejected] = field(default_factory=list)
    read: int = 0


def open_sheet(path: Path, scratch: Path) -> Sheet:
    """Look at a file's first rows. Raises Trouble with a sentence where it can't be read."""
    if not path.exists():
        raise Trouble("There is no file %(file)s.", file=str(path))
    if path.is_dir():
        raise Trouble("%(file)s is a folder, not a file.", file=str(path))
    if path.stat().st_size == 0:
        raise Trouble("%(file)s is empty.", file=path.name)
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1" or path.suffix.lower() in _PARQUET:
        return _parquet(path)
    if path.suffix.lower() in _EXCEL or magic in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        return _excel(path, scratch)
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
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names]
    except (CalamineError, OSError, ValueError) as error:
        raise Trouble(
            "%(file)s is no Excel file that can be read: %(why)s.", file=path.name, why=str(error)
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
    return Sheet(path, found.columns, found.sample, source, found, found.header_line)


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


def load(connection: "duckdb.DuckDBPyConnection", sheet: Sheet, table: str, wanted: Sequence[int]) -> None:
    """Make `table` with the wanted columns as text; rows that don't fit the header are told in `sheet.rejected`."""
    cells = ", ".join(f"nullif(trim(c{i}), '') as c{i}" for i in sorted(set(wanted))) or "null as nothing"
    try:
        if sheet.dialect is None:
            raw = ", ".join(
                f"cast({_quoted(name)} as varchar) as c{i}" for i, name in enumerate(_stored(sheet))
            )
            connection.execute(f"create table {table} as select {cells} from (select {raw} from read_parquet(?))",
                               [str(sheet.source)])  # fmt: skip
        else:
            connection.execute(
                f"create table {table} as select {cells} from {_reading(sheet, table)}",
                [str(sheet.source), sheet.dialect.delimiter, sheet.before],
            )
            sheet.rejected += [
                Rejected(line, _why(kind, found, len(sheet.columns)), (row or "").strip(), True)
                for line, kind, found, row in connection.execute(
                    f"select line, any_value(error_type)::varchar, max(column_idx), any_value(csv_line) "
                    f"from bad_{table} group by line order by line"
                ).fetchall()
            ]
    except duckdb.Error as error:
        raise Trouble(
            "%(file)s can't be read: %(why)s", file=sheet.path.name, why=str(error).splitlines()[0]
        ) from None
    (sheet.read,) = connection.execute(f"select count(*) from {table}").fetchone() or (0,)


def _stored(sheet: Sheet) -> list[str]:
    return [one[0] for one in duckdb.connect().execute(
        "select name from parquet_schema(?) where num_children is null", [str(sheet.source)]).fetchall()]  # fmt: skip


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _why(kind: str, found: int, due: int) -> Words:
    if kind == "MISSING COLUMNS":
        return say("it has fewer cells than the header has columns (%(due)s)", due=due)
    if kind == "TOO MANY COLUMNS":
        return say("it has more cells than the header has columns (%(due)s)", due=due)
    if kind == "UNQUOTED VALUE":
        return say("a quotation mark isn't closed")
    return say("it isn't a row of a table (%(kind)s)", kind=kind.lower())


def row_in_file(sheet: Sheet, rows: Sequence[int]) -> dict[int, int]:
    """Which row of the file these rows of its table are (counted from 0); a row of several lines counts as one."""
    places, bad = {}, sorted(one.line for one in sheet.rejected)
    for row in sorted(rows):
        place = sheet.before + row + 1
        for other in bad:
            place += other <= place
        places[row] = place
    return places


def place_in_lines(connection: "duckdb.DuckDBPyConnection", sheet: Sheet) -> None:
    """Tell what was rejected by its line, as an editor counts: cells may hold line breaks, rows several lines."""
    if not sheet.rejected or not _has_breaks(sheet):
        return
    unread = [one for one in sheet.rejected if one.unread]
    before = {
        one.line: one.line - sheet.before - 1 - sum(o.line < one.line for o in unread)
        for one in sheet.rejected
    }
    more, total = _breaks_before(connection, sheet, list(before.values()))
    sheet.rejected = [
        replace(
            one,
            line=one.line
            + more.get(before[one.line], total)
            + sum(other.row.count("\n") for other in unread if other.line < one.line),
        )
        for one in sheet.rejected
    ]


def _has_breaks(sheet: Sheet) -> bool:
    """Whether there are more lines than rows: some cell holds a line break, or some line is empty."""
    if sheet.dialect is None:
        return False
    count = 0
    with sheet.source.open("rb") as file:
        while piece := file.read(_CHUNK):
            count += piece.count(b"\n")
    return count > sheet.before + sheet.read + len(sheet.rejected)


def _breaks_before(
    connection: "duckdb.DuckDBPyConnection", sheet: Sheet, rows: Sequence[int]
) -> tuple[dict[int, int], int]:
    """How many line breaks stand in the cells of the rows before each of these, and in all rows."""
    cells = " || ".join(f"coalesce(c{i}, '')" for i in range(len(sheet.columns)))
    connection.execute(
        f"create or replace table breaks as select length({cells}) - length(replace({cells}, chr(10), '')) as more "
        f"from {_reading(sheet, '')}",
        [str(sheet.source), sheet.dialect.delimiter if sheet.dialect else ",", sheet.before],
    )
    found = connection.execute(
        "select r, before::bigint from (select rowid as r, coalesce(sum(more) over (order by rowid rows between unbounded "
        "preceding and 1 preceding), 0) as before from breaks) where r in (select unnest(?))",
        [list(rows)],
    ).fetchall()
    (total,) = connection.execute("select coalesce(sum(more), 0)::bigint from breaks").fetchone() or (0,)
    connection.execute("drop table breaks")
    return dict(found), int(total)


def _reading(sheet: Sheet, table: str) -> str:
    """SQL that reads the CSV: source, delimiter and lines before the first row are its parameters."""
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(sheet.columns)))
    kept = (
        f"store_rejects=true, rejects_table='bad_{table}', rejects_scan='scan_{table}'"
        if table
        else "ignore_errors=true"
    )
    return (
        "read_csv(?, delim=?, header=false, skip=?, quote='\"', escape='\"', auto_detect=false, "
        f"{kept}, max_line_size=10000000, columns={{{columns}}})"
    )
