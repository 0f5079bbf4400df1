"""The web process waits for nobody who doesn't say what they want."""

import asyncio
import socket
from types import SimpleNamespace
from typing import Any, cast

import uvicorn
from uvicorn.server import ServerState

from leadbell.web import Caller, answering
from tests.fakes.front import Alone, ask, serving


class Hurried(Caller):
    headers_within_s = 0.2


class Page:
    def open(self) -> None: ...

    async def close(self) -> None: ...

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok", "more_body": False})


def test_whoever_says_nothing_or_only_half_is_hung_up_on() -> None:
    with serving(Alone(Page), http=Hurried) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as silent:
            assert silent.recv(100) == b""
        with socket.create_connection(("127.0.0.1", port), timeout=5) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as again:
            for _ in range(2):
                again.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                said = b""
                while not said.endswith(b"\r\n\r\nok"):
                    said += again.recv(4096)
                assert said.startswith(b"HTTP/1.1 200 ")
            again.sendall(b"GET / HT")
            assert again.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert ask(port, "/", method="GET").body == b"ok"


class Clock:
    """A loop that only tells the time, and keeps who wants to be called later."""

    def __init__(self) -> None:
        self.now = 0.0
        self.later: list[tuple[float, Any]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, within_s: float, work: Any, *_about: Any) -> Any:
        self.later.append((self.now + within_s, work))
        return SimpleNamespace(cancel=lambda: None)


class Line(asyncio.Transport):
    """A connection that remembers what was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.said, self.closed = b"", False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.said += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


class Answering:
    path, most = b"/v", 100

    def __call__(self, _headers: Any, body: bytes, _address: str, _usual: Any) -> bytes:
        return b"heard " + body


def test_a_connection_that_was_answered_at_once_is_kept_for_a_while_after_its_last_word() -> None:
    clock, line = Clock(), Line()
    config = uvicorn.Config(Alone(Page), timeout_keep_alive=75, log_config=None)
    caller = answering(Answering())(config, ServerState(), {}, _loop=cast("asyncio.AbstractEventLoop", clock))
    caller.connection_made(line)
    for clock.now in (0.0, 50.0, 60.0):
        caller.data_received(b"POST /v HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
    assert line.said == b"heard hi" * 3
    (at, look), *more = [one for one in clock.later if one[0] == 75.0]
    assert not more, "one timer for many answers"
    clock.now = at
    look()
    assert not line.closed
    clock.now, look = clock.later[-1]
    assert clock.now == 60.0 + 75
    look()
    assert line.closed
