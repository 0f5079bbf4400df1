"""Whether a lead costs the same in a large database as in a small one."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import fill, rows
from benchmarks.figures import Figure
from benchmarks.house import ROOT, VAR, chance
from benchmarks.leads import adf
from leadbell import postgres

MOST = 1.3
SMALL, LARGE, LARGE_QUICK = 10_000, 1_000_000, 100_000
LEADS = 160
#: Numbers of customers who never came before.
FIRST_NEW = 40_000_000


class Grown:
    """A database of so many leads, with a clockwork that reads when it is told to."""

    def __init__(self, leads: int, folder: Path, database: "psycopg.Connection[Any]") -> None:
        self.leads, self.folder, self.database = leads, folder, database
        self.told = fill.told(folder)
        command = [sys.executable, "-m", "benchmarks.worker", str(folder)]
        self.worker = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.chance = chance(f"flat {leads}")

    def milliseconds(self, bodies: list[tuple[dict[str, Any], bytes]]) -> float:
        """Per lead, from unread to ringing (or recognised as a duplicate)."""
        assert self.worker.stdin
        assert self.worker.stdout
        now = datetime.now(UTC)
        rows.keep(self.database, [rows.envelope(dealer, body, now, "accepted") for dealer, body in bodies])
        self.database.execute("update leadbell_person set seen_at = now()")
        self.worker.stdin.write("read\n")
        self.worker.stdin.flush()
        done = json.loads(self.worker.stdout.readline())
        if done["read"] != len(bodies):
            raise RuntimeError(f"{len(bodies)} arrived, {done['read']} were read")
        rows.quieten(self.database)
        return 1000 * float(done["seconds"]) / len(bodies)

    def newcomers(self, turn: int) -> list[tuple[dict[str, Any], bytes]]:
        dealers = self.told["dealers"]
        return [(dealers[n % len(dealers)], adf(FIRST_NEW + turn * LEADS + n)) for n in range(LEADS)]

    def returning(self) -> list[tuple[dict[str, Any], bytes]]:
        """Customers from anywhere in the past ask again."""
        dealers = self.told["dealers"]
        numbers = self.chance.sample(range(self.leads), LEADS)
        return [(dealers[n % len(dealers)], adf(n)) for n in numbers]


def measure(quick: bool) -> Iterator[Figure]:
    """The same leads go through both, by turns; each figure is the median of the turns' ratios."""
    turns, large = (3, LARGE_QUICK) if quick else (7, LARGE)
    kinds = ("a new lead, envelope to ring", "recognising a duplicate", "a known customer returns")
    cost: dict[tuple[str, int], list[float]] = {(kind, n): [] for kind in kinds for n in (SMALL, large)}
    with ExitStack() as stack:
        both = [stack.enter_context(_grown(leads)) for leads in (SMALL, large)]
        for turn in range(-1, turns):
            for grown in both if turn % 2 else reversed(both):
                fresh = grown.newcomers(turn + 1)
                for kind, bodies in zip(kinds, (fresh, fresh, grown.returning()), strict=True):
                    took = grown.milliseconds(bodies)
                    if turn >= 0:
                        cost[kind, grown.leads].append(took)
    for kind in kinds:
        few, many = cost[kind, SMALL], cost[kind, large]
        ratio = statistics.median(b / a for a, b in zip(few, many, strict=True))
        beside = (
            f"{statistics.median(many):.2f} ms with {large:,} leads, {statistics.median(few):.2f} ms with {SMALL:,}; "
            f"{turns} turns of {LEADS}"
        )
        yield Figure("flat", f"{kind}: cost at {large:,} ÷ at {SMALL:,}", ratio, "", MOST, False, beside)


@contextmanager
def _grown(leads: int) -> Iterator[Grown]:
    """The filled database, running; what is measured in it is removed again."""
    folder = VAR / f"filled-{leads}"
    fill.make(folder, leads)
    _read_once(folder / "postgres" / "data" / "base")
    with postgres.database(folder) as urls, psycopg.connect(urls.owner, autocommit=True) as database:
        fill.remove_the_new(database, folder)
        grown = Grown(leads, folder, database)
        try:
            yield grown
        finally:
            grown.worker.kill()
            grown.worker.wait()
            while _works(database):
                time.sleep(0.05)
            fill.remove_the_new(database, folder)


def _read_once(folder: Path) -> None:
    """Both databases are measured from memory: how quickly the machine's disk seeks is not the question."""
    for file in folder.rglob("*"):
        if file.is_file():
            with open(file, "rb", buffering=0) as read:
                while read.read(1 << 22):
                    pass


def _works(database: "psycopg.Connection[Any]") -> bool:
    row = database.execute(
        "select exists (select from pg_stat_activity where usename = 'leadbell_clockwork')"
    ).fetchone()
    return bool(row and row[0])
