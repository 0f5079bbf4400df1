"""The header of a message as it is delivered: its id, what it answers, and what it is known again by."""

import hashlib
import re

from leadbell.intake.post import idempotency_key

LONGEST_HEAD = 65_536
#: What servers on the way write on top of a message: it differs when the same message is sent again.
TRACE = frozenset(
    (
        b"received", b"x-received", b"received-spf", b"return-path", b"delivered-to", b"x-delivered-to",
        b"x-original-to", b"envelope-to", b"authentication-results", b"dkim-signature", b"x-google-dkim-signature",
        b"arc-seal", b"arc-message-signature", b"arc-authentication-results",
    )
)  # fmt: skip
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
_NEXT_FIELD = re.compile(rb"\r?\n(?![ \t])")


def _name_of(field: bytes) -> bytes:
    return field.partition(b":")[0].strip().lower()


def read_header(message: bytes) -> tuple[str | None, bytes]:
    """The Message-ID, and the fingerprint of the message without the lines that servers on the way added."""
    end = _END_OF_HEADER.search(message)
    head, rest = (message[: end.start()], message[end.start() :]) if end else (message, b"")
    fields = [line for line in _NEXT_FIELD.split(head) if _name_of(line) not in TRACE]
    ids = [line.partition(b":")[2] for line in fields if _name_of(line) == b"message-id"]
    fingerprint = hashlib.sha256(b"\r\n".join(fields))
    fingerprint.update(rest)
    return (idempotency_key(ids[0].decode("latin-1")) if ids else None), fingerprint.digest()


def answered_in(message: bytes) -> str:
    """References and In-Reply-To: what the message says it answers."""
    end = _END_OF_HEADER.search(message)
    head = message[: end.start()] if end else message
    fields = [field.partition(b":") for field in _NEXT_FIELD.split(head[:LONGEST_HEAD])]
    found = [said for name, _, said in fields if name.strip().lower() in (b"references", b"in-reply-to")]
    return b" ".join(found).decode("latin-1")
