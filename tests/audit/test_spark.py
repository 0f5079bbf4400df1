"""An audit on Spark says what it says on DuckDB, to the last digit."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.example import EXAMPLES

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(
        shutil.which("java") is None, reason="Spark needs Java 17: `apt install openjdk-17-jre-headless`"
    ),
]


def test_the_example_on_spark_is_the_example_on_duckdb(tmp_path: Path) -> None:
    for name in ("crm-export.csv", "crm-activities.csv"):
        shutil.copy(EXAMPLES / name, tmp_path / name)
    asked = [
        sys.executable,
        "-m",
        "leadbell",
        "audit",
        "crm-export.csv",
        "--touches",
        "crm-activities.csv",
        "--json",
    ]
    told = [
        subprocess.run(
            [*asked, "--engine", engine], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        for engine in ("duckdb", "spark")
    ]
    assert json.loads(told[0]) == json.loads(told[1])
