"""Writes what the door keeps: all of a tenth of a second in one commit, by COPY into the partition of its day.

A kill loses at most what waits, EVERY_S seconds of beacons; while the database is away they are dropped and counted.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import structlog
from psycopg.conninfo import make_conninfo

from leadbell.visits.links import OWN, read_link
from leadbell.visits.pages import part_of, pattern_of
from leadbell.visits.rules import ANONYMOUS, Drop, Dropped, Look, Site, network_of
from leadbell.visits.showroom import Showroom

log = structlog.get_logger("leadbell.visits")

EVERY_S = 0.1
#: More doesn't wait in memory: it is dropped and counted.
MOST_WAITING = 20_000
#: What is known of the sites is asked again after this long: a new key works by then.
FRESH_S = 2.0
#: Partitions are made and dropped so often.
KEEP_EVERY_S = 3600.0
#: When a visitor was last seen is written so often.
SEEN_EVERY_S = 15.0
#: What a visitor sends to become a person, and how long it may take until it is read.
JOINS = frozenset({"form_sent", "chat_sent"})
JOINED_WITHIN_S = 60.0
MOST_REMEMBERED = 100_000
#: What is still on its way from somebody who asked to be forgotten is let go by for so long.
FORGET_S = 60.0
WRITE_WITHIN_S = 5.0
#: So long the door waits for the sites at its start.
READY_WITHIN_S = 3.0
#: Parts of websites that are counted apart in one commit; the rest is counted together.
MOST_PARTS = 200
OTHER_PARTS = "…"

_COLUMNS = (
    "at, dealer_id, site_id, keep_days, visitor, kind, page, path, title, stock, make, model, price, ms"
)
_SITES = """
select id, dealer_id, key, origins, patterns, keep_days, consent = 'ask', own_networks, picture_hosts
from leadbell_site
where removed_at is null order by id
"""
_SEEN = """
insert into leadbell_visitor as v (dealer_id, site_id, uid, first_seen_at, last_seen_at)
select dealer, site, uid, at, at
from unnest(%s::bigint[], %s::bigint[], %s::uuid[], %s::timestamptz[]) as s(dealer, site, uid, at)
order by uid, site
on conflict (uid, site_id) do update set last_seen_at = greatest(v.last_seen_at, excluded.last_seen_at)
"""
_COUNT = """
insert into leadbell_sitecount as c (dealer_id, site_id, day, what, beacons, last_at)
select dealer, site, day, what, beacons, at
from unnest(%s::bigint[], %s::bigint[], %s::date[], %s::text[], %s::bigint[], %s::timestamptz[])
    as s(dealer, site, day, what, beacons, at)
order by site, day, what
on conflict (site_id, day, what) do update
    set beacons = c.beacons + excluded.beacons, last_at = greatest(c.last_at, excluded.last_at)
"""
_SIGHTED = "select site, uid from leadbell_sighted(%s::bigint[], %s::uuid[], %s::timestamptz[])"
_OWN = "select leadbell_own_visitor(%s, %s::uuid, %s)"
_PULSE = """
select leadbell_beat(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::bigint[])
"""
_JOIN = "select leadbell_join_visitor(%s, %s::uuid, %s, 'link', %s::jsonb, %s)"

#: (dealer, site, minute, part of the website): page views.
Pulse = dict[tuple[int, int, datetime, str], int]
Counts = dict[tuple[int, int, date, str], tuple[int, datetime]]


class Writer:
    """Everything the door says to the database, on one connection. `clock` is monotonic seconds.

    `before` each commit hands over what is to be kept.
    """

    def __init__(
        self,
        url: str,
        clock: Callable[[], float] = time.monotonic,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.by_key: dict[str, Site] = {}
        self.by_origin: dict[str, Site] = {}
        self.site_known_at = float("-inf")
        self._url, self._clock, self._before = url, clock, before
        self._waiting: list[Look] = []
        self._counts: Counts = {}
        self._seen: dict[tuple[str, int], float] = {}
        self._erased: dict[str, float] = {}
        self._pulse: Pulse = {}
        self._showroom = Showroom()
        #: Browsers whose customer is known: each of their signals is news for somebody.
        self._known: set[tuple[str, int]] = set()
        #: Who has just sent a form or chat is known as soon as it is read: until then they are asked about each time.
        self._joining: dict[tuple[str, int], float] = {}
        self._connection: psycopg.AsyncConnection | None = None
        self._one_at_a_time = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None
        self._kept_at = float("-inf")
        self._away = False
        self._knows = asyncio.Event()

    def open(self) -> None:
        self._writing = asyncio.create_task(self._write(), name="visits")

    async def ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Wait until the sites are known; no longer than that where the database is away."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._knows.wait()

    async def close(self) -> None:
        """Write what waits, then let go of the database."""
        if self._writing:
            self._writing.cancel()
            await asyncio.wait([self._writing])
        await self._flush()
        if self._connection is not None:
            await self._connection.close()

    def keep(self, look: Look) -> None:
        """Written within EVERY_S seconds; where too much waits, counted only."""
        if self._erased and look.visitor in self._erased:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.count(Dropped(Drop.TOO_MANY, look.site), look.at)
        else:
            self._waiting.append(look)

    def count(self, dropped: Dropped, at: datetime, beacons: int = 1) -> None:
        if dropped.site is None:
            return
        self._add(dropped.site, dropped.because, at, beacons)
        if dropped.is_view and dropped.because in ANONYMOUS:
            self._add(dropped.site, "anonymous", at, beacons)
            self._beat(dropped.site, dropped.path, at, beacons)

    async def known(self, site: Site, visitor: str) -> dict[str, Any] | None:
        """What is known of a visitor; None where nothing is. Raises psycopg.Error."""
        async with self._one_at_a_time:
            connection = await self._connected()
            found = await connection.execute(
                "select leadbell_visitor_known(%s, %s::uuid)", [site.id, visitor]
            )
            row = await found.fetchone()
        return dict(row[0]) if row and row[0] else None

    async def erase(self, site: Site, visitor: str) -> bool:
        """Forget a visitor, also what is still on its way; whether anything was known. Raises psycopg.Error."""
        now = self._clock()
        self._erased = {one: until for one, until in self._erased.items() if until > now}
        self._erased[visitor] = now + FORGET_S
        self._waiting = [look for look in self._waiting if look.visitor != visitor]
        async with self._one_at_a_time:
            self._seen.pop((visitor, site.id), None)
            connection = await self._connected()
            found = await connection.execute(
                "select leadbell_visitor_erased(%s, %s::uuid)", [site.id, visitor]
            )
            row = await found.fetchone()
        return bool(row and row[0])

    def _beat_for(self, looks: Iterable[Look]) -> None:
        """Count the page views of a batch: each page's part is looked up once."""
        pages: dict[tuple[int, str], list[Look]] = {}
        for look in looks:
            if look.kind == "view":
                pages.setdefault((look.site.id, look.path), []).append(look)
        for views in pages.values():
            self._beat(views[0].site, views[0].path, views[0].at, len(views))

    def _beat(self, site: Site, path: str, at: datetime, views: int) -> None:
        """So many page views more in this minute and part of the website, whoever it was."""
        minute = at.replace(second=0, microsecond=0)
        name = (site.dealer, site.id, minute, part_of(path))
        if name not in self._pulse and len(self._pulse) >= MOST_PARTS:
            name = (site.dealer, site.id, minute, OTHER_PARTS)
        self._pulse[name] = self._pulse.get(name, 0) + views

    def _add(self, site: Site, what: str, at: datetime, beacons: int) -> None:
        name = (site.dealer, site.id, at.astimezone(UTC).date(), str(what))
        before, last_at = self._counts.get(name, (0, at))
        self._counts[name] = (before + beacons, max(last_at, at))

    async def _write(self) -> None:
        while True:
            began = self._clock()
            await self._flush()
            await asyncio.sleep(max(0.01, EVERY_S - (self._clock() - began)))

    async def _flush(self) -> None:
        """One commit; what can't be written now is dropped and counted, its counts wait for the database."""
        if self._before is not None:
            await self._before()
        looks, self._waiting = self._waiting, []
        counts, self._counts = self._counts, {}
        self._beat_for(looks)
        pulse, self._pulse = self._pulse, {}
        try:
            async with asyncio.timeout(WRITE_WITHIN_S), self._one_at_a_time:
                connection = await self._connected()
                await self._keep_up(connection)
                if looks or counts:
                    await self._commit_with_room(connection, looks, counts, pulse)
            if self._away:
                self._away = False
                log.info("the database is back")
        except (psycopg.Error, TimeoutError, OSError) as error:
            self._lost(looks, counts, error)
            await asyncio.sleep(0 if self._away else EVERY_S)
            self._away = True

    def _lost(self, looks: Sequence[Look], counts: Counts, error: Exception) -> None:
        if not self._away:
            sqlstate = error.sqlstate if isinstance(error, psycopg.Error) else None
            log.error("beacons dropped", beacons=len(looks), error=type(error).__name__, sqlstate=sqlstate)
        for (dealer, site, day, what), (beacons, at) in counts.items():
            before, last_at = self._counts.get((dealer, site, day, what), (0, at))
            self._counts[dealer, site, day, what] = (before + beacons, max(at, last_at))
        for look in looks:
            self.count(Dropped(Drop.DATABASE_AWAY, look.site), look.at)

    async def _commit_with_room(
        self, connection: psycopg.AsyncConnection, looks: Sequence[Look], counts: Counts, pulse: Pulse
    ) -> None:
        """Commit; where a day has no partition yet, make it and commit again, as after a deadlock."""
        try:
            await self._commit(connection, looks, counts, pulse)
        except (psycopg.errors.UndefinedTable, psycopg.errors.DeadlockDetected):
            await connection.execute("select leadbell_keep_beacons()")
            await self._commit(connection, looks, counts, pulse)

    async def _commit(
        self, connection: psycopg.AsyncConnection, looks: Sequence[Look], counts: Counts, pulse: Pulse
    ) -> None:
        now = self._clock()
        fresh: dict[tuple[str, int], Look] = {}
        joins: list[tuple[int, str, int, str, datetime]] = []
        owns: list[tuple[int, str, datetime]] = []
        kept: Counts = dict(counts)
        soon = now - SEEN_EVERY_S
        for look in looks:
            name = (look.visitor, look.site.id)
            if self._seen.get(name, float("-inf")) < soon:
                fresh[name] = look
            if look.link and (link := read_link(look.link, look.site.dealer, look.at)):
                fresh[name] = look
                if link.lead == OWN:
                    owns.append((look.site.dealer, look.visitor, look.at))
                else:
                    joins.append((look.site.dealer, look.visitor, link.lead, link.evidence, look.at))
        leaves, cars = _by_leaf(looks), self._showroom.news(looks, now)
        for tally, (beacons, at) in _tally(looks).items():
            kept[tally] = (kept.get(tally, (0, at))[0] + beacons, at)
        async with connection.transaction(), connection.cursor() as cursor:
            for (keep_days, day), lines in leaves.items():
                # The name is made of our own numbers only.
                leaf = f"leadbell_beacon_{keep_days}_{day:%Y%m%d}"
                async with cursor.copy(f"copy {leaf} ({_COLUMNS}) from stdin".encode()) as copy:
                    await copy.write("".join(lines))
            if fresh:
                of = fresh.values()
                seen = ((x.site.dealer, x.site.id, x.visitor, x.at) for x in of)
                await cursor.execute(_SEEN, [_array(column) for column in zip(*seen, strict=True)])
            for join in joins:
                await cursor.execute(_JOIN, join)
            for own in owns:
                await cursor.execute(_OWN, own)
            known = await self._sight(cursor, looks, fresh)
            await self._showroom.write(cursor, cars)
            if kept:
                await cursor.execute(_COUNT, _columns(kept))
            if pulse:
                await cursor.execute(
                    _PULSE, [*([name[place] for name in pulse] for place in range(4)), list(pulse.values())]
                )
        self._showroom.wrote(cars, now)
        if len(self._seen) > MOST_REMEMBERED:
            self._seen = {name: at for name, at in self._seen.items() if now - at < SEEN_EVERY_S}
        self._seen |= dict.fromkeys(fresh, now)
        self._known = known

    async def _sight(
        self, cursor: psycopg.AsyncCursor, looks: Sequence[Look], fresh: Mapping[tuple[str, int], Look]
    ) -> set[tuple[str, int]]:
        """Write down, in the same commit, that people we know are here; who is known now."""
        last, now = dict(fresh), self._clock()
        self._joining = {name: until for name, until in self._joining.items() if until > now}
        self._joining |= {(x.visitor, x.site.id): now + JOINED_WITHIN_S for x in looks if x.kind in JOINS}
        if self._known or self._joining:
            asked = self._known | self._joining.keys()
            last |= {name: x for x in looks if (name := (x.visitor, x.site.id)) in asked}
        if not last:
            return self._known
        of = last.values()
        here = ((x.site.id, x.visitor, x.at) for x in of)
        await cursor.execute(_SIGHTED, [_array(column) for column in zip(*here, strict=True)])
        known = {(uid.hex, site) for site, uid in await cursor.fetchall()}
        return (self._known - last.keys()) | known

    async def _keep_up(self, connection: psycopg.AsyncConnection) -> None:
        """Ask for the sites again, and now and then for the partitions of the days to come."""
        now = self._clock()
        if now - self._kept_at > KEEP_EVERY_S:
            await connection.execute("select leadbell_keep_beacons()")
            await connection.execute("select leadbell_forget_pulse()")
            await connection.execute("select leadbell_forget_cars()")
            await connection.execute("select leadbell_forget_leases()")
            self._kept_at = now
        if now - self.site_known_at > FRESH_S:
            found = await connection.execute(_SITES)
            self._know(await found.fetchall())
            self.site_known_at = now

    def _know(self, rows: Iterable[tuple[Any, ...]]) -> None:
        sites = [
            Site(
                number, dealer, key, frozenset(origins), tuple(filter(None, map(pattern_of, patterns))), keep, may,
                tuple(filter(None, map(network_of, networks))), frozenset((*origins, *pictures)),
            )
            for number, dealer, key, origins, patterns, keep, may, networks, pictures in rows
        ]  # fmt: skip
        self.by_key = {site.key: site for site in sites}
        self.by_origin = {origin: site for site in reversed(sites) for origin in site.origins}
        self._knows.set()

    async def _connected(self) -> psycopg.AsyncConnection:
        if self._connection is None or self._connection.closed:
            patient = make_conninfo(
                self._url, connect_timeout=2, tcp_user_timeout=10_000, application_name="leadbell visits",
                options="-c statement_timeout=5000",
            )  # fmt: skip
            self._connection = await psycopg.AsyncConnection.connect(patient, autocommit=True)
        return self._connection


def _by_leaf(looks: Iterable[Look]) -> dict[tuple[int, date], list[str]]:
    """Lines of COPY, by the time to keep and the UTC day whose partition they belong to, of all websites."""
    leaves: dict[tuple[int, date], list[str]] = {}
    for x in looks:
        site, car, at = x.site, x.car, x.at
        name = (site.keep_days, at.date())
        lines = leaves.get(name)
        if lines is None:
            lines = leaves[name] = []
        price = "\\N" if car.price is None else car.price
        texts = f"{x.page}\t{x.path}\t{x.title}\t{car.stock}\t{car.make}\t{car.model}"
        if "\\" in texts:
            texts = texts.replace("\\", "\\\\")
        lines.append(
            f"{at}\t{site.dealer}\t{site.id}\t{site.keep_days}\t{x.visitor}\t{x.kind}\t{texts}\t{price}\t{x.ms}\n"
        )
    return leaves


def _tally(looks: Iterable[Look]) -> Counts:
    """How many are kept, by website and UTC day, and when the last one came."""
    found: Counts = {}
    for x in looks:
        name = (x.site.dealer, x.site.id, x.at.date(), "kept")
        found[name] = (found.get(name, (0, x.at))[0] + 1, x.at)
    return found


def _array(column: Iterable[object]) -> str:
    """As PostgreSQL reads it: numbers, ids of digits and moments need no quotes, and no work for each of them."""
    return "{" + ",".join(map(str, column)) + "}"


def _columns(counts: Counts) -> list[list[Any]]:
    return [
        [name[0] for name in counts], [name[1] for name in counts], [name[2] for name in counts],
        [name[3] for name in counts], [beacons for beacons, _ in counts.values()], [at for _, at in counts.values()],
    ]  # fmt: skip
