"""How many leads a second one clockwork gives to an importer's dealers, with a million given before; and to whom."""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import fill, rows
from benchmarks.figures import Figure, said
from benchmarks.house import ROOT, VAR, ask
from benchmarks.leads import adf
from leadbell import postgres

LEAST = 300
#: Leads already in the tables: those of the figure, and those it is compared with.
SMALL, LARGE, LARGE_QUICK = 10_000, 1_000_000, 100_000
#: Leads of one backlog: as many as find somebody free, so that every one rings.
LEADS = 800
#: How much more it may cost with all of them.
MOST = 1.3
FIRST_NEW = 40_000_000


class Network:
    """A database in which an importer has given so many leads, with a clockwork that reads when it is told to."""

    def __init__(self, leads: int, folder: Path, database: "psycopg.Connection[Any]") -> None:
        self.leads, self.database, self.next = leads, database, FIRST_NEW
        #: Of the last backlog, a lead's share in the clockwork and in PostgreSQL, however busy others are.
        self.cpu_ms = (0.0, 0.0)
        known = json.loads((folder / "importer.json").read_text())
        self.importer, self.shares = known["importer"], {int(k): v for k, v in known["shares"].items()}
        self.dealers = fill.told(folder)["dealers"]
        self.worker = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", str(folder)], cwd=ROOT, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def rate(self, *, by_the_importer: bool) -> float:
        """Leads a second, from unread at the importer (or at the dealer itself) to ringing at the dealer."""
        numbers = range(self.next, self.next + LEADS)
        self.next += LEADS
        now = datetime.now(UTC)
        whose = [self.importer] if by_the_importer else self.dealers
        rows.keep(
            self.database,
            [rows.envelope(whose[n % len(whose)], adf(n), now, "accepted") for n in numbers],
        )
        self.database.execute("update leadbell_person set seen_at = now()")
        assert self.worker.stdin
        assert self.worker.stdout
        self.worker.stdin.write("read\n")
        self.worker.stdin.flush()
        done = json.loads(self.worker.stdout.readline())
        self.cpu_ms = (1000 * float(done["cpu"]) / LEADS, 1000 * float(done["database_cpu"]) / LEADS)
        if done["read"] != LEADS:
            raise RuntimeError(f"{LEADS} arrived, {done['read']} were read")
        self._take_all()
        return LEADS / float(done["seconds"])

    def _take_all(self) -> None:
        """As when every dealer accepts at once: the next backlog finds quiet desks and no open offer."""
        rows.quieten(self.database)
        self.database.execute(
            "update leadbell_offer set outcome = 'taken', outcome_at = now() where outcome = ''"
        )
        self.database.execute(
            "update leadbell_passing set state = 'taken', inquiry = null where state = 'offered'"
        )

    def forget(self) -> None:
        """Back to what was given before: what measuring added goes."""
        database = self.database
        database.execute(
            "delete from leadbell_offer where passing_id in (select id from leadbell_passing where source_name = "
            "'importer.example' and received_at > (select received_at from leadbell_lead where id = %s))",
            [self.leads],
        )
        database.execute(
            "delete from leadbell_passing where received_at > (select received_at from leadbell_lead where id = %s)",
            [self.leads],
        )
        database.execute(
            "update leadbell_agreement a set given = "
            "(select count(*) from leadbell_offer o where o.dealer_id = a.dealer_id)"
        )

    def furthest_from_its_share(self) -> tuple[float, int]:
        """By how many leads the dealer furthest off has more or fewer than its share of all; and how many all are."""
        found = dict(
            self.database.execute(
                "select dealer_id, count(*) from leadbell_offer where importer_id = %s group by 1",
                [self.importer["id"]],
            ).fetchall()
        )
        told = dict(self.database.execute("select dealer_id, given from leadbell_agreement").fetchall())
        if told != found:
            raise RuntimeError("the books of the shares don't say what was given")
        all_of_them, shares = sum(found.values()), sum(self.shares.values())
        off = (abs(found[dealer] - all_of_them * share / shares) for dealer, share in self.shares.items())
        return max(off), all_of_them


def measure(quick: bool) -> Iterator[Figure]:
    """By turns with few and with many leads in the tables; and as many that go to the dealers without an importer."""
    turns, large = (2, LARGE_QUICK) if quick else (40, LARGE)
    with _network(SMALL) as small, _network(large) as grown:
        few, many, direct, costs = [], [], [], []
        for turn in range(-1, turns):
            took = grown.rate(by_the_importer=True), small.rate(by_the_importer=True)
            cost = grown.cpu_ms
            alone = grown.rate(by_the_importer=False)
            if turn >= 0:
                many.append(took[0])
                few.append(took[1])
                costs.append(cost)
                direct.append(alone)
        off, given = grown.furthest_from_its_share()
    rate = statistics.median(many)
    ours, its = (statistics.median(each) for each in zip(*costs, strict=True))
    beside = (
        f"CPU a lead {said(ours, 'ms')} clockwork, {said(its, 'ms')} PostgreSQL; {LEADS * turns:,} leads "
        f"measured, {given:,} given in all; without an importer in between "
        f"{said(statistics.median(direct), '/s')} (ratio {rate / statistics.median(direct):.2f})"
    )
    yield Figure("distribution", "leads/s from an importer to a dealer's ring, one clockwork", rate, "/s", LEAST,
        True, beside)  # fmt: skip
    cost = statistics.median(b / a for a, b in zip(many, few, strict=True))
    yield Figure("distribution", f"… cost with {large:,} given before ÷ with {SMALL:,}", cost, "", MOST, False,
        f"{turns} turns of {LEADS}")  # fmt: skip
    yield Figure("distribution", "… furthest from its share of all, of 200 dealers", off, "leads", 1.0, False,
        f"of {given:,} leads; shares of 1 to 4")  # fmt: skip


@contextmanager
def _network(leads: int) -> Iterator[Network]:
    folder = VAR / f"importer-{leads}"
    fill.make(folder, leads)
    if not (folder / "importer.json").exists():
        (folder / "importer.json").write_text(json.dumps(ask("benchmarks.importers", folder)))
    with postgres.database(folder) as urls, psycopg.connect(urls.owner, autocommit=True) as database:
        network = Network(leads, folder, database)
        try:
            yield network
        finally:
            network.worker.kill()
            network.worker.wait()
            network.forget()
            fill.remove_the_new(database, folder)
