"""How long an audit takes, and how much memory: a million leads with ten million contacts as CSV."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from benchmarks.figures import Figure

_LEADS = """
copy (select 'L' || i as "Lead ID", strftime(received, '%d-%m-%Y %H:%M:%S') as "Created",
    case i % 3 when 0 then 'Northside' when 1 then 'Southside' else 'Riverside' end as "Dealer", 'Rosa' as "Salesperson",
    case i % 4 when 0 then 'Website' when 1 then 'AutoScout24' when 2 then 'Phone' else 'Walk-in' end as "Lead source",
    case when i % 11 = 0 then 'Sold' when i % 2 = 0 then 'Lost' else 'Open' end as "Status",
    case when i % 11 = 0 or i % 2 = 0 then strftime(received + to_days(i % 40), '%d-%m-%Y %H:%M:%S') end as "Close date",
    case when i % 5 = 0 then strftime(received + to_hours(3), '%d-%m-%Y %H:%M:%S') end as "Appointment made"
from (select i, timestamp '2026-01-01' + to_seconds((i * 7919) % 17280000) as received from range({leads}) t(i)))
to '{path}' (delimiter ';', header)
"""
_TOUCHES = """
copy (select 'L' || (i % {leads}) as "Lead ID",
    strftime(timestamp '2026-01-01' + to_seconds(((i % {leads}) * 7919) % 17280000 + (i // {leads}) * 86400 + i % 1800),
        '%d-%m-%Y %H:%M:%S') as "Start time",
    case when i % 4 = 0 then 'E-mail' else 'Call' end as "Type", case when i % 16 = 0 then 'In' else 'Out' end as "Direction",
    case when i % 9 = 0 then 'System' else 'Rosa' end as "User",
    case when i % 4 = 0 then null when i % 3 = 0 then 'Connected' else 'No answer' end as "Result",
    case when i % 4 <> 0 and i % 3 = 0 then 30 + i % 300 end as "Call duration (sec)"
from range({touches}) t(i)) to '{path}' (delimiter ';', header)
"""


def measure(quick: bool) -> Iterator[Figure]:
    """Seconds from the command to its JSON, and the largest resident memory of its process."""
    leads = 100_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        exports = folder / "leads.csv", folder / "touches.csv"
        duckdb.execute(_LEADS.format(leads=leads, path=exports[0]))
        duckdb.execute(_TOUCHES.format(leads=leads, touches=10 * leads, path=exports[1]))
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        began = time.monotonic()
        ran = subprocess.run(
            [sys.executable, "-m", "leadbell", "audit", str(exports[0]), "--touches", str(exports[1]), "--json"],
            capture_output=True, check=True,
        )  # fmt: skip
        seconds = time.monotonic() - began
        # The largest of all children so far: an earlier, larger one would hide this one.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        size = sum(path.stat().st_size for path in exports) / 1e6
    read = json.loads(ran.stdout)["rows"]["read"]
    about = f"{leads:,} leads, {10 * leads:,} contacts from CSV"
    beside = f"{size:,.0f} MB of CSV, {read:,} rows read"
    yield Figure("audit", f"{about}: time", seconds, "s", 30 * leads / 1_000_000, False, beside)
    if peak > before:
        yield Figure("audit", f"{about}: memory", peak / 1024, "MB", 4096, False, beside)
