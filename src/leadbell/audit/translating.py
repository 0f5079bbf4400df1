"""From an export's cells to the tables of the exchange format, in DuckDB. What a file can't say is no column."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb

from leadbell.audit import headers, moments, opening, terms
from leadbell.audit.mapping import ExportMap
from leadbell.audit.sheets import Sheet
from leadbell.trouble import Trouble
from leadbell.words import Words, say

#: A column of categories has fewer values than this.
_MOST_VALUES = 5_000


@dataclass(slots=True)
class Translated:
    """The tables `leads`, `touches` and `visits` stand in the connection. `blocked`: figures that the columns would
    allow, but whose values here say too little, and why."""

    as_of_ms: int
    blocked: dict[str, Words] = field(default_factory=dict)
    notes: list[Words] = field(default_factory=list)


class Translator:
    """Makes the tables, one after the other."""

    def __init__(
        self, connection: "duckdb.DuckDBPyConnection", mapping: ExportMap, sheets: Mapping[str, Sheet]
    ) -> None:
        self.db, self.mapping, self.sheets = connection, mapping, sheets
        self.changes: list[tuple[int, int]] = []
        self.blocked: dict[str, Words] = {}
        self.notes: list[Words] = []
        #: Fields of moments of which the export only says whether there was one.
        self.yes_or_no: set[str] = set()

    # What a field is as SQL

    def cell(self, table: str, name: str) -> str | None:
        found = self.mapping.columns.get(table, {}).get(name)
        return None if found is None else f"r.c{self.sheets[table].columns.index(found.column)}"

    def has(self, table: str, name: str) -> bool:
        return name in self.mapping.columns.get(table, {})

    def decide_dates(self) -> None:
        """The order of day and month, per column; columns that fit both follow those of the same export that don't."""
        open_ones: list[str] = []
        decided: list[moments.Order] = []
        for table, fields in self.mapping.columns.items():
            for name in fields:
                if headers.FIELDS[table][name] != "moment":
                    continue
                cell = self.cell(table, name) or ""
                some = [value for (value,) in self.db.execute(
                    f"select {cell} from raw_{table} r where {cell} is not null limit 2000").fetchall()]  # fmt: skip
                order = moments.kind_of(some) or "iso"
                key = f"{table}.{name}"
                if order == "day first":
                    # A day over 12 among the first rows is proof; where there is none, the whole column is asked.
                    first, second = moments.places_of_days(some)
                    if first == second:
                        asked = f"select {moments.order_counts(cell)} from raw_{table} r"
                        first, second = self.db.execute(asked).fetchone() or (0, 0)
                    if self.mapping.dates:
                        order = "day first" if self.mapping.dates == "day first" else "month first"
                    elif first == second == 0:
                        open_ones.append(key)
                        continue
                    else:
                        order = "day first" if first >= second else "month first"
                    decided.append(order)
                self.mapping.orders[key] = moments.Written(order)
        for key in open_ones:
            order = max(set(decided), key=decided.count) if decided else self._custom(key)
            self.mapping.orders[key] = moments.Written(order, sure=bool(decided))
            if not decided:
                self.notes.append(say("The dates of %(column)s fit both orders; they were read as %(order)s. Say dates in "
                                      "the map if that is wrong.", column=self._column(key), order=order))  # fmt: skip

    def _custom(self, key: str) -> moments.Order:
        """English files with slashes have the month first in America only: a.m. and p.m. give it away."""
        table, _, name = key.partition(".")
        found = self.mapping.columns[table][name]
        american = any(sample.lower().rstrip(".").endswith("m") and "/" in sample for sample in found.samples)
        return "month first" if american else "day first"

    def _column(self, key: str) -> str:
        table, _, name = key.partition(".")
        return self.mapping.columns[table][name].column

    def local(self, table: str, name: str) -> str | None:
        """A field as a local timestamp; a date and a time in two columns are put together."""
        cell = self.cell(table, name)
        if cell is None:
            return None
        order = self.mapping.orders[f"{table}.{name}"].order
        clock = self.cell(table, f"{name}_time")
        text = f"({cell} || coalesce(' ' || {clock}, ''))" if clock else cell
        if clock and order == "iso":
            text = f"(left({cell}, 10) || coalesce(' ' || {clock}, ''))"
        return moments.moment(text, order)

    def utc(self, table: str, name: str, local: str | None = None) -> str | None:
        """A field as milliseconds since 1970 UTC."""
        cell = self.cell(table, name)
        said = local or self.local(table, name)
        if cell is None or said is None:
            return None
        if self.mapping.orders[f"{table}.{name}"].order == "epoch":
            return f"epoch_ms({said})"
        ms = moments.utc_ms(said, self.changes)
        if self.mapping.orders[f"{table}.{name}"].order != "iso" or not self._offsets(table, cell):
            return ms
        ahead = moments.offset(cell)
        return f"coalesce(epoch_ms({said}) - 60000 * {ahead}, {ms})"

    def _offsets(self, table: str, cell: str) -> bool:
        (some,) = self.db.execute(
            f"select count(*) from raw_{table} r where {cell} similar to '.*:.*(Z|UTC|[+-][0-9][0-9]:?[0-9][0-9])' limit 1"
        ).fetchone() or (0,)
        return bool(some)

    def local_day(self, ms: str) -> str:
        """SQL for 20261123, the local day of a moment in UTC milliseconds."""
        local = ms
        if self.changes:
            steps = " ".join(
                f"when {ms} >= {since - ahead} then {ms} + {ahead}"
                for since, ahead in reversed(self.changes[1:])
            )
            local = (
                f"case {steps} else {ms} + {self.changes[0][1]} end"
                if steps
                else f"{ms} + {self.changes[0][1]}"
            )
        return f"cast(strftime(make_timestamp(1000 * ({local})), '%Y%m%d') as integer)"

    def term(self, table: str, name: str) -> str | None:
        """A field in our words; values that aren't understood are NULL and listed."""
        cell = self.cell(table, name)
        if cell is None:
            return None
        rows = self.db.execute(
            f"select {cell}, count(*) from raw_{table} r where {cell} is not null group by all order by 2 desc, 1 limit {_MOST_VALUES}"
        ).fetchall()
        told = self.mapping.values.setdefault(table, {}).setdefault(name, {})
        for said, often in rows:
            if said in told:
                continue
            if (ours := terms.meant(name, said)) is not None:
                told[said] = ours
            else:
                self.mapping.unknown.setdefault(table, {}).setdefault(name, {})[said] = often
        words = f"words_{table}_{name}"
        self.db.execute(f"create or replace table {words} (said varchar, ours varchar)")
        if told:
            self.db.executemany(f"insert into {words} values (?, nullif(?, ''))", list(told.items()))
        return f"(select any_value(w.ours) from {words} w where w.said = {cell})"

    def flag(self, table: str, name: str) -> str | None:
        word = self.term(table, name)
        return None if word is None else f"case {word} when 'yes' then true when 'no' then false end"

    def duration(self, table: str, name: str) -> str | None:
        cell = self.cell(table, name)
        if cell is None:
            return None
        header = self.mapping.columns[table][name].column
        unit = headers.unit_ms(header)
        if unit is None and name == "response":
            self.notes.append(say("“%(column)s” doesn't say its unit; bare numbers were read as seconds. Write the unit "
                                  "into the header, such as “%(column)s (min)”.", column=header))  # fmt: skip
        return moments.duration_ms(cell, unit or 1_000, minutes_first=unit != 3_600_000)

    def money(self, table: str, name: str) -> str | None:
        cell = self.cell(table, name)
        if cell is None:
            return None
        if headers.plain(self.mapping.columns[table][name].column).endswith("cents"):
            return f"try_cast({cell} as bigint)"
        return moments.cents(cell)


def literal(said: str) -> str:
    """A text as SQL."""
    return "'" + said.replace("'", "''") + "'"


def span_of(translator: Translator) -> tuple[datetime, datetime]:
    """The first and last local moment at which a lead arrived; raises Trouble where none can be read."""
    said = translator.local("leads", "received")
    first, last = translator.db.execute(f"select min({said}), max({said}) from raw_leads r").fetchone() or (
        None,
        None,
    )
    if first is None or last is None:
        found = translator.mapping.columns["leads"]["received"]
        raise Trouble(
            "None of the dates in the column “%(column)s” can be read, such as “%(sample)s”.",
            column=found.column, sample=found.samples[0] if found.samples else "",
        )  # fmt: skip
    return first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)


def prepare(translator: Translator) -> None:
    """Everything that has to be known before the first row: order of dates, clock changes, opening hours."""
    if not translator.has("leads", "received"):
        raise Trouble(
            "%(file)s doesn't say when a lead arrived: no column looks like it. It has: %(columns)s. Name the column in "
            "a map: received = \"…\".", file=translator.sheets["leads"].path.name,
            columns=", ".join(translator.sheets["leads"].columns),
        )  # fmt: skip
    translator.decide_dates()
    first, last = span_of(translator)
    translator.changes = moments.clock_changes(translator.mapping.zone, first, last)
    if translator.mapping.hours:
        opening.keep(translator.db, opening.openings(translator.mapping, first, last))
