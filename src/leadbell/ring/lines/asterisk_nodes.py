"""Asterisk nodes and the legs they have: nodes go and come, and what stays away for too long is lost."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

import structlog

from leadbell.ring.asterisk.files import APP
from leadbell.ring.lines.ari import Ari, AriFailed, Event, Node, Reception
from leadbell.ring.lines.asterisk_channels import OURS, Channel, NodeState, is_ours, key_in
from leadbell.ring.ports import Ears, LegFailed, LegHeard, LiveLeg

log = structlog.get_logger("leadbell.asterisk")

#: While other nodes are up: a node that is away for so long has lost its legs; conversations have longer.
PATIENCE_S, LOST_AFTER_S = 2.7, 60.0


class Nodes(ABC):
    """Knows which leg is at which node. `listen`: where nodes without a `url` call in."""

    def __init__(
        self, nodes: Sequence[Node], listen: tuple[str, int] | None, clock: Callable[[], datetime]
    ) -> None:
        self._clock = clock
        self._nodes = [self._meet(node) for node in nodes]
        calling = {
            node.user: known.ari for node, known in zip(nodes, self._nodes, strict=True) if not node.url
        }
        self._reception = Reception(calling, *listen) if listen else None
        self._legs: dict[str, Channel] = {}
        #: The legs of each call, all on one node.
        self._calls: dict[str, list[Channel]] = {}
        self._ears: Ears | None = None
        self._opened = False
        self._down = False
        self._tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    def _heard(self, node: NodeState, event: Event) -> None:
        """A node tells something."""

    @property
    def is_up(self) -> bool:
        return any(node.ari.is_up for node in self._nodes)

    async def _open(self, ears: Ears, meanwhile: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._ears = ears
        if self._reception is not None:
            await self._reception.open()
        await asyncio.gather(meanwhile(), *(node.ari.open() for node in self._nodes))
        self._opened = True
        if not self.is_up:
            self._tell_down("not connected")

    async def close(self) -> None:
        for node in self._nodes:
            _cancel(node.timers)
        for task in list(self._tasks):
            task.cancel()
        self._ears = None
        if self._reception is not None:
            await self._reception.close()
        await asyncio.gather(*(node.ari.close() for node in self._nodes))

    async def live(self) -> Sequence[LiveLeg]:
        """Every channel of ours; of a node that has just gone away, those we believe in."""
        began = asyncio.get_running_loop().time()
        up = [node for node in self._nodes if node.ari.is_up]
        for node, found in zip(up, await asyncio.gather(*map(self._look, up)), strict=True):
            for name, (answered, bridge) in found.items():
                known = self._legs.get(name) or self._know(name, key_in(name), node)
                known.answered, known.joined = answered, bridge
                known.arrived = not OURS.fullmatch(name)
                known.waits = known.arrived and not answered
            for known in list(node.legs.values()):
                if known.name not in found and not known.pending and known.since < began:
                    self._forget(known)
        return [
            LiveLeg(known.name, known.answered, bool(known.joined))
            for known in self._legs.values()
            if known.node.ari.is_up or self._believed(known)
        ]

    async def _look(self, node: NodeState) -> dict[str, tuple[bool, str]]:
        """Our channels on a node: whether answered, and the bridge they share with another."""
        channels, bridges = await asyncio.gather(
            node.ari.ask("GET", "/channels"), node.ari.ask("GET", "/bridges")
        )
        shared = {
            channel: bridge["id"]
            for bridge in bridges
            if len(bridge["channels"]) > 1
            for channel in bridge["channels"]
        }
        return {
            channel["id"]: (channel["state"] == "Up", shared.get(channel["id"], ""))
            for channel in channels
            if is_ours(channel)
        }

    async def trunks_away(self) -> frozenset[str]:
        """Those whose provider answers none of the nodes that are up."""
        up = [node for node in self._nodes if node.ari.is_up]
        for node, away in zip(up, await asyncio.gather(*map(self._look_away, up)), strict=True):
            node.trunks_away = away
        return frozenset.intersection(*(node.trunks_away for node in up)) if up else frozenset()

    async def _look_away(self, node: NodeState) -> frozenset[str]:
        """Endpoints that are offline: trunks that don't answer, and phones that aren't there, which is no matter."""
        found = await node.ari.ask("GET", "/endpoints/PJSIP")
        listed = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        return frozenset(str(one.get("resource")) for one in listed if one.get("state") == "offline")

    # -- nodes go and come --------------------------------------------------------------------------------------

    def _meet(self, node: Node) -> NodeState:
        known = NodeState()
        known.ari = Ari(
            node, APP, lambda event: self._heard(known, event), lambda: self._came(known),
            lambda because: self._went(known, because),
        )  # fmt: skip
        return known

    def _came(self, node: NodeState) -> None:
        _cancel(node.timers)
        node.away_since = None
        first, node.known = not node.known, True
        log.info("a node is there", node=node.ari.node.url or node.ari.node.user)
        if self._ears is None or (not self._opened and first):
            return
        self._down = False
        self._soon(self._subscribe(node))
        self._ears.up()

    def _went(self, node: NodeState, because: str) -> None:
        loop = asyncio.get_running_loop()
        node.away_since = loop.time()
        log.warning("a node is away", node=node.ari.node.url or node.ari.node.user, because=because)
        _cancel(node.timers)
        for seconds in (PATIENCE_S, LOST_AFTER_S):
            node.timers.append(loop.call_later(seconds, self._lose, node, because))
        if self._opened and not self.is_up:
            self._tell_down(because, node.ari.silent_s)

    def _tell_down(self, because: str, silent_s: float = 0) -> None:
        if not self._down and self._ears is not None:
            self._down = True
            self._ears.down(because, silent_s)

    def _lose(self, node: NodeState, because: str) -> None:
        """While others are up, what a node had that stays away is lost."""
        if node.ari.is_up or not self.is_up:
            return
        for leg in list(node.legs.values()):
            if not self._believed(leg):
                self._forget(leg)
                self._tell_heard(LegHeard(leg.name, "over", self._clock(), how="lost", because=because))

    def _believed(self, leg: Channel) -> bool:
        """Whether a leg may still be there, although its node is away."""
        since = leg.node.away_since
        if since is None:
            return False
        away = asyncio.get_running_loop().time() - since
        return away < (LOST_AFTER_S if leg.joined else PATIENCE_S) - 0.01

    async def _subscribe(self, node: NodeState) -> None:
        """Hear of the channels we had before the connection was cut."""
        for name in await self._look(node):
            await self._gone(
                node.ari.ask("POST", f"/applications/{APP}/subscription", eventSource=f"channel:{name}")
            )

    # -- small steps ---------------------------------------------------------------------------------------------

    def _tell_heard(self, heard: LegHeard) -> None:
        if self._ears is not None:
            self._ears.heard(heard)

    async def _end(self, node: NodeState, channel: str) -> None:
        await self._gone(node.ari.ask("DELETE", f"/channels/{channel}", reason="normal"))

    async def _gone(self, work: Coroutine[Any, Any, Any]) -> None:
        """Asked of something that has gone already, it is done."""
        try:
            await work
        except AriFailed as error:
            if error.status not in (404, 409, 412):
                raise

    def _node_for(self, key: str, trunk: str = "") -> NodeState:
        if legs := self._calls.get(key):
            if legs[0].node.ari.is_up:
                return legs[0].node
            raise LegFailed("the node that has the call is away")
        up = [node for node in self._nodes if node.ari.is_up]
        if not up:
            raise LegFailed("not connected")
        reaching = [node for node in up if trunk not in node.trunks_away]
        return min(reaching or up, key=lambda node: len(node.legs))

    def _leg(self, name: str) -> Channel:
        if name not in self._legs:
            raise LegFailed("the leg is over")
        return self._legs[name]

    def _know(self, name: str, key: str, node: NodeState) -> Channel:
        leg = Channel(name, key, node, asyncio.get_running_loop().time())
        self._legs[name] = node.legs[name] = leg
        if key:
            self._calls.setdefault(key, []).append(leg)
        return leg

    def _forget(self, leg: Channel) -> None:
        if self._legs.get(leg.name) is not leg:
            return
        del self._legs[leg.name], leg.node.legs[leg.name]
        if leg.key:
            self._calls[leg.key].remove(leg)
            if not self._calls[leg.key]:
                del self._calls[leg.key]

    def _soon(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        async def run() -> None:
            try:
                await work
            except LegFailed as error:
                log.warning("a step failed", because=str(error))

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _cancel(timers: list[asyncio.TimerHandle]) -> None:
    for timer in timers:
        timer.cancel()
    timers.clear()
