"""The usual answer to a beacon, made once for each origin that websites have: as ASGI's head, and as bytes."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from leadbell.visits.rules import LARGEST_BEACON, Site
from leadbell.visits.wire import readable_by

if TYPE_CHECKING:
    from asgiref.typing import HTTPResponseStartEvent

#: What is heard: the headers by their names, the body, and the sender's address.
Hears = Callable[[Mapping[bytes, bytes], bytes, str], None]


class Thanks:
    """Nobody keeps the answer to a POST: it needs no word about caches."""

    def __init__(self) -> None:
        self._made_for: Mapping[str, Site] = {}
        self._heads: dict[str, HTTPResponseStartEvent] = {}

    def head(self, origin: str, by_origin: Mapping[str, Site]) -> "HTTPResponseStartEvent":
        if self._made_for is not by_origin:
            self._made_for, self._heads = by_origin, {}
        known = origin if origin in by_origin else ""
        if known not in self._heads:
            headers = readable_by(known)[:1] if known else []
            self._heads[known] = {
                "type": "http.response.start", "status": 204, "headers": headers, "trailers": False,
            }  # fmt: skip
        return self._heads[known]


class Quick:
    """`leadbell.web.Quick` for beacons: whatever it was, who probes learns nothing."""

    path = b"/v"
    most = LARGEST_BEACON

    def __init__(self, by_origin: Callable[[], Mapping[str, Site]], hear: Hears) -> None:
        self._by_origin, self._hear = by_origin, hear
        self._usual: list[tuple[bytes, bytes]] | None = None
        self._made_for: Mapping[str, Site] = {}
        self._answers: dict[bytes, bytes] = {}

    def __call__(
        self, headers: dict[bytes, bytes], body: bytes, address: str, usual: list[tuple[bytes, bytes]]
    ) -> bytes:
        self._hear(headers, body, address)
        sites = self._by_origin()
        # The date among the usual headers changes once a second.
        if usual is not self._usual or sites is not self._made_for:
            self._usual, self._made_for, self._answers = usual, sites, {}
        origin = headers.get(b"origin", b"")
        answer = self._answers.get(origin)
        return self._answer(origin, sites) if answer is None else answer

    def _answer(self, origin: bytes, sites: Mapping[str, Site]) -> bytes:
        name = origin.decode("latin-1")
        told = [*(self._usual or ()), *(readable_by(name)[:1] if name in sites else ())]
        lines = b"".join(b"%s: %s\r\n" % header for header in told)
        made = b"HTTP/1.1 204 No Content\r\n" + lines + b"\r\n"
        if name in sites:
            self._answers[origin] = made
        return made
