"""The web process: one uvicorn in front of `leadbell.asgi`, on the socket the supervisor opened."""

import asyncio
import os
import socket
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from leadbell.log import configure

if TYPE_CHECKING:
    from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

#: A stream to a desk never ends by itself: it is closed at once. Ordinary answers are given this long.
STREAMS = "/stream"
PATIENCE_S = 5
#: The only websockets are the lines of phones in browsers: one that has gone without a word is missed soon, and SIP
#: messages are small.
PHONE_ASKED_S, LARGEST_MESSAGE = 2.0, 65_536
#: The pages' share of PostgreSQL's connections; intake and streams have their own.
CONNECTIONS = 20
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Caller(HttpToolsProtocol):
    """A connection that has to say what it wants; uvicorn itself would wait for ever for the headers."""

    headers_within_s = 15.0
    _late: asyncio.TimerHandle | None = None
    _half_said = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._late = self.loop.call_later(self.headers_within_s, transport.close)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._half_said and self._late is None:
            self._late = self.loop.call_later(self.headers_within_s, self._too_slow)

    def on_message_begin(self) -> None:
        self._half_said = True
        self._in_time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._half_said = False
        self._in_time()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        super().connection_lost(exc)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_slow(self) -> None:
        self.transport.write(_TOO_SLOW)
        self.transport.close()


class Web(uvicorn.Server):
    """Stops in order: no new callers, streams closed, ordinary requests finished."""

    def __init__(self, config: uvicorn.Config, streams: "Streams") -> None:
        super().__init__(config)
        self.streams = streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.streams.close()
        await super().shutdown(sockets)


class Streams:
    """The application, with its open streams known, so that they can be closed."""

    def __init__(self, application: "ASGI3Application") -> None:
        self.application = application
        self.open: set[asyncio.Task[Any]] = set()
        self.closing = False

    async def __call__(
        self, scope: "Scope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(STREAMS):
            await self.application(scope, receive, send)
            return
        stream = asyncio.current_task()
        assert stream is not None  # noqa: S101 (an ASGI application runs in a task)
        self.open.add(stream)
        try:
            await self.application(scope, receive, send)
        except asyncio.CancelledError:
            if not self.closing:
                raise
            with suppress(RuntimeError):  # it had not begun to answer
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self.open.discard(stream)

    def close(self) -> None:
        """Desks reconnect by themselves when the web is back."""
        self.closing = True
        for stream in self.open:
            stream.cancel()


def configured(application: Streams) -> uvicorn.Config:
    """How the server is run, whatever is behind it."""
    return uvicorn.Config(
        application,
        http=Caller,
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=PHONE_ASKED_S,
        ws_ping_timeout=PHONE_ASKED_S,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        backlog=2048,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=PATIENCE_S,
        host=os.environ.get("LEADBELL_HOST", "127.0.0.1"),
        port=int(os.environ.get("LEADBELL_PORT", "8000")),
    )


def run() -> None:
    """Serve until SIGTERM."""
    configure()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    os.environ.setdefault("LEADBELL_POOL", str(CONNECTIONS))
    streams = Streams(import_module("leadbell.asgi").application)
    fd = os.environ.get("LEADBELL_WEB_FD")
    Web(configured(streams), streams).run([socket.socket(fileno=int(fd))] if fd else None)


if __name__ == "__main__":
    run()
