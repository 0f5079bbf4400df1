"""Asterisk as a provider of legs: one node or several, each leg a channel that bears our name for it."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from leadbell.ring.asterisk.files import APP, ARRIVED, DETECT, DETECTED, RECORD, RECORDED, RECORDING
from leadbell.ring.exchange import key_of
from leadbell.ring.lines.ari import AriFailed, Event, Node
from leadbell.ring.lines.asterisk_channels import (
    BECAUSE,
    CALLER,
    KEY,
    Channel,
    NodeState,
    addressed_number,
    called_number,
    endpoint_of,
    sound_of,
    trunk_of,
)
from leadbell.ring.lines.asterisk_nodes import Nodes
from leadbell.ring.ports import Ears, How, Leg, LegFailed, LegHeard, LegWhat, Prompt
from leadbell.ring.speech import Speaker

log = structlog.get_logger("leadbell.asterisk")

#: From sending a channel into the dialplan until it is back.
BACK_WITHIN_S = 5.0
#: A recording is finished when the call is over and the file has been the same for so long.
SETTLED_S, FINISHED_WITHIN_S = 0.3, 10.0
#: From an announcement that fails until we hear that somebody has hung up, if that is why.
HANGS_UP_WITHIN_S = 1.0
#: The first argument of a channel we made, and of one that listens for a voicemail.
MADE, LISTENS = "made", "listens"
LISTENER = ".listens"


class Asterisk(Nodes):
    """The Engine over Asterisk nodes: a new key goes to the node with the fewest legs, all its legs to that node.

    `spool` and the speaker's folder have to be the same place for us and every node. `listen`: where nodes
    without a `url` call in.
    """

    name = "asterisk"

    def __init__(
        self, nodes: Sequence[Node], speaker: Speaker, spool: Path, listen: tuple[str, int] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        super().__init__(nodes, listen, clock)
        self.speaker, self.spool = speaker, spool.absolute()
        #: Calls whose recording could not be announced: nothing of it is kept.
        self._unannounced: set[str] = set()

    async def open(self, ears: Ears) -> None:
        await self._open(ears, self.speaker.warm_up)

    # -- what is asked of a provider ---------------------------------------------------------------------------

    async def call(self, leg: Leg) -> None:
        if leg.leg in self._legs:
            return
        endpoint = endpoint_of(leg)
        node = self._node_for(leg.key, trunk_of(leg))
        known = self._know(leg.leg, leg.key, node)
        known.pending, known.detect = True, leg.detect
        caller = {"callerId": f"<{leg.caller_id}>"} if CALLER.fullmatch(leg.caller_id) else {}
        # A customer may be recorded: where to, is said now, since nobody waits for it yet.
        known.recordable = leg.detect and bool(KEY.fullmatch(leg.key))
        more = {"variables": {RECORDING: self._spooled(leg.key)}} if known.recordable else None
        try:
            await node.ari.ask(
                "POST", "/channels", more, endpoint=endpoint, app=APP, appArgs=MADE, channelId=leg.leg,
                timeout=max(1, leg.ring_s), **caller,
            )  # fmt: skip
        except AriFailed as error:
            if error.status == 409:  # it rings already
                return
            self._forget(known)
            if error.status == 0:  # nobody knows whether it rings now
                error.how = "lost"
                self._soon(self._end(node, leg.leg))
            if error.status == 500:  # "Allocation failed" is all that Asterisk says
                raise AriFailed(500, f"{_missing(leg)} ({error})") from None
            raise
        finally:
            known.pending = False
        if known.unwanted:
            await self._end(node, leg.leg)

    async def say(self, leg: str, prompt: Prompt) -> None:
        known = self._leg(leg)
        known.turn += 1
        turn = known.turn
        path, *_ = await asyncio.gather(self.speaker.speak(prompt), self._answer(known), self._stop(known))
        if known.leaving is not None:  # what is said in a bridge that goes is cut short
            await asyncio.wait([known.leaving])
        if turn != known.turn:
            return
        if path is None:
            asyncio.get_running_loop().call_soon(self._tell, leg, "spoken")
            return
        known.saying = f"{leg}.{uuid.uuid4().hex}"
        await known.node.ari.ask(
            "POST", f"/channels/{leg}/play", media=sound_of(path), playbackId=known.saying
        )

    async def hush(self, leg: str) -> None:
        if (known := self._legs.get(leg)) is not None:
            await self._hush(known)

    async def join(
        self, key: str, salesperson: str, customer: str, record: bool, announce: Prompt | None
    ) -> None:
        one, other = self._leg(salesperson), self._leg(customer)
        node = one.node
        if other.node is not node:
            raise LegFailed("the two legs are on different nodes")
        ask = node.ari.ask
        said, *_ = await asyncio.gather(
            self.speaker.speak(announce) if announce else _nothing(),
            ask("POST", f"/bridges/{key}", type="mixing", name=key),
            self._hush(one),
            self._hush(other),
            self._answer(other),
        )
        if record and announce and said is None:
            log.error("not recorded: it could not be announced", key=key)
        elif record:
            try:
                await self._record(key, other)
            except (LegFailed, OSError) as error:  # two who have picked up talk, recorded or not
                log.error("not recorded", key=key, because=str(error))
                said = None
        await ask("POST", f"/bridges/{key}/addChannel", channel=f"{salesperson},{customer}")
        one.joined = other.joined = key
        if said is not None:
            self._soon(self._announce(node, key, said))

    async def hang_up(self, leg: str) -> None:
        if (known := self._legs.get(leg)) is not None:
            known.unwanted = True
            if not known.pending:
                await self._end(known.node, leg)

    async def recorded(self, key: str) -> Path | None:
        if not KEY.fullmatch(key) or key in self._calls:
            return None
        path, loop = Path(self._spooled(key)), asyncio.get_running_loop()
        silenced = key in self._unannounced
        self._unannounced.discard(key)
        give_up_at, last, since = loop.time() + FINISHED_WITHIN_S, -1, loop.time()
        while loop.time() < give_up_at:
            try:
                size = path.stat().st_size
            except FileNotFoundError:
                return None
            if size != last:
                last, since = size, loop.time()
            elif loop.time() - since >= SETTLED_S:
                break
            await asyncio.sleep(SETTLED_S / 3)
        if silenced:
            path.unlink(missing_ok=True)
            return None
        return path

    # -- steps -------------------------------------------------------------------------------------------------

    async def _answer(self, leg: Channel) -> None:
        if leg.waits:
            leg.waits = False
            await leg.node.ari.ask("POST", f"/channels/{leg.name}/answer")
            leg.answered = True

    async def _hush(self, leg: Channel) -> None:
        leg.turn += 1
        await self._stop(leg)

    async def _stop(self, leg: Channel) -> None:
        if leg.saying:
            saying, leg.saying = leg.saying, ""
            await self._gone(leg.node.ari.ask("DELETE", f"/playbacks/{saying}"))

    async def _record(self, key: str, customer: Channel) -> None:
        """Send the customer's channel through the dialplan, which starts the recording and sends it back."""
        if not KEY.fullmatch(key):
            raise LegFailed("no file can have this name")
        self.spool.mkdir(parents=True, exist_ok=True)
        ask, channel = customer.node.ari.ask, f"/channels/{customer.name}"
        customer.back = asyncio.get_running_loop().create_future()
        try:
            if not customer.recordable:
                await ask("POST", f"{channel}/variable", variable=RECORDING, value=self._spooled(key))
            await ask("POST", f"{channel}/continue", context=RECORD, extension="s", priority=1)
            await asyncio.wait_for(customer.back, BACK_WITHIN_S)
        except TimeoutError:
            raise LegFailed("the recording did not start") from None
        finally:
            customer.back = None

    def _spooled(self, key: str) -> str:
        return str(self.spool / f"{key}.raw")

    async def _announce(self, node: NodeState, bridge: str, said: Path) -> None:
        try:
            await node.ari.ask("POST", f"/bridges/{bridge}/play", media=sound_of(said))
        except AriFailed:
            self._not_announced(bridge)
            raise

    def _not_announced(self, key: str) -> None:
        """An announcement also fails where somebody hangs up meanwhile: then nothing was said after it."""
        asyncio.get_running_loop().call_later(HANGS_UP_WITHIN_S, self._unannounced_if_they_talk, key)

    def _unannounced_if_they_talk(self, key: str) -> None:
        if sum(leg.joined == key for leg in self._calls.get(key, ())) < 2:
            return
        log.error("not recorded: it could not be announced", key=key)
        self._unannounced.add(key)
        Path(self._spooled(key)).unlink(missing_ok=True)

    async def _listen_for_voicemail(self, leg: Channel) -> None:
        """A second channel hears what the customer says, while the customer hears nothing of it."""
        await leg.node.ari.ask(
            "POST", f"/channels/{leg.name}/snoop/{leg.name}{LISTENER}", spy="in", app=APP, appArgs=LISTENS
        )

    # -- what a node tells -------------------------------------------------------------------------------------

    def _heard(self, node: NodeState, event: Event) -> None:
        kind, channel = event.get("type"), event.get("channel") or {}
        match kind:
            case "StasisStart":
                self._entered(node, channel, event.get("args") or [])
            case "Dial":
                peer = event.get("peer") or {}
                if event.get("dialstatus") in ("RINGING", "PROGRESS"):
                    self._rings(peer.get("id", ""))
            case "ChannelStateChange":
                if channel.get("state") == "Ringing":
                    self._rings(channel.get("id", ""))
            case "ChannelDtmfReceived":
                self._tell(channel.get("id", ""), "digit", digit=str(event.get("digit", "")))
            case "PlaybackFinished":
                self._spoken(event.get("playback") or {})
            case "StasisEnd":
                self._left(channel.get("id", ""))
            case "ChannelDestroyed":
                self._over(
                    channel.get("id", ""), int(event.get("cause") or 0), str(event.get("cause_txt", ""))
                )

    def _entered(self, node: NodeState, channel: dict[str, Any], args: list[str]) -> None:
        """A channel has come into our hands: one we made, one that is back, a listener, or a customer."""
        name, what = str(channel.get("id", "")), args[0] if args else ""
        leg = self._legs.get(name)
        if what == LISTENS:
            self._soon(self._send_listening(node, name))
        elif what == DETECTED:
            self._detected(name.removesuffix(LISTENER), *args[1:3])
            self._soon(self._end(node, name))
        elif what == ARRIVED:
            if leg is None:
                self._arrived(node, channel, args)
        elif leg is None or leg.unwanted:
            log.warning("a channel nobody waits for was ended")
            self._soon(self._end(node, name))
        elif what == RECORDED:
            if leg.back is not None and not leg.back.done():
                leg.back.set_result(None)
        elif not leg.answered:
            leg.answered = True
            if leg.detect:
                self._soon(self._listen_for_voicemail(leg))
            self._tell(name, "answered")

    async def _send_listening(self, node: NodeState, name: str) -> None:
        await self._gone(
            node.ari.ask("POST", f"/channels/{name}/continue", context=DETECT, extension="s", priority=1)
        )

    def _detected(self, name: str, status: str = "", cause: str = "") -> None:
        if status == "MACHINE" and not cause.startswith(
            "INITIALSILENCE"
        ):  # who listens first is no machine yet
            self._tell(name, "machine")
        elif status == "HUMAN":
            self._tell(name, "person")

    def _arrived(self, node: NodeState, channel: dict[str, Any], args: list[str]) -> None:
        name = str(channel["id"])
        if not KEY.fullmatch(name.replace(".", "_")):
            self._soon(self._end(node, name))
            return
        leg = self._know(name, key_of(name), node)
        leg.arrived = leg.waits = True
        self._soon(self._ring_back(leg))
        shown = not (len(args) > 2 and args[2].startswith(("prohib", "unavailable")))
        caller = str((channel.get("caller") or {}).get("number") or "")
        self._tell(
            name, "arrived", called=called_number(args), addressed=addressed_number(args),
            caller=caller if shown and CALLER.fullmatch(caller) else "",
        )  # fmt: skip

    async def _ring_back(self, leg: Channel) -> None:
        """The customer hears that it rings."""
        await self._gone(leg.node.ari.ask("POST", f"/channels/{leg.name}/ring"))

    def _rings(self, name: str) -> None:
        leg = self._legs.get(name)
        if leg is not None and not leg.rang and not leg.answered:
            leg.rang = True
            self._tell(name, "rings")

    def _spoken(self, playback: dict[str, Any]) -> None:
        kind, _, name = str(playback.get("target_uri", "")).partition(":")
        if kind == "bridge" and playback.get("state") == "failed" and name in self._calls:
            self._not_announced(name)
        leg = self._legs.get(str(playback.get("target_uri", "")).removeprefix("channel:"))
        if leg is not None and leg.saying and playback.get("id") == leg.saying:
            leg.saying = ""
            self._tell(leg.name, "spoken")

    def _left(self, name: str) -> None:
        """Of a customer who called we hear no more once the channel leaves our hands, unless we sent it away."""
        leg = self._legs.get(name)
        if leg is not None and leg.arrived and leg.back is None:
            self._over(name, 16, "left")

    def _over(self, name: str, cause: int, because: str) -> None:
        leg = self._legs.get(name)
        if leg is None:
            return
        how: How = "hung_up" if leg.answered or leg.arrived else BECAUSE.get(cause, "unreachable")
        self._forget(leg)
        if leg.joined:
            leaving = self._soon(self._gone(leg.node.ari.ask("DELETE", f"/bridges/{leg.joined}")))
            for other in self._calls.get(leg.key, ()):
                if other.joined == leg.joined:
                    other.joined, other.leaving = "", leaving
        if leg.back is not None and not leg.back.done():
            leg.back.set_exception(LegFailed("the customer has hung up"))
        self._tell_heard(LegHeard(name, "over", self._clock(), how=how, because=f"{cause} {because}".strip()))

    def _tell(self, leg: str, what: LegWhat, **more: str) -> None:
        if leg in self._legs:
            self._tell_heard(LegHeard(leg, what, self._clock(), **more))  # type: ignore[arg-type]  # how isn't among them


def _missing(leg: Leg) -> str:
    """What an Asterisk lacks that can't even begin a call."""
    if leg.number.startswith("sip:"):
        return "no phone of this name is signed in"
    return f"there is no trunk “{leg.trunk or 'trunk'}” at the exchange"


async def _nothing() -> None:
    return None
