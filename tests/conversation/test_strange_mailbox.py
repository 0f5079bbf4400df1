"""A server that speaks IMAP badly: a sentence for the manager, never a traceback."""

import socketserver
import threading
from collections.abc import Iterator

import pytest

from leadbell.conversation.carriers import mailbox
from leadbell.conversation.ports import Account, Fetched, MailboxAway


class Strange(socketserver.StreamRequestHandler):
    """Answers each command with what the test gave for it, else with nothing but OK."""

    said: dict[str, bytes] = {}

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, command, *_ = line.split()
            name = command.decode().upper()
            if name == "CAPABILITY":
                self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
            self.wfile.write(self.said.get(name, b"") + tag + b" OK done\r\n")


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
