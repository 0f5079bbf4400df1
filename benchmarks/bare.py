"""The bare ASGI app that the mouth is compared with: read the body, the same INSERT by group commit, 202.

No key is looked up, nothing is looked at, nothing is limited: what is left is what HTTP and PostgreSQL cost.
"""

import asyncio
import hashlib
import os
from datetime import UTC, datetime
from typing import Any

import psycopg
import uvicorn

from leadbell.intake.post import uuid7

MOST = 200
INSERT = """
insert into leadbell_envelope (id, dealer_id, source_id, received_at, transport, content_type, body, sha256, status,
    items)
select id, %s, %s, received_at, 'http', '', body, sha256, 'accepted', 1
from unnest(%s::uuid[], %s::timestamptz[], %s::bytea[], %s::bytea[]) as letter(id, received_at, body, sha256)
"""


class Bare:
    def __init__(self) -> None:
        self.url = os.environ["LEADBELL_DB_MOUTH"]
        self.dealer, self.source = (int(part) for part in os.environ["BENCH_SOURCE"].split(":"))
        self.waiting: list[tuple[bytes, asyncio.Future[bytes]]] = []
        self.something = asyncio.Event()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self.writer = asyncio.create_task(self.write())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self.writer.cancel()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        kept: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.waiting.append((body, kept))
        self.something.set()
        answer = await kept
        head = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 202, "headers": head})
        await send({"type": "http.response.body", "body": answer})

    async def write(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self.url, autocommit=True)
        while True:
            await self.something.wait()
            batch, self.waiting = self.waiting[:MOST], self.waiting[MOST:]
            if not self.waiting:
                self.something.clear()
            now = datetime.now(UTC)
            ids = [uuid7(now) for _ in batch]
            bodies = [body for body, _ in batch]
            hashes = [hashlib.sha256(body).digest() for body in bodies]
            await connection.execute(
                INSERT, [self.dealer, self.source, ids, [now] * len(ids), bodies, hashes]
            )
            for number, (_, kept) in zip(ids, batch, strict=True):
                kept.set_result(b'{"envelope":"%b","status":"accepted","reason":null}' % str(number).encode())


if __name__ == "__main__":
    uvicorn.run(
        Bare(), host="127.0.0.1", port=int(os.environ["LEADBELL_PORT"]), log_level="warning", access_log=False,
        loop="uvloop", http="httptools", lifespan="on", server_header=False,
    )  # fmt: skip
