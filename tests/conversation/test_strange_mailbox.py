"""A server that speaks IMAP badly: a sentence for the manager, never a traceback."""

import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from leadbell.conversation.carriers import mailbox
from leadbell.conversation.ports import Account, Fetched, MailboxAway


class Strange(socketserver.StreamRequestHandler):
    """Answers each command with what the test gave for it, else with nothing but OK."""

    said: dict[str, bytes] = {}
    refused: tuple[bytes, ...] = ()

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, command, *rest = line.split()
            name = (rest[0] if command == b"UID" else command).decode().upper()
            if name == "CAPABILITY":
                self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
            refused = name == "FETCH" and rest[1] in self.refused
            self.wfile.write(
                self.said.get(name, b"") + tag + (b" NO damaged\r\n" if refused else b" OK done\r\n")
            )


@pytest.fixture
def account() -> Iterator[Account]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Strange) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Account(
            sender="s@n.example", host="127.0.0.1", port=server.server_address[1], security="none", login="sales",
            password="x",
        )  # fmt: skip
        server.shutdown()


NUMBERED = {"STATUS": b"* STATUS INBOX (UIDNEXT 7)\r\n", "SELECT": b"* OK [UIDVALIDITY 5] numbered\r\n"}


def test_one_that_numbers_its_mail_is_understood(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Strange, "said", {**NUMBERED, "EXAMINE": NUMBERED["SELECT"]})
    assert mailbox().fetch(account, 0, 0, None) == Fetched(5, 6, ())


@pytest.mark.parametrize("missing", ["STATUS", "EXAMINE"])
def test_one_that_doesnt_is_said_to_be_away(
    missing: str, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {**NUMBERED, "EXAMINE": NUMBERED["SELECT"], missing: b""}
    monkeypatch.setattr(Strange, "said", said)
    assert isinstance(mailbox().fetch(account, 0, 0, None), MailboxAway)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("CAPABILITY", b"* CAPABILITY IMAP4rev1 \xff\xfe\r\n"),
        ("STATUS", b"* STATUS INBOX (UIDNEXT " + b"9" * 5000 + b")\r\n"),
        ("EXAMINE", b"* OK [UIDVALIDITY 99999999999999999999] numbered\r\n"),
        ("SEARCH", b"* SEARCH seven\r\n"),
        ("SEARCH", b"* SEARCH {5}\r\n7 8 9\r\n"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(
    name: str, answer: bytes, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Strange, "said", {**NUMBERED, "EXAMINE": NUMBERED["SELECT"], name: answer})
    assert isinstance(mailbox().fetch(account, 5, 6, None), MailboxAway)


def test_a_number_that_is_none_is_not_read(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {**NUMBERED, "EXAMINE": NUMBERED["SELECT"], "SEARCH": b"* SEARCH 99999999999999\r\n"}
    monkeypatch.setattr(Strange, "said", said)
    assert mailbox().fetch(account, 5, 6, None) == Fetched(5, 6, ())


def test_a_mail_that_the_server_cant_read_holds_up_no_other(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {
        **NUMBERED, "EXAMINE": NUMBERED["SELECT"], "SEARCH": b"* SEARCH 7 8\r\n",
        "FETCH": b"* 1 FETCH (UID 8 BODY[]<0> {5}\r\nhello)\r\n",
    }  # fmt: skip
    monkeypatch.setattr(Strange, "said", said)
    monkeypatch.setattr(Strange, "refused", (b"7",))
    found = mailbox().fetch(account, 5, 6, None)
    assert isinstance(found, Fetched)
    assert (found.uid, found.mails[-1]) == (8, b"hello")


@pytest.mark.parametrize("about", [{"host": "a" * 64 + ".example"}, {"password": "geheim€"}])
def test_what_imap_cant_say_is_said_to_be_the_accounts(account: Account, about: dict[str, str]) -> None:
    assert isinstance(mailbox().fetch(replace(account, **about), 0, 0, None), MailboxAway)
