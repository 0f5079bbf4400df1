"""The door for visits, plain ASGI: `POST /v` is answered with 204 at once, `GET /v.js` and `/v/more` are the scripts,
and what visitors ask goes to `asking`."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from leadbell.visits.asking import Asking
from leadbell.visits.rules import Drop, Dropped, Look, Request, Told, judge, read_beacon
from leadbell.visits.script import script
from leadbell.visits.showing import Numbers
from leadbell.visits.thanks import Quick, Thanks
from leadbell.visits.wire import (
    HANG_UP,
    NOT_KEPT,
    Bodies,
    Gone,
    Headers,
    Said,
    answer,
    cors,
    is_on,
    length_in,
    said_in,
)
from leadbell.visits.writer import MOST_WAITING, Writer

if TYPE_CHECKING:
    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPResponseBodyEvent, HTTPScope

BEACON, SCRIPT, ME, MORE, NUMBER = "/v", "/v.js", "/v/me", "/v/more", "/v/number"
PATHS = frozenset({BEACON, SCRIPT, ME, MORE, NUMBER})
#: The whole beacon has to be here by then.
BODY_WITHIN_S = 5.0
#: So many are judged before somebody else has their turn.
JUDGED_AT_ONCE = 500

#: A script for the website with this number and key, or None where it has none.
Part = Callable[[int, str], str | None]

_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"content-type, leadbell-visitor"),
    (b"access-control-max-age", b"86400"),
]
_MORE: Headers = [
    (b"cache-control", b"public, max-age=120"),
    (b"content-type", b"text/javascript; charset=utf-8"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"x-content-type-options", b"nosniff"),
]

_NOTHING: "HTTPResponseBodyEvent" = {"type": "http.response.body", "body": b"", "more_body": False}


class Beacons:
    """The ASGI application for PATHS."""

    def __init__(self, url: str, body_within_s: float = BODY_WITHIN_S, parts: Sequence[Part] = ()) -> None:
        self.writer = Writer(url, before=self.judge)
        self._heard: list[tuple[float, bytes, Request]] = []
        self.numbers = Numbers(url)
        self._parts = (self.numbers.script_for, *parts)
        self._bodies = Bodies(body_within_s)
        self._asking = Asking(self.writer, self.numbers, self._bodies)
        self._thanks = Thanks()
        #: What the server itself may answer, without an application's task.
        self.quick = Quick(lambda: self.writer.by_origin, self.hear)

    def open(self) -> None:
        self.writer.open()
        self.numbers.open()
        self._bodies.open()

    async def ready(self) -> None:
        """Whether a page view counts is known only with the sites: nobody is let in before, unless it takes long."""
        await self.writer.ready()

    async def close(self) -> None:
        self._bodies.close()
        await self.numbers.close()
        await self.writer.close()

    async def __call__(
        self, scope: "HTTPScope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        if scope["method"] == "POST" and scope["path"] == BEACON:
            await self._beacon(scope, receive, send)
            return
        said = said_in(scope)
        match scope["path"], scope["method"]:
            case "/v.js", "GET" | "HEAD":
                await _script(scope["method"], said, send)
            case "/v/more", "GET" | "HEAD":
                await self._more(scope, send)
            case "/v" | "/v/me", "OPTIONS":
                allowed = cors(said.origin, self.writer.by_origin)
                await answer(send, 204, [*NOT_KEPT, *allowed, *(_PREFLIGHT if allowed else [])])
            case "/v/me", "GET" | "POST":
                await self._asking.about_me(scope, said, receive, send)
            case "/v/number", "POST":
                await self._asking.number(scope, said, receive, send)
            case _:
                await answer(
                    send, 405, [*NOT_KEPT, (b"allow", b"GET" if scope["path"] in (SCRIPT, MORE) else b"POST")]
                )

    async def _beacon(
        self, scope: "HTTPScope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        """Answer first, whatever it was: who probes learns nothing, and no visitor waits for us."""
        # Asked by name: walking over all that a browser says costs more than everything we ask.
        headers = dict(scope["headers"])
        try:
            body = await self._bodies.read(length_in(headers.get(b"content-length")), receive)
        except Gone:
            return
        origin = headers.get(b"origin", b"")[:300].decode("latin-1")
        if isinstance(body, Drop):
            await answer(send, 204, [*HANG_UP, *cors(origin, self.writer.by_origin)])
        else:
            await send(self._thanks.head(origin, self.writer.by_origin))
            await send(_NOTHING)
        address = scope["client"][0] if scope["client"] else ""
        self.hear(headers, body, address)

    def hear(self, headers: Mapping[bytes, bytes], body: bytes | Drop, address: str) -> None:
        """Remember what was sent until it is judged, with everything else of a tenth of a second."""
        request = _request(
            headers.get(b"origin", b"")[:300],
            headers.get(b"user-agent", b"")[:400],
            is_on(headers.get(b"sec-gpc")) or is_on(headers.get(b"dnt")),
            address,
        )
        if isinstance(body, Drop):
            self._settle(body, request, datetime.now(UTC))
        elif len(self._heard) >= MOST_WAITING:
            nearest = self.writer.by_origin.get(request.origin)
            self.writer.count(Dropped(Drop.TOO_MANY, nearest), datetime.now(UTC))
        else:
            self._heard.append((time.time(), body, request))

    async def judge(self) -> None:
        """Judge what was heard: all at once costs less than one by one, between answers; the answers go on."""
        heard, self._heard = self._heard, []
        for place, (at, body, request) in enumerate(heard, 1):
            self._settle(read_beacon(body), request, datetime.fromtimestamp(at, UTC))
            if place % JUDGED_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _settle(self, told: Told | Drop, request: Request, now: datetime) -> None:
        judged = judge(told, request, self.writer.by_key, self.writer.by_origin, now)
        if isinstance(judged, Look):
            self.writer.keep(judged)
        else:
            self.writer.count(judged, now)

    async def _more(self, scope: "HTTPScope", send: "ASGISendCallable") -> None:
        """What else the website switched on, kept by browsers for a few minutes; usually nothing."""
        key = parse_qs(scope["query_string"][:200].decode("latin-1")).get("site", [""])[0]
        site = self.writer.by_key.get(key)
        found = [part(site.id, site.key) for part in self._parts] if site else []
        content = "".join(script for script in found if script).encode()
        await answer(send, 200, _MORE, content, scope["method"] == "HEAD")


@lru_cache(maxsize=4096)
def _request(origin: bytes, agent: bytes, opted_out: bool, address: str) -> Request:
    """Who looks at several pages says the same each time."""
    return Request(origin.decode("latin-1"), agent.decode("latin-1"), opted_out, address)


async def _script(method: str, said: Said, send: "ASGISendCallable") -> None:
    """The script for any site, kept by browsers for an hour."""
    served = script()
    headers: Headers = [
        (b"cache-control", b"public, max-age=3600, stale-while-revalidate=86400"),
        (b"etag", served.etag),
        (b"vary", b"accept-encoding"),
        (b"cross-origin-resource-policy", b"cross-origin"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if served.etag in said.known_script:
        await answer(send, 304, headers)
        return
    headers.append((b"content-type", b"text/javascript; charset=utf-8"))
    content = served.gzipped if said.gzip else served.plain
    if said.gzip:
        headers.append((b"content-encoding", b"gzip"))
    await answer(send, 200, headers, content, method == "HEAD")
