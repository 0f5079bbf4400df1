"""An export, read and studied: every figure that it can say, from the definitions in `metrics`."""

import tempfile
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb

from leadbell.audit import rejected
from leadbell.audit.mapping import ExportMap, Guess, apply, guess
from leadbell.audit.rejected import Beside
from leadbell.audit.sheets import Sheet, load, open_sheet
from leadbell.audit.tables import translate
from leadbell.audit.translating import Translated, Translator
from leadbell.metrics.answers import Answer, Answers, Unsupported, ask, missing_for
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.engines import Engine
from leadbell.metrics.engines.duck import Duck
from leadbell.metrics.question import looked_at
from leadbell.metrics.reports.advice import Advice, advice
from leadbell.metrics.reports.studies import STUDIES, Cell, tabulate
from leadbell.metrics.reports.verdict import COLUMNS, Step, Verdict, funnel, process_verdict
from leadbell.metrics.tables import TABLES
from leadbell.trouble import Trouble
from leadbell.words import Words, say

#: DuckDB may use so much; the rest of 4 GB is for Python and what both need besides.
MEMORY = "2500MB"
#: Compared between dealers and between salespeople.
BY_PERSON = (
    "sales_conversion", "attempted_rate", "called_within_2_minutes", "response_time", "first_attempt_contact_rate",
    "appointment_rate_of_reached",
)  # fmt: skip
Tell = Callable[[Words], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be studied. `written`: the map as a person corrected it, and its file's name."""

    leads: Sequence[Path]
    touches: Path | None = None
    visits: Path | None = None
    written: Mapping[str, Any] | None = None
    map_name: str = ""
    engine: Literal["duckdb", "spark"] = "duckdb"
    origin: str = ""
    zone: str = ""
    as_of_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """What came of it. `charts`: a table of counts, or why it can't be said."""

    sheets: Mapping[str, Sheet]
    beside: Mapping[str, Beside]
    mapping: ExportMap
    as_of_ms: int
    answers: Answers
    funnel: tuple[Step, ...]
    verdict: Verdict | Words
    #: What to change on Monday, as the Verdict page says it.
    advice: tuple[Advice, ...]
    cells: Mapping[str, tuple[Cell, ...] | Words]
    dealers: tuple[Answer, ...]
    people: tuple[Answer, ...]
    notes: tuple[Words, ...]

    @property
    def read(self) -> int:
        return sum(sheet.rows + sheet.unread for sheet in self.sheets.values()) - self.rejected

    @property
    def rejected(self) -> int:
        return sum(one.rows for one in self.beside.values())


@dataclass(frozen=True, slots=True)
class Reading:
    """An export that was read: `leads`, `touches` and `visits` stand in the database as far as it has them."""

    db: "duckdb.DuckDBPyConnection"
    scratch: Path
    sheets: Mapping[str, Sheet]
    beside: Mapping[str, Beside]
    mapping: ExportMap
    translated: Translated


def study(asked: Asked, tell: Tell = lambda _what: None) -> Study:
    """Read the export and ask every figure. Raises Trouble with a sentence where a file can't be used."""
    with reading(asked, tell) as found:
        tell(say("Working the figures out"))
        with _engine(asked, found) as engine:
            return _asked(engine, found)


@contextmanager
def reading(asked: Asked, tell: Tell = lambda _what: None) -> Iterator[Reading]:
    """Read the export; what can't be read is in a file beside it. Raises Trouble where a file can't be used."""
    with tempfile.TemporaryDirectory(prefix="leadbell-audit-") as folder, _opened(Path(folder)) as db:
        sheets = _sheets(asked, Path(folder))
        mapping = mapping_of(sheets, asked)
        for table, sheet in sheets.items():
            tell(say("Reading %(file)s", file=sheet.path.name))
            columns = [sheet.columns.index(found.column) for found in mapping.columns[table].values()]
            load(db, sheet, table, columns)
            rejected.prepare(db, table)
            if not sheet.rows:
                raise _no_rows(sheet, rejected.write(db, sheet, table))
        tell(say("Understanding it"))
        translated = translate(Translator(db, mapping, sheets), asked.as_of_ms)
        beside: dict[str, Beside] = {}
        for table, sheet in sheets.items():
            beside[table] = told = rejected.write(db, sheet, table)
            if told.cells and told.path is not None:
                translated.notes.append(
                    say("%(count)s cells of %(file)s can't be read and count as empty; they are in %(beside)s.",
                        count=told.cells, file=sheet.path.name, beside=told.path.name)
                )  # fmt: skip
            db.execute(f"drop table raw_{table}")
        yield Reading(db, Path(folder), sheets, beside, mapping, translated)


def _no_rows(sheet: Sheet, beside: Beside) -> Trouble:
    if not beside.first:
        return Trouble("%(file)s has a header, but no rows below it.", file=sheet.path.name)
    first = beside.first[0]
    return Trouble("No row of %(file)s can be read. Line %(line)s: %(why)s.",
                   file=sheet.path.name, line=first.line, why=str(first.because))  # fmt: skip


@contextmanager
def _opened(folder: Path) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A database in memory; what doesn't fit is put into the folder."""
    connection = duckdb.connect()
    connection.execute("set enable_progress_bar = false")
    connection.execute(f"set memory_limit = '{MEMORY}'")
    connection.execute("set temp_directory = ?", [str(folder / "spill")])
    try:
        yield connection
    finally:
        connection.close()


def _sheets(asked: Asked, scratch: Path) -> dict[str, Sheet]:
    """Files by what they are. A second file without its option is the list of contacts."""
    files = list(asked.leads)
    touches, visits = asked.touches, asked.visits
    if len(files) > 1 and touches is None:
        touches = files.pop(1)
    if len(files) > 1 and visits is None:
        visits = files.pop(1)
    if len(files) > 1:
        raise Trouble("There is one file of leads, one of contacts (--touches) and one of visits (--visits); "
                      "%(file)s is one too many.", file=files[1].name)  # fmt: skip
    given = {"leads": files[0], "touches": touches, "visits": visits}
    return {name: open_sheet(path, scratch) for name, path in given.items() if path is not None}


def mapping_of(sheets: Mapping[str, Sheet], asked: Asked) -> ExportMap:
    """Guessed, then corrected by what a person wrote."""
    mapping = ExportMap(
        {table: guess(table, sheet) for table, sheet in sheets.items()}, origin=asked.origin, zone=asked.zone
    )
    if asked.written is not None:
        apply(mapping, asked.written, sheets, asked.map_name)
    if asked.origin:
        mapping.origin = asked.origin
    if asked.zone:
        mapping.zone = asked.zone
    leads = mapping.columns["leads"]
    if "origin" not in leads and "source" in leads and not mapping.origin:
        leads["origin"] = Guess(
            leads["source"].column, min(0.6, leads["source"].sure), leads["source"].samples
        )
    return mapping


@contextmanager
def _engine(asked: Asked, found: Reading) -> Iterator[Engine]:
    blocked = found.translated.blocked
    if asked.engine == "duckdb":
        duck = Duck(found.db)
        # Which lead's row comes first is nothing to keep memory and time for.
        found.db.execute("set preserve_insertion_order = false")
        yield duck.keep(_columns(duck.lacks, blocked))
        return
    try:
        from leadbell.metrics.engines.spark import Spark, opened
    except ImportError:
        raise Trouble("Spark isn't installed: `pip install leadbell[spark]`, and Java 17.") from None
    there = {
        name for (name,) in found.db.execute("select distinct table_name from duckdb_columns()").fetchall()
    }
    sources = {name: found.scratch / f"{name}.parquet" for name in TABLES if name in there}
    for name, path in sources.items():
        found.db.table(name).write_parquet(str(path), compression="zstd")
    with opened(found.scratch) as session:
        spark = Spark(session, sources)
        yield spark.keep(_columns(spark.lacks, blocked))


def _columns(lacks: frozenset[str], blocked: Container[str]) -> frozenset[str]:
    """What the figures that can be said look at: nothing else has to be worked out."""
    columns = {"dealer", "salesperson"} | COLUMNS
    for one in METRICS.values():
        if one.name not in blocked and missing_for(one.needs, lacks) is None:
            columns |= looked_at(one.part, one.of)
    for study in STUDIES.values():
        if study.name not in blocked and missing_for(study.needs, lacks) is None:
            columns |= study.columns
    return frozenset(columns)


def _asked(engine: Engine, found: Reading) -> Study:
    blocked, at = found.translated.blocked, found.translated.as_of_ms
    open_ones = [metric for metric in METRICS.values() if metric.name not in blocked]
    answers = ask(engine, open_ones, at)
    shut = tuple(Unsupported(METRICS[name], because) for name, because in blocked.items() if name in METRICS)
    compared = [METRICS[name] for name in BY_PERSON if name not in blocked]
    steps, verdict = _funnel(engine, at), process_verdict(engine, at)
    leak = verdict.leak if isinstance(verdict, Verdict) else None
    return Study(
        found.sheets, found.beside, found.mapping, at, Answers(answers.given, (*answers.unsupported, *shut)), steps,
        verdict, advice(verdict.funnel if isinstance(verdict, Verdict) else steps, leak, answers.given),
        {name: blocked.get(name) or tabulate(engine, one, at) for name, one in STUDIES.items()},
        ask(engine, compared, at, by=("dealer",)).given if "leads.dealer" not in engine.lacks else (),
        ask(engine, compared, at, by=("dealer", "salesperson")).given if "leads.salesperson" not in engine.lacks else (),
        tuple(found.translated.notes),
    )  # fmt: skip


def _funnel(engine: Engine, at: int) -> tuple[Step, ...]:
    return () if "leads.origin" in engine.lacks else funnel(engine, at)


def as_json(found: Study) -> dict[str, Any]:
    """The object that `--json` prints."""
    return {
        "rows": {"read": found.read, "rejected": found.rejected},
        "metrics": {one.metric.name: _figure(one) for one in found.answers.given},
        "funnel": [
            {"step": step.stage, "leads": step.leads, "of": step.of, "share": step.share, "interval": step.interval,
             "reference": step.reference, "implied": step.implied}
            for step in (found.verdict.funnel if isinstance(found.verdict, Verdict) else found.funnel)
        ],
        "verdict": _verdict(found.verdict),
        "unsupported": [{"metric": one.metric.name, "because": str(one.because)} for one in found.answers.unsupported],
        "mapping": found.mapping.as_json(),
    }  # fmt: skip


def _figure(one: Answer) -> dict[str, Any]:
    reference = one.metric.reference
    return {
        "numerator": one.numerator, "denominator": one.denominator, "value": one.value, "unit": one.metric.unit,
        "interval": one.interval, "reference": None if reference is None else reference.value,
    }  # fmt: skip


def _verdict(verdict: Verdict | Words) -> dict[str, Any]:
    if isinstance(verdict, Words):
        return {"answer": None, "leak": None, "because": str(verdict)}
    return {
        "answer": verdict.said, "leak": verdict.leak.stage if verdict.leak else None, "because": str(verdict.because),
    }  # fmt: skip
