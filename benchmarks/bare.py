"""The least that can keep a lead: an ASGI application that commits bodies in groups and answers, nothing else.

Run as a child of the house; it listens on a port of its own, which it writes into DIR/bare.port.
"""

import asyncio
import hashlib
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import uvicorn
from psycopg.types.numeric import Int8

INSERT = """
insert into leadbell_envelope (id, dealer_id, source_id, received_at, transport, content_type, body, sha256, status,
    items)
select id, dealer, source, received_at, 'http', '', body, fingerprint, 'accepted', 1
from unnest(%b::uuid[], %b::bigint[], %b::bigint[], %b::timestamptz[], %b::bytea[], %b::bytea[])
    as letter(id, dealer, source, received_at, body, fingerprint)
"""
MOST_IN_A_BATCH = 200
Waiting = tuple[UUID, datetime, bytes, "asyncio.Future[None]"]


class Bare:
    def __init__(self, url: str) -> None:
        self.url = url
        self.waiting: list[Waiting] = []
        self.arrived = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self.writer = asyncio.create_task(self.write())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        number = UUID(bytes=os.urandom(16), version=4)
        kept = asyncio.get_running_loop().create_future()
        self.waiting.append((number, datetime.now(UTC), body, kept))
        self.arrived.set()
        await kept
        said = b'{"envelope":"%s"}' % str(number).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(said))]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": said})

    async def write(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self.url, autocommit=True)
        found = await connection.execute("select dealer_id, id from leadbell_source order by id limit 1")
        row = await found.fetchone()
        assert row
        dealer, source = Int8(row[0]), Int8(row[1])
        while True:
            await self.arrived.wait()
            batch, self.waiting = self.waiting[:MOST_IN_A_BATCH], self.waiting[MOST_IN_A_BATCH:]
            if not self.waiting:
                self.arrived.clear()
            values = [
                [x[0] for x in batch], [dealer] * len(batch), [source] * len(batch), [x[1] for x in batch],
                [x[2] for x in batch], [hashlib.sha256(x[2]).digest() for x in batch],
            ]  # fmt: skip
            await connection.execute(INSERT, values, prepare=True, binary=True)
            for *_, kept in batch:
                kept.set_result(None)


def main() -> None:
    door = socket.create_server(("127.0.0.1", 0), backlog=2048)
    (Path(os.environ["LEADBELL_DATA"]) / "bare.port").write_text(str(door.getsockname()[1]))
    config = uvicorn.Config(
        Bare(os.environ["LEADBELL_DB_MOUTH"]), http="httptools", ws="none", lifespan="on", log_config=None,
        access_log=False, server_header=False, timeout_keep_alive=75,
    )  # fmt: skip
    uvicorn.Server(config).run([door])


if __name__ == "__main__":
    main()
