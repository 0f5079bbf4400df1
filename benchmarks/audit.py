"""How long an audit takes, and how much memory: a million leads with ten million contacts, and a CSV of two gigabytes."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.figures import Figure
from benchmarks.house import VAR

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
    case when i % 4 <> 0 and i % 3 = 0 then 30 + i % 300 end as "Call duration (sec)"{more}
from range({touches}) t(i)) to '{path}' (delimiter ';', header)
"""
#: A free text as people write it, with the signs that part cells; with it a contact takes about 220 bytes.
_NOTE = """,
    'spoke to Mr Okafor; he said "call me on day ' || i % 31 || '" and asked for the blue one, Kona or EV3; ' ||
    'trade-in, 4 winter tyres, wants a drive on Saturday, note number ' || i as "Notes"
"""
MOST_MB = 4096


@dataclass(frozen=True, slots=True)
class Ran:
    """One `leadbell audit --json`: `rows` read, its own largest resident memory."""

    seconds: float
    peak_mb: float
    rows: int


def measure(quick: bool) -> Iterator[Figure]:
    """Seconds from the command to its JSON, and the largest resident memory of its process."""
    leads = 100_000 if quick else 1_000_000
    with _folder() as folder:
        exports = _exports(folder, leads)
        ran, size = _audited(exports, folder), _megabytes(exports)
    about = f"{leads:,} leads, {10 * leads:,} contacts from CSV"
    beside = f"{size:,.0f} MB of CSV, {ran.rows:,} rows read"
    yield Figure("audit", f"{about}: time", ran.seconds, "s", 30 * leads / 1_000_000, False, beside)
    yield Figure("audit", f"{about}: memory", ran.peak_mb, "MB", MOST_MB, False, beside)


def measure_large(quick: bool) -> Iterator[Figure]:
    """A CSV of more than two gigabytes, most of it text that no figure needs: it mustn't exhaust the memory."""
    leads = 100_000 if quick else 1_000_000
    with _folder() as folder:
        exports = _exports(folder, leads, _NOTE)
        ran, size = _audited(exports, folder), _megabytes(exports)
    beside = f"{ran.seconds:,.0f} s, {ran.rows:,} rows read"
    yield Figure("large", f"{size:,.0f} MB of CSV: memory", ran.peak_mb, "MB", MOST_MB, False, beside)


@contextmanager
def _folder() -> Iterator[Path]:
    """On the disk beside the benchmarks' other files: /tmp may be memory."""
    VAR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=VAR) as made:
        yield Path(made)


def _exports(folder: Path, leads: int, more: str = "") -> tuple[Path, Path]:
    exports = folder / "leads.csv", folder / "touches.csv"
    maker = duckdb.connect()
    maker.execute("set enable_progress_bar = false")
    maker.execute("set preserve_insertion_order = false")
    maker.execute(_LEADS.format(leads=leads, path=exports[0]))
    maker.execute(_TOUCHES.format(leads=leads, touches=10 * leads, path=exports[1], more=more))
    return exports


def _audited(exports: Sequence[Path], folder: Path) -> Ran:
    out = folder / "told.json"
    leads, touches = exports
    command = [sys.executable, "-m", "leadbell", "audit", str(leads), "--touches", str(touches), "--json"]
    began = time.monotonic()
    with out.open("wb") as told:
        process = subprocess.Popen(command, stdout=told, stderr=subprocess.PIPE)
        # Its own usage: that of all children would be the largest of any benchmark before.
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or process.stderr is None:
        raise RuntimeError(process.stderr.read().decode() if process.stderr else "no audit")
    process.stderr.close()
    return Ran(seconds, usage.ru_maxrss / 1024, json.loads(out.read_text("utf-8"))["rows"]["read"])


def _megabytes(exports: Sequence[Path]) -> float:
    return sum(path.stat().st_size for path in exports) / 1e6
