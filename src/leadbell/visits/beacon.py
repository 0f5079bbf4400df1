"""The door for visits, plain ASGI: `POST /v` is answered with 204 at once, `GET /v.js`, `/v/me` for visitors, and
`POST /v/number` for the phone number they are shown."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs

import msgspec
import psycopg
import structlog

from leadbell.allowance import Allowance
from leadbell.visits.rules import (
    LARGEST_BEACON,
    Drop,
    Dropped,
    Look,
    Request,
    Site,
    Told,
    judge,
    read_beacon,
    visitor_id,
)
from leadbell.visits.script import script
from leadbell.visits.showing import Numbers
from leadbell.visits.thanks import Quick, Thanks, readable_by
from leadbell.visits.writer import MOST_WAITING, Writer

if TYPE_CHECKING:
    from asgiref.typing import (
        ASGIReceiveCallable,
        ASGISendCallable,
        HTTPResponseBodyEvent,
        HTTPScope,
    )

log = structlog.get_logger("leadbell.visits")

BEACON, SCRIPT, ME, MORE, NUMBER = "/v", "/v.js", "/v/me", "/v/more", "/v/number"
PATHS = frozenset({BEACON, SCRIPT, ME, MORE, NUMBER})
#: The whole beacon has to be here by then.
BODY_WITHIN_S = 5.0
#: So many visitors may ask at once what is known of them.
MOST_ASKING = 20
#: How often one address may ask in a minute; half of it at once.
ASKS_PER_MINUTE = 60.0

#: So many are judged before somebody else has their turn.
JUDGED_AT_ONCE = 500

Headers = list[tuple[bytes, bytes]]
#: A script for the website with this number and key, or None where it has none.
Part = Callable[[int, str], str | None]

_EMPTY: Headers = [(b"cache-control", b"no-store")]
_HANG_UP: Headers = [*_EMPTY, (b"connection", b"close")]
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


class Gone(Exception):
    """The sender hung up before the body was here."""


@dataclass(slots=True)
class Said:
    """What the headers say."""

    origin: str = ""
    length: int = 0
    gzip: bool = False
    known_script: bytes = b""
    visitor: str = ""
    agent: str = ""
    opted_out: bool = False


class _AboutMe(msgspec.Struct):
    site: str
    visitor: str
    #: They took their consent back: what was shown to them rests.
    gone: bool = False


class Beacons:
    """The ASGI application for PATHS."""

    def __init__(self, url: str, body_within_s: float = BODY_WITHIN_S, parts: Sequence[Part] = ()) -> None:
        self.writer = Writer(url, before=self.judge)
        self._heard: list[tuple[float, bytes, Request]] = []
        self.numbers = Numbers(url)
        self._parts = (self.numbers.script_for, *parts)
        self._body_within_s = body_within_s
        self._asking = 0
        self._may_ask = Allowance(ASKS_PER_MINUTE)
        self._reading: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._thanks = Thanks()
        #: What the server itself may answer, without an application's task.
        self.quick = Quick(lambda: self.writer.by_origin, self.hear)
        self._patience: asyncio.Task[None] | None = None

    def open(self) -> None:
        self.writer.open()
        self.numbers.open()
        self._patience = asyncio.create_task(self._lose_patience(), name="patience with visits")

    async def ready(self) -> None:
        """Whether a page view counts is known only with the sites: nobody is let in before, unless it takes long."""
        await self.writer.ready()

    async def close(self) -> None:
        if self._patience:
            self._patience.cancel()
        await self.numbers.close()
        await self.writer.close()

    async def __call__(
        self, scope: "HTTPScope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        if scope["method"] == "POST" and scope["path"] == BEACON:
            await self._beacon(scope, receive, send)
            return
        said = _said(scope)
        match scope["path"], scope["method"]:
            case "/v.js", "GET" | "HEAD":
                await _script(scope["method"], said, send)
            case "/v/more", "GET" | "HEAD":
                await self._more(scope, send)
            case "/v" | "/v/me", "OPTIONS":
                allowed = self._cors(said.origin)
                await _answer(send, 204, [*_EMPTY, *allowed, *(_PREFLIGHT if allowed else [])])
            case "/v/me", "GET" | "POST":
                await self._about_me(scope, said, receive, send)
            case "/v/number", "POST":
                await self._number(scope, said, receive, send)
            case _:
                await _answer(
                    send, 405, [*_EMPTY, (b"allow", b"GET" if scope["path"] in (SCRIPT, MORE) else b"POST")]
                )

    async def _beacon(
        self, scope: "HTTPScope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        """Answer first, whatever it was: who probes learns nothing, and no visitor waits for us."""
        # Asked by name: walking over all that a browser says costs more than everything we ask.
        headers = dict(scope["headers"])
        try:
            body = await self._body(_length(headers.get(b"content-length")), receive)
        except Gone:
            return
        origin = headers.get(b"origin", b"")[:300].decode("latin-1")
        if isinstance(body, Drop):
            await _answer(send, 204, [*_HANG_UP, *self._cors(origin)])
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
            _is_on(headers.get(b"sec-gpc")) or _is_on(headers.get(b"dnt")),
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

    async def _body(self, length: int, receive: "ASGIReceiveCallable") -> bytes | Drop:
        """The body, if it is small and here in time: one look now and then is cheaper than a timer for each."""
        if length > LARGEST_BEACON:
            return Drop.OVERSIZED
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._reading[task] = time.monotonic()
        try:
            whole = b""
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Gone
                whole += message.get("body", b"")
                if len(whole) > LARGEST_BEACON:
                    return Drop.OVERSIZED
                if not message.get("more_body", False):
                    return whole
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            task.uncancel()
            return Drop.SLOW
        finally:
            self._late.discard(task)
            del self._reading[task]

    async def _lose_patience(self) -> None:
        """Stop reading what doesn't arrive in time."""
        while True:
            await asyncio.sleep(self._body_within_s / 4)
            too_long_ago = time.monotonic() - self._body_within_s
            for task in [task for task, since in self._reading.items() if since < too_long_ago]:
                self._late.add(task)
                task.cancel()

    def _cors(self, origin: str) -> Headers:
        """Only a site's own origin may read an answer."""
        if origin not in self.writer.by_origin:
            return []
        return readable_by(origin)

    async def _about_me(
        self, scope: "HTTPScope", said: Said, receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        """`GET /v/me?site=KEY` with the header `leadbell-visitor` shows what is known; `POST` erases it."""
        found = await self._who_asks(scope, said, receive, send)
        if found is None:
            return
        site, visitor, _gone = found
        address = scope["client"][0] if scope["client"] else ""
        too_often = self._may_ask.wait_s(address, time.monotonic())
        self._may_ask.count(address, time.monotonic())
        if too_often or self._asking >= MOST_ASKING:
            await _answer(send, 429, [*_EMPTY, *self._cors(said.origin), (b"retry-after", b"5")])
            return
        self._asking += 1
        try:
            known = await self._known(scope["method"], site, visitor)
        except (psycopg.Error, OSError) as error:
            log.error("a visitor's question is unanswered", site=site.id, error=type(error).__name__)
            await _answer(send, 503, [*_EMPTY, *self._cors(said.origin), (b"retry-after", b"5")])
        else:
            content = (b"content-type", b"application/json")
            await _answer(send, 200, [*_EMPTY, *self._cors(said.origin), content], msgspec.json.encode(known))
        finally:
            self._asking -= 1

    async def _who_asks(
        self, scope: "HTTPScope", said: Said, receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> tuple[Site, str, bool] | None:
        """The website, the visitor, whether they are gone; None: answered, somebody else's page learns nothing."""
        body = b""
        if scope["method"] == "POST":
            try:
                read = await self._body(said.length, receive)
            except Gone:
                return None
            if isinstance(read, Drop):
                await _answer(send, 413 if read is Drop.OVERSIZED else 408, _HANG_UP)
                return None
            body = read
        asked = _asked(scope, said, body)
        site = self.writer.by_key.get(asked.site) if asked else None
        visitor = visitor_id(asked.visitor) if asked else None
        if asked is None or site is None or visitor is None or said.origin not in site.origins:
            await _answer(send, 404, [*_EMPTY, *self._cors(said.origin)])
            return None
        return site, visitor, asked.gone

    async def _number(
        self, scope: "HTTPScope", said: Said, receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        """Which phone number this visitor is shown; the website's own stays where there is none for them."""
        found = await self._who_asks(scope, said, receive, send)
        if found is None:
            return
        site, visitor, gone = found
        cors, address = self._cors(said.origin), scope["client"][0] if scope["client"] else ""
        request = Request(said.origin, said.agent, said.opted_out, address)
        content = (b"content-type", b"application/json")
        try:
            shown = (
                await self.numbers.given_back(site, visitor, address)
                if gone
                else await self.numbers.shown(site, visitor, request, datetime.now(UTC))
            )
        except (psycopg.Error, OSError) as error:
            log.error("a visitor is shown no number", site=site.id, error=type(error).__name__)
            await _answer(send, 503, [*_EMPTY, *cors, (b"retry-after", b"5")])
            return
        if shown is None:
            await _answer(send, 429, [*_EMPTY, *cors, (b"retry-after", b"30")])
        else:
            await _answer(send, 200, [*_EMPTY, *cors, content], msgspec.json.encode(shown))

    async def _more(self, scope: "HTTPScope", send: "ASGISendCallable") -> None:
        """What else the website switched on, kept by browsers for a few minutes; usually nothing."""
        key = parse_qs(scope["query_string"][:200].decode("latin-1")).get("site", [""])[0]
        site = self.writer.by_key.get(key)
        found = [part(site.id, site.key) for part in self._parts] if site else []
        content = "".join(script for script in found if script).encode()
        await _answer(send, 200, _MORE, content, scope["method"] == "HEAD")

    async def _known(self, method: str, site: Site, visitor: str) -> object:
        if method == "POST":
            return {"erased": await self.writer.erase(site, visitor)}
        known = await self.writer.known(site, visitor)
        return {"known": known is not None, **(known or {})}


def _asked(scope: "HTTPScope", said: Said, body: bytes) -> _AboutMe | None:
    if scope["method"] == "GET":
        query = parse_qs(scope["query_string"][:200].decode("latin-1"))
        return _AboutMe(query.get("site", [""])[0], said.visitor)
    try:
        return msgspec.json.decode(body, type=_AboutMe)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _said(scope: "HTTPScope") -> Said:
    said = Said()
    for name, value in scope["headers"]:
        if name == b"origin":
            said.origin = value[:300].decode("latin-1")
        elif name == b"content-length":
            said.length = _length(value)
        elif name == b"accept-encoding":
            said.gzip = b"gzip" in value
        elif name == b"if-none-match":
            said.known_script = value
        elif name == b"leadbell-visitor":
            said.visitor = value[:60].decode("latin-1")
        elif name == b"user-agent":
            said.agent = value[:400].decode("latin-1")
        elif name in (b"sec-gpc", b"dnt"):
            said.opted_out = said.opted_out or _is_on(value)
    return said


def _length(value: bytes | None) -> int:
    """What is no length is too long."""
    if value is None:
        return 0
    return int(value) if value.isdigit() and len(value) < 16 else LARGEST_BEACON + 1


@lru_cache(maxsize=4096)
def _request(origin: bytes, agent: bytes, opted_out: bool, address: str) -> Request:
    """Who looks at several pages says the same each time."""
    return Request(origin.decode("latin-1"), agent.decode("latin-1"), opted_out, address)


def _is_on(value: bytes | None) -> bool:
    return value is not None and value.strip() == b"1"


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
        await _answer(send, 304, headers)
        return
    headers.append((b"content-type", b"text/javascript; charset=utf-8"))
    content = served.gzipped if said.gzip else served.plain
    if said.gzip:
        headers.append((b"content-encoding", b"gzip"))
    await _answer(send, 200, headers, content, method == "HEAD")


async def _answer(
    send: "ASGISendCallable", status: int, headers: Headers, content: bytes = b"", head_only: bool = False
) -> None:
    length = (b"content-length", b"%d" % len(content))
    sent = headers if status in (204, 304) else [*headers, length]
    await send({"type": "http.response.start", "status": status, "headers": sent, "trailers": False})
    body = b"" if head_only else content
    await send({"type": "http.response.body", "body": body, "more_body": False})
