"""The line for dealers without SIP: Twilio makes the calls, asks us by webhook what to do, and tells what happens."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from leadbell.ring.lines import twiml
from leadbell.ring.lines.twilio_account import Account, Gone, NotOurs, Unsure
from leadbell.ring.lines.twilio_door import Door
from leadbell.ring.lines.twilio_legs import (
    ANSWERED,
    ASKED,
    CALL,
    ENDS,
    NUMBER,
    RINGING,
    STAGES,
    Notebook,
    TwilioLeg,
    is_name,
    mark_of,
)
from leadbell.ring.lines.twilio_recordings import SEARCHED_FOR, Recordings
from leadbell.ring.lines.twilio_webhooks import Webhooks
from leadbell.ring.ports import Ears, Leg, LegFailed, LegHeard, LegWhat, LiveLeg, Prompt

log = structlog.get_logger("leadbell.twilio")

#: Where the switchboard mounts `routes()`; the addresses we give Twilio begin with it.
PREFIX = "/phone/twilio"
#: So long a webhook waits for what the exchange wants while a caller hears it ring; Twilio gives up after 15 s.
WHILE_RINGING_S = 8.0
#: The account is asked for so often, and so often again while it is away or something is left to do.
BEAT_S, AGAIN_S, PROBE_S = 15.0, 1.0, 1.2
#: Legs that are over, so that none is made twice.
REMEMBERED = 20_000

_SIP = re.compile(r"sip:[A-Za-z0-9._-]{1,60}")


class Twilio:
    """An Engine over Twilio's REST API and its webhooks.

    `public_url` is where Twilio reaches us, without a slash at its end; `folder` is ours alone and must outlive us.
    """

    name = "twilio"

    def __init__(
        self, account: str, token: str, public_url: str, api: str = "https://api.twilio.com", *, folder: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC), beat_s: float = BEAT_S, again_s: float = AGAIN_S,
        ask_again_s: float = WHILE_RINGING_S,
    ) -> None:  # fmt: skip
        self._sid, self._token = account, token
        self._public = public_url.rstrip("/")
        self.clock, self._beat_s, self._again_s, self.ask_again_s = clock, beat_s, again_s, ask_again_s
        self._doubts = asyncio.Event()
        self._account = Account(account, token, api, self._doubts.set)
        self.door = Door(account, token, self._public)
        self._notebook = Notebook(folder)
        self._recordings = Recordings(self._account, self._notebook, self.clock)
        self.ears = Ears(lambda _: None, lambda _: None)
        self.legs: dict[str, TwilioLeg] = {}
        self.over: OrderedDict[str, None] = OrderedDict()
        self._up: bool | None = None
        self.untidy = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        #: Signed webhooks for calls nobody knows.
        self.strangers = 0

    # -- whether it is there -----------------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        return self._up is True

    async def open(self, ears: Ears) -> None:
        self.ears = ears
        for leg in self._notebook.open():
            self.legs[leg.name] = leg
        await self._account.open()
        await self._look()
        self._begin(self._keep_looking())
        self._begin(self._keep_tidy())

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._account.close()

    async def _keep_looking(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._beat_s if self.is_up else self._again_s):
                    await self._doubts.wait()
                if not self.is_up:  # a doubt doesn't make us ask more often
                    await asyncio.sleep(self._again_s)
            await self._look()

    async def _keep_tidy(self) -> None:
        while True:
            if self.is_up and await self._tidy():
                await asyncio.sleep(self._again_s)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(self._beat_s):
                    await self.untidy.wait()
            self.untidy.clear()

    async def _look(self) -> None:
        """Ask for the account itself; whoever refuses or doesn't answer is down."""
        self._doubts.clear()
        try:
            account = await self._account.get(".json", timeout_s=PROBE_S)
        except (NotOurs, Gone, Unsure) as error:
            self._went_down(str(error))
        except LegFailed:  # it answers, and has too much to do
            self._came_up()
        else:
            status = account.get("status")
            if status == "active":
                self._came_up()
            else:
                self._went_down("the account is not active")

    def _went_down(self, because: str) -> None:
        was, self._up = self._up, False
        if was is not False:
            self.ears.down(because)

    def _came_up(self) -> None:
        was, self._up = self._up, True
        if was is False:
            self.untidy.set()
            self.ears.up()

    async def _tidy(self) -> bool:
        """End what should have ended, and erase what we have fetched; true when something is left to do."""
        try:
            if any(leg.unwanted and not leg.sid and not leg.asking for leg in self.legs.values()):
                await self.live()
            for leg in list(self.legs.values()):
                if leg.unwanted and leg.sid and leg.name in self.legs:
                    await self._end(leg)
                elif leg.unwanted and not leg.asking and leg.at + SEARCHED_FOR < self.clock():
                    self._forget(leg)
            for key, recording in self._notebook.to_erase():
                await self._recordings.erase(key, recording)
        except LegFailed as error:
            log.info("twilio: left for later", because=str(error))
        return any(leg.unwanted for leg in self.legs.values()) or bool(self._notebook.to_erase())

    # -- what the exchange asks for ----------------------------------------------------------------------------

    async def call(self, leg: Leg) -> None:
        if leg.leg in self.legs or leg.leg in self.over:
            return
        to = _address(leg)
        ours = TwilioLeg(
            leg.leg, leg.key, self.clock(), mark=mark_of(self._token, to, leg.caller_id), asking=True
        )
        try:
            self._notebook.keep(ours)  # before Twilio hears of it: after a crash we know what to look for
        except OSError as error:
            raise LegFailed(f"nothing can be written down ({error.strerror})") from None
        self.legs[leg.leg] = ours
        try:
            made = await self._account.post("/Calls.json", self._order(leg, to))
        except Unsure:
            ours.unwanted = True  # it may ring nevertheless
            self.untidy.set()
            raise
        except LegFailed:
            self._forget(ours)
            raise
        finally:
            ours.asking = False
        sid = str(made.get("sid"))
        if not ours.sid and CALL.fullmatch(sid):
            ours.sid = sid
            if ours.name in self.legs:
                self.note(ours)
        if ours.unwanted and ours.name in self.legs:
            await self.hang_up(ours.name)

    def _order(self, leg: Leg, to: str) -> list[tuple[str, str]]:
        form = [
            ("To", to), ("From", leg.caller_id), ("Timeout", str(min(max(leg.ring_s, 1), 600))),
            ("Url", self._url("call", leg.leg, "answered")), ("Method", "POST"),
            ("StatusCallback", self._url("call", leg.leg, "status")), ("StatusCallbackMethod", "POST"),
            *(("StatusCallbackEvent", event) for event in ("initiated", "ringing", "answered", "completed")),
        ]  # fmt: skip
        if leg.detect:
            form += [
                ("MachineDetection", "Enable"), ("AsyncAmd", "true"),
                ("AsyncAmdStatusCallback", self._url("call", leg.leg, "machine")),
                ("AsyncAmdStatusCallbackMethod", "POST"),
            ]  # fmt: skip
        return form

    async def say(self, leg: str, prompt: Prompt) -> None:
        ours = self.legs.get(leg)
        if ours is None:
            return
        if ours.joined:
            await self._say_aside(ours, prompt)
            return
        ours.turn += 1
        ours.saying, ours.waits = ours.turn, False
        await self._tell(ours, twiml.say(prompt, self._url("call", leg, "said", str(ours.turn))))

    async def _say_aside(self, leg: TwilioLeg, prompt: Prompt) -> None:
        """To one side of a conversation; a new text of its own would take it out of the room."""
        rooms = await self._account.get(
            "/Conferences.json", {"FriendlyName": leg.key, "Status": "in-progress", "PageSize": "1"}
        )
        for room in rooms.get("conferences") or []:
            leg.aside = twiml.only_say(prompt)
            address = self._url("call", leg.name, "aside")
            with suppress(Gone):
                await self._account.post(
                    f"/Conferences/{room['sid']}/Participants/{leg.sid}.json",
                    [("AnnounceUrl", address), ("AnnounceMethod", "POST")],
                )

    async def hush(self, leg: str) -> None:
        ours = self.legs.get(leg)
        if ours is None or ours.joined:
            return
        ours.waits = True
        if ours.saying:
            ours.saying = 0
            await self._tell(ours, self.hold(ours))

    async def join(
        self, key: str, salesperson: str, customer: str, record: bool, announce: Prompt | None
    ) -> None:
        sides = [self.legs.get(leg) for leg in (salesperson, customer)]
        ours = [leg for leg in sides if leg is not None and not leg.joined]
        if len(ours) < 2:  # one has gone, and that was or will be heard
            return
        if record and is_name(key):
            with suppress(OSError):  # then the recording is missing, and shown so
                self._notebook.keep_recording(key, ours[1].sid)
        for leg in ours:
            leg.key, leg.joined = key, True
            self.note(leg)
        done = await asyncio.gather(
            *(
                self._tell(leg, twiml.converse(key, leg.name, record and leg is ours[1], announce))
                for leg in ours
            ),
            return_exceptions=True,
        )
        for failed in done:
            if isinstance(failed, BaseException):
                raise failed

    async def hang_up(self, leg: str) -> None:
        ours = self.legs.get(leg)
        if ours is None:
            return
        ours.unwanted = True
        if ours.pending is not None and not ours.pending.done():
            ours.pending.set_result(twiml.hang_up())
        elif ours.sid:
            try:
                await self._end(ours)
            except LegFailed:
                self.untidy.set()  # tried again by and by
                raise

    async def live(self) -> Sequence[LiveLeg]:
        found: dict[str, str] = {}
        for status in ("queued", "ringing", "in-progress"):
            for call in await self._account.every("/Calls.json", "calls", {"Status": status}):
                found[str(call.get("sid"))] = status
                self._claim(call)
        for leg in [leg for leg in self.legs.values() if leg.sid and leg.sid not in found]:
            await self._check(leg)
        for leg in self.legs.values():
            self.came_to(leg, found.get(leg.sid, ""))
        return [
            LiveLeg(leg.name, leg.stage == ANSWERED, leg.joined)
            for leg in self.legs.values()
            if leg.sid or leg.asking
        ]

    def _claim(self, call: dict[str, Any]) -> None:
        """A call whose making nobody confirmed to us is recognised by its two numbers."""
        sid = str(call.get("sid"))
        if call.get("direction") != "outbound-api" or any(leg.sid == sid for leg in self.legs.values()):
            return
        mark = mark_of(self._token, str(call.get("to")), str(call.get("from")))
        same = [leg for leg in self.legs.values() if not leg.sid and leg.mark == mark]
        if same and not any(leg.asking for leg in same) and CALL.fullmatch(sid):
            same[0].sid = sid
            self.note(same[0])

    async def recorded(self, key: str) -> Path | None:
        """None: there is no recording, and there won't be. LegFailed: not yet, or not now."""
        return await self._recordings.fetch(key, frozenset(leg.sid for leg in self.legs.values()))

    # -- telling a leg what to do ------------------------------------------------------------------------------

    async def _tell(self, leg: TwilioLeg, text: str) -> None:
        """As the answer to the webhook that waits, else by changing the call, else when it asks."""
        if leg.pending is not None and not leg.pending.done():
            leg.pending.set_result(text)
            return
        if leg.stage < ANSWERED:
            leg.next_text = text
            return
        turn, joined = leg.turn, leg.joined
        async with leg.lock:
            if (leg.turn, leg.joined) != (turn, joined) or leg.unwanted:
                return  # something newer is on its way
            try:
                await self._account.post(f"/Calls/{leg.sid}.json", [("Twiml", text)])
            except Gone:
                await self._check(leg)

    def hold(self, leg: TwilioLeg) -> str:
        leg.turn += 1
        asked = self._url("call", leg.name, "held", str(leg.turn))
        return twiml.hold_ringing(asked, self._url("tone.wav")) if leg.waits else twiml.hold(asked)

    def ring_on(self, leg: TwilioLeg) -> str:
        leg.turn += 1
        return twiml.keep_ringing(self._url("call", leg.name, "waits", str(leg.turn)))

    async def _end(self, leg: TwilioLeg) -> None:
        """A call that still rings is cancelled; one that has been answered meanwhile is ended."""
        address = f"/Calls/{leg.sid}.json"
        try:
            if leg.stage < ANSWERED and not leg.arrived:
                with suppress(Gone):
                    now = await self._account.post(address, [("Status", "canceled")])
                    if now.get("status") != "in-progress":
                        return
            await self._account.post(address, [("Status", "completed")])
        except Gone:
            await self._check(leg)

    async def _check(self, leg: TwilioLeg) -> None:
        """Ask what has become of a call; what has ended is told, if nobody told us."""
        try:
            call = await self._account.get(f"/Calls/{leg.sid}.json")
        except Gone:
            self._has_ended(leg, "completed")
            return
        self.came_to(leg, str(call.get("status")))

    def came_to(self, leg: TwilioLeg, status: str) -> None:
        """Calls only go forward: what comes late or twice changes nothing."""
        if status in ENDS:
            self._has_ended(leg, status)
            return
        stage = STAGES.get(status, ASKED)
        if stage > leg.stage:
            if leg.stage < RINGING and not leg.arrived and stage == RINGING:
                self.hear(leg, "rings")
            leg.stage = stage

    def _has_ended(self, leg: TwilioLeg, status: str) -> None:
        if leg.name not in self.legs:
            return
        self._forget(leg)
        if leg.pending is not None and not leg.pending.done():
            leg.pending.set_result(twiml.hang_up())
        self.ears.heard(LegHeard(leg.name, "over", self.clock(), how=ENDS[status]))

    def _forget(self, leg: TwilioLeg) -> None:
        self.legs.pop(leg.name, None)
        self._notebook.forget(leg.name)
        self.over[leg.name] = None
        if len(self.over) > REMEMBERED:
            self.over.popitem(last=False)

    def note(self, leg: TwilioLeg) -> None:
        """What can't be written down doesn't end a call that is under way."""
        try:
            self._notebook.keep(leg)
        except OSError as error:
            log.warning("twilio: nothing can be written down", because=error.strerror)

    def hear(self, leg: TwilioLeg, what: LegWhat) -> None:
        self.ears.heard(self.event(leg, what))

    def _url(self, *parts: str) -> str:
        return "/".join((self._public + PREFIX, *parts))

    def routes(self) -> web.Application:
        """The webhooks, for the switchboard to mount under PREFIX."""
        return Webhooks(self, self.door).routes()

    # -- for the webhooks --------------------------------------------------------------------------------------

    def event(self, leg: TwilioLeg, what: LegWhat, digit: str = "") -> LegHeard:
        return LegHeard(leg.name, what, self.clock(), digit=digit)

    async def ask(
        self, leg: TwilioLeg, event: LegHeard | None, otherwise: Callable[[TwilioLeg], str], patience_s: float
    ) -> str:
        """Tell the exchange, and give Twilio what it wants done; `otherwise` when it wants nothing for so long."""
        if leg.unwanted:
            return twiml.hang_up()
        if leg.pending is not None and not leg.pending.done():
            leg.pending.set_result(otherwise(leg))
        pending: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        leg.pending = pending
        if leg.next_text:
            pending.set_result(leg.next_text)
            leg.next_text = ""
        if event is not None:
            self.ears.heard(event)
        try:
            async with asyncio.timeout(patience_s):
                text = await pending
        except TimeoutError:
            return twiml.hang_up() if leg.unwanted else otherwise(leg)
        finally:
            if leg.pending is pending:
                leg.pending = None
        leg.stage = ANSWERED
        return text

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _address(leg: Leg) -> str:
    """Whom Twilio is to ring: an E.164 number, or a name at the SIP domain that is the dealer's way out."""
    if NUMBER.fullmatch(leg.number):
        return leg.number
    if _SIP.fullmatch(leg.number) and leg.trunk:
        return f"{leg.number}@{leg.trunk}"
    raise LegFailed("Twilio rings E.164 numbers, and names at a SIP domain of its own")
