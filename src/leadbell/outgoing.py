"""Asking a server whose address somebody typed: a calendar, a dealer's CRM, a webhook.

Refused is every address that isn't on the public internet: this machine, private, link-local, shared and reserved
networks, cloud metadata, multicast, and the same written as IPv4 within IPv6 (mapped, 6to4, Teredo, NAT64). The
address is looked at when it is connected to, and that very address is connected to: neither a redirect, nor a name
that answers differently the second time, nor a number written oddly gets around it. Only http and https, no user or
password in the address, no proxy, no cookies. `settings.OUTGOING_ALLOW` names networks that are allowed nevertheless.

Bounded are the seconds for everything together, the bytes that are read, and the redirects, which take neither
credentials to another server nor anybody from https to http.
"""

import asyncio
import base64
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings

from leadbell.words import Words, say

if TYPE_CHECKING:
    import aiohttp

LONGEST_URL = 2000
_MOVED = (301, 302, 303, 307, 308)
_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. `user` and `password` go to the server of `url` only, as HTTP Basic."""

    url: str
    method: str = "GET"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    password: str = field(default="", repr=False)
    within_s: float = 20.0
    most_bytes: int = 1_000_000
    #: So many redirects; a POST follows none by itself.
    redirects: int = 5
    #: A longer answer is an answer all the same: its beginning.
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said, whatever its status; header names are lower case. `url` is who answered in the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """There is no answer, in words; `refused`: we don't ask such an address, and trying again doesn't help.

    `perhaps`: the question may have arrived nevertheless.
    """

    because: Words
    refused: bool = False
    perhaps: bool = False


class NotAsked(Exception):
    """This address isn't asked; `words` say why."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words = words


class _NotPublic(OSError):
    """The address lies on a network that isn't the public internet."""


class _TooMuch(Exception):
    """More bytes than were asked for."""


def ask(question: Ask) -> Answer | Unanswered:
    """Ask and wait; for threads without an event loop, outside of transactions. Never raises for what a server does."""
    return asyncio.run(asked(question))


async def asked(question: Ask) -> Answer | Unanswered:
    """The same, within an event loop."""
    import aiohttp  # large, and most processes that know this module ask nobody

    state = _Way()
    try:
        checked(question.url)
        async with asyncio.timeout(question.within_s):
            return await _follow(question, state)
    except NotAsked as refused:
        return Unanswered(refused.words, refused=True)
    except TimeoutError:
        return Unanswered(
            say("it didn't answer within %(seconds)s seconds", seconds=round(question.within_s)),
            perhaps=state.sent,
        )
    except _TooMuch:
        return Unanswered(
            say("it sends more than %(most)s MB", most=max(1, question.most_bytes // 1_000_000)), perhaps=True
        )
    except aiohttp.ClientConnectorCertificateError:
        return Unanswered(say("its certificate doesn't fit"))
    except aiohttp.ClientConnectorDNSError:
        return Unanswered(say("there is no server of this name"))
    except aiohttp.ClientConnectorError:
        return Unanswered(PRIVATE, refused=True) if state.private else Unanswered(say("it doesn't answer"))
    except (aiohttp.InvalidURL, UnicodeError):
        return Unanswered(NO_ADDRESS, refused=True)
    except (aiohttp.ClientError, OSError, ValueError):
        return Unanswered(say("it hung up, or doesn't speak HTTP"), perhaps=state.sent)


PRIVATE = say("this address is on a private network, which isn't asked from here")
NO_ADDRESS = say("this isn't an address: it begins with https://")


@dataclass(slots=True)
class _Way:
    """How far a question has come."""

    sent: bool = False
    #: One of the addresses was none of the public internet's.
    private: bool = False

    def socket(self, about: Any) -> socket.socket:
        """A socket for this address, which is what it will be connected to. Raises _NotPublic."""
        family, kind, protocol, _, address = about
        if not may_be_asked(str(address[0])):
            self.private = True
            raise _NotPublic("not on the public internet")
        return socket.socket(family=family, type=kind, proto=protocol)


async def _follow(question: Ask, way: _Way) -> Answer:
    import aiohttp

    url, method, body = question.url, question.method, question.body
    left = question.redirects if method != "POST" else 0
    # A connector of its own for each question: nothing is asked over a connection that was checked for another.
    connector = aiohttp.TCPConnector(
        socket_factory=way.socket, use_dns_cache=False, force_close=True, limit=1
    )
    # Not decompressed: a small answer can't become a large one.
    async with aiohttp.ClientSession(
        connector=connector, auto_decompress=False, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        while True:
            headers = {"User-Agent": "Leadbell", "Accept-Encoding": "identity", **question.headers}
            if question.user and _origin(urlsplit(url)) == _origin(urlsplit(question.url)):
                basic = base64.b64encode(f"{question.user}:{question.password}".encode()).decode()
                headers["Authorization"] = f"Basic {basic}"
            way.sent = True
            async with session.request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as said:
                where = said.headers.get("Location", "")
                if said.status not in _MOVED or not where or left <= 0:
                    known = {name.lower(): value for name, value in said.headers.items()}
                    return Answer(
                        said.status, known, await _read(said, question.most_bytes, question.cut), url
                    )
            left -= 1
            url = moved_to(url, where)
            if said.status == 303:
                method, body = "GET", b""


def moved_to(url: str, where: str) -> str:
    """Where a redirect leads. Raises NotAsked for what isn't asked, and for a way out of https."""
    moved = checked(urljoin(url, where))
    if urlsplit(url).scheme == "https" and moved.scheme != "https":
        raise NotAsked(say("it leads to an address without encryption"))
    return moved.geturl()


async def _read(said: "aiohttp.ClientResponse", most: int, cut: bool) -> bytes:
    size, parts = 0, []
    async for part in said.content.iter_chunked(1 << 16):
        size += len(part)
        if size > most and not cut:
            raise _TooMuch
        parts.append(part)
        if size > most:
            break
    return b"".join(parts)[:most]


def checked(url: str) -> SplitResult:
    """The address in its parts, without looking anything up. Raises NotAsked for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotAsked(NO_ADDRESS) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or len(url) > LONGEST_URL:
        raise NotAsked(NO_ADDRESS)
    if any(c.isspace() or ord(c) < 32 for c in url):
        raise NotAsked(NO_ADDRESS)
    if "@" in parts.netloc:
        raise NotAsked(say("user and password belong into their own fields, not into the address"))
    return parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def may_be_asked(address: str) -> bool:
    """Whether this number is one of the public internet's, or of a network that the settings allow."""
    try:
        number = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return is_allowed(address) or all(_is_public(one) for one in _meant(number))


def is_allowed(address: str) -> bool:
    """Whether this number lies on a network that the settings allow."""
    try:
        meant = _meant(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    return any(one in ip_network(allowed) for allowed in settings.OUTGOING_ALLOW for one in meant)


def _meant(number: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    return [number, inner] if (inner := _within(number)) else [number]


def _is_public(number: IPv4Address | IPv6Address) -> bool:
    return number.is_global and not (number.is_multicast or number.is_reserved or number.is_unspecified)


def _within(number: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(number, IPv4Address):
        return None
    if number in _NAT64:
        return IPv4Address(int(number) & 0xFFFF_FFFF)
    return number.ipv4_mapped or number.sixtofour or (number.teredo[1] if number.teredo else None)
