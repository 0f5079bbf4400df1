"""Memory doesn't grow with what can't be read: it goes from the disk to the file beside the export."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

_ROWS = 400_000
_TOLD = """
import json, resource
from pathlib import Path
from leadbell.audit.study import Asked, study
found = study(Asked([Path("leads.csv")], Path("touches.csv")))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([found.read, found.rejected, peak / 1024]))
"""


def told(folder: Path) -> tuple[int, int, float]:
    ran = subprocess.run(
        [sys.executable, "-c", _TOLD], cwd=folder, capture_output=True, text=True, check=True
    )
    read, refused, peak = json.loads(ran.stdout)
    return read, refused, peak


@pytest.mark.slow
def test_a_file_of_which_nothing_belongs_to_a_lead_takes_no_more_memory_than_one_of_which_all_does(
    tmp_path: Path,
) -> None:
    (tmp_path / "leads.csv").write_text("Lead ID,Created,Source\nL0,2026-01-05 10:00,Website\n")
    peaks = []
    for belongs in ("'L0'", "'L' || i"):
        with duckdb.connect() as db:
            db.execute(
                f'copy (select {belongs} as "Lead ID", \'2026-01-05 10:01:00\' as "Start time", \'Call\' as "Type", '
                f"'Out' as \"Direction\", 'a note of some length ' as \"Result\" from range({_ROWS}) t(i)) "
                f"to '{tmp_path / 'touches.csv'}' (header)"
            )
        read, refused, peak = told(tmp_path)
        assert read + refused == _ROWS + 1
        peaks.append(peak)
    assert refused == _ROWS - 1
    assert (tmp_path / "touches.csv.rejected.csv").read_bytes().count(b"\n") == _ROWS
    assert peaks[1] < peaks[0] + 200
