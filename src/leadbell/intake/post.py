"""The writer behind the doors: deliveries gather while one commit is in flight, then share the next one."""

import asyncio
import hashlib
import json
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from psycopg.types.numeric import Int4, Int8

from leadbell.announce import CLOCKWORK, SCREENS
from leadbell.words import Words, say

log = structlog.get_logger("leadbell.post")

MOST_IN_A_BATCH = 200
MOST_BYTES_IN_A_BATCH = 16_000_000
#: More than this doesn't wait in memory: the sender is asked to come back.
MOST_WAITING = 5_000
MOST_BYTES_WAITING = 96_000_000
#: Nobody waits longer for an answer, whatever the database does.
ANSWER_WITHIN_S = 10.0
#: A database that restarts is waited for this long before senders are sent away.
BRIDGE_S = 2.0
LONGEST_KEY = 200
LONGEST_CONTENT_TYPE = 200

Status = Literal["accepted", "quarantined"]

DOWN = say("The database doesn't answer. Nothing was kept: send this again in a few seconds.")
FULL = say("The disk or the database is full. Nothing was kept: send this again later.")
BUSY = say("Too much arrives at once. Nothing was kept: send this again in a few seconds.")
BROKEN = say("This could not be kept. Send it again later; the operator finds the cause in the log.")


@dataclass(slots=True)
class Letter:
    """A delivery to keep. `reason` quarantines it; `fingerprint` tells which one is the same again."""

    source: int
    dealer: int
    content_type: str
    body: bytes
    received_at: datetime
    idempotency_key: str | None = None
    reason: Words | None = None
    fingerprint: bytes = b""
    id: UUID = field(init=False)

    def __post_init__(self) -> None:
        self.id = uuid7(self.received_at)
        self.fingerprint = self.fingerprint or hashlib.sha256(self.body).digest()

    @property
    def status(self) -> Status:
        return "quarantined" if self.reason else "accepted"


@dataclass(frozen=True, slots=True)
class Kept:
    """Committed. Of a delivery that came again, the first envelope."""

    envelope: UUID
    status: Status
    reason: Words | None


@dataclass(frozen=True, slots=True)
class NotKept:
    """Nothing was promised; the sender may come again after `retry_after_s`."""

    because: Words
    retry_after_s: int = 5


Answer = Kept | NotKept


def uuid7(at: datetime) -> UUID:
    """A UUID of version 7 (RFC 9562): milliseconds since 1970, then 74 random bits."""
    ms = int(at.timestamp() * 1000)
    chance = secrets.randbits(74)
    return UUID(int=ms << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | chance & (1 << 62) - 1)


def idempotency_key(said: str) -> str | None:
    """What a sender calls this delivery, as it is stored: one that is too long becomes its fingerprint."""
    if not said:
        return None
    said = "".join(c for c in said if c.isprintable()).strip()
    if len(said) > LONGEST_KEY:
        return "sha256:" + hashlib.sha256(said.encode(errors="surrogatepass")).hexdigest()
    return said or None


async def connect(url: str, name: str) -> psycopg.AsyncConnection:
    """A connection in autocommit. A broken network is noticed in seconds, not in the kernel's quarter of an hour.

    Raises psycopg.OperationalError.
    """
    patient = make_conninfo(
        url, connect_timeout=2, keepalives_idle=10, keepalives_interval=5, keepalives_count=2, tcp_user_timeout=10_000,
        application_name=name,
    )  # fmt: skip
    return await psycopg.AsyncConnection.connect(patient, autocommit=True)


class Wire:
    """One connection to the database, opened when it is needed and again when it was lost."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self._connection: psycopg.AsyncConnection | None = None
        self._one_at_a_time = asyncio.Lock()

    async def connected(self) -> psycopg.AsyncConnection:
        """Raises psycopg.OperationalError while the database doesn't answer."""
        async with self._one_at_a_time:
            if self._connection is None or self._connection.closed:
                self._connection = await connect(self._url, self._name)
            return self._connection

    @property
    def lost(self) -> bool:
        return self._connection is None or self._connection.closed

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()


_KEEP = """
with kept as (
    insert into leadbell_envelope (id, dealer_id, source_id, received_at, transport, content_type, body,
        sha256, idempotency_key, status, reason, items)
    select id, dealer, source, received_at, %b, content_type, body, fingerprint, key,
        case when reason is null then 'accepted' else 'quarantined' end, reason::jsonb, 1
    from unnest(%b::uuid[], %b::bigint[], %b::bigint[], %b::timestamptz[], %b::text[], %b::bytea[],
        %b::bytea[], %b::text[], %b::text[])
        as letter(id, dealer, source, received_at, content_type, body, fingerprint, key, reason)
    on conflict do nothing
    returning case when reason is not null then dealer_id end as inbox
), news as (
    select inbox, count(*) as letters from kept group by inbox
)
select letters, case when inbox is null then pg_notify(%b, '')
    else pg_notify(%b, '{"d":' || inbox || ',"w":"inbox","l":null,"p":[]}') end
from news
"""

_FIRST = """
select letter.place, first.id, first.status, first.reason::text
from unnest(%b::int[], %b::uuid[], %b::bigint[], %b::text[], %b::bytea[])
    as letter(place, id, source, key, fingerprint)
cross join lateral (
    select id, status, reason from leadbell_envelope where id = letter.id
    union all
    select id, status, reason from leadbell_envelope
    where source_id = letter.source and idempotency_key = letter.key and sha256 = letter.fingerprint
    limit 1
) first
"""


class Post:
    """Keeps letters: many per commit, each answered after its own commit, none at another's cost."""

    def __init__(self, url: str, transport: str, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self._answer_within_s = answer_within_s
        self._wire = Wire(url, f"leadbell {transport}")
        self._transport = transport
        self._waiting: deque[tuple[Letter, asyncio.Future[Answer]]] = deque()
        self._bytes = 0
        self._unanswered: deque[tuple[float, asyncio.Future[Answer]]] = deque()
        self._arrived = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._down = self._closing = False

    def open(self) -> None:
        self._writer = asyncio.create_task(self._write(), name="post")
        self._watch = asyncio.create_task(self._lose_patience(), name="post's patience")

    async def close(self) -> None:
        """Keep what waits, then let go of the database."""
        self._closing = True
        self._arrived.set()
        if self._writer and self._watch:
            await asyncio.wait([self._writer], timeout=self._answer_within_s)
            self._writer.cancel()
            self._watch.cancel()
        await self._wire.close()

    async def keep(self, letter: Letter) -> Answer:
        """Commit the letter. The same bytes with the same key answer with the first one's envelope."""
        size = len(letter.body)
        if self._closing:
            return NotKept(DOWN)
        if len(self._waiting) >= MOST_WAITING or self._bytes + size > MOST_BYTES_WAITING:
            return NotKept(BUSY)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((letter, future))
        self._bytes += size
        self._arrived.set()
        self._unanswered.append((loop.time() + self._answer_within_s, future))
        return await future

    async def _lose_patience(self) -> None:
        """Answer whoever waits too long. One look now and then is cheaper than a timer for each."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._answer_within_s / 10)
            while self._unanswered and (
                self._unanswered[0][1].done() or self._unanswered[0][0] <= loop.time()
            ):
                _answer(self._unanswered.popleft()[1], NotKept(DOWN))

    async def _write(self) -> None:
        while self._waiting or not self._closing:
            await self._arrived.wait()
            batch = self._take()
            if batch:
                await self._settle(batch)

    def _take(self) -> list[tuple[Letter, asyncio.Future[Answer]]]:
        """The next letters, without those whose sender was sent away meanwhile."""
        batch: list[tuple[Letter, asyncio.Future[Answer]]] = []
        size = 0
        while self._waiting and len(batch) < MOST_IN_A_BATCH and size < MOST_BYTES_IN_A_BATCH:
            letter, future = self._waiting.popleft()
            self._bytes -= len(letter.body)
            if not future.done():
                batch.append((letter, future))
                size += len(letter.body)
        if not self._waiting:
            self._arrived.clear()
        return batch

    async def _settle(self, batch: Sequence[tuple[Letter, asyncio.Future[Answer]]]) -> None:
        """Commit and answer. What the database refuses is halved until the bad one stands alone."""
        try:
            answers = await self._commit_patiently([letter for letter, _future in batch])
        except psycopg.OperationalError as error:
            full = isinstance(error, psycopg.errors.DiskFull | psycopg.errors.OutOfMemory)
            log.error("not kept", letters=len(batch), error=type(error).__name__, sqlstate=error.sqlstate)
            answers = [NotKept(FULL, 30) if full else NotKept(DOWN)] * len(batch)
        except Exception as error:
            if len(batch) > 1:
                half = len(batch) // 2
                await self._settle(batch[:half])
                await self._settle(batch[half:])
                return
            sqlstate = error.sqlstate if isinstance(error, psycopg.Error) else None
            log.error("refused by the database", error=type(error).__name__, sqlstate=sqlstate)
            answers = [NotKept(BROKEN, 60)]
        for (_letter, future), answer in zip(batch, answers, strict=True):
            _answer(future, answer)

    async def _commit_patiently(self, letters: Sequence[Letter]) -> list[Answer]:
        """A lost connection is opened again, and the batch repeated: its ids make that harmless."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + (0 if self._down else BRIDGE_S)
        while True:
            try:
                answers = await self._commit(letters)
            except psycopg.OperationalError:
                if not self._wire.lost:
                    raise
                if loop.time() >= give_up_at:
                    self._down = True
                    raise
                await asyncio.sleep(0.02)
            else:
                self._down = False
                return answers

    async def _commit(self, letters: Sequence[Letter]) -> list[Answer]:
        connection = await self._wire.connected()
        stored = await connection.execute(
            _KEEP,
            [
                self._transport,
                [x.id for x in letters],
                [Int8(x.dealer) for x in letters],
                [Int8(x.source) for x in letters],
                [x.received_at for x in letters],
                [x.content_type for x in letters],
                [x.body for x in letters],
                [x.fingerprint for x in letters],
                [x.idempotency_key for x in letters],
                [_as_json(x.reason) for x in letters],
                CLOCKWORK,
                SCREENS,
            ],
            prepare=True,
            binary=True,
        )
        if sum(row[0] for row in await stored.fetchall()) < len(letters):
            return await self._find_first(letters)
        return [Kept(x.id, x.status, x.reason) for x in letters]

    async def _find_first(self, letters: Sequence[Letter]) -> list[Answer]:
        """The envelope of each letter: its own, or the one that was there before it."""
        connection = await self._wire.connected()
        found = await connection.execute(
            _FIRST,
            [
                [Int4(place) for place in range(len(letters))],
                [x.id for x in letters],
                [Int8(x.source) for x in letters],
                [x.idempotency_key for x in letters],
                [x.fingerprint for x in letters],
            ],
        )
        answers: list[Answer] = [NotKept(BROKEN)] * len(letters)
        for place, envelope, status, reason in await found.fetchall():
            quarantined = status == "quarantined"
            why = msgspec.convert(json.loads(reason), Words) if quarantined and reason else None
            answers[place] = Kept(envelope, "quarantined" if quarantined else "accepted", why)
        return answers


def _as_json(reason: Words | None) -> str | None:
    return msgspec.json.encode(reason).decode() if reason else None


def _answer(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)
