"""The process that speaks SIP: it makes and takes calls over one trunk, moves their sound, and records it.

It reads wishes from stdin and tells what happens on stdout (`sip_words`). When stdin ends it hangs up and ends.
"""

import asyncio
import re
import sys
import uuid
import wave
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from baresip import Account, BaresipError, Call, CallState, Config, Event, Runtime, StackEvent, UserAgent

from leadbell.ring.lines.sip import LONGEST, WITHIN_S, is_here
from leadbell.ring.lines.sip_sound import BYTES_PER_S, Recording, sound_in
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
from leadbell.ring.ports import How

TICK_S = 0.02
#: Sound is handed over so far ahead; a conversation's begins with so much silence as a cushion.
AHEAD, CUSHION = BYTES_PER_S // 10, BYTES_PER_S // 25
#: A conversation that has gathered so much is made to catch up.
TOO_LATE = BYTES_PER_S // 4
SIGNED_IN_FOR_S = 300
#: Between two tries to sign in, the first and the longest: a provider shuts out who tries a wrong password too often.
SIGN_IN_SOONEST_S, SIGN_IN_LATEST_S = 1.0, 60.0

_USER = re.compile(r"sips?:([^@;>]*)@")
_STATUS = re.compile(r"^(\d{3})\b")
_SHOWN = re.compile(r"\+?\d{2,15}")


@dataclass(slots=True, eq=False)
class Leg:
    """A call while it lasts."""

    name: str
    call: Call
    waits: bool = False
    answered: bool = False
    rang: bool = False
    over: bool = False
    #: Nobody answered in time.
    timed_out: bool = False
    saying: bytes = b""
    #: What is being said is a sentence whose end is told.
    tells: bool = False
    partner: "Leg | None" = None
    #: The side of its recording that it is on.
    recording: Recording | None = None
    side: int = 0
    timer: asyncio.TimerHandle | None = None


class Child:
    """All legs of one trunk."""

    def __init__(self, tell: Callable[[Told], None]) -> None:
        self.tell = tell
        self.legs: dict[str, Leg] = {}
        #: Being dialled, and still wanted: the stack takes a moment to tell us the call.
        self._dialling: set[str] = set()
        self.runtime = Runtime(native_log_level="error")
        self.trunk = Trunk("", "", "")
        self._agents: dict[str, UserAgent] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # -- opening and closing -----------------------------------------------------------------------------------

    async def open(self, trunk: Trunk) -> None:
        self.trunk = trunk
        await self.runtime.start(
            Config(
                net_interface="127.0.0.1" if is_here(trunk.host) else None,
                expose_headers=("To",),
                max_concurrent_calls=None,
                # Only the server that has signed us in calls us; nobody does where we don't sign in. Contacts have
                # names of chance: calls to a number that `_agent` shows are the account's.
                extra_config_text="filter_registrar udp,tcp,tls\nsip_cuser_random yes\n"
                + (f"sip_listen {trunk.listen}\n" if trunk.listen else ""),
            )
        )
        ours = Account(
            trunk.user, trunk.host, trunk.password, reg_interval=SIGNED_IN_FOR_S if trunk.password else 0,
            extra_params=("catchall=yes",),
        )  # fmt: skip
        agent = self._agents[""] = await UserAgent.create(self.runtime, ours, transfer_policy="reject")
        agent.on_incoming(self._arrived)
        self._do(self._move_sound())
        if trunk.password:
            self._do(self._stay_signed_in(agent))
        self.tell(Ready())

    async def _stay_signed_in(self, agent: UserAgent) -> None:
        """Sign in until it works, and again as soon as the stack couldn't renew it."""
        pause, failed = SIGN_IN_SOONEST_S, asyncio.Event()

        def on(event: StackEvent) -> None:
            if event.event is Event.REGISTER_FAIL:
                failed.set()

        agent.on(on)
        while True:
            try:
                await agent.register(timeout=WITHIN_S)
            except BaresipError as error:
                self.tell(Signed("out", str(error)))
                await asyncio.sleep(pause)
                pause = min(2 * pause, SIGN_IN_LATEST_S)
            else:
                self.tell(Signed("in"))
                pause = SIGN_IN_SOONEST_S
                failed.clear()
                await failed.wait()

    async def close(self) -> None:
        for leg in list(self.legs.values()):
            with suppress(BaresipError):
                await leg.call.hangup()
            self._over(leg, "hung_up", "the process ends")
        for task in self._tasks:
            task.cancel()
        await self.runtime.close()

    # -- wishes ------------------------------------------------------------------------------------------------

    async def do(self, wish: Wish) -> str:
        """Empty, or why it could not be done."""
        try:
            match wish:
                case Trunk():
                    await self.open(wish)
                case MakeCall():
                    await self._call(wish)
                case Say():
                    await self._say(self._known(wish.leg), sound_in(wish.path), tells=True)
                case Hush(name):
                    self._hush(self._known(name))
                case Join():
                    await self._join(wish)
                case HangUp(name) if name in self._dialling:
                    self._dialling.discard(name)
                case HangUp(name):
                    await self._stop(self._known(name))
        except (BaresipError, OSError, ValueError, LookupError, wave.Error) as error:
            return str(error) or type(error).__name__
        return ""

    async def _call(self, wish: MakeCall) -> None:
        self._dialling.add(wish.leg)
        try:
            leg = await self._dial(wish)
            if wish.leg not in self._dialling:
                await self._stop(leg)
        finally:
            self._dialling.discard(wish.leg)

    async def _dial(self, wish: MakeCall) -> Leg:
        agent = await self._agent(wish.caller_id)
        with self._listening() as early:
            call = await agent.dial(f"sip:{wish.number}@{self.trunk.host}")
            leg = Leg(wish.leg, call)
            leg.timer = asyncio.get_running_loop().call_later(wish.ring_s, self._ring_out, leg)
            self._keep(leg)
            for event in early.get(call.handle, ()):
                self._happened(leg, event)
        return leg

    @contextmanager
    def _listening(self) -> Iterator[dict[int, list[StackEvent]]]:
        """What every call does meanwhile, by its handle: a fast phone rings before `dial` has told us its call."""
        early: dict[int, list[StackEvent]] = {}

        def note(event: StackEvent) -> None:
            early.setdefault(event.call, []).append(event)

        self.runtime.subscribe(note)
        try:
            yield early
        finally:
            self.runtime.unsubscribe(note)

    async def _agent(self, caller_id: str) -> UserAgent:
        """An identity that calls as `caller_id` and is known to the provider as the account."""
        if caller_id not in self._agents:
            trunk = self.trunk
            # It never signs in; with an interval of 0 it would take, and refuse, the calls to its number.
            shown = Account(
                caller_id, trunk.host, trunk.password, reg_interval=SIGNED_IN_FOR_S, auth_user=trunk.user
            )
            self._agents[caller_id] = await UserAgent.create(self.runtime, shown, transfer_policy="reject")
        return self._agents[caller_id]

    def _ring_out(self, leg: Leg) -> None:
        if not leg.answered and not leg.over:
            leg.timed_out = True
            self._do(self._stop(leg))

    async def _stop(self, leg: Leg) -> None:
        # The stack forgets a call that nothing has come back for, instead of cancelling it, and the phone would ring
        # on: it is hung up when the phone rings.
        if leg.timer is not None and not leg.rang and not leg.answered:
            self._over(leg, "no_answer", "stopped before it rang")
        else:
            await self._end(leg)

    async def _end(self, leg: Leg) -> None:
        with suppress(BaresipError):
            await leg.call.hangup()

    async def _say(self, leg: Leg, sound: bytes, tells: bool) -> None:
        await self._answer(leg)
        self._hush(leg)
        leg.saying, leg.tells = sound, tells

    async def _answer(self, leg: Leg) -> None:
        if leg.waits:
            leg.waits = False
            await leg.call.answer()
            await leg.call.wait_established()

    def _hush(self, leg: Leg) -> None:
        leg.saying, leg.tells = b"", False
        with suppress(BaresipError):
            leg.call.audio.flush_tx()

    async def _join(self, wish: Join) -> None:
        customer, salesperson = self._known(wish.customer), self._known(wish.salesperson)
        await self._answer(customer)
        announce = sound_in(wish.announce) if wish.announce else b""
        if wish.record:
            file = open(wish.record, "wb")  # noqa: SIM115 - the recording closes it
            recording = Recording(file, asyncio.get_running_loop().time())
            customer.recording = salesperson.recording = recording
            customer.side, salesperson.side = 0, 1
        for leg, other in ((customer, salesperson), (salesperson, customer)):
            self._hush(leg)
            leg.partner = other
            with suppress(BaresipError):
                leg.call.audio.read(BYTES_PER_S)  # what was said before belongs to nobody
                leg.call.audio.write(bytes(CUSHION))
            leg.saying = announce

    def _known(self, name: str) -> Leg:
        if name not in self.legs:
            raise LookupError("the leg is over")
        return self.legs[name]

    # -- what happens ------------------------------------------------------------------------------------------

    def _keep(self, leg: Leg) -> Leg:
        self.legs[leg.name] = leg

        def on(event: StackEvent) -> None:
            self._happened(leg, event)

        leg.call.on(on)
        if leg.call.state is CallState.CLOSED:
            self._over(leg, "unreachable", leg.call.close_reason or "")
        return leg

    def _arrived(self, call: Call) -> None:
        leg = self._keep(Leg(f"sip-{uuid.uuid4().hex}", call, waits=True))
        called, caller = _user(call.headers.get("To", "")), _user(call.peer or "")
        self.tell(News(leg.name, "arrived", called=called, caller=caller if _SHOWN.fullmatch(caller) else ""))

    def _happened(self, leg: Leg, event: StackEvent) -> None:
        if leg.over:
            if event.event in (Event.CALL_RINGING, Event.CALL_PROGRESS, Event.CALL_ESTABLISHED):
                self._do(self._end(leg))
            return
        match event.event:
            case Event.CALL_RINGING | Event.CALL_PROGRESS if not leg.rang and not leg.waits:
                leg.rang = True
                self.tell(News(leg.name, "rings"))
            case Event.CALL_ESTABLISHED if not leg.answered:
                leg.answered = True
                if leg.timer is not None:
                    leg.timer.cancel()
                    self.tell(News(leg.name, "answered"))
            case Event.CALL_DTMF_START if event.text:
                self.tell(News(leg.name, "digit", digit=event.text))
            case Event.CALL_CLOSED:
                self._over(leg, _how(leg, event.text or ""), event.text or "")

    def _over(self, leg: Leg, how: How, because: str) -> None:
        if leg.over:
            return
        leg.over = True
        self.legs.pop(leg.name, None)
        if leg.timer is not None:
            leg.timer.cancel()
        partner = leg.partner
        if leg.recording is not None:
            leg.recording.close()
            leg.recording = None
        if partner is not None:
            partner.partner = partner.recording = None
        self.tell(News(leg.name, "over", how=how, because=because))

    # -- sound -------------------------------------------------------------------------------------------------

    async def _move_sound(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for leg in list(self.legs.values()):
                if leg.answered:
                    with suppress(BaresipError):
                        self._move(leg)
            for recording in {id(r): r for leg in self.legs.values() if (r := leg.recording)}.values():
                recording.write(loop.time())
            due = max(due + TICK_S, loop.time())
            await asyncio.sleep(due - loop.time())

    def _move(self, leg: Leg) -> None:
        """What a leg says goes to its partner and into the recording; a sentence that is being said goes first."""
        audio = leg.call.audio
        heard = audio.read(BYTES_PER_S)
        if heard and leg.recording is not None:
            leg.recording.hear(leg.side, heard)
        if leg.saying:
            wanted = AHEAD - audio.info().tx_buffered
            if wanted > 0:
                leg.saying = leg.saying[audio.write(leg.saying[:wanted]) :]
        elif leg.tells and audio.info().tx_buffered == 0:
            leg.tells = False
            self.tell(News(leg.name, "spoken"))
        partner = leg.partner
        if heard and partner is not None and not partner.saying and not partner.tells:
            theirs = partner.call.audio
            if theirs.info().tx_buffered > TOO_LATE:
                theirs.flush_tx()
                theirs.write(bytes(CUSHION))
            theirs.write(heard)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _how(leg: Leg, reason: str) -> How:
    if leg.answered:
        return "hung_up"
    if leg.timed_out:
        return "no_answer"
    found = _STATUS.match(reason)
    status = int(found[1]) if found else 0
    if status in (486, 600):
        return "busy"
    if status == 603:
        return "rejected"
    if status in (500, 503):
        return "failed"
    return "no_answer" if status in (0, 408, 480, 487) else "unreachable"


def _user(address: str) -> str:
    found = _USER.search(address)
    return found[1].replace("%2B", "+") if found else ""


async def main() -> None:
    """Until stdin ends, or at once where the trunk can't be opened: it is tried again by a new process."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    out = sys.stdout.buffer

    def tell(told: Told) -> None:
        with suppress(BrokenPipeError):
            out.write(msgspec.json.encode(told) + b"\n")
            out.flush()

    child, wishes = Child(tell), msgspec.json.Decoder(Asked)
    working: set[asyncio.Task[None]] = set()

    async def work(asked: Asked) -> None:
        tell(Done(asked.number, await child.do(asked.wish)))

    try:
        while line := await reader.readline():
            asked = wishes.decode(line)
            if isinstance(asked.wish, Trunk):
                if because := await child.do(asked.wish):
                    tell(Ready(because))
                    return
                continue
            task = loop.create_task(work(asked))
            working.add(task)
            task.add_done_callback(working.discard)
    finally:
        await child.close()


if __name__ == "__main__":
    asyncio.run(main())
