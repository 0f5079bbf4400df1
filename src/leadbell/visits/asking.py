"""What a visitor may ask: what is known of them (`/v/me`, also to have it erased), and the phone number that they are
shown (`/v/number`)."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec
import psycopg
import structlog

from leadbell.allowance import Allowance
from leadbell.visits.rules import Drop, Request, Site, visitor_id
from leadbell.visits.showing import Numbers
from leadbell.visits.wire import HANG_UP, NOT_KEPT, Bodies, Gone, Headers, Said, answer, cors
from leadbell.visits.writer import Writer

if TYPE_CHECKING:
    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

log = structlog.get_logger("leadbell.visits")

#: So many visitors may ask at once what is known of them.
MOST_ASKING = 20
#: How often one address may ask in a minute; half of it at once.
ASKS_PER_MINUTE = 60.0

_JSON = (b"content-type", b"application/json")


class _AboutMe(msgspec.Struct):
    site: str
    visitor: str
    #: They took their consent back: what was shown to them rests.
    gone: bool = False


class Asking:
    """Visitors' questions, answered only to pages of the website that they name."""

    def __init__(self, writer: Writer, numbers: Numbers, bodies: Bodies) -> None:
        self._writer, self._numbers, self._bodies = writer, numbers, bodies
        self._asking = 0
        self._may_ask = Allowance(ASKS_PER_MINUTE)

    async def about_me(
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
            await answer(send, 429, [*self._headers(said), (b"retry-after", b"5")])
            return
        self._asking += 1
        try:
            known = await self._known(scope["method"], site, visitor)
        except (psycopg.Error, OSError) as error:
            log.error("a visitor's question is unanswered", site=site.id, error=type(error).__name__)
            await answer(send, 503, [*self._headers(said), (b"retry-after", b"5")])
        else:
            await answer(send, 200, [*self._headers(said), _JSON], msgspec.json.encode(known))
        finally:
            self._asking -= 1

    async def number(
        self, scope: "HTTPScope", said: Said, receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        """Which phone number this visitor is shown; the website's own stays where there is none for them."""
        found = await self._who_asks(scope, said, receive, send)
        if found is None:
            return
        site, visitor, gone = found
        headers, address = self._headers(said), scope["client"][0] if scope["client"] else ""
        request = Request(said.origin, said.agent, said.opted_out, address)
        try:
            shown = (
                await self._numbers.given_back(site, visitor, address)
                if gone
                else await self._numbers.shown(site, visitor, request, datetime.now(UTC))
            )
        except (psycopg.Error, OSError) as error:
            log.error("a visitor is shown no number", site=site.id, error=type(error).__name__)
            await answer(send, 503, [*headers, (b"retry-after", b"5")])
            return
        if shown is None:
            await answer(send, 429, [*headers, (b"retry-after", b"30")])
        else:
            await answer(send, 200, [*headers, _JSON], msgspec.json.encode(shown))

    async def _who_asks(
        self, scope: "HTTPScope", said: Said, receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> tuple[Site, str, bool] | None:
        """The website, the visitor, whether they are gone; None: answered, somebody else's page learns nothing."""
        body = b""
        if scope["method"] == "POST":
            try:
                read = await self._bodies.read(said.length, receive)
            except Gone:
                return None
            if isinstance(read, Drop):
                await answer(send, 413 if read is Drop.OVERSIZED else 408, HANG_UP)
                return None
            body = read
        asked = _asked(scope, said, body)
        site = self._writer.by_key.get(asked.site) if asked else None
        visitor = visitor_id(asked.visitor) if asked else None
        if asked is None or site is None or visitor is None or said.origin not in site.origins:
            await answer(send, 404, self._headers(said))
            return None
        return site, visitor, asked.gone

    async def _known(self, method: str, site: Site, visitor: str) -> object:
        if method == "POST":
            return {"erased": await self._writer.erase(site, visitor)}
        known = await self._writer.known(site, visitor)
        return {"known": known is not None, **(known or {})}

    def _headers(self, said: Said) -> Headers:
        return [*NOT_KEPT, *cors(said.origin, self._writer.by_origin)]


def _asked(scope: "HTTPScope", said: Said, body: bytes) -> _AboutMe | None:
    if scope["method"] == "GET":
        query = parse_qs(scope["query_string"][:200].decode("latin-1"))
        return _AboutMe(query.get("site", [""])[0], said.visitor)
    try:
        return msgspec.json.decode(body, type=_AboutMe)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
