"""Mail to a key is kept before it is answered, once for each recipient, and nothing else is taken in."""

import asyncio
import logging
import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadbell import roles
from leadbell.intake import smtp
from leadbell.intake.door import MAIL_ALIVE, STRANGERS_PER_MINUTE
from leadbell.intake.header import read_header
from leadbell.intake.smtp import Connection, Limits, MailDoor
from tests.fakes.front import ADF, Town, town
from tests.waiting import eventually


@pytest.fixture(scope="module")
def here(cluster: roles.Urls, django_db_setup: None) -> Iterator[Town]:
    with town(cluster) as there:
        yield there


@contextmanager
def in_a_thread(main: Any) -> Iterator[int]:
    """Run `main(started, stop)` in a loop of its own until the end; `started` is told the port."""
    up = threading.Event()
    known: dict[str, Any] = {}

    async def run() -> None:
        known["stop"], known["loop"] = asyncio.Event(), asyncio.get_running_loop()

        def started(port: int) -> None:
            known["port"] = port
            up.set()

        await main(started, known["stop"])

    thread = threading.Thread(target=asyncio.run, args=[run()], daemon=True)
    thread.start()
    assert up.wait(10)
    try:
        yield known["port"]
    finally:
        known["loop"].call_soon_threadsafe(known["stop"].set)
        thread.join(15)
        assert not thread.is_alive()


@contextmanager
def open_door(urls: roles.Urls, limits: Limits | None = None) -> Iterator[int]:
    async def main(started: Any, stop: asyncio.Event) -> None:
        door = MailDoor(urls.mouth, 0, limits=limits)
        door.open()
        make = asyncio.get_running_loop().create_server
        server = await make(lambda: Connection(door, "leads.localhost"), "127.0.0.1", 0)
        started(server.sockets[0].getsockname()[1])
        await stop.wait()
        server.close()
        await door.close()
        for connection in list(door.connections):
            connection.say_goodbye(b"421 stopping\r\n")

    with in_a_thread(main) as port:
        yield port


@pytest.fixture(scope="module")
def port(here: Town) -> Iterator[int]:
    with open_door(here.urls) as open_at:
        yield open_at


@pytest.fixture
def website(here: Town) -> tuple[int, str]:
    return here.source(here.dealer())


def message(
    body: str = "Phone: +31612345678", message_id: str | None = "<1@portal.example>", trace: str = ""
) -> bytes:
    head = f"{trace}From: portal@portal.example\r\nSubject: A lead\r\n"
    if message_id:
        head += f"Message-ID: {message_id}\r\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()


def send(port: int, keys: list[str], mail: bytes, options: tuple[str, ...] = ()) -> tuple[int, str]:
    """The answer to the message, or to the first recipient that was refused."""
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as sender:
        sender.ehlo("portal.example")
        sender.mail("portal@portal.example", options)
        for key in keys:
            code, said = sender.rcpt(key if "@" in key else f"{key}@leads.localhost")
            if code != 250:
                return code, said.decode()
        code, said = sender.data(mail)
        return code, said.decode()


def test_a_mail_is_kept_whole_before_it_is_answered(here: Town, port: int, website: tuple[int, str]) -> None:
    source, key = website
    mail = message(ADF.decode().replace("\n", "\r\n"))
    code, said = send(port, [key], mail)
    [envelope] = here.envelopes(source)
    assert (code, said) == (250, f"2.0.0 kept as {envelope['id']}")
    assert bytes(envelope["body"]) == mail
    assert (envelope["transport"], envelope["content_type"]) == ("smtp", "message/rfc822")
    assert (envelope["status"], envelope["idempotency_key"]) == ("accepted", "<1@portal.example>")


def test_a_mail_that_is_no_lead_is_kept_in_quarantine(
    here: Town, port: int, website: tuple[int, str]
) -> None:
    source, key = website
    code, _said = send(port, [key], b"Subject: Spring\r\n\r\nBuy our newsletter.\r\n")
    [envelope] = here.envelopes(source)
    assert (code, envelope["status"]) == (250, "quarantined")
    assert envelope["reason"]["text"]


@pytest.mark.parametrize(
    "address",
    ["nobody@leads.localhost", "somebody@elsewhere.example", "postmaster", '"a b"@x', "x" * 200 + "@y"],
)
def test_mail_for_anybody_else_is_refused(port: int, address: str) -> None:
    code, said = send(port, [address], message())
    assert (code, said) == (550, "5.1.1 Nobody has this address: its key is unknown, or was revoked")


def test_every_recipient_gets_an_envelope_of_its_own(here: Town, port: int) -> None:
    doors = [here.source(here.dealer()) for _ in range(5)]
    keys = [key for _, key in doors]
    code, said = send(port, [*keys, keys[0].upper(), f"{keys[1]}@elsewhere.example"], message())
    kept = [here.envelopes(source) for source, _ in doors]
    assert code == 250
    assert said.endswith("and 2 more")
    assert [len(envelopes) for envelopes in kept] == [1] * 5
    assert len({envelopes[0]["id"] for envelopes in kept}) == 5


RECEIVED = "Received: from portal.example by relay.example;\r\n\tMon, 23 Nov 2026 12:00:0{} +0100\r\n"


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (message(), message(), 1),
        (message(trace=RECEIVED.format(1)), message(trace=RECEIVED.format(2) + "Delivered-To: x@y\r\n"), 1),
        (message(), message("Phone: +31687654321"), 2),
        (message(), message(message_id="<2@portal.example>"), 2),
        (message(message_id=None), message(message_id=None), 2),
    ],
)
def test_a_mail_that_is_sent_again_is_one_envelope(
    here: Town, port: int, website: tuple[int, str], first: bytes, second: bytes, kept: int
) -> None:
    source, key = website
    answers = [send(port, [key], mail) for mail in (first, second)]
    assert [code for code, _ in answers] == [250, 250]
    assert len(here.envelopes(source)) == len({said for _, said in answers}) == kept


def test_a_mail_that_is_too_large_is_refused_early_or_late(here: Town, website: tuple[int, str]) -> None:
    source, key = website
    with open_door(here.urls, Limits(message=300_000)) as port:
        assert send(port, [key], b"\r\n" + b"x" * 400_000)[0] == 552
        assert send(port, [key], message() + b"line\r\n" * 60_000)[0] == 552
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as sender:
            sender.ehlo("portal.example")
            assert sender.mail("a@portal.example", ["SIZE=300001"])[0] == 552
        assert send(port, [key], message())[0] == 250
    assert len(here.envelopes(source)) == 1


def test_a_lead_on_one_endless_line_is_taken_in(here: Town, port: int, website: tuple[int, str]) -> None:
    source, key = website
    mail = message("x" * 700_000)
    assert send(port, [key], mail)[0] == 250
    assert bytes(here.envelopes(source)[0]["body"]) == mail


def test_nothing_is_promised_while_the_database_is_away(
    here: Town, port: int, website: tuple[int, str]
) -> None:
    source, key = website
    assert send(port, [key], message(message_id="<before@x>"))[0] == 250
    with here.away(roles.MOUTH):
        answers = [send(port, [key], message()) for _ in range(2)]
    assert [code for code, _ in answers] == [451, 451]
    assert send(port, [key], message())[0] == 250
    assert len(here.envelopes(source)) == 2


def test_of_a_mail_that_was_cut_off_nothing_is_kept(here: Town, port: int, website: tuple[int, str]) -> None:
    source, key = website
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sender:
        lines = sender.makefile("rb")
        lines.readline()
        for command in (b"HELO x", b"MAIL FROM:<a@b>", f"RCPT TO:<{key}@x>".encode(), b"DATA"):
            sender.sendall(command + b"\r\n")
            assert lines.readline()[:1] in (b"2", b"3")
        sender.sendall(message())
    assert send(port, [key], message("whole"))[0] == 250
    assert len(here.envelopes(source)) == 1


def test_a_slow_sender_is_told_so(here: Town, website: tuple[int, str]) -> None:
    with (
        open_door(here.urls, Limits(patience_s=0.2)) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as slow,
    ):
        lines = slow.makefile("rb")
        assert lines.readline().startswith(b"220")
        assert lines.readline().startswith(b"421 4.4.2")
        assert lines.readline() == b""


def test_there_is_room_for_so_many_connections(here: Town) -> None:
    with open_door(here.urls, Limits(connections=3)) as port:
        callers = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(3)]
        for caller in callers:
            assert caller.recv(100).startswith(b"220")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as one_more:
            assert one_more.recv(100).startswith(b"421 4.3.2")
            assert one_more.recv(100) == b""
        callers[0].sendall(b"QUIT\r\n")
        while callers[0].recv(100):
            pass
        with socket.create_connection(("127.0.0.1", port), timeout=10) as next_one:
            assert next_one.recv(100).startswith(b"220")
        for caller in callers:
            caller.close()


def test_a_stranger_may_guess_a_few_times_a_minute(here: Town, website: tuple[int, str]) -> None:
    with open_door(here.urls) as port, smtplib.SMTP("127.0.0.1", port, timeout=10) as guesser:
        guesser.ehlo("x")
        guesser.mail("a@b")
        codes = [guesser.rcpt(f"guess{n}@x")[0] for n in range(STRANGERS_PER_MINUTE // 2 + 5)]
    assert codes[: STRANGERS_PER_MINUTE // 2] == [550] * (STRANGERS_PER_MINUTE // 2)
    assert codes[-1] == 450


def test_it_offers_what_mail_servers_expect_and_no_more(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as sender:
        sender.ehlo("portal.example")
        assert set(sender.esmtp_features) == {"size", "8bitmime", "smtputf8", "help"}
        assert sender.esmtp_features["size"] == str(10 * 1024 * 1024)
        assert sender.docmd("AUTH", "PLAIN AGEAYg==")[0] >= 500


def test_umlauts_arrive_as_they_were_sent(here: Town, port: int, website: tuple[int, str]) -> None:
    source, key = website
    mail = message("Telefon: +31612345678, Größe, Привет")
    assert send(port, [key], mail, ("BODY=8BITMIME", "SMTPUTF8"))[0] == 250
    assert bytes(here.envelopes(source)[0]["body"]) == mail


def test_others_see_that_the_door_is_open(here: Town) -> None:
    held = "select count(*) as n from pg_locks where locktype = 'advisory' and objid = %s::bigint::oid and granted"

    def is_open() -> bool:
        return bool(here.one(held, MAIL_ALIVE)["n"])

    async def main(started: Any, stop: asyncio.Event) -> None:
        started(0)
        await smtp.serve(here.urls.mouth, "127.0.0.1", 0, "leads.localhost", 0, stop)

    with in_a_thread(main):
        assert eventually(is_open)
        with here.away(roles.MOUTH):
            assert not is_open()
        assert eventually(is_open)
    assert eventually(lambda: not is_open())


def test_no_address_gets_into_the_log(
    here: Town, port: int, website: tuple[int, str], caplog: pytest.LogCaptureFixture
) -> None:
    smtp.keep_addresses_out_of_the_log()
    caplog.set_level(logging.DEBUG)
    send(port, [website[1]], message())
    send(port, ["okafor@example.org"], message())
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sender:
        sender.sendall(b"EHLO x\r\nokafor@example.org called\r\nQUIT\r\n")
        while sender.recv(4096):
            pass
    assert not any(word in caplog.text for word in ("okafor", "portal@", website[1]))


@given(
    st.binary(max_size=400),
    st.lists(st.sampled_from([b"Received: x", b"X: y\r\n z", b"Subject: a"]), max_size=4),
)
def test_a_header_is_read_whatever_it_says(noise: bytes, fields: list[bytes]) -> None:
    mail = b"\r\n".join([*fields, b"Message-ID: <1@x>", b"", b""]) + noise
    without = b"\r\n".join(
        [*(f for f in fields if not f.startswith(b"Received")), b"Message-ID: <1@x>", b"", b""]
    )
    assert read_header(mail) == read_header(without + noise)
    assert read_header(mail)[0] == "<1@x>"
    read_header(noise)


@given(st.lists(st.sampled_from([b".", b"..", b".x", b"", b"x", b"\n.", b"\r"]), max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_dots_arrive_as_they_were_sent(
    here: Town, port: int, dotted: tuple[int, str], lines: list[bytes]
) -> None:
    source, key = dotted
    mail = b"Subject: dots\r\n\r\n" + b"".join(line + b"\r\n" for line in lines)
    stuffed = mail.replace(b"\r\n.", b"\r\n..")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sender:
        sender.sendall(f"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<{key}@x>\r\nDATA\r\n".encode())
        sender.sendall(stuffed + b".\r\nQUIT\r\n")
        said = b""
        while piece := sender.recv(4096):
            said += piece
    envelope = said.split(b"kept as ")[1].split(b"\r\n")[0].decode()
    stored = here.one("select body from leadbell_envelope where id = %s and source_id = %s", envelope, source)
    assert bytes(stored["body"]) == mail


_COMMAND = st.one_of(
    st.sampled_from(
        [b"EHLO x", b"HELO x", b"MAIL FROM:<a@b>", b"MAIL FROM:<>",
         b"MAIL FROM:<a@b> SIZE=x", b"DATA", b"RSET", b"NOOP",
         b"RCPT TO:<x@y>", b"RCPT TO:<>", b"RCPT TO:<@>",
         b'RCPT TO:<"\\">', b"RCPT TO: x@[", b".", b"VRFY x", b"AUTH x",
         b"STARTTLS", b"BDAT 10 LAST", b"HELP", b"\xff\xfe", b"RCPT TO:<(@x>", b"MAIL FROM:<a@b", b"EHLO"]
    ),
    st.binary(max_size=60),
)  # fmt: skip


@given(st.lists(_COMMAND, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_said_the_door_stays_open(port: int, commands: list[bytes]) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sender:
        sender.sendall(b"\r\n".join(commands) + b"\r\n.\r\nQUIT\r\n")
        sender.shutdown(socket.SHUT_WR)
        while sender.recv(4096):
            pass
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sender:
        assert sender.recv(100).startswith(b"220")


@pytest.fixture(scope="module")
def dotted(here: Town) -> tuple[int, str]:
    return here.source(here.dealer())
