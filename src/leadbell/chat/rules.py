"""What a visitor's browser may say in a chat, read and judged; and when a chat is late, quiet or over."""

import hashlib
import re
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

#: A line, a name and an address with room to spare; more is no chat.
LARGEST_BODY = 16_384
LONGEST_LINE, LONGEST_NAME, LONGEST_CONTACT, LONGEST_PAGE = 2_000, 120, 200, 300
MOST_LINES = 500
#: How fast a chat may be written in: so many lines at once, then so many a minute.
LINES_AT_ONCE, LINES_PER_MINUTE = 8, 30.0
#: How many chats one address may begin in a minute, and one website.
BEGINS_PER_MINUTE, SITE_BEGINS_PER_MINUTE = 6.0, 120.0
#: How long a visitor waits for an answer, as a dealer may choose it; 30 s unless they do [S0].
PATIENCES_S = range(3, 301)
#: A chat in which nobody writes for so long is over.
QUIET = timedelta(minutes=10)
#: A visitor whose browser asks nothing for so long has gone.
GONE = timedelta(seconds=75)

_TOKEN = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[0-9a-f]{32}")
_UNSTORABLE = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]+"
)


class No(StrEnum):
    """Why a browser is answered nothing."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    EMPTY = "empty"


class Asked(msgspec.Struct):
    """What a browser sends; nothing in it is believed. `token` is the chat's own key, made by the browser."""

    site: str
    token: str = ""
    #: Names a line for ever: sent twice, it is one line.
    key: str = ""
    text: str = ""
    visitor: str = ""
    language: str = ""
    page: str = ""
    title: str = ""
    after: int = 0
    #: How much of the chat's state the browser knows already.
    known: str = ""
    name: str = ""
    phone: str = ""
    email: str = ""


_READ = msgspec.json.Decoder(Asked)


def read_asked(body: bytes) -> Asked | No:
    if len(body) > LARGEST_BODY:
        return No.TOO_LARGE
    try:
        return _READ.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return No.UNREADABLE


def token_hash(token: str) -> bytes | None:
    """Under what a chat is kept: whoever reads the database can't speak in it. None for what is no token."""
    return hashlib.sha256(token.encode()).digest() if _TOKEN.fullmatch(token) else None


def is_key(said: str) -> bool:
    return _KEY.fullmatch(said) is not None


def line(said: str, most: int = LONGEST_LINE) -> str:
    """A line as it can be stored and shown: paragraphs kept, nothing that turns text around."""
    text = _UNSTORABLE.sub(" ", said[: 2 * most].replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()[:most]


def words(said: str, most: int) -> str:
    """One line."""
    return " ".join(line(said, most).split())[:most]


def is_late(began_at: datetime, patience_s: int, now: datetime) -> bool:
    """Whether the visitor's patience is over."""
    return now >= began_at + timedelta(seconds=patience_s)


def is_over(line_at: datetime, heard_at: datetime, answered: bool, now: datetime) -> bool:
    """Nobody writes any more; or nobody has answered and the visitor has gone."""
    return now - line_at >= QUIET or (not answered and now - heard_at >= GONE)
