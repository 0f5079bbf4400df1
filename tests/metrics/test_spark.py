"""Spark, alone and as a cluster, says what DuckDB says. Needs Java 17; without it this says so and is left out."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from leadbell.metrics.engines.duck import open_duck
from leadbell.metrics.engines.spark import Spark
from leadbell.metrics.rows.exchange import Rows, rows_of
from leadbell.metrics.rows.parquet import write
from tests.metrics.journals import leads_made
from tests.metrics.spark_cluster import cluster
from tests.metrics.test_engines import everything, filled, in_duck, rows_from

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(
        shutil.which("java") is None, reason="Spark needs Java 17: `apt install openjdk-17-jre-headless`"
    ),
]


@pytest.fixture(scope="module")
def year() -> Rows:
    chance = Random(2027)
    return filled(chance, rows_of(leads_made(chance, 2_000)))


@pytest.fixture(scope="module")
def files(year: Rows, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {path.stem: path for path in write(in_duck(year).connection, tmp_path_factory.mktemp("exchange"))}


@pytest.fixture(scope="module", params=["alone", "cluster"])
def spark(
    request: pytest.FixtureRequest, files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Spark]:
    folder = tmp_path_factory.mktemp("spark")
    if request.param == "alone":
        yield from _session("local[2]", files, folder)
        return
    with cluster(folder) as master:
        yield from _session(master, files, folder)


def _session(master: str, files: dict[str, Path], folder: Path) -> Iterator[Spark]:
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master(master)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "900m")
        .config("spark.executor.memory", "600m")
        .config("spark.pyspark.python", sys.executable)
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .getOrCreate()
    )
    try:
        yield Spark(session, files)
    finally:
        session.stop()


def test_spark_makes_the_rows_that_duckdb_makes(spark: Spark, files: dict[str, Path]) -> None:
    duck = open_duck(files, threads=2)
    assert duck.lacks == spark.lacks == frozenset()
    assert rows_from(spark) == rows_from(duck)


def test_spark_says_the_figures_that_duckdb_says(spark: Spark, files: dict[str, Path]) -> None:
    assert everything(spark.keep()) == everything(open_duck(files, threads=2).keep())


def test_what_a_file_lacks_cant_be_said(spark: Spark, files: dict[str, Path], tmp_path: Path) -> None:
    duck = open_duck(files, threads=2)
    fewer = tmp_path / "leads.parquet"
    duck.connection.execute(f"copy (select * exclude (sold_ms) from leads) to '{fewer}'")
    assert Spark(spark.session, {"leads": fewer}).lacks == open_duck({"leads": fewer}).lacks
