"""Senders that hang up in the middle, and a database that stands still."""

import os
import random
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.crash import promises
from tests.crash.house import House, children_of
from tests.crash.notebook import Notebook
from tests.crash.senders import Plan, Sender, adf
from tests.waiting import eventually

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose child a process is"),
]

LEAD = adf([900_001], "Kia EV6")
STANDS_STILL_S = 3.0
Cut = Callable[[socket.socket], None]


def close(connection: socket.socket) -> None:
    connection.close()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def half_a_post(key: str) -> bytes:
    head = f"POST /in/{key} HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: {len(LEAD)}\r\n\r\n"
    return head.encode() + LEAD[: len(LEAD) // 2]


def half_a_chunk(key: str) -> bytes:
    head = f"POST /in/{key} HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode() + b"%x\r\n%s\r\n" % (len(LEAD), LEAD)


def half_a_mail(key: str) -> bytes:
    said = f"EHLO x\r\nMAIL FROM:<a@portal.example>\r\nRCPT TO:<{key}@leads.localhost>\r\nDATA\r\n"
    return said.encode() + b"Subject: Lead\r\n\r\n" + LEAD.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("cut", [close, reset])
@pytest.mark.parametrize("half", [half_a_post, half_a_chunk, half_a_mail])
def test_half_a_lead_is_none(
    house: House, told: dict[str, Any], notebook: Notebook, half: Callable[[str], bytes], cut: Cut
) -> None:
    """Nothing was promised, so nothing is kept; whoever comes next is served."""
    where = house.smtp if half is half_a_mail else house.http
    assert where
    with house.reading() as database:
        before = _envelopes(database)
        connection = socket.create_connection(where, timeout=10)
        connection.sendall(half(told["keys"][0]))
        if half is half_a_mail:
            assert eventually(lambda: b"354" in connection.recv(4096))
        cut(connection)
        by = "smtp" if half is half_a_mail else "http"
        plan = Plan(random.Random(half.__name__ + cut.__name__), told["keys"])
        Sender(by, house, plan, notebook, random.Random(1), 0).deliver(plan.next(by)[0])
        assert _envelopes(database) == before + 1
    assert not notebook.odd


def _envelopes(database: Any) -> int:
    return int(database.execute("select count(*) from leadbell_envelope").fetchone()[0])


def test_a_database_that_stands_still_loses_nothing(
    house: House, told: dict[str, Any], notebook: Notebook
) -> None:
    """Senders wait or are sent away in words; whoever tries again is kept once."""
    plan = Plan(random.Random(77), told["keys"])
    plan.begin_at(1_000)
    senders = [
        Sender(by, house, plan, notebook, random.Random(n), 0.02)
        for n, by in enumerate(["http"] * 3 + ["smtp"])
    ]
    server = house.pid("postgres")
    assert server
    frozen = [server, *children_of(server)]
    try:
        for sender in senders:
            sender.start()
        assert eventually(lambda: notebook.counts["http: kept"] > 20)
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        kept = notebook.counts["http: kept"]
        threading.Event().wait(STANDS_STILL_S)
        assert notebook.counts["http: kept"] - kept <= len(senders) * 8, (
            "kept by a database that stands still"
        )
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    kept = notebook.counts["http: kept"]
    assert eventually(lambda: notebook.counts["http: kept"] > kept + 20), house.said()
    for sender in senders:
        sender.stopping.set()
    for sender in senders:
        sender.join(60)
    with house.reading() as database:
        assert eventually(lambda: promises.is_at_rest(database), 60), promises.unrest(database)
        assert [*notebook.odd, *promises.of_envelopes(database, notebook)] == []
        assert list(promises.of_customers(database, range(1_001, plan.customers + 1))) == []
