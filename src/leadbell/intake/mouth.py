"""Intake by HTTP, `POST /in/<key>`: the raw body is committed before the answer. Plain ASGI, for speed."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec
import psycopg
import structlog

from leadbell.allowance import Allowance
from leadbell.intake import thanks
from leadbell.intake.door import STRANGERS_PER_MINUTE, Doorman, Keys, Source
from leadbell.intake.post import LONGEST_CONTENT_TYPE, Kept, Letter, NotKept, Post, idempotency_key
from leadbell.words import Words, say

if TYPE_CHECKING:
    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

log = structlog.get_logger("leadbell.mouth")

PREFIX = "/in/"
LARGEST_BODY = 1_048_576
#: The whole body has to be here by then.
BODY_WITHIN_S = 15.0
#: After a refusal, what the sender is still saying is let go by for so long, so that it can hear the answer.
LINGER_S = 1.0
LINGER_BYTES = 4_194_304
LONGEST_CHALLENGE = 200

Headers = list[tuple[bytes, bytes]]

_JSON = (b"content-type", b"application/json")
_ANY_SITE = (b"access-control-allow-origin", b"*")
_PREFLIGHT: Headers = [
    _ANY_SITE,
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-allow-headers", b"content-type, idempotency-key, x-requested-with"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]
_METHODS = (b"allow", b"POST, OPTIONS")

UNKNOWN = say(
    "This address belongs to nobody: its key is unknown, or was revoked. Copy it again from the Dealer page."
)
POST_IT = say(
    "Post a lead here: ADF/XML, JSON, a web form, or a Meta or Google lead-form webhook as the body."
)
EMPTY = say("The body is empty. Put the lead into it: ADF/XML, JSON or a web form.")
TOO_LARGE = say("The body is too large: %(megabytes)s MB is the most.", megabytes=LARGEST_BODY >> 20)
TOO_SLOW = say("The body didn't arrive in time. Nothing was kept.")
COMPRESSED = say("The body is compressed. Send it as it is, without Content-Encoding.")
TOO_OFTEN = say("Too many deliveries with this key. Send this one again in %(seconds)s seconds.")
TOO_MANY_KEYS = say("Too many unknown keys from your address. Try again in %(seconds)s seconds.")
WRONG_TOKEN = say("The verify token is not this source's key or secret.")
NOT_META = say("The signature doesn't fit this source's secret: this may not come from Meta.")
NOT_GOOGLE = say("The Google key is not this source's secret: this may not come from Google.")
DOWN = say("The database doesn't answer. Nothing was kept: send this again in a few seconds.")


@dataclass(slots=True)
class Request:
    """What the headers of one delivery say."""

    content_type: str = ""
    length: int | None = None
    encoding: str = ""
    idempotency_key: str = ""
    signature: str = ""
    accept: str = ""
    languages: str = ""
    origin: str = ""
    referer: str = ""

    @property
    def from_a_page(self) -> bool:
        """A plain form on a website, whose visitor waits for a page."""
        form = self.content_type.partition(";")[0].strip().lower()
        return "text/html" in self.accept and form in (
            "application/x-www-form-urlencoded",
            "multipart/form-data",
        )


@dataclass(frozen=True, slots=True)
class No:
    """The answer to what isn't taken in."""

    status: int
    because: Words
    headers: Headers = field(default_factory=list)


class Gone(Exception):
    """The sender hung up before the body was here."""


class Mouth:
    """The ASGI application below /in/. `clock` is monotonic seconds."""

    def __init__(
        self,
        url: str,
        per_minute: float,
        clock: Callable[[], float] = time.monotonic,
        body_within_s: float = BODY_WITHIN_S,
    ) -> None:
        self.post = Post(url, "http")
        self.keys = Keys(url, clock)
        self.doorman = Doorman()
        self._allowed = Allowance(per_minute)
        self._strangers = Allowance(STRANGERS_PER_MINUTE)
        self._clock = clock
        self._body_within_s = body_within_s

    def open(self) -> None:
        self.post.open()

    async def close(self) -> None:
        await self.post.close()
        await self.keys.close()
        self.doorman.close()

    async def __call__(
        self, scope: "HTTPScope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        now = datetime.now(UTC)
        match scope["method"]:
            case "POST":
                await self._post(scope, receive, send, now)
            case "OPTIONS":
                await _say(send, 204, _PREFLIGHT, b"")
            case "GET" if b"hub.mode" in scope["query_string"]:
                await self._verify(scope, send)
            case _:
                await _refuse(send, No(405, POST_IT, [_METHODS]))

    async def _post(
        self, scope: "HTTPScope", receive: "ASGIReceiveCallable", send: "ASGISendCallable", now: datetime
    ) -> None:
        request = _request(scope)
        body = _Body(receive)
        try:
            source = await self._source(scope)
            taken = source if isinstance(source, No) else await self._take(request, source, body, now)
        except Gone:
            return
        if request.from_a_page:
            dealer, language = ("", "") if isinstance(source, No) else (source.dealer_name, source.language)
            await self._show(send, request, taken, body, dealer, language)
        elif isinstance(taken, No):
            await _refuse(send, taken, body)
        else:
            reason = None if taken.reason is None else str(taken.reason)
            answer = {"envelope": str(taken.envelope), "status": taken.status, "reason": reason}
            said = msgspec.json.encode(answer)
            headers = [_JSON, (b"content-length", b"%d" % len(said))]
            await _say(send, 202, [*headers, _ANY_SITE] if request.origin else headers, said)

    async def _source(self, scope: "HTTPScope") -> Source | No:
        """Whose key stands in the path. Strangers are answered a few times a minute."""
        key = scope["path"][len(PREFIX) :].removesuffix("/")
        client = scope["client"][0] if scope["client"] else ""
        if not self.keys.is_known(key):
            wait_s = self._strangers.wait_s(client, self._clock())
            if wait_s:
                return _later(429, TOO_MANY_KEYS, wait_s)
        try:
            source = await self.keys.source_of(key)
        except psycopg.Error as error:
            log.error("keys unreadable", error=type(error).__name__, sqlstate=error.sqlstate)
            return _later(503, DOWN, 5)
        if source is None:
            self._strangers.count(client, self._clock())
            return No(404, UNKNOWN)
        return source

    async def _take(self, request: Request, source: Source, body: "_Body", now: datetime) -> Kept | No:
        """Receive the body, look at it, keep it."""
        wait_s = self._allowed.wait_s(source.id, self._clock())
        if wait_s:
            return _later(429, TOO_OFTEN, wait_s)
        self._allowed.count(source.id, self._clock())
        if request.encoding not in ("", "identity"):
            return No(415, COMPRESSED)
        if request.length is not None and request.length > LARGEST_BODY:
            return No(413, TOO_LARGE)
        try:
            async with asyncio.timeout(self._body_within_s):
                whole = await body.read(LARGEST_BODY)
        except TimeoutError:
            return No(408, TOO_SLOW)
        if whole is None:
            return No(413, TOO_LARGE)
        if not whole or whole.isspace():
            return No(400, EMPTY)
        reason = await self._unsigned(source, request, whole)
        reason = reason or await self.doorman.look(whole, request.content_type, source, now)
        kept = await self.post.keep(
            Letter(
                source.id,
                source.dealer,
                request.content_type,
                whole,
                now,
                idempotency_key(request.idempotency_key),
                reason,
            )
        )
        return _later(503, kept.because, kept.retry_after_s) if isinstance(kept, NotKept) else kept

    async def _unsigned(self, source: Source, request: Request, body: bytes) -> Words | None:
        """Where the source has a secret, Meta has to sign with it, and Google to repeat it."""
        if not source.secret:
            return None
        channel = await self.doorman.channel(body, request.content_type)
        if channel == "meta" and not _signed_by_meta(source, request.signature, body):
            return NOT_META
        if channel == "google" and not _has_the_google_key(source, body):
            return NOT_GOOGLE
        return None

    async def _show(
        self,
        send: "ASGISendCallable",
        request: Request,
        taken: Kept | No,
        body: "_Body",
        dealer: str,
        language: str,
    ) -> None:
        """Thank the visitor of a website, or send them to the page that the form names."""
        if isinstance(taken, No):
            page = await thanks.page(taken.because, dealer, request.languages, language)
            await _say(send, taken.status, [*taken.headers, *_page(page)], page, body)
            return
        onward = thanks.onward(body.whole, request.content_type, request.origin or request.referer)
        if onward:
            await _say(send, 303, [(b"location", onward.encode("ascii")), (b"content-length", b"0")], b"")
            return
        page = await thanks.page(None, dealer, request.languages, language)
        await _say(send, 202, _page(page), page)

    async def _verify(self, scope: "HTTPScope", send: "ASGISendCallable") -> None:
        """Answer Meta's question whether this address expects it."""
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        token = asked.get("hub.verify_token", [""])[0].encode()
        challenge = asked.get("hub.challenge", [""])[0][:LONGEST_CHALLENGE].encode()
        source = await self._source(scope)
        if isinstance(source, No):
            await _refuse(send, source)
            return
        is_key = hmac.compare_digest(token, source.key.encode())
        is_secret = hmac.compare_digest(token, source.secret.encode()) and source.secret != ""
        if asked.get("hub.mode") != ["subscribe"] or not (is_key or is_secret):
            await _refuse(send, No(403, WRONG_TOKEN))
            return
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"x-content-type-options", b"nosniff"),
            (b"content-length", b"%d" % len(challenge)),
        ]
        await _say(send, 200, headers, challenge)


class _Body:
    """The request's body, received piece by piece."""

    def __init__(self, receive: "ASGIReceiveCallable") -> None:
        self._receive = receive
        self.complete = False
        self.whole = b""

    async def read(self, most: int) -> bytes | None:
        """All of it, or None as soon as it is more than `most` bytes. Raises Gone."""
        pieces: list[bytes] = []
        size = 0
        while not self.complete:
            piece = await self._next()
            size += len(piece)
            if size > most:
                return None
            pieces.append(piece)
        self.whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return self.whole

    async def linger(self) -> None:
        """Let the rest go by for a moment: closing on a sender that still writes would cut off the answer."""
        size = 0
        try:
            async with asyncio.timeout(LINGER_S):
                while not self.complete and size < LINGER_BYTES:
                    size += len(await self._next())
        except (TimeoutError, Gone):
            pass

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] != "http.request":
            raise Gone
        self.complete = not message.get("more_body", False)
        return message.get("body", b"")


_READ = {
    b"content-type": "content_type",
    b"content-encoding": "encoding",
    b"idempotency-key": "idempotency_key",
    b"x-hub-signature-256": "signature",
    b"accept": "accept",
    b"accept-language": "languages",
    b"origin": "origin",
    b"referer": "referer",
}


def _request(scope: "HTTPScope") -> Request:
    request = Request()
    for name, value in scope["headers"]:
        if name in _READ:
            setattr(request, _READ[name], value.decode("latin-1").strip())
        elif name == b"content-length" and value.isdigit():
            request.length = int(value)
    request.content_type = request.content_type.replace("\0", "")[:LONGEST_CONTENT_TYPE]
    request.encoding = request.encoding.lower()
    return request


class _Google(msgspec.Struct):
    google_key: str = ""


def _signed_by_meta(source: Source, signature: str, body: bytes) -> bool:
    """X-Hub-Signature-256 is the HMAC of the raw body with the app secret."""
    proof = "sha256=" + hmac.new(source.secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(proof.encode(), signature.lower().encode())


def _has_the_google_key(source: Source, body: bytes) -> bool:
    try:
        google_key = msgspec.json.decode(body, type=_Google).google_key
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return hmac.compare_digest(source.secret.encode(), google_key.encode(errors="replace"))


def _later(status: int, because: Words, wait_s: float) -> No:
    seconds = max(1, int(wait_s + 0.999))
    values = {**because.values, "seconds": seconds} if "%(seconds)s" in because.text else because.values
    return No(status, Words(because.text, values), [(b"retry-after", b"%d" % seconds)])


def _page(page: bytes) -> Headers:
    return [*thanks.HEADERS, (b"content-length", b"%d" % len(page))]


async def _refuse(send: "ASGISendCallable", no: No, body: _Body | None = None) -> None:
    said = msgspec.json.encode({"error": str(no.because)})
    await _say(
        send, no.status, [_JSON, _ANY_SITE, *no.headers, (b"content-length", b"%d" % len(said))], said, body
    )


async def _say(
    send: "ASGISendCallable", status: int, headers: Headers, content: bytes, unread: _Body | None = None
) -> None:
    """Answer. Where the sender is still saying something, let it hear the answer, then hang up."""
    talking = unread is not None and not unread.complete
    if talking:
        headers = [*headers, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
    if talking and unread is not None:
        await send({"type": "http.response.body", "body": content, "more_body": True})
        await unread.linger()
        content = b""
    await send({"type": "http.response.body", "body": content, "more_body": False})
