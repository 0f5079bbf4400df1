"""An audit on a Spark cluster of two workers says what it says on DuckDB, to the last digit."""

import shutil
from pathlib import Path
from random import Random

import pytest

from leadbell.metrics.rows.exchange import rows_of
from tests.audit.example import exported, visits_of
from tests.audit.test_spark import told
from tests.metrics.journals import leads_made

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(
        shutil.which("java") is None, reason="Spark needs Java 17: `apt install openjdk-17-jre-headless`"
    ),
]
#: Of 200 dealers in four time zones, with what goes wrong in journals.
LEADS = 1_500


def test_a_year_of_200_dealers_on_a_cluster_is_that_year_on_duckdb(tmp_path: Path) -> None:
    from tests.metrics.spark_cluster import cluster

    rows = rows_of(leads_made(Random(2028), LEADS))
    for name, text in zip(("crm-export.csv", "crm-activities.csv"), exported(rows), strict=True):
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "visits.csv").write_text(visits_of(rows), "utf-8")
    asked = ("--visits", "visits.csv", "--zone", "Europe/Amsterdam")
    expected = told(tmp_path, *asked, "--engine", "duckdb")
    assert expected["rows"]["read"] > 2 * LEADS
    assert len(expected["metrics"]) > 35
    (tmp_path / "spark").mkdir()
    with cluster(tmp_path / "spark") as master:
        submitted = (
            f"--master {master} --driver-memory 900m --executor-memory 600m --conf spark.driver.host=127.0.0.1 "
            f"--conf spark.driver.bindAddress=127.0.0.1 --conf spark.sql.shuffle.partitions=4 "
            f"--conf spark.sql.warehouse.dir={tmp_path / 'warehouse'} pyspark-shell"
        )
        assert told(tmp_path, *asked, "--engine", "spark", env={"PYSPARK_SUBMIT_ARGS": submitted}) == expected
