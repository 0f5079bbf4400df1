"""How many beacons a second are committed, what they cost in memory, how a day is dropped, how soon a desk hears."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import fill
from benchmarks.beaconing import ORIGIN
from benchmarks.figures import Figure, said
from benchmarks.house import ROOT, VAR, House, ask, house
from benchmarks.processes import megabytes
from benchmarks.returning import BROWSER_OF

LEAST_OF_STILL = 0.7
CONNECTIONS = 64
#: Growth of the web process's memory, which is no growth: caches fill up and are bounded.
MOST_MB = 25
MOST_DROP_MS = 1_000
MOST_ALERT_MS = 1_000
RATE = 5_000


def measure(quick: bool) -> Iterator[Figure]:
    """Everything; each part can be measured alone."""
    yield from committed(quick)
    yield from memory(quick)
    yield from alerts(quick)


def committed(quick: bool) -> Iterator[Figure]:
    """How many are committed, beside the server with nothing behind it, and how soon a day is gone."""
    with house("beacons", "web", "still", dealers=1, people=2) as (built, told), built.reading() as database:
        site = _site(database, told["dealers"][0]["id"])
        yield from _committed(built, database, site, quick)
        yield _dropped(database, told["dealers"][0]["id"], 200_000 if quick else 2_000_000)


def memory(quick: bool) -> Iterator[Figure]:
    """What the web process holds after ten million."""
    with house("beacons", "web", dealers=1, people=2) as (built, told), built.reading() as database:
        site = _site(database, told["dealers"][0]["id"])
        yield _memory(built, database, site, 300_000 if quick else 10_000_000, 5.0 if quick else 20.0)


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


def _memory(
    built: House, database: "psycopg.Connection[Any]", site: str, beacons: int, turn_s: float
) -> Figure:
    """From the end of the first tenth to the end; what was kept is emptied on the way, the disk isn't measured."""
    sent, first, last = 0, 0.0, 0.0
    while sent < beacons:
        sent += int(ask("benchmarks.beaconing", built.port, site, CONNECTIONS, turn_s, 0)["sent"])
        last = megabytes([built.processes["web"]])[1]
        if not first and sent >= beacons / 10:
            first = last
        database.execute("truncate leadbell_beacon")
    beside = f"web process {first:.0f} MB RSS after a tenth, {last:.0f} MB after {sent:,} beacons"
    return Figure("beacons", "… growth of the web process", last - first, "MB", MOST_MB, False, beside)


def _dropped(database: "psycopg.Connection[Any]", dealer: int, beacons: int) -> Figure:
    """A day that is over its time to keep, once dropped as the door does it and once deleted row by row."""
    took: dict[str, float] = {}
    for how in ("drop", "delete"):
        database.execute("select leadbell_keep_beacons_on((now() at time zone 'UTC')::date - 61)")
        database.execute(_AN_OLD_DAY, {"dealer": dealer, "beacons": beacons})
        began = time.perf_counter()
        if how == "delete":
            database.execute("delete from leadbell_beacon where at < now() - interval '60 days'")
        else:
            database.execute("select leadbell_keep_beacons()")
        took[how] = (time.perf_counter() - began) * 1000
    beside = f"deleting the same rows took {took['delete']:,.0f} ms"
    return Figure(
        "beacons", f"a day of {beacons:,} beacons dropped", took["drop"], "ms", MOST_DROP_MS, False, beside
    )


_AN_OLD_DAY = """
insert into leadbell_beacon (at, dealer_id, site_id, keep_days, visitor, kind, page, path, title, stock, make, model,
    price, ms)
select date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - interval '61 days' + n * interval '1 ms',
    %(dealer)s, s.id, 60, md5((n / 4)::text)::uuid, 'view', 'page', '/cars/hyundai/kona/N-41', 'Hyundai Kona', 'N-41',
    'Hyundai', 'Kona', 24950, 0
from leadbell_site s, generate_series(1, %(beacons)s) n where s.dealer_id = %(dealer)s
"""


def alerts(quick: bool) -> Iterator[Figure]:
    """Lost customers come back among everybody's page views; their salespeople's desks are open."""
    leads, rate, returns, per_s = (10_000, 1_000, 45, 3) if quick else (1_000_000, RATE, 300, 5)
    folder = VAR / f"watched-{leads}"
    fill.make(folder, leads)
    built = House(folder, ("web", "clockwork"))
    built.start()
    try:
        with built.reading() as database:
            coming = _watched(database, returns)
            dealers = {dealer for dealer, _site, _lead in coming}
            sessions = [
                one
                for dealer in fill.told(folder)["dealers"]
                if dealer["id"] in dealers
                for one in dealer["sessions"]
            ]
            noise = _crowd(built.port, coming[0][1], rate, returns / per_s + 15)
            try:
                heard = _heard(built.port, sessions, coming, per_s)
            finally:
                crowd = json.loads(noise.communicate()[0])
            _unwatch(database)
    finally:
        built.stop()
    waited = sorted(heard["waited"])
    p50, p99 = (statistics.quantiles(waited, n=100)[place] * 1000 for place in (49, 98))
    beside = (
        f"p50 {p50:.0f} ms, worst {waited[-1] * 1000:.0f} ms; {leads:,} leads watched, "
        f"{crowd['answered'] / crowd['seconds']:,.0f} other beacons/s, {len(sessions)} desks open"
    )
    yield Figure(
        "beacons",
        f"page view → alert at the desk at {rate:,}/s, p99",
        p99,
        "ms",
        MOST_ALERT_MS,
        False,
        beside,
    )
    share = 100 * len(waited) / heard["looked"]
    yield Figure(
        "beacons", "… returns whose salesperson heard", share, "%", 100, True, f"{heard['looked']} came back"
    )


_WATCH = f"""
insert into leadbell_site (dealer_id, name, key, origins, patterns, keep_days, consent, created_at)
select o.id, 'Website', lpad(o.id::text, 20, '0'), array[%(origin)s], '{{}}', 60, 'ask', now()
from leadbell_organisation o where o.kind = 'dealer';
insert into leadbell_unlostchoice (dealer_id, enabled, quiet_days, cap, sold_quiet_days)
select o.id, true, 7, 30000, 180 from leadbell_organisation o where o.kind = 'dealer';
insert into leadbell_visitor (dealer_id, site_id, uid, customer_id, first_seen_at, last_seen_at)
select l.dealer_id, s.id, {BROWSER_OF}, l.customer_id, l.received_at, l.received_at
from leadbell_lead l join leadbell_site s on s.dealer_id = l.dealer_id;
insert into leadbell_visitorjoin (dealer_id, visitor_id, customer_id, lead_id, how, evidence, at)
select v.dealer_id, v.id, v.customer_id, l.id, 'form', '{{}}', v.first_seen_at
from leadbell_visitor v join leadbell_lead l on l.customer_id = v.customer_id;
analyze leadbell_visitor; analyze leadbell_visitorjoin
"""
_COMING = """
select l.dealer_id, s.key, l.id from leadbell_lead l join leadbell_site s on s.dealer_id = l.dealer_id
where l.closed_at < now() - interval '10 days' and l.dealer_id in (
    select id from leadbell_organisation where kind = 'dealer' order by id limit 10)
order by l.id desc limit %s
"""
_GONE = (
    "leadbell_alert", "leadbell_knownvisit", "leadbell_visitorjoin", "leadbell_visitor", "leadbell_beacon",
    "leadbell_sitecount", "leadbell_sitepulse", "leadbell_unlostchoice", "leadbell_site",
)  # fmt: skip


def _watched(database: "psycopg.Connection[Any]", returns: int) -> list[tuple[int, str, int]]:
    """Every lead's customer has a browser that is known; who comes back, as (dealer, site, lead)."""
    _unwatch(database)
    for statement in _WATCH.split(";\n"):
        database.execute(statement, {"origin": ORIGIN} if "%(" in statement else None)
    time.sleep(2.5)
    return [(dealer, site, lead) for dealer, site, lead in database.execute(_COMING, [returns])]


def _unwatch(database: "psycopg.Connection[Any]") -> None:
    """What came back in an earlier run stays back: there are others."""
    database.execute(f"truncate {', '.join(_GONE)} cascade")


def _crowd(port: int, site: str, rate: int, seconds: float) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "benchmarks.beaconing",
        *map(str, (port, site, CONNECTIONS, seconds, rate)),
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _heard(port: int, sessions: list[str], coming: list[tuple[int, str, int]], rate: float) -> dict[str, Any]:
    asked = {
        "port": port,
        "sessions": sessions,
        "rate": rate,
        "returns": [(site, lead) for _, site, lead in coming],
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.returning"], cwd=ROOT, input=json.dumps(asked) + "\n", capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


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
