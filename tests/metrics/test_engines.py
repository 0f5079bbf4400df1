"""DuckDB, PostgreSQL, Spark and plain Python say the same of any journal."""

import json
from random import Random
from typing import Any

import duckdb
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadbell.metrics import question
from leadbell.metrics.answers import ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.engines import Engine
from leadbell.metrics.engines.duck import Duck
from leadbell.metrics.engines.postgres import Postgres
from leadbell.metrics.reports.studies import STUDIES, tabulate
from leadbell.metrics.reports.verdict import cohorts, funnel, process_verdict
from leadbell.metrics.rows.exchange import Rows, ms, rows_of
from leadbell.metrics.rows.parquet import add, create
from leadbell.metrics.tables import TABLES
from tests.metrics import plain
from tests.metrics.journals import EDGES, leads_made

AS_OF = ms(EDGES[-1])


def filled(chance: Random, rows: Rows) -> Rows:
    """With what no journal of ours records yet: reviews, duplicates, costs."""
    for table, name, values in (
        (rows.touches, "opportunity", (None, True, False)), (rows.touches, "agreed", (None, "appointment", "quote")),
        (rows.leads, "set_aside", (None, None, None, "duplicate", "merged", "quarantined", "test")),
        (rows.leads, "cost_cents", (None, 1250, 4000)), (rows.leads, "campaign", (None, "spring", "O'Neill %s {}")),
        (rows.leads, "in_hours", (True, False, None)), (rows.leads, "forwarded", (True, False, None)),
    ):  # fmt: skip
        place = TABLES["touches" if table is rows.touches else "leads"].names.index(name)
        for i, row in enumerate(table):
            table[i] = (*row[:place], chance.choice(values), *row[place + 1 :])
    return rows


def in_duck(rows: Rows) -> Duck:
    found = duckdb.connect()
    found.execute("set threads = 2")
    create(found)
    add(found, rows)
    return Duck(found)


def in_postgres(rows: Rows) -> Postgres:
    """Temporary tables, within the test's transaction."""
    cursor = connection.cursor()
    for table in TABLES.values():
        columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
        cursor.execute(f"drop table if exists pg_temp.{table.name}")
        cursor.execute(f"create temp table {table.name} ({columns})")
        said = json.dumps([dict(zip(table.names, row, strict=True)) for row in getattr(rows, table.name)])
        cursor.execute(
            f"insert into {table.name} select * from json_to_recordset(%s) as r({columns})", [said]
        )
    return Postgres(cursor, None)


def rows_from(engine: Engine) -> list[dict[str, Any]]:
    names = question.columns()
    found = [dict(zip(names, row, strict=True)) for row in engine.rows(question.facts())]
    return [
        {name: _whole(value) for name, value in row.items()}
        for row in sorted(found, key=lambda row: row["lead"])
    ]


def _whole(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool) else int(value)


def everything(engine: Engine) -> list[Any]:
    """All figures for all, and per dealer and month; all studies; the verdict."""
    whole = ask(engine, METRICS.values(), AS_OF)
    parts = ask(engine, METRICS.values(), AS_OF, by=("campaign", "origin", "received_month"))
    spring = question.Which(since=20260301, until=20260601, only={"campaign": ["O'Neill %s {}", None]})
    return [
        whole.given, parts.given, whole.unsupported, ask(engine, METRICS.values(), AS_OF, which=spring).given,
        [tabulate(engine, study, AS_OF) for study in STUDIES.values()],
        funnel(engine, AS_OF), process_verdict(engine, AS_OF), cohorts(engine, AS_OF),
    ]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False), n=st.integers(0, 12))
def test_duckdb_and_postgres_say_what_plain_python_says(db: None, chance: Random, n: int) -> None:
    rows = filled(chance, rows_of(leads_made(chance, n)))
    expected = plain.rows_by_lead(rows)
    assert rows_from(in_duck(rows)) == expected
    assert rows_from(in_postgres(rows)) == expected


@pytest.fixture(scope="module")
def year() -> Rows:
    """A year of 200 dealers in four time zones."""
    chance = Random(2026)
    return filled(chance, rows_of(leads_made(chance, 4_000)))


@pytest.mark.slow
def test_a_year_of_200_dealers_has_every_awkward_case(year: Rows) -> None:
    rows = plain.rows_by_lead(year)
    for odd in ("odd_response", "odd_connect", "odd_talk", "odd_sale"):
        assert any(row[odd] for row in rows), odd
    assert {row["set_aside"] for row in rows} >= {"duplicate", "merged", "quarantined"}
    assert any(row["no_shows"] for row in rows)
    assert any(row["sold_ms"] and row["booked_ms"] is None for row in rows)
    assert any(row["dropped"] for row in rows)
    assert any(
        row["lost_7_ms"] and row["last_seen_ms"] and row["last_seen_ms"] > row["lost_7_ms"] for row in rows
    )
    assert len({row["dealer"] for row in rows}) == 200


@pytest.mark.slow
def test_duckdb_says_of_the_year_what_plain_python_says(year: Rows) -> None:
    assert rows_from(in_duck(year)) == plain.rows_by_lead(year)


@pytest.mark.slow
def test_postgres_says_of_the_year_what_duckdb_says(db: None, year: Rows) -> None:
    duck, postgres = in_duck(year), in_postgres(year)
    assert rows_from(postgres) == rows_from(duck)
    assert everything(postgres) == everything(duck)


@pytest.mark.slow
def test_kept_rows_say_the_same(year: Rows) -> None:
    duck = in_duck(year)
    asked = everything(duck)
    assert everything(duck.keep()) == asked


@pytest.mark.slow
def test_asked_alone_or_together_a_figure_is_the_same(year: Rows) -> None:
    """Alone its base is left out early, together it can't be."""
    duck = in_duck(year).keep()
    together = ask(duck, METRICS.values(), AS_OF)
    for answer in together.given:
        assert ask(duck, [answer.metric], AS_OF).given == (answer,)
    by_origin = ask(duck, METRICS.values(), AS_OF, by=("origin",))
    for metric in METRICS.values():
        alone = ask(duck, [metric], AS_OF, by=("origin",)).given
        assert alone == tuple(one for one in by_origin.given if one.metric is metric)
        if metric.shape != "measure":
            whole = together.of(metric.name)
            assert sum(one.numerator for one in alone) == whole.numerator
            assert sum(one.denominator for one in alone) == whole.denominator
