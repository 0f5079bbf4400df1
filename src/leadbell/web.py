"""The web process: one uvicorn in front of `leadbell.asgi`, on the socket the supervisor opened."""

import asyncio
import os
import socket
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import uvicorn

from leadbell.log import configure

if TYPE_CHECKING:
    from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

#: A stream to a desk never ends by itself: it is closed at once. Ordinary answers are given this long.
STREAMS = "/stream"
PATIENCE_S = 5


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


def run() -> None:
    """Serve until SIGTERM."""
    configure()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    streams = Streams(import_module("leadbell.asgi").application)
    config = uvicorn.Config(
        streams,
        http="httptools",
        ws="none",
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
    fd = os.environ.get("LEADBELL_WEB_FD")
    Web(config, streams).run([socket.socket(fileno=int(fd))] if fd else None)


if __name__ == "__main__":
    run()
