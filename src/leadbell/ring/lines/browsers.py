"""Phones in browsers at an Asterisk node: each is there for as long as its browser is connected, and not longer."""

import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from urllib.parse import quote

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, ClientWebSocketResponse, WSMsgType

from leadbell.ring.asterisk.files import INBOUND
from leadbell.ring.lines.ari import WITHIN_S, Node, basic
from leadbell.ring.ports import LegFailed

log = structlog.get_logger("leadbell.phone")

#: A SIP message with an offer of a browser has about 4 kB.
LARGEST = 65_536
PASSWORD_BYTES = 24
#: A browser in a call sends sound all the time; one that has gone ends its call after this.
SILENT_S = 10


#: What a phone that is only called asks for, and the first line of each request in a message.
_SAYS = frozenset({"REGISTER", "ACK", "BYE", "CANCEL", "INFO", "OPTIONS"})
_REQUEST = re.compile(r"^[ \t]*(\S+)[ \t]+\S+[ \t]+SIP/2\.0[ \t]*\r?$", re.MULTILINE)


class Line:
    """The SIP that a browser and the node exchange, message by message; `password` holds while it is open."""

    def __init__(self, password: str, socket: ClientWebSocketResponse) -> None:
        self.password, self._socket = password, socket

    async def send(self, message: str) -> None:
        """Pass on what a phone says that is only called; raises LegFailed where the node has gone.

        One that calls is not heard: where the trunk is on this machine, it could be taken for a customer.
        """
        if not _SAYS.issuperset(_REQUEST.findall(message)):
            log.warning("a phone in a browser says what none of ours does")
            return
        try:
            await self._socket.send_str(message)
        except (ClientError, OSError) as error:
            raise LegFailed(str(error)) from None

    async def messages(self) -> AsyncIterator[str]:
        """Until the node hangs up."""
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                yield message.data
            elif message.type is WSMsgType.BINARY:
                yield message.data.decode(errors="replace")


class BrowserPhones:
    """Makes phones at a node for browsers, and takes them away."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._newest: dict[str, str] = {}

    @asynccontextmanager
    async def phone(self, name: str) -> AsyncIterator[Line]:
        """A phone of this name with a password nobody had before; a newer one of the same name replaces it.

        Raises LegFailed where the node is away or doesn't know how.
        """
        password = self._newest[name] = secrets.token_urlsafe(PASSWORD_BYTES)
        us = {"Authorization": basic(self._node)}
        try:
            async with ClientSession(self._node.url, headers=us, timeout=ClientTimeout(WITHIN_S)) as session:
                try:
                    for kind, fields in _objects(name, password).items():
                        await _make(session, kind, name, fields)
                    async with session.ws_connect(
                        "/ws", protocols=("sip",), max_msg_size=LARGEST, heartbeat=WITHIN_S
                    ) as socket:
                        yield Line(password, socket)
                finally:
                    if self._newest.get(name) == password:
                        del self._newest[name]
                        for kind in reversed(_objects(name, "")):
                            with suppress(ClientError, TimeoutError):
                                await session.delete(_path(kind, name))
        except (ClientError, TimeoutError, OSError) as error:
            raise LegFailed(f"{type(error).__name__} {error}".strip()) from None


def _objects(name: str, password: str) -> dict[str, dict[str, str]]:
    return {
        "auth": {"auth_type": "userpass", "username": name, "password": password},
        "aor": {"max_contacts": "1", "remove_existing": "yes", "minimum_expiration": "30"},
        "endpoint": {
            "transport": "transport-ws", "context": f"{INBOUND}-none", "allow": "!all,ulaw,alaw", "auth": name,
            "aors": name, "webrtc": "yes", "dtmf_mode": "info", "direct_media": "no", "timers": "no",
            "rtp_timeout": str(SILENT_S),
        },
    }  # fmt: skip


async def _make(session: ClientSession, kind: str, name: str, fields: Mapping[str, str]) -> None:
    said = {"fields": [{"attribute": field, "value": value} for field, value in fields.items()]}
    async with session.put(_path(kind, name), json=said) as answer:
        if answer.status != 200:
            raise LegFailed(f"{kind}: {answer.status} {(await answer.text())[:200]}")


def _path(kind: str, name: str) -> str:
    return f"/ari/asterisk/config/dynamic/res_pjsip/{kind}/{quote(name, safe='')}"
