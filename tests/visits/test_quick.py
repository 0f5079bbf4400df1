"""Beacons that the server answers itself, and those that go the application's way: nobody sees a difference."""

import json
import re
import socket

import pytest

from leadbell.visits.rules import LARGEST_BEACON
from tests.fakes.front import Alone, Town
from tests.visits.test_beacon import BROWSER, HOME, Website, here, running, website
from tests.waiting import eventually

__all__ = ["here", "running", "website"]


def request(
    website: Website, *more: str, version: str = "1.1", length: bool = True, **about: object
) -> bytes:
    """A beacon as a browser sends it, with `more` headers."""
    body = json.dumps(website.told(**about)).encode()
    head = [
        f"POST /v HTTP/{version}", "Host: x", f"Origin: {HOME}", f"User-Agent: {BROWSER}",
        *([f"Content-Length: {len(body)}"] if length else []), *more,
    ]  # fmt: skip
    return "\r\n".join(head).encode() + b"\r\n\r\n" + (body if length else _chunked(body))


def _chunked(body: bytes) -> bytes:
    half = len(body) // 2
    return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in (body[:half], body[half:], b""))


def answered(door: socket.socket, times: int = 1) -> bytes:
    """Everything that came until so many answers were there."""
    said = b""
    while said.count(b"HTTP/1.1 204") < times or not said.endswith(b"\r\n\r\n"):
        come = door.recv(65536)
        assert come, said
        said += come
    assert re.findall(rb"HTTP/1\.1 (?!100)(\d+)", said) == [b"204"] * times
    return said


@pytest.fixture
def door(website: Website):
    with socket.create_connection(("127.0.0.1", website.port), 10) as connection:
        yield connection


def test_one_connection_tells_again_and_again(website: Website, door: socket.socket) -> None:
    for _ in range(3):
        door.sendall(request(website))
        said = answered(door)
        assert said.count(b"access-control-allow-origin: " + HOME.encode()) == 1
        assert b"date: " in said
    assert website.counted(kept=3)


def test_many_in_one_packet_are_answered_in_their_order(website: Website, door: socket.socket) -> None:
    door.sendall(b"".join(request(website) for _ in range(20)))
    answered(door, 20)
    assert website.counted(kept=20)


def test_a_beacon_behind_another_question_waits_for_its_answer(website: Website, door: socket.socket) -> None:
    door.sendall(b"GET /v.js HTTP/1.1\r\nHost: x\r\n\r\n" + request(website))
    said = b""
    while b"HTTP/1.1 204" not in said:
        said += door.recv(65536)
    assert said.startswith(b"HTTP/1.1 200")
    assert website.counted(kept=1)


@pytest.mark.parametrize(
    ("more", "about"),
    [
        (["Connection: close"], {}),
        (["Expect: 100-continue"], {}),
        (["Transfer-Encoding: chunked"], {"length": False}),
        (["Upgrade: h2c"], {}),
        ([], {"version": "1.0"}),
    ],
    ids=["close", "expect", "chunked", "upgrade", "1.0"],
)
def test_the_unusual_is_kept_too(
    website: Website, door: socket.socket, more: list[str], about: dict[str, object]
) -> None:
    length, version = bool(about.get("length", True)), str(about.get("version", "1.1"))
    door.sendall(request(website, *more, length=length, version=version))
    answered(door)
    assert website.counted(kept=1)


@pytest.mark.parametrize("at", [10, 60, 200, -1])
def test_a_beacon_in_two_packets(website: Website, door: socket.socket, at: int) -> None:
    whole = request(website)
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    door.sendall(whole[:at])
    # Somebody else is answered meanwhile: the first half has been read by then.
    assert website.send(website.told()).status == 204
    door.sendall(whole[at:])
    answered(door)
    assert website.counted(kept=2)


def test_too_large_in_one_packet(website: Website, door: socket.socket) -> None:
    door.sendall(request(website, h="x" * LARGEST_BEACON))
    assert b"connection: close" in answered(door)
    assert website.counted(oversized=1)


def test_behind_a_proxy_it_is_the_visitors_address_that_counts(
    here: Town, running: tuple[int, Alone], website: Website, door: socket.socket
) -> None:
    here.db.execute("update leadbell_site set own_networks = '{192.0.2.0/24}' where id = %s", [website.id])
    writer = running[1].inner.writer
    assert eventually(lambda: bool(writer.by_key[website.key].networks), 10)
    for named in ("192.0.2.7", "198.51.100.1, 192.0.2.7", "198.51.100.1"):
        door.sendall(request(website, f"X-Forwarded-For: {named}"))
        answered(door)
    assert website.counted(own_people=2, kept=1)


def test_somebody_elses_page_can_not_read_the_answer(website: Website, door: socket.socket) -> None:
    door.sendall(request(website).replace(HOME.encode(), b"https://evil.example"))
    assert b"access-control" not in answered(door)
    assert website.counted(foreign_origin=1)
