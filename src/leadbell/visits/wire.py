"""What the doors for visits need of plain ASGI: what the headers say, a small body in time, and answers."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from leadbell.visits.rules import LARGEST_BEACON, Drop, Site

if TYPE_CHECKING:
    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

Headers = list[tuple[bytes, bytes]]

NOT_KEPT: Headers = [(b"cache-control", b"no-store")]
HANG_UP: Headers = [*NOT_KEPT, (b"connection", b"close")]


class Gone(Exception):
    """The sender hung up before the body was here."""


@dataclass(slots=True)
class Said:
    """What the headers say."""

    origin: str = ""
    length: int = 0
    gzip: bool = False
    known_script: bytes = b""
    visitor: str = ""
    agent: str = ""
    opted_out: bool = False


def said_in(scope: "HTTPScope") -> Said:
    said = Said()
    for name, value in scope["headers"]:
        if name == b"origin":
            said.origin = value[:300].decode("latin-1")
        elif name == b"content-length":
            said.length = length_in(value)
        elif name == b"accept-encoding":
            said.gzip = b"gzip" in value
        elif name == b"if-none-match":
            said.known_script = value
        elif name == b"leadbell-visitor":
            said.visitor = value[:60].decode("latin-1")
        elif name == b"user-agent":
            said.agent = value[:400].decode("latin-1")
        elif name in (b"sec-gpc", b"dnt"):
            said.opted_out = said.opted_out or is_on(value)
    return said


def length_in(value: bytes | None) -> int:
    """What is no length is too long."""
    if value is None:
        return 0
    return int(value) if value.isdigit() and len(value) < 16 else LARGEST_BEACON + 1


def is_on(value: bytes | None) -> bool:
    return value is not None and value.strip() == b"1"


def readable_by(origin: str) -> Headers:
    """The headers that let pages of this origin read an answer."""
    return [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]


def cors(origin: str, by_origin: Mapping[str, Site]) -> Headers:
    """Only a site's own origin may read an answer."""
    return readable_by(origin) if origin in by_origin else []


async def answer(
    send: "ASGISendCallable", status: int, headers: Headers, content: bytes = b"", head_only: bool = False
) -> None:
    length = (b"content-length", b"%d" % len(content))
    sent = headers if status in (204, 304) else [*headers, length]
    await send({"type": "http.response.start", "status": status, "headers": sent, "trailers": False})
    body = b"" if head_only else content
    await send({"type": "http.response.body", "body": body, "more_body": False})


class Bodies:
    """Small bodies, read while there is patience: one look now and then is cheaper than a timer for each."""

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._reading: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._patience: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._patience = asyncio.create_task(self._lose_patience(), name="patience with visits")

    def close(self) -> None:
        if self._patience:
            self._patience.cancel()

    async def read(self, length: int, receive: "ASGIReceiveCallable") -> bytes | Drop:
        """The body, if it is small and here in time. Raises Gone."""
        if length > LARGEST_BEACON:
            return Drop.OVERSIZED
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._reading[task] = time.monotonic()
        try:
            whole = b""
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Gone
                whole += message.get("body", b"")
                if len(whole) > LARGEST_BEACON:
                    return Drop.OVERSIZED
                if not message.get("more_body", False):
                    return whole
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            task.uncancel()
            return Drop.SLOW
        finally:
            self._late.discard(task)
            del self._reading[task]

    async def _lose_patience(self) -> None:
        """Stop reading what doesn't arrive in time."""
        while True:
            await asyncio.sleep(self._within_s / 4)
            too_long_ago = time.monotonic() - self._within_s
            for task in [task for task, since in self._reading.items() if since < too_long_ago]:
                self._late.add(task)
                task.cancel()
