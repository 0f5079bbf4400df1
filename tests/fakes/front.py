"""A dealer that is really committed, and our doors on real sockets, for tests that need both."""

import asyncio
import http.client
import os
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import uvicorn
from psycopg.rows import dict_row

from leadbell import roles

ADF = b"""<?xml version="1.0"?><?adf version="1.0"?>
<adf><prospect><requestdate>2026-11-23T12:00:00+01:00</requestdate>
<vehicle interest="buy" status="new"><year>2026</year><make>Hyundai</make><model>Kona</model></vehicle>
<customer><contact><name part="full">Mr Okafor</name><phone>+31612345678</phone></contact></customer>
<vendor><vendorname>Northside</vendorname></vendor></prospect></adf>"""


def superuser(urls: roles.Urls) -> str:
    kept = roles.keep_secrets(Path(os.environ["LEADBELL_DATA"]))
    return urls.owner.replace(roles.OWNER, roles.SUPERUSER, 1).replace(
        kept[roles.OWNER], kept[roles.SUPERUSER]
    )


@dataclass
class Town:
    """Dealers, people and sources that everybody's connection can see, and a connection that sees all."""

    urls: roles.Urls
    db: "psycopg.Connection[dict[str, Any]]"
    organisations: list[int] = field(default_factory=list)

    def dealer(self, name: str = "Northside", kind: str = "dealer", parent: int | None = None) -> int:
        row = self.one(
            "insert into leadbell_organisation (kind, name, parent_id, country, subdivision, zone, language, brands,"
            " hours, created_at) values (%s, %s, %s, 'NL', '', 'Europe/Amsterdam', 'en', '{}', '{}', now())"
            " returning id",
            kind, name, parent,
        )  # fmt: skip
        self.organisations.append(row["id"])
        return int(row["id"])

    def source(self, dealer: int, secret: str = "") -> tuple[int, str]:
        key = uuid.uuid4().hex
        row = self.one(
            "insert into leadbell_source (dealer_id, name, origin, key, secret, created_at)"
            " values (%s, 'Website', 'online', %s, %s, now()) returning id",
            dealer, key, secret,
        )  # fmt: skip
        return int(row["id"]), key

    def person(self, dealer: int, name: str, role: str = "salesperson") -> int:
        row = self.one(
            "insert into leadbell_person (email, name, role, organisation_id, password, phone, extension, language,"
            " speaks, brands, conditions, shift, on_shift, is_active, created_at)"
            " values (%s, %s, %s, %s, 'unusable', '', '', 'en', '{}', '{}', '{}', '{}', true, true, now())"
            " returning id",
            f"{name.lower()}-{uuid.uuid4().hex[:8]}@example.org", name, role, dealer,
        )  # fmt: skip
        return int(row["id"])

    def one(self, sql: str, *about: object) -> dict[str, Any]:
        row = self.db.execute(sql, about).fetchone()  # type: ignore[call-overload]  # statements of tests
        assert row is not None
        return dict(row)

    def envelopes(self, source: int) -> list[dict[str, Any]]:
        return list(
            self.db.execute("select * from leadbell_envelope where source_id = %s order by id", [source])
        )

    @contextmanager
    def away(self, role: str) -> Iterator[None]:
        """The database doesn't answer this role: it is thrown out, and not let in again."""
        with psycopg.connect(superuser(self.urls), autocommit=True) as admin:
            admin.execute(f"alter role {role} nologin")
            admin.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", [role]
            )
            try:
                yield
            finally:
                admin.execute(f"alter role {role} login")

    def leave(self) -> None:
        ours = [self.organisations]
        self.db.execute("delete from leadbell_envelope where dealer_id = any(%s)", ours)
        self.db.execute("delete from leadbell_incoming where dealer_id = any(%s)", ours)
        self.db.execute("delete from leadbell_source where dealer_id = any(%s)", ours)
        self.db.execute("delete from leadbell_person where organisation_id = any(%s)", ours)
        self.db.execute("delete from leadbell_organisation where id = any(%s)", ours)


@contextmanager
def town(urls: roles.Urls) -> Iterator[Town]:
    """The owner's rows are seen by all; tables with row-level security let their owner through."""
    with psycopg.connect(urls.owner, autocommit=True, row_factory=dict_row) as db:
        there = Town(urls, db)
        try:
            yield there
        finally:
            there.leave()


@contextmanager
def serving(application: Any, http: Any = "httptools") -> Iterator[int]:
    """The application on a free port of 127.0.0.1, in a thread with a loop of its own."""
    config = uvicorn.Config(
        application, port=0, http=http, ws="none", lifespan="on", log_config=None, access_log=False,
        server_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    up = threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        begun = asyncio.create_task(server.serve())
        while not server.started and not begun.done():
            await asyncio.sleep(0.005)
        ports.extend(s.getsockname()[1] for each in server.servers for s in each.sockets)
        up.set()
        await begun

    thread = threading.Thread(target=asyncio.run, args=[serve()], daemon=True)
    thread.start()
    assert up.wait(10)
    assert ports, "the server didn't start"
    try:
        yield ports[0]
    finally:
        server.should_exit = True
        thread.join(15)
        assert not thread.is_alive()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


def ask(
    port: int, path: str, body: bytes | None = None, method: str = "POST", timeout: float = 15, **headers: str
) -> Answer:
    """One request on a connection of its own; header names are written with underscores."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


class Alone:
    """An ASGI application with lifespan around something that is opened and closed."""

    def __init__(self, make: Any) -> None:
        self.make = make
        self.inner: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self.inner(scope, receive, send)
            return
        await receive()
        self.inner = self.make()
        self.inner.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.inner.close()
        await send({"type": "lifespan.shutdown.complete"})
