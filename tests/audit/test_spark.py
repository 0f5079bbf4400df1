"""An audit on Spark says what it says on DuckDB, to the last digit."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.audit.example import EXAMPLES

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(
        shutil.which("java") is None, reason="Spark needs Java 17: `apt install openjdk-17-jre-headless`"
    ),
]


def told(folder: Path, *more: str, env: Mapping[str, str] | None = None) -> Any:
    """What `leadbell audit --json` prints of the export in this folder."""
    files = ("crm-export.csv", "--touches", "crm-activities.csv")
    command = [sys.executable, "-m", "leadbell", "audit", *files, "--json", *more]
    around = {**os.environ, **(env or {})}
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=around)
    assert ran.returncode == 0, ran.stderr[-4000:]
    return json.loads(ran.stdout)


def test_the_example_on_spark_is_the_example_on_duckdb(tmp_path: Path) -> None:
    for name in ("crm-export.csv", "crm-activities.csv"):
        shutil.copy(EXAMPLES / name, tmp_path / name)
    assert told(tmp_path, "--engine", "spark") == told(tmp_path, "--engine", "duckdb")
