"""The web process: one uvicorn in front of `leadbell.asgi`, on the socket the supervisor opened."""

import asyncio
import os
import socket
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
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


class Quick(Protocol):
    """Answers what is posted to `path` at once, where it is here as a whole and has at most `most` bytes."""

    path: bytes
    most: int

    def __call__(
        self, headers: dict[bytes, bytes], body: bytes, address: str, usual: list[tuple[bytes, bytes]]
    ) -> bytes:
        """The answer's bytes; `usual` headers stand in every answer."""


class Caller(HttpToolsProtocol):
    """A connection that has to say what it wants; uvicorn itself would wait for ever for the headers.

    What `quick` can answer needs no task and no ASGI messages, which cost several times what a beacon does. Whatever
    isn't whole, small and usual goes the application's way.
    """

    headers_within_s = 15.0
    quick: ClassVar[Quick | None] = None
    _late: asyncio.TimerHandle | None = None
    _half_said = False
    #: What has come of a body that `quick` may answer.
    _small: bytes | None = None
    #: When `quick` answered last, and who looks now and then whether that was too long ago.
    _answered_at = 0.0
    _resting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._late = self.loop.call_later(self.headers_within_s, transport.close)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._small is not None:
            # The rest is on its way, or never comes: the application waits, and loses patience.
            self._pass_on()
        if self._half_said and self._late is None:
            self._late = self.loop.call_later(self.headers_within_s, self._too_slow)

    def on_message_begin(self) -> None:
        self._half_said = True
        self._in_time()
        if self.quick is None:
            super().on_message_begin()
        else:
            self.url, self.headers, self.expect_100_continue = b"", [], False

    def _begin(self) -> None:
        """What the application needs, and `quick` doesn't."""
        if self.quick is not None:
            url, headers, expected = self.url, self.headers, self.expect_100_continue
            super().on_message_begin()
            self.headers.extend(headers)
            self.url, self.expect_100_continue = url, expected
        super().on_headers_complete()

    def on_headers_complete(self) -> None:
        self._half_said = False
        self._in_time()
        if self.quick is not None and self.url == self.quick.path and self._is_usual():
            self._small = b""
        else:
            self._begin()

    def _is_usual(self) -> bool:
        """A POST that waits behind nothing, from somebody who reads our answers."""
        return (
            (self.cycle is None or self.cycle.response_complete)
            and self.parser.get_method() == b"POST"
            and not self.expect_100_continue
            and not self.parser.should_upgrade()
            and not self.flow.write_paused
        )

    def on_body(self, body: bytes) -> None:
        if self._small is None:
            super().on_body(body)
        else:
            self._small += body

    def on_message_complete(self) -> None:
        body, quick = self._small, self.quick
        if body is None or quick is None:
            super().on_message_complete()
        elif len(body) > quick.most or not self._is_kept_alive():
            self._pass_on()
            super().on_message_complete()
        else:
            self._small = None
            usual = self.server_state.default_headers
            headers = dict(self.headers)
            self.transport.write(quick(headers, body, self._address(headers), usual))
            self.server_state.total_requests += 1
            self._answered_at = self.loop.time()
            if self._resting is None:
                self._resting = self.loop.call_later(self.timeout_keep_alive, self._rested)

    def _rested(self) -> None:
        """Hang up on whom `quick` answered last, a keep-alive ago; uvicorn looks after all others. One timer for many
        answers: setting and cancelling one for each costs as much as an answer."""
        self._resting = None
        elsewhere = self.timeout_keep_alive_task is not None or self._half_said
        if elsewhere or self.transport.is_closing() or (self.cycle and not self.cycle.response_complete):
            return
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._resting = self.loop.call_later(left, self._rested)
        else:
            self.transport.close()

    def _is_kept_alive(self) -> bool:
        return (
            bool(self.parser.should_keep_alive())
            and self.parser.get_http_version() == "1.1"
            and not self.transport.is_closing()
        )

    def _pass_on(self) -> None:
        """The application answers after all."""
        body, self._small = self._small, None
        if self.transport.is_closing():
            return
        self._begin()
        if body:
            super().on_body(body)

    def _address(self, headers: dict[bytes, bytes]) -> str:
        """Who asks; behind a proxy that is trusted, whom it names, as uvicorn's own middleware finds it."""
        host = self.client[0] if self.client else ""
        if b"x-forwarded-for" not in headers or not isinstance(self.app, ProxyHeadersMiddleware):
            return host
        if host not in self.app.trusted_hosts:
            return host
        named = [value for name, value in self.headers if name == b"x-forwarded-for"]
        found, _port = self.app.trusted_hosts.get_trusted_client_address(b", ".join(named).decode("latin-1"))
        return found or host

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        if self._resting is not None:
            self._resting.cancel()
        super().connection_lost(exc)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_slow(self) -> None:
        self.transport.write(_TOO_SLOW)
        self.transport.close()


def answering(quick: Quick | None) -> type[Caller]:
    """Callers whom `quick` answers."""
    return type("Caller", (Caller,), {"quick": quick})


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


def configured(application: Streams, quick: Quick | None = None) -> uvicorn.Config:
    """How the server is run, whatever is behind it."""
    return uvicorn.Config(
        application,
        http=answering(quick),
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
    application = import_module("leadbell.asgi").application
    streams = Streams(application)
    fd = os.environ.get("LEADBELL_WEB_FD")
    Web(configured(streams, application.visits.quick), streams).run(
        [socket.socket(fileno=int(fd))] if fd else None
    )


if __name__ == "__main__":
    run()
