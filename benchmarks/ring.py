"""How long after the answer to the sender a desk rings, with many desks open."""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg

from benchmarks.desks import open_desks
from benchmarks.figures import Figure
from benchmarks.house import ROOT, House, house

MOST_MS = 250
DEALERS, PEOPLE, RATE, SECONDS = 50, 10, 30, 60
#: The first leads find empty caches; they are not counted.
WARM_S = 5


def measure(quick: bool) -> Iterator[Figure]:
    """From the arrival of the 202 at the sender to the arrival of the ring at the desk."""
    dealers, seconds = (10, 15) if quick else (DEALERS, SECONDS)
    with house("ring", "web", "clockwork", "smtp", dealers=dealers, people=PEOPLE) as (built, told):
        sessions = [session for dealer in told["dealers"] for session in dealer["sessions"]]
        keys = [dealer["key"] for dealer in told["dealers"]]
        with (
            _notices(built) as notices,
            open_desks(built.port, sessions, keys, RATE, seconds + WARM_S, "ring") as desks,
        ):
            seen = _ended(desks)
            baseline = json.loads(_said(notices))
        with built.reading() as database:
            waited = _waited(database, seen)
    leads = len(seen["answered"])
    cuts = statistics.quantiles(waited, n=1000)
    p50, p99 = cuts[499] * 1000, cuts[989] * 1000
    beside = (
        f"p50 {p50:.0f} ms, worst {max(waited) * 1000:.0f} ms, {len(waited)} leads, {seen['accepted']} accepted; "
        f"a bare NOTIFY p99 {baseline['p99_ms']:.1f} ms"
    )
    about = f"answer → ring at {RATE}/s with {len(sessions)} desks open, p99"
    yield Figure("ring", about, p99, "ms", MOST_MS, False, beside)
    yield Figure(
        "ring", "… leads that rang", 100 * len(seen["rang"]) / leads, "%", 100, True, f"{leads} leads"
    )


def _waited(database: "psycopg.Connection[Any]", seen: dict[str, Any]) -> list[float]:
    """Seconds from answer to ring of the leads after the warm-up."""
    opened = dict(
        database.execute("select lead_id, envelope_id::text from leadbell_inquiry where outcome = 'opened'")
    )
    answered = seen["answered"]
    since = min(answered.values()) + WARM_S
    pairs = ((answered[opened[int(lead)]], rang) for lead, rang in seen["rang"].items())
    return [rang - asked for asked, rang in pairs if asked >= since]


def _ended(process: "subprocess.Popen[str]") -> dict[str, Any]:
    return dict(json.loads(_said(process)))


def _said(process: "subprocess.Popen[str]") -> str:
    """What it says when it is asked to end."""
    said, _ = process.communicate("end\n")
    if process.returncode:
        raise RuntimeError(f"a client failed: {process.args!r}")
    return said


def _notices(built: House) -> "subprocess.Popen[str]":
    """Beside it: how long a NOTIFY takes on this machine meanwhile, with nothing of ours in between."""
    command = [sys.executable, "-m", "benchmarks.notices", str(built.folder)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
