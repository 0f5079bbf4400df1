"""A small client of Asterisk's REST interface (ARI): events over a websocket, requests beside it or through it."""

import asyncio
import base64
import hmac
import itertools
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, WSMsgType, web
from aiohttp.client_ws import ClientWebSocketResponse

from leadbell.ring.ports import LegFailed

log = structlog.get_logger("leadbell.asterisk")

#: A request that takes longer has failed; aiohttp's own patience is five minutes.
WITHIN_S = 5.0
#: An Asterisk that takes requests on the websocket answers the first within this.
REST_WITHIN_S = 1.0
#: A websocket is asked so often whether it is still there, and given up after half of it more.
HEARTBEAT_S = 1.8
#: It is pinged after so much silence, and has half as long to answer: then it hangs, and has been silent for so long.
SILENT_S = HEARTBEAT_S * 1.5
#: Between two tries to connect, the first and the longest.
SOONEST_S, LATEST_S = 0.1, 1.0
#: Another switchboard has taken the application over: we don't fight for it.
REPLACED_S = 30.0
#: Asterisk closes a connection after 15 idle seconds; we are quicker.
IDLE_S = 10.0

#: Nobody here asks for these. A channel that ends sets a dozen variables: told of none of them, a hundred phones stop
#: ringing in half the time.
NOT_TOLD = (
    "ChannelVarset", "ChannelDialplan", "ChannelCreated", "ChannelConnectedLine", "ChannelCallerId",
    "ChannelHangupRequest", "ChannelEnteredBridge", "ChannelLeftBridge", "BridgeCreated", "BridgeDestroyed",
    "PlaybackStarted",
)  # fmt: skip

Event = Mapping[str, Any]
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class AriFailed(LegFailed):
    """Asterisk answered with `status`, or not at all (0)."""

    def __init__(self, status: int, because: str) -> None:
        super().__init__(because)
        self.status = status


@dataclass(frozen=True, slots=True)
class Node:
    """One Asterisk: where its ARI is (http://host:port, empty: it calls us), and the ARI user."""

    url: str
    user: str
    password: str


class Ari:
    """The connection to one node; `heard` gets each event, `came` and `went` tell of the connection."""

    def __init__(
        self, node: Node, app: str, heard: Callable[[Event], None], came: Callable[[], None],
        went: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.node, self.app = node, app
        self._heard, self._came, self._went = heard, came, went
        self.is_up = False
        #: For how long it had said nothing when the connection was given up.
        self.silent_s = 0.0
        self._session: ClientSession | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._replaced = False
        #: The websocket that takes requests: of a node that called us, or ours; and the requests under way on it.
        self._called: web.WebSocketResponse | ClientWebSocketResponse | None = None
        self._asked: dict[str, asyncio.Future[Event]] = {}
        self._numbers = itertools.count(1)

    async def open(self) -> None:
        """Start to connect; returns when the first try is over. A node that calls us is not waited for."""
        if not self.node.url:
            return
        self._session = ClientSession(
            self.node.url,
            headers={"Authorization": basic(self.node)},
            timeout=ClientTimeout(total=WITHIN_S),
            connector=TCPConnector(limit=0, keepalive_timeout=IDLE_S),
        )
        self._keeper = asyncio.create_task(self._keep_connected())
        await self._tried.wait()

    async def close(self) -> None:
        self.is_up = False
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        if self._called is not None:
            await self._called.close()
        if self._session is not None:
            await self._session.close()

    async def ask(self, method: str, path: str, /, body: object = None, **query: str | int) -> Any:
        """What Asterisk answers, read from JSON. Raises AriFailed."""
        if self._called is not None or not self.node.url:
            return await self._over_websocket(method, path, query, body)
        return await self._over_http(method, path, query, body)

    # -- we call the node --------------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        pause = SOONEST_S
        while True:
            because = "closed"
            try:
                assert self._session is not None  # noqa: S101 - open made it
                async with self._session.ws_connect(
                    "/ari/events", params={"app": self.app, "subscribeAll": "false"}, heartbeat=HEARTBEAT_S,
                    max_msg_size=0,
                ) as socket:  # fmt: skip
                    await self._until_registered()
                    pause = SOONEST_S
                    await self._talk_over(socket)
                    if self._replaced:
                        because, pause = "another switchboard has taken over", REPLACED_S
            except AriFailed as error:
                because = str(error)
            except (ClientError, OSError, TimeoutError) as error:
                because = str(error) or type(error).__name__
            self._down(because)
            await asyncio.sleep(pause)
            pause = min(pause * 2, max(LATEST_S, pause / 2))

    async def _talk_over(self, socket: ClientWebSocketResponse) -> None:
        """Events and, where this Asterisk answers them there, requests too: no connections to be opened in a rush."""
        listening = asyncio.create_task(self._listen(socket))
        try:
            self._called = socket
            try:
                await asyncio.wait_for(self.ask("GET", f"/applications/{self.app}"), REST_WITHIN_S)
            except (AriFailed, TimeoutError):
                self._called = None  # before 22.4 it only speaks
            self._up()
            await listening
        finally:
            self._called = None
            listening.cancel()
            self._gave_up(socket)

    def _gave_up(self, socket: ClientWebSocketResponse | web.WebSocketResponse) -> None:
        """Nobody answered the ping, in contrast to a connection that was closed or broke."""
        self.silent_s = SILENT_S if isinstance(socket.exception(), TimeoutError) else 0.0

    async def _listen(self, socket: ClientWebSocketResponse | web.WebSocketResponse) -> None:
        self._replaced = False
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            try:
                event = _decode(message.data)
            except ValueError:
                log.warning("an event that is no JSON", node=self.node.url)
                continue
            if not isinstance(event, dict):
                continue
            match event.get("type"):
                case "RESTResponse":
                    asked = self._asked.pop(str(event.get("request_id")), None)
                    if asked is not None and not asked.done():
                        asked.set_result(event)
                case "ApplicationReplaced":
                    self._replaced = True
                case _:
                    try:
                        self._heard(event)
                    except Exception:
                        log.exception("an event could not be read", event_type=str(event.get("type")))

    async def _until_registered(self) -> None:
        """The application is there a moment after the websocket."""
        for _ in range(20):
            try:
                await self.ask("GET", f"/applications/{self.app}")
                return await self._spare_us()
            except AriFailed as error:
                if error.status != 404:
                    raise
            await asyncio.sleep(0.02)
        raise AriFailed(404, "the application isn't registered")

    async def _spare_us(self) -> None:
        """Ask not to be told what nobody listens to; an Asterisk that can't do that tells everything."""
        body = {"disallowed": [{"type": name} for name in NOT_TOLD]}
        try:
            await self.ask("PUT", f"/applications/{self.app}/eventFilter", body)
        except AriFailed as error:
            log.info("Asterisk tells more than is needed", because=str(error))

    def _up(self) -> None:
        self.is_up = True
        self._tried.set()
        self._came()

    def _down(self, because: str) -> None:
        was_up, self.is_up = self.is_up, False
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(AriFailed(0, because))
        self._asked.clear()
        first = not self._tried.is_set()
        self._tried.set()
        if was_up or first:
            self._went(because)

    async def _over_http(self, method: str, path: str, query: Mapping[str, str | int], body: object) -> Any:
        if self._session is None or self._session.closed:
            raise AriFailed(0, "not connected")
        for again in (True, False):
            try:
                async with self._session.request(method, f"/ari{path}", params=query, json=body) as answer:
                    text = await answer.text()
                    return _read(answer.status, text)
            except (ClientError, OSError) as error:
                # Everything we make has a name of ours, so asking twice can't make it twice.
                if not (again and self.is_up):
                    raise AriFailed(0, str(error) or type(error).__name__) from None
            except TimeoutError:
                raise AriFailed(0, f"no answer within {WITHIN_S:g} s") from None
        return None

    # -- the node calls us -------------------------------------------------------------------------------------

    async def called(self, socket: web.WebSocketResponse) -> None:
        """Go on with a websocket on which the node called us, until it ends."""
        if self._called is not None:
            await self._called.close()
        self._called = socket
        listening = asyncio.create_task(self._listen(socket))
        because = "closed"
        try:
            await self._until_registered()
            self._up()
            await listening
        except AriFailed as error:
            because = str(error)
        finally:
            listening.cancel()
            self._gave_up(socket)
            if self._called is socket:
                self._called = None
                self._down(because)

    async def _over_websocket(
        self, method: str, path: str, query: Mapping[str, str | int], body: object
    ) -> Any:
        if self._called is None or self._called.closed:
            raise AriFailed(0, "not connected")
        number = str(next(self._numbers))
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        uri = path.lstrip("/") + (f"?{urlencode(query)}" if query else "")
        request = {"type": "RESTRequest", "request_id": number, "method": method, "uri": uri}
        if body is not None:
            request |= {"content_type": "application/json", "message_body": _encode(body).decode()}
        try:
            await self._called.send_str(_encode(request).decode())
            answer = await asyncio.wait_for(asked, WITHIN_S)
        except TimeoutError:
            raise AriFailed(0, f"no answer within {WITHIN_S:g} s") from None
        except (ClientError, OSError, RuntimeError) as error:
            raise AriFailed(0, str(error) or type(error).__name__) from None
        finally:
            self._asked.pop(number, None)
        return _read(int(answer.get("status_code", 0)), str(answer.get("message_body") or ""))


class Reception:
    """Where nodes call in: a websocket server on `host`:`port`, each node known by its ARI user and password."""

    def __init__(self, nodes: Mapping[str, Ari], host: str, port: int) -> None:
        self._nodes, self._host, self._port = nodes, host, port
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._welcome)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _welcome(self, request: web.Request) -> web.StreamResponse:
        node = self._who(request.headers.get("Authorization", ""))
        if node is None:
            log.warning("a node was turned away: unknown user or wrong password")
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="leadbell"'})
        socket = web.WebSocketResponse(protocols=("ari",), heartbeat=HEARTBEAT_S, max_msg_size=0)
        await socket.prepare(request)
        await node.called(socket)
        return socket

    def _who(self, authorization: str) -> Ari | None:
        kind, _, given = authorization.partition(" ")
        try:
            user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except ValueError:
            return None
        node = self._nodes.get(user)
        if kind.lower() != "basic" or node is None:
            return None
        return node if hmac.compare_digest(password.encode(), node.node.password.encode()) else None


def basic(node: Node) -> str:
    return "Basic " + base64.b64encode(f"{node.user}:{node.password}".encode()).decode()


def _read(status: int, text: str) -> Any:
    try:
        body = _decode(text) if text else None
    except ValueError:
        body = None
    if 200 <= status < 300:
        return body
    said = body.get("message") or body.get("error") if isinstance(body, dict) else None
    raise AriFailed(status, f"Asterisk answered {status}: {said or text[:100]}")
