"""Our side of ARI against a server that misbehaves: nonsense, strangers, events twice, wrong passwords, silence."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, WSServerHandshakeError, web

from leadbell.ring.lines import ari
from leadbell.ring.lines.ari import Node
from leadbell.ring.lines.asterisk import Asterisk
from leadbell.ring.ports import Ears, Leg, LegFailed, LegHeard
from leadbell.ring.speech import Speaker
from tests.ring.asterisk.running import free_port
from tests.waiting import PATIENCE_S

KEY = "c0ffee"
ROSAS, CUSTOMERS = f"{KEY}-p7", f"{KEY}-customer"


class Pretender:
    """Speaks ARI as far as needed: says what the test lets it say, and remembers what it was asked."""

    def __init__(self) -> None:
        self.port = free_port()
        self.asked: list[tuple[str, str]] = []
        self.bodies: dict[tuple[str, str], Any] = {}
        self.answers: dict[tuple[str, str], int] = {}
        self.lists: dict[str, Any] = {"/channels": [], "/bridges": []}
        self.sockets: list[web.WebSocketResponse] = []
        self._runner: web.AppRunner | None = None

    @property
    def node(self) -> Node:
        return Node(f"http://127.0.0.1:{self.port}", "leadbell", "secret")

    async def open(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._hear)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def close(self) -> None:
        for socket in self.sockets:
            await socket.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _hear(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/ari/events":
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            self.sockets.append(socket)
            async for _ in socket:
                pass
            return socket
        asked = (request.method, request.path.removeprefix("/ari"))
        self.asked.append(asked)
        self.bodies[asked] = await request.json() if request.can_read_body else None
        status = self.answers.get(asked, 200)
        listed: Any = self.lists.get(asked[1], {}) if asked[0] == "GET" else {}
        return web.json_response(listed if status == 200 else {"message": "no"}, status=status)

    async def says(self, *events: Any) -> None:
        for event in events:
            await (
                self.sockets[-1].send_str(event)
                if isinstance(event, str)
                else self.sockets[-1].send_json(event)
            )


class Listener:
    def __init__(self) -> None:
        self.heard: list[LegHeard] = []
        self.went: list[str] = []
        self.came = 0
        self.ears = Ears(self.heard.append, lambda because, silent_s=0: self.went.append(because), self._up)

    def _up(self) -> None:
        self.came += 1

    @property
    def what(self) -> list[tuple[str, str]]:
        return [(heard.leg, heard.what) for heard in self.heard]


@pytest.fixture
async def pretender() -> AsyncIterator[Pretender]:
    made = Pretender()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def engine(
    pretender: Pretender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Asterisk, Listener]]:
    monkeypatch.setattr(ari, "REST_WITHIN_S", 0.05)  # the pretender takes no requests on its websocket
    made, listener = Asterisk([pretender.node], Speaker(tmp_path, "false"), tmp_path), Listener()
    await made.open(listener.ears)
    yield made, listener
    await made.close()


@pytest.mark.parametrize(
    ("says", "away"),
    [
        ([{"resource": "trunk", "state": "offline"}, {"resource": "rosa", "state": "online"}], {"trunk"}),
        ([{"resource": "trunk", "state": "unknown"}, "nonsense", {}], set()),
        ({"resource": "trunk", "state": "offline"}, set()),
        (None, set()),
    ],
)
async def test_of_trunks_only_what_is_said_in_so_many_words_is_believed(
    engine: tuple[Asterisk, Listener], pretender: Pretender, says: Any, away: set[str]
) -> None:
    pretender.lists["/endpoints/PJSIP"] = says
    assert await engine[0].trunks_away() == away


async def until(so: Any) -> None:
    async def look() -> None:
        while not so():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(look(), PATIENCE_S)


def event(kind: str, channel: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "application": "leadbell", "channel": {"id": channel, "state": "Up"}, **more}


RING = Leg(ROSAS, KEY, "sip:rosa", "+31201234567", "", 20)
#: Arrives last, so that everything before it has been read.
LAST = event("ChannelDestroyed", ROSAS, cause=17, cause_txt="User busy")


@pytest.mark.parametrize(
    ("events", "heard"),
    [
        (["no JSON at all", "[1, 2]", '"x"', "{}", '{"type": 7}'], []),
        ([{"type": "StasisStart"}, {"type": "ChannelDestroyed", "cause": "x"}], []),
        ([event("ChannelDtmfReceived", "a-stranger-p9", digit="1")], []),
        ([event("ChannelDtmfReceived", "1763775283.12", digit="1")], []),
        ([event("StasisStart", ROSAS, args=["made"])] * 2, ["answered"]),
        (
            [event("ChannelStateChange", ROSAS) | {"channel": {"id": ROSAS, "state": "Ringing"}}] * 2,
            ["rings"],
        ),
        ([event("StasisStart", ROSAS, args=["recorded"])], []),
        (
            [event("StasisStart", f"{ROSAS}.listens", args=["detected", "MACHINE", "LONGGREETING-1"])],
            ["machine"],
        ),
        ([event("StasisStart", f"{ROSAS}.listens", args=["detected", "MACHINE", "INITIALSILENCE-2500"])], []),
        ([event("StasisStart", f"{ROSAS}.listens", args=["detected", "HANGUP"])], []),
        ([{"type": "PlaybackFinished", "playback": {"id": "x", "target_uri": f"channel:{ROSAS}"}}], []),
    ],
)
async def test_events_in_any_order_and_as_often_as_they_like(
    pretender: Pretender, engine: tuple[Asterisk, Listener], events: Sequence[Any], heard: list[str]
) -> None:
    asterisk, listener = engine
    await asterisk.call(RING)
    await pretender.says(*events, LAST, LAST)
    await until(lambda: (ROSAS, "over") in listener.what)
    assert listener.what == [*((ROSAS, what) for what in heard), (ROSAS, "over")]


@pytest.mark.parametrize(
    ("cause", "how"),
    [(17, "busy"), (19, "no_answer"), (18, "no_answer"), (16, "no_answer"), (21, "rejected"), (1, "unreachable"),
     (20, "unreachable"), (34, "failed"), (42, "failed"), (127, "no_answer"), (0, "no_answer")],
)  # fmt: skip
async def test_why_a_phone_was_not_answered(
    pretender: Pretender, engine: tuple[Asterisk, Listener], cause: int, how: str
) -> None:
    asterisk, listener = engine
    await asterisk.call(RING)
    await pretender.says(event("ChannelDestroyed", ROSAS, cause=cause))
    await until(lambda: listener.heard)
    assert listener.heard[0].how == how


async def test_a_stranger_in_our_application_is_ended(
    pretender: Pretender, engine: tuple[Asterisk, Listener]
) -> None:
    await pretender.says(event("StasisStart", "a-stranger-p9", args=["made"]))
    await until(lambda: ("DELETE", "/channels/a-stranger-p9") in pretender.asked)
    assert engine[1].heard == []


async def test_a_call_that_is_refused_has_failed_and_one_that_rings_already_has_not(
    pretender: Pretender, engine: tuple[Asterisk, Listener]
) -> None:
    pretender.answers["POST", "/channels"] = 500
    with pytest.raises(LegFailed, match="500"):
        await engine[0].call(RING)
    pretender.answers["POST", "/channels"] = 409
    await engine[0].call(RING)
    await engine[0].call(RING)
    assert pretender.asked.count(("POST", "/channels")) == 2


async def test_what_has_gone_may_be_ended_hushed_and_joined_again(
    pretender: Pretender, engine: tuple[Asterisk, Listener]
) -> None:
    asterisk = engine[0]
    await asterisk.hang_up("nobody-p1")
    await asterisk.hush("nobody-p1")
    await asterisk.call(RING)
    pretender.answers["DELETE", f"/channels/{ROSAS}"] = 404
    await asterisk.hang_up(ROSAS)
    with pytest.raises(LegFailed):
        await asterisk.join(KEY, ROSAS, CUSTOMERS, False, None)
    assert await asterisk.recorded("../../etc/passwd") is None


async def test_the_connection_comes_back_by_itself(
    pretender: Pretender, engine: tuple[Asterisk, Listener]
) -> None:
    asterisk, listener = engine
    assert (asterisk.is_up, listener.came) == (True, 0)
    await pretender.sockets[-1].close()
    await until(lambda: listener.went)
    await until(lambda: asterisk.is_up)
    assert (len(listener.went), listener.came) == (1, 1)


FILTER = ("PUT", "/applications/leadbell/eventFilter")


@pytest.mark.parametrize("answer", [200, 404])
async def test_nothing_is_told_that_nobody_listens_to(
    pretender: Pretender, tmp_path: Path, answer: int
) -> None:
    pretender.answers[FILTER] = answer
    engine, listener = Asterisk([pretender.node], Speaker(tmp_path, "false"), tmp_path), Listener()
    await engine.open(listener.ears)
    assert engine.is_up, "an Asterisk that can't do that is good enough"
    assert {"type": "ChannelVarset"} in pretender.bodies[FILTER]["disallowed"]
    await engine.close()


async def test_nobody_fights_for_the_application(
    pretender: Pretender, engine: tuple[Asterisk, Listener]
) -> None:
    await pretender.says({"type": "ApplicationReplaced", "application": "leadbell"})
    await pretender.sockets[-1].close()
    await until(lambda: engine[1].went)
    assert engine[1].went == ["another switchboard has taken over"]
    await asyncio.sleep(0.3)
    assert not engine[0].is_up


async def test_an_asterisk_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    nowhere, listener = Node(f"http://127.0.0.1:{free_port()}", "x", "y"), Listener()
    asterisk = Asterisk([nowhere], Speaker(tmp_path, "false"), tmp_path)
    await asterisk.open(listener.ears)
    assert len(listener.went) == 1
    with pytest.raises(LegFailed):
        await asterisk.call(RING)
    await asterisk.close()


@pytest.mark.parametrize("login", [None, ("leadbell", "wrong"), ("stranger", "secret"), ("", "")])
async def test_a_node_that_calls_us_says_the_password(tmp_path: Path, login: tuple[str, str] | None) -> None:
    port = free_port()
    asterisk = Asterisk(
        [Node("", "leadbell", "secret")], Speaker(tmp_path, "false"), tmp_path, ("127.0.0.1", port)
    )
    await asterisk.open(Listener().ears)
    headers = (
        {"Authorization": "Basic " + base64.b64encode(":".join(login).encode()).decode()} if login else {}
    )
    async with ClientSession() as session:
        with pytest.raises(WSServerHandshakeError) as refused:
            await session.ws_connect(f"ws://127.0.0.1:{port}/asterisk", headers=headers)
    assert refused.value.status == 401
    assert not asterisk.is_up
    await asterisk.close()
