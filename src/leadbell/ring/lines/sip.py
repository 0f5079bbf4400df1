"""A SIP trunk without any PBX, as a provider of legs: a small SIP user agent of our own in a child process.

Experimental. It has no answering-machine detection: a voicemail counts as a conversation. Its calls live in the
child process: when that or the switchboard ends, they end.
"""

import asyncio
import importlib.util
import ipaddress
import os
import re
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from leadbell.child import tied
from leadbell.ring.lines.sip_words import (
    Asked,
    Done,
    HangUp,
    Hush,
    Join,
    MakeCall,
    News,
    Ready,
    Say,
    Signed,
    Told,
    Trunk,
    Wish,
)
from leadbell.ring.ports import Ears, Leg, LegFailed, LegHeard, LiveLeg, Prompt, Unsure
from leadbell.ring.speech import Speaker

log = structlog.get_logger("leadbell.sip")

CHILD = "leadbell.ring.lines.sip_child"
MISSING = "baresip-python is not installed here: pip install 'leadbell[sip]'"
#: The child answers at once; what takes longer has failed.
WITHIN_S = 5.0
#: Between two starts of the child, the first and the longest.
SOONEST_S, LATEST_S = 0.2, 5.0
#: Nothing the child says is longer.
LONGEST = 64 * 1024

_NUMBER = re.compile(r"\+\d{3,15}")
_CALLER = re.compile(r"\+?\d{2,15}")
_KEY = re.compile(r"[\w-]{1,100}")
_TRUNK = re.compile(r"sip:([^:@;<>\"?\s]+):([^\"\\\s]*)@([A-Za-z0-9.:-]+)")


def trunk_from(text: str) -> Trunk:
    """`sip:user:password@host` or `…@host:port`. Raises ValueError, in words for the engineer."""
    found = _TRUNK.fullmatch(text)
    if found is None:
        raise ValueError("LEADBELL_SIP_TRUNK has to look like sip:user:password@host.")
    return Trunk(found[1], found[2], found[3])


@dataclass(slots=True)
class _Leg:
    key: str
    answered: bool = False
    #: With whom it talks.
    joined: str = ""


class Sip:
    """The Engine over one trunk account. `spool` is where recordings are made.

    The child is started again when it dies; its legs are lost then.
    """

    name = "sip"

    def __init__(
        self, trunk: Trunk, speaker: Speaker, spool: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self.trunk, self.speaker, self.spool, self._clock = trunk, speaker, spool.absolute(), clock
        self._ears: Ears | None = None
        self._legs: dict[str, _Leg] = {}
        self._answers: dict[int, asyncio.Future[str]] = {}
        self._asked = 0
        self._child: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._because = "not connected"
        #: The child takes wishes; and calls can be made.
        self._ready = self._up = False

    @property
    def is_up(self) -> bool:
        return self._up

    @property
    def child(self) -> int | None:
        """The child's process number."""
        return self._child.pid if self._child is not None else None

    async def open(self, ears: Ears) -> None:
        self._ears = ears
        if importlib.util.find_spec("baresip") is None:
            self._because = MISSING
            log.error("the SIP line can't be used", because=MISSING)
            ears.down(MISSING)
            return
        await self.speaker.warm_up()
        self._keeper = asyncio.create_task(self._keep_running())
        await self._tried.wait()
        if not self._up:
            ears.down(self._because)

    async def close(self) -> None:
        """The calls end, as nobody else can go on with them."""
        self._ears, self._ready, self._up = None, False, False
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper

    # -- what is asked of a provider ---------------------------------------------------------------------------

    async def call(self, leg: Leg) -> None:
        if leg.leg in self._legs:
            return
        if not _NUMBER.fullmatch(leg.number):
            raise LegFailed("not a number in E.164: this line has no phones of its own")
        if not self._up:
            raise LegFailed(self._because)
        caller = leg.caller_id if _CALLER.fullmatch(leg.caller_id) else ""
        self._legs[leg.leg] = _Leg(leg.key)
        try:
            await self._ask(MakeCall(leg.leg, leg.number, caller, max(1, leg.ring_s)))
        except LegFailed:
            self._legs.pop(leg.leg, None)
            raise

    async def say(self, leg: str, prompt: Prompt) -> None:
        self._known(leg)
        path = await self.speaker.speak(prompt)
        if path is None:
            asyncio.get_running_loop().call_soon(self._hear, News(leg, "spoken"))
            return
        await self._ask(Say(leg, str(path.absolute())))

    async def hush(self, leg: str) -> None:
        if leg in self._legs:
            await self._ask(Hush(leg))

    async def join(
        self, key: str, salesperson: str, customer: str, record: bool, announce: Prompt | None
    ) -> None:
        one, other = self._known(salesperson), self._known(customer)
        if not _KEY.fullmatch(key):
            raise LegFailed("no file can have this name")
        said = await self.speaker.speak(announce) if announce else None
        if record and announce and said is None:
            log.error("not recorded: it could not be announced", key=key)
            record = False
        self.spool.mkdir(parents=True, exist_ok=True)
        into = str(self.spool / f"{key}.raw") if record else ""
        await self._ask(Join(salesperson, customer, into, str(said.absolute()) if said else ""))
        one.joined, other.joined, other.key = customer, salesperson, key

    async def hang_up(self, leg: str) -> None:
        if leg in self._legs:
            await self._ask(HangUp(leg))

    async def live(self) -> Sequence[LiveLeg]:
        if not self._up:
            raise LegFailed(self._because)
        return [LiveLeg(name, leg.answered, bool(leg.joined)) for name, leg in self._legs.items()]

    async def trunks_away(self) -> Collection[str]:
        return ()

    async def recorded(self, key: str) -> Path | None:
        path = self.spool / f"{key}.raw"
        if not _KEY.fullmatch(key) or any(leg.key == key and leg.joined for leg in self._legs.values()):
            return None
        return path if path.exists() else None

    # -- the child ---------------------------------------------------------------------------------------------

    async def _keep_running(self) -> None:
        pause = SOONEST_S
        while True:
            process = await asyncio.create_subprocess_exec(
                *tied([sys.executable, "-m", CHILD], "KILL"), stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, limit=LONGEST, env=_told_no_secrets(),
            )  # fmt: skip
            self._child = process
            try:
                self._send(Asked(0, self.trunk))
                if await self._listen(process):
                    pause = SOONEST_S
            finally:
                await self._end(process)
            self._lost()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LATEST_S)

    async def _listen(self, process: asyncio.subprocess.Process) -> bool:
        """Hear the child until it ends; whether it could ever make calls."""
        assert process.stdout is not None  # noqa: S101 - it was asked for
        reader = msgspec.json.Decoder(Told)
        was_up = False
        while line := await process.stdout.readline():
            try:
                told: Told = reader.decode(line)
            except msgspec.DecodeError:
                log.warning("the SIP process said something else")
                continue
            match told:
                case Done(number, because):
                    answer = self._answers.pop(number, None)
                    if answer is not None and not answer.done():
                        answer.set_result(because)
                case News():
                    self._hear(told)
                case Ready(because):
                    was_up = was_up or not because
                    self._ready = not because
                    if because or not self.trunk.password:
                        self._stands(because)
                case Signed(_, because):
                    self._signed(because)
        return was_up

    def _signed(self, because: str) -> None:
        # While people talk the trunk works. The child tries on: what it says when they have hung up counts.
        if not because or not any(leg.answered or leg.joined for leg in self._legs.values()):
            self._stands(because)

    def _stands(self, because: str) -> None:
        """The line is up unless something is said against it; who opens it finds out the first time."""
        first, was_up = not self._tried.is_set(), self._up
        self._because, self._up = because, not because
        self._tried.set()
        if because:
            log.error("the SIP line can't be used", because=because)
        if first or was_up == self._up or self._ears is None:
            return
        if self._up:
            self._ears.up()
        else:
            self._ears.down(because)

    def _lost(self) -> None:
        """The child is gone, and every call with it."""
        was_up, self._ready, self._up = self._up, False, False
        self._because = "its process ended" if was_up or not self._because else self._because
        self._legs.clear()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result(self._because)
        self._answers.clear()
        self._tried.set()
        log.warning("the SIP process ended: starting it again")
        if was_up and self._ears is not None:
            self._ears.down(self._because)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """It ends by itself when nobody speaks to it, and says goodbye on every call first."""
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), WITHIN_S)
        except (TimeoutError, asyncio.CancelledError):
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, wish: Wish) -> None:
        """Raises LegFailed where the child refuses or doesn't answer."""
        if not self._ready:
            raise LegFailed(self._because)
        self._asked += 1
        number = self._asked
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            self._send(Asked(number, wish))
            because = await asyncio.wait_for(answer, WITHIN_S)
        except TimeoutError:
            raise Unsure(f"no answer within {WITHIN_S:g} s") from None
        finally:
            self._answers.pop(number, None)
        if because:
            raise LegFailed(because)

    def _send(self, asked: Asked) -> None:
        if self._child is not None and self._child.stdin is not None and not self._child.stdin.is_closing():
            self._child.stdin.write(msgspec.json.encode(asked) + b"\n")

    def _hear(self, news: News) -> None:
        match news.what:
            case "arrived":
                self._legs[news.leg] = _Leg("")
            case "answered" if news.leg in self._legs:
                self._legs[news.leg].answered = True
            case "over":
                leg = self._legs.pop(news.leg, None)
                if leg is not None and (other := self._legs.get(leg.joined)) is not None:
                    other.joined = ""
            case _ if news.leg not in self._legs:
                return
        if self._ears is not None:
            self._ears.heard(
                LegHeard(
                    news.leg, news.what, self._clock(), news.digit, news.how, news.called, news.caller, news.because
                )
            )  # fmt: skip

    def _known(self, name: str) -> _Leg:
        if name not in self._legs:
            raise LegFailed("the leg is over")
        return self._legs[name]


def _told_no_secrets() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("LEADBELL_")}


def is_here(host: str) -> bool:
    """Whether a host is this machine itself, reached over its loopback interface."""
    name = host.rpartition(":")[0] or host
    if name == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(name).is_loopback
    return False
