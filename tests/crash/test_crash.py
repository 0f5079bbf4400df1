"""Nothing is lost and nothing happens twice, whatever is killed and whenever."""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.crash import promises
from tests.crash.house import House
from tests.crash.notebook import Notebook
from tests.crash.senders import Plan, Sender
from tests.crash.staff import Salesperson
from tests.waiting import eventually

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose child a process is"),
]

#: LEADBELL_CRASH_SEED=… plays another run.
SEED = int(os.environ.get("LEADBELL_CRASH_SEED", "4711"))
VICTIMS = ("web",) * 9 + ("clockwork",) * 9 + ("smtp",) * 5 + ("postgres",) * 5 + ("backend",) * 6
#: Deaths come one to three at a time, so that some hit what has hardly started again.
MOST_AT_ONCE, BETWEEN_TWO_S = 3, (0.0, 1.2)
#: Between two bursts everything works again for a moment; on a busy machine it isn't waited for longer than this.
AT_WORK_S, WELL_WITHIN_S, ALL_WITHIN_S = (0.3, 2.0), 20, 120


class Killer:
    """Kills what the seed says, and writes it down."""

    def __init__(self, house: House, notebook: Notebook, chance: random.Random) -> None:
        self.house, self.notebook, self.chance = house, notebook, chance
        self.killed: Counter[str] = Counter()

    def run(self) -> None:
        order = list(VICTIMS)
        self.chance.shuffle(order)
        for third in (2, 1):
            order.insert(len(VICTIMS) * third // 3, "supervisor")
        give_up_at = time.monotonic() + ALL_WITHIN_S
        while order:
            eventually(lambda: self.house.is_well, min(WELL_WITHIN_S, give_up_at - time.monotonic()))
            time.sleep(self.chance.uniform(*AT_WORK_S))
            for _ in range(self.chance.randint(1, MOST_AT_ONCE)):
                if order:
                    self._kill(order.pop(0))
                    time.sleep(self.chance.uniform(*BETWEEN_TWO_S))

    def _kill(self, kind: str) -> None:
        """Wait until there is one to kill: a dead one can't be killed twice."""
        found: list[int] = []

        def hit() -> bool:
            pid = self.house.victim(kind, self.chance)
            if pid is None:
                return False
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return False
            found.append(pid)
            return True

        assert eventually(hit, 60), f"there was no {kind} to kill\n{self.house.said()}"
        self.killed[kind] += 1
        self.notebook.event(f"killed {kind} ({found[0]})")
        if kind == "supervisor":
            self._start_again()

    def _start_again(self) -> None:
        assert self.house.process
        self.house.process.wait()
        assert eventually(lambda: not self.house.family(), 30), self._left()
        self.house.start()
        self.notebook.event("up again")

    def _left(self) -> str:
        events, log = self.notebook.events[-12:], self.house.folder / "log" / "postgres.log"
        return "\n".join([f"left behind: {self.house.remains()}", *events, log.read_text()[-3000:]])


def test_nothing_is_lost_and_nothing_happens_twice(
    house: House, told: dict[str, Any], notebook: Notebook
) -> None:
    chance = random.Random(SEED)
    plan = Plan(random.Random(chance.random()), told["keys"])
    senders = [
        Sender(by, house, plan, notebook, random.Random(chance.random()), pause_s)
        for by, pause_s in [("http", 0.7)] * 4 + [("smtp", 1.0)] * 2
    ]
    staff = [Salesperson(house, p, notebook, random.Random(chance.random())) for p in told["people"]]
    killer = Killer(house, notebook, chance)
    try:
        for thread in (*staff, *senders):
            thread.start()
        killer.run()
        _come_to_rest(house, senders, staff, notebook)
        complaints = _examine(house, plan, notebook)
    finally:
        for sender in senders:
            sender.giving_up.set()
            sender.stopping.set()
        for person in staff:
            person.stop()
    complaints += _stop(house)
    notebook.event("stopped")
    complaints += promises.nobody_is_in_the_logs(house.folder, house.out)
    _tell(notebook, killer)
    assert not complaints, _how_to_see_it_again(house, notebook, complaints)


def _come_to_rest(house: House, senders: list[Sender], staff: list[Salesperson], notebook: Notebook) -> None:
    """Everything is sent and answered, some leads end, the clockwork has nothing left to do now."""
    notebook.event("the load ends")
    for sender in senders:
        sender.stopping.set()
    for sender in senders:
        sender.join(60)
        assert not sender.is_alive(), "a sender was never answered"
    with house.reading() as database:  # who asks again after the end of their lead has another one, rightly
        assert eventually(lambda: not promises.unread(database), 90), promises.unread(database)
    for lead, _person in notebook.won[::5]:
        assert staff[0].close(lead, sold=lead % 2 == 0)
    for person in staff:
        person.stop()
    for person in staff:  # what they are told from here on would be missing in what is looked at below
        person.join(60)
        assert not person.is_alive(), "a salesperson was never answered"
    with house.reading() as database:
        assert eventually(lambda: promises.is_at_rest(database), 90), promises.unrest(database)
    notebook.event("at rest")


def _examine(house: House, plan: Plan, notebook: Notebook) -> list[str]:
    with house.reading() as database, database.transaction():
        # All at one moment: the clockwork goes on ringing meanwhile.
        database.execute("set transaction isolation level repeatable read, read only")
        complaints = [
            *notebook.odd,
            *promises.of_envelopes(database, notebook),
            *promises.of_customers(database, range(1, plan.customers + 1)),
            *promises.of_strangers(database, plan.customers),
            *promises.of_leads(database, notebook),
        ]
    books = json.loads(house.run("leadbell", "ledger", "--data", str(house.folder), "--json").stdout)
    if not books["balanced"]:
        complaints.append(f"the books don't balance: {books}")
    return complaints


def _stop(house: House) -> list[str]:
    """Ctrl-C: exit 0, and nobody is left."""
    code = house.stop(signal.SIGINT)
    left = house.remains()
    return [f"SIGINT: exit {code}"] * (code != 0) + [f"left behind: {left}"] * bool(left)


def _tell(notebook: Notebook, killer: Killer) -> None:
    print(f"\nseed {SEED}: {dict(killer.killed)}")
    print("\n".join(notebook.events))
    print("\n".join(f"  {what}: {count}" for what, count in sorted(notebook.counts.items())))
    # A run in which hardly anything happened proves nothing.
    assert killer.killed.total() >= 32
    assert killer.killed["supervisor"] == 2
    assert notebook.counts["http: kept"] >= 300
    assert notebook.counts["smtp: kept"] >= 60
    assert len(notebook.won) >= 50


def _how_to_see_it_again(house: House, notebook: Notebook, complaints: list[str]) -> str:
    parts = [
        f"{len(complaints)} promises broken:", *complaints[:40],
        f"\nLEADBELL_CRASH_SEED={SEED} pytest {Path(__file__).name}; the folder is {house.folder}", *notebook.events,
        "\nthe terminal said:", house.said()[-6000:],
    ]  # fmt: skip
    return "\n".join(parts)
