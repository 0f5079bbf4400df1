"""How many beacons a second are committed, next to the same server that only says 204."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.beaconing import ORIGIN
from benchmarks.figures import Figure, said
from benchmarks.house import House, ask, house

LEAST_OF_STILL = 0.7
CONNECTIONS = 64


def measure(quick: bool) -> Iterator[Figure]:
    with house("beacons", "web", "still", dealers=1, people=2) as (built, told), built.reading() as database:
        site = _site(database, told["dealers"][0]["id"])
        yield from _committed(built, database, site, quick)


def _committed(built: House, database: "psycopg.Connection[Any]", site: str, quick: bool) -> Iterator[Figure]:
    """Turns of a few seconds, the still server's between ours; the rates are medians, the ratio is paired."""
    turns, seconds = (3, 3.0) if quick else (6, 6.0)
    ports = {"beacons": built.port, "still": _port(built.folder / "still.port")}
    rates: dict[str, list[float]] = {name: [] for name in ports}
    sent = _kept(database)
    for turn in range(turns):
        for name in ("beacons", "still") if turn % 2 else ("still", "beacons"):
            done = ask("benchmarks.beaconing", ports[name], site, CONNECTIONS, seconds, 0)
            rates[name].append(done["answered"] / done["seconds"])
            if name == "beacons":
                sent += int(done["sent"])
                _all_kept(database, sent)
    ratio = statistics.median(ours / still for ours, still in zip(*rates.values(), strict=True))
    ours, still = (statistics.median(rates[name]) for name in ports)
    beside = f"committed {said(ours, '/s')}, static 204 {said(still, '/s')}; {turns} turns each"
    about = "committed beacons, as part of the same server's static 204"
    yield Figure("beacons", about, ratio, "", LEAST_OF_STILL, True, beside)


def _site(database: "psycopg.Connection[Any]", dealer: int) -> str:
    """A website of the dealer's; the door knows it within two seconds."""
    key = "0123456789abcdef0123"
    database.execute(
        "insert into leadbell_site (dealer_id, name, key, origins, patterns, keep_days, consent, created_at) "
        "values (%s, 'Website', %s, %s, %s, 60, 'ask', now())",
        [dealer, key, [ORIGIN], ["/cars/{make}/{model}/{stock}"]],
    )
    time.sleep(2.5)
    return key


def _kept(database: "psycopg.Connection[Any]") -> int:
    row = database.execute("select count(*) from leadbell_beacon").fetchone()
    return int(row[0]) if row else 0


def _all_kept(database: "psycopg.Connection[Any]", sent: int) -> None:
    """What was answered is committed within a moment. Raises RuntimeError where something is missing."""
    give_up_at = time.monotonic() + 10
    while (kept := _kept(database)) != sent:
        if time.monotonic() > give_up_at:
            counts = database.execute("select what, beacons from leadbell_sitecount").fetchall()
            raise RuntimeError(f"{sent} beacons were answered, {kept} are kept: {counts}")
        time.sleep(0.1)


def _port(path: Path) -> int:
    while not path.exists() or not path.read_text():
        time.sleep(0.05)
    return int(path.read_text())
