"""The web process waits for nobody who doesn't say what they want."""

import socket
from typing import Any

from leadbell.web import Caller
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
