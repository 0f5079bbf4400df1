"""Servers whose address somebody typed are asked safely: private networks never, everything bounded."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from leadbell.outgoing import (
    NO_ADDRESS,
    PRIVATE,
    Answer,
    Ask,
    NotAsked,
    Unanswered,
    ask,
    may_be_asked,
    moved_to,
)


class _Server(BaseHTTPRequestHandler):
    heard: list[tuple[str, str, str | None]]
    silent: threading.Event

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(size)
        self.heard.append((self.command, self.path, self.headers.get("Authorization")))
        if self.path.startswith("/to?"):
            self.send_response(307)
            self.send_header("Location", self.path[4:])
            self.end_headers()
        elif self.path == "/round":
            self.send_response(302)
            self.send_header("Location", "/round")
            self.end_headers()
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            with_it = b"x" * 65536
            try:
                while not self.silent.is_set():
                    self.wfile.write(with_it)
            except OSError:
                return
        elif self.path == "/silent":
            self.silent.wait(20)
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

    do_GET = do_POST = do_PROPFIND = _answer

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


@contextmanager
def serving() -> Iterator[tuple[str, list[tuple[str, str, str | None]]]]:
    heard: list[tuple[str, str, str | None]] = []
    silent = threading.Event()
    handler = type("Handler", (_Server,), {"heard": heard, "silent": silent})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", heard
    finally:
        silent.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, str, str | None]]]]:
    with serving() as found:
        yield found


@pytest.fixture
def loopback(settings: Any) -> None:
    """What a test may do and an installation only says on purpose."""
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:0:0:0:0:80ff:fffe", False),
        ("nonsense", False),
    ],
)
def test_which_addresses_are_asked(address: str, public: bool) -> None:
    assert may_be_asked(address) is public


def test_this_machine_is_not_asked_however_it_is_written(server: Any) -> None:
    url, heard = server
    port = url.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "0.0.0.0", "[::ffff:127.0.0.1]", "127.1"):
        answer = ask(Ask(f"http://{host}:{port}/"))
        assert isinstance(answer, Unanswered), host
        assert answer.refused, host
    assert heard == []


def test_a_name_is_refused_by_where_it_leads(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that was public when it was typed, and private when it is asked."""
    url, heard = server
    port = int(url.rpartition(":")[2])
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert ask(Ask(f"http://calendar.example:{port}/")) == Unanswered(PRIVATE, refused=True)
    assert heard == []


def test_a_redirect_to_a_private_address_is_refused(server: Any, settings: Any) -> None:
    url, heard = server
    settings.OUTGOING_ALLOW = ["127.0.0.1/32"]
    with socket.create_server(("127.0.0.2", 0)) as inner:
        port = inner.getsockname()[1]
        assert ask(Ask(f"{url}/to?http://127.0.0.2:{port}/")) == Unanswered(PRIVATE, refused=True)
    assert [path for _, path, _ in heard] == [f"/to?http://127.0.0.2:{port}/"]


@pytest.mark.usefixtures("loopback")
def test_a_network_that_the_settings_allow_is_asked(server: Any) -> None:
    url, _ = server
    answer = ask(Ask(f"{url}/to?/there"))
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, answer.url) == (200, b"hello", f"{url}/there")


@pytest.mark.usefixtures("loopback")
def test_a_password_goes_to_its_own_server_only(server: Any) -> None:
    url, heard = server
    with serving() as (other, there):
        ask(Ask(f"{url}/to?{other}/", user="rosa", password="secret"))
        assert heard[0][2] is not None
        assert there == [("GET", "/", None)]


@pytest.mark.usefixtures("loopback")
def test_a_method_is_kept_and_a_post_follows_nobody(server: Any) -> None:
    url, heard = server
    ask(Ask(f"{url}/to?/there", method="PROPFIND", body=b"<x/>"))
    assert [(method, path) for method, path, _ in heard] == [
        ("PROPFIND", "/to?/there"),
        ("PROPFIND", "/there"),
    ]
    answer = ask(Ask(f"{url}/to?/there", method="POST", body=b"{}"))
    assert isinstance(answer, Answer)
    assert answer.status == 307


def test_no_redirect_leads_out_of_encryption() -> None:
    assert moved_to("https://a.example/x", "../y") == "https://a.example/y"
    with pytest.raises(NotAsked):
        moved_to("https://a.example/x", "http://a.example/y")
    with pytest.raises(NotAsked):
        moved_to("http://a.example/x", "file:///etc/passwd")


@pytest.mark.usefixtures("loopback")
def test_everything_is_bounded(server: Any) -> None:
    url, heard = server
    much = ask(Ask(f"{url}/endless", most_bytes=100_000))
    assert isinstance(much, Unanswered)
    assert "more than" in str(much.because)
    silent = ask(Ask(f"{url}/silent", within_s=0.2))
    assert isinstance(silent, Unanswered)
    assert silent.perhaps
    assert "didn't answer" in str(silent.because)
    before = len(heard)
    round_and_round = ask(Ask(f"{url}/round"))
    assert isinstance(round_and_round, Answer)
    assert round_and_round.status == 302
    assert len(heard) - before == 6


@pytest.mark.parametrize(
    "url",
    ["", "calendar.example", "ftp://calendar.example/", "file:///etc/passwd", "https://", "http://[::1",
     "https://calendar.example:99999/", "https://calendar.example/a b", "https://c.example/" + "x" * 2000],
)  # fmt: skip
def test_what_is_no_address_is_said(url: str) -> None:
    assert ask(Ask(url)) == Unanswered(NO_ADDRESS, refused=True)


def test_user_and_password_do_not_belong_into_the_address() -> None:
    answer = ask(Ask("https://rosa:secret@calendar.example/"))
    assert isinstance(answer, Unanswered)
    assert "own fields" in str(answer.because)


@pytest.mark.usefixtures("loopback")
def test_who_is_away_or_speaks_nonsense_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
    away = ask(Ask(f"http://127.0.0.1:{port}/"))
    assert isinstance(away, Unanswered)
    assert str(away.because) == "it doesn't answer"

    async def babble() -> Answer | Unanswered:
        from leadbell.outgoing import asked

        async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.example ready\r\n")
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with server:
            return await asked(Ask(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))

    assert isinstance(asyncio.run(babble()), Unanswered)
