"""A small HTTP/1.1 client on one connection that is kept alive, for clients that must cost little."""

import asyncio
import re
from typing import cast

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def post(path: str, body: bytes, *headers: bytes) -> bytes:
    """A request's bytes."""
    head = [b"POST %s HTTP/1.1" % path.encode(), b"host: x", b"content-length: %d" % len(body), *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


class Wire(asyncio.Protocol):
    """One question at a time."""

    def __init__(self) -> None:
        self._heard = b""
        self._asked: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._asked and not self._asked.done():
            self._asked.set_exception(error or ConnectionResetError())

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        assert self._transport
        self._asked = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._asked

    def data_received(self, data: bytes) -> None:
        self._heard += data
        end = self._heard.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._heard, 0, end)
        whole = end + 4 + (int(length.group(1)) if length else 0)
        if len(self._heard) < whole or self._asked is None:
            return
        status, body = int(self._heard[9:12]), self._heard[end + 4 : whole]
        self._heard = self._heard[whole:]
        self._asked.set_result((status, body))


async def wire(port: int) -> Wire:
    _transport, made = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port)
    return made
