"""What couldn't be read, with its line: kept in tables while an export is read, streamed into a file beside it."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import duckdb

from leadbell.audit import headers
from leadbell.audit.sheets import Sheet
from leadbell.audit.translating import Translator, literal
from leadbell.trouble import Trouble
from leadbell.words import Words, say

#: So many are shown in the report; the file beside the export has all.
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row, or one cell of it, that couldn't be read; `line` as an editor counts (of Excel and Parquet: the row)."""

    line: int
    because: Words
    row: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What couldn't be read of one file: rows, and cells of rows that were read without them. `path`: the file beside
    the export that has all of it, None where there is nothing to tell or it can't be written (`failed`)."""

    rows: int = 0
    cells: int = 0
    first: tuple[Rejected, ...] = ()
    path: Path | None = None
    failed: str = ""


def prepare(db: "duckdb.DuckDBPyConnection", table: str) -> None:
    db.execute(f"create table refused_{table} (r bigint, why varchar, said varchar, col varchar)")


def refuse(db: "duckdb.DuckDBPyConnection", table: str, rows: str) -> None:
    """`rows` is SQL for (row of raw_<table>, why, what stood there, in which column: NULL for the row as a whole)."""
    db.execute(f"insert into refused_{table} {rows}")


def refuse_cells(tr: Translator, table: str, columns: Iterable[str]) -> None:
    """Cells that hold something which can't be read: their rows count without them."""
    fields = {column: re.sub("^x_|_ms$|_cents$", "", column) for column in columns}
    cells = {column: (name, cell) for column, name in fields.items()
             if headers.FIELDS[table].get(name) in ("moment", "duration", "money", "number") and name not in tr.yes_or_no
             and (cell := tr.cell(table, name))}  # fmt: skip
    for column, (name, cell) in cells.items():
        ((filled,), (read,)) = (
            tr.db.execute(f"select count({one}) from {rows} r").fetchone() or (0,)
            for one, rows in ((cell, f"raw_{table}"), (column, f"read_{table}"))
        )
        if read < filled:
            refuse(
                tr.db, table, f"select t.r, 'cell', {cell}, {literal(tr.mapping.columns[table][name].column)} "
                f"from read_{table} t join raw_{table} r on r.rowid = t.r where {cell} is not null and t.{column} is null",
            )  # fmt: skip


def refuse_unmatched(tr: Translator, table: str, moment: str) -> None:
    """Rows without a moment or without a lead; raises Trouble where not one belongs to a lead."""
    ref, cell = tr.cell(table, "lead"), tr.cell(table, moment)
    matched, total = tr.db.execute(f"select count(lead), count(*) from read_{table}").fetchone() or (0, 0)
    if total and not matched:
        (sample,) = tr.db.execute(f"select any_value({ref}) from raw_{table} r").fetchone() or ("",)
        (lead,) = tr.db.execute("select any_value(ref) from leads_of").fetchone() or ("",)
        raise Trouble(
            "%(other)s doesn't belong to %(leads)s: none of its leads (such as “%(sample)s”) is among those of the export "
            "(such as “%(lead)s”).", other=tr.sheets[table].path.name, leads=tr.sheets["leads"].path.name,
            sample=sample or "", lead=lead or "",
        )  # fmt: skip
    refuse(
        tr.db, table, f"select t.r, case when t.lead is null then 'no lead' else {dateless(cell)} end, "
        f"case when t.lead is null then {ref} else {cell} end, null from read_{table} t join raw_{table} r on r.rowid = t.r "
        f"where t.lead is null or t.{moment}_ms is null",
    )  # fmt: skip


def dateless(cell: str | None) -> str:
    return f"case when {cell} is null then 'no date' else 'odd date' end"


def write(db: "duckdb.DuckDBPyConnection", sheet: Sheet, table: str) -> Beside:
    """Put everything into `<export>.rejected.csv`, row by row: there may be more of it than memory holds."""
    (unread,) = db.execute(f"select count(*) from unread_{table}").fetchone() or (0,)
    rows, cells = db.execute(
        f"select count(distinct case when col is null then r end), count(col) from refused_{table}"
    ).fetchone() or (0, 0)
    if not unread + rows + cells:
        return Beside()
    path = sheet.path.with_name(f"{sheet.path.name}.rejected.csv")
    first: list[Rejected] = []
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            out = csv.writer(file)
            out.writerow(("line", "because", "row"))
            for one in _in_order(db, sheet, table):
                out.writerow((one.line, harmless(str(one.because)), harmless(one.row)))
                if len(first) < _SHOWN:
                    first.append(one)
    except OSError as error:
        return Beside(unread + rows, cells, tuple(first), None, error.strerror or str(error))
    return Beside(unread + rows, cells, tuple(first), path)


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%") else text


def _in_order(db: "duckdb.DuckDBPyConnection", sheet: Sheet, table: str) -> Iterator[Rejected]:
    """As they stand in the file: one pass over it beside one over each table."""
    cells = [name for (name,) in db.execute(
        "select column_name from duckdb_columns() where table_name = ?", [f"raw_{table}"]).fetchall()]  # fmt: skip
    text = f"concat_ws(' | ', {', '.join(f'coalesce(w.{name}, {chr(39)}{chr(39)})' for name in cells)})"
    refused = _streamed(db, f"select f.r, f.why, f.said, f.col, {text} from refused_{table} f "
                            f"join raw_{table} w on w.rowid = f.r order by f.r, f.col nulls first")  # fmt: skip
    unread = _streamed(
        db,
        f"select place, why, case why when 'UNQUOTED VALUE' then lines else due end, row from unread_{table} order by place",
    )
    bad, one, place = next(unread, None), next(refused, None), -1
    for line, is_bad in _lines(sheet, db, table):
        if is_bad and bad is not None:
            yield Rejected(line, _why(bad[1], str(bad[2]), None), bad[3])
            bad = next(unread, None)
            continue
        place += 1
        while one is not None and one[0] == place:
            yield Rejected(line, _why(*one[1:4]), one[4])
            one = next(refused, None)
        if one is None and bad is None:
            return


def _streamed(db: "duckdb.DuckDBPyConnection", sql: str) -> Iterator[tuple[Any, ...]]:
    found = db.cursor().execute(sql)
    while rows := found.fetchmany(1000):
        yield from rows


def _lines(sheet: Sheet, db: "duckdb.DuckDBPyConnection", table: str) -> Iterator[tuple[int, bool]]:
    """Of each row of the file the line it begins in, and whether it is no row of the table: cells may hold line
    breaks, lines may be empty."""
    if sheet.dialect is None:
        yield from ((place + 1, False) for place in range(sheet.rows))
        return
    # Bytes as signs: places are counted in bytes.
    with sheet.source.open(encoding="latin-1", newline="") as file:
        begun = _Begun(file, _streamed(db, f"select place, lines from unread_{table} order by place"))
        for _ in islice(begun, sheet.before):
            begun.line = 0
        for row, cells in enumerate(csv.reader(begun, delimiter=sheet.dialect.delimiter), sheet.before + 1):
            if cells:
                yield (row if sheet.in_rows else begun.line), cells == [_UNREAD]
            begun.line = 0


#: Stands for a row that is none, which would make the reader lose its way.
_UNREAD = "\0"


class _Begun:
    """The lines of a file, with `_UNREAD` for each row that is none; `line` is the number of the first since it was 0."""

    def __init__(self, file: TextIO, unread: Iterator[tuple[int, int]]) -> None:
        self.line = 0
        self._file, self._unread, self._bad = file, unread, next(unread, None)
        self._read = self._offset = 0

    def __iter__(self) -> "_Begun":
        return self

    def __next__(self) -> str:
        text = self._next()
        self.line = self.line or self._read
        # DuckDB's places are a byte off here and there, and may be an empty line before.
        if self._bad is None or self._offset <= self._bad[0] + 1 or not text.strip("\r\n"):
            return text
        for _ in range(self._bad[1] - 1):
            self._next()
        self._bad = next(self._unread, None)
        return _UNREAD

    def _next(self) -> str:
        text = next(self._file)
        self._read, self._offset = self._read + 1, self._offset + len(text)
        return text


def _why(why: str, said: str | None, column: str | None) -> Words:
    shown = (said or "")[:60]
    if column is not None:
        return say("“%(said)s” in “%(column)s” can't be read and counts as empty", said=shown, column=column)
    if why == "no date":
        return say("it has no date")
    if why == "odd date":
        return say("“%(said)s” is no date that can be read", said=shown)
    if why == "again":
        return say("the lead “%(lead)s” stands further up already", lead=shown)
    if why == "no lead":
        return say("there is no lead “%(lead)s” in the export", lead=shown)
    if why == "MISSING COLUMNS":
        return say("it has fewer cells than the header has columns (%(due)s)", due=shown)
    if why == "TOO MANY COLUMNS":
        return say("it has more cells than the header has columns (%(due)s)", due=shown)
    if why == "UNQUOTED VALUE":
        return say("a quotation mark isn't closed; it takes %(lines)s lines with it", lines=shown)
    return say("it isn't a row of a table (%(kind)s)", kind=why.lower())
