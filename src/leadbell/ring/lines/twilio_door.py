"""Who may come in as Twilio: webhooks are read with measure, and heard only when they are signed."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import structlog
from aiohttp import web
from multidict import MultiDict

from leadbell import twilio_signature

log = structlog.get_logger("leadbell.twilio")

#: A webhook is small; what is bigger isn't Twilio's.
MOST_BYTES, MOST_FIELDS = 32_768, 200
BODY_WITHIN_S = 5.0

Form = MultiDict[str]


class TooBig(Exception):
    """The body of a webhook is bigger than Twilio's ever are."""


class Door:
    """Checks signatures made with the account's token over addresses that begin with `public`."""

    def __init__(self, account: str, token: str, public: str) -> None:
        self._sid, self._token, self._public = account, token, public
        #: Webhooks whose signature was wrong.
        self.forged = 0

    def signed(
        self, handler: Callable[[web.Request, Form], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Only what Twilio has signed comes in; the rest is counted, and nothing happens."""

        async def at_the_door(request: web.Request) -> web.Response:
            try:
                async with asyncio.timeout(BODY_WITHIN_S):
                    body = await _read(request)
                form = MultiDict(parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body),
                                           max_num_fields=MOST_FIELDS))  # fmt: skip
            except TooBig:
                return web.Response(status=413)
            except (ValueError, TimeoutError):
                return web.Response(status=400)
            signature = request.headers.get(twilio_signature.HEADER, "")
            url = self._public + request.raw_path
            if not twilio_signature.is_ours(self._sid, self._token, url, form, signature):
                self.forged += 1
                log.warning("twilio: forged webhook refused", forged=self.forged)
                return web.Response(status=403)
            return await handler(request, form)

        return at_the_door


async def _read(request: web.Request) -> str:
    if (request.content_length or 0) > MOST_BYTES:
        raise TooBig
    body = b""
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooBig
    return body.decode()


def text(twiml: str) -> web.Response:
    return web.Response(text=twiml, content_type="text/xml", charset="utf-8")
