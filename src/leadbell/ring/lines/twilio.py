"""The line for dealers without SIP: Twilio makes the calls, asks us by webhook what to do, and tells what happens."""

import asyncio
import re
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from leadbell.ring.lines import twiml
from leadbell.ring.lines.twilio_account import Account, Gone, NotOurs, Refuses, Unsure
from leadbell.ring.lines.twilio_door import Door
from leadbell.ring.lines.twilio_legs import (
    ANSWERED,
    CALL,
    NUMBER,
    Notebook,
    TwilioLeg,
    is_name,
    mark_of,
)
from leadbell.ring.lines.twilio_recordings import SEARCHED_FOR, Recordings
from leadbell.ring.lines.twilio_under_way import LegsUnderWay
from leadbell.ring.lines.twilio_webhooks import Webhooks
from leadbell.ring.ports import Ears, Leg, LegFailed, LiveLeg, Prompt
from leadbell.twilio_rest import DOUBT_AFTER_S, NO_CALLS

log = structlog.get_logger("leadbell.twilio")

#: So long a webhook waits for what the exchange wants while a caller hears it ring; Twilio gives up after 15 s.
WHILE_RINGING_S = 8.0
#: The account is asked for so often, and so often again while it is away or something is left to do.
BEAT_S, AGAIN_S, PROBE_S = 15.0, 1.0, 1.2

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
        self._token, self._clock, self._beat_s, self._again_s = token, clock, beat_s, again_s
        self._doubts = asyncio.Event()
        self._account = Account(account, token, api, self._doubts.set)
        self._notebook = Notebook(folder)
        self._recordings = Recordings(self._account, self._notebook, clock)
        public_url = public_url.rstrip("/")
        self.door = Door(account, token, public_url)
        self.under_way = LegsUnderWay(self._notebook, public_url, clock, ask_again_s)
        self._up: bool | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # -- whether it is there -----------------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        return self._up is True

    async def open(self, ears: Ears) -> None:
        self.under_way.open(ears)
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
                    await self.under_way.untidy.wait()
            self.under_way.untidy.clear()

    async def _look(self) -> None:
        """Ask for the account itself; whoever refuses or doesn't answer is down."""
        loop = asyncio.get_running_loop()
        began, doubted = loop.time(), self._doubts.is_set()
        self._doubts.clear()
        try:
            account = await self._account.get(".json", timeout_s=PROBE_S)
        except Unsure as error:
            silent_s = loop.time() - began
            hangs = silent_s >= DOUBT_AFTER_S  # and so did what made us doubt
            self._went_down(str(error), silent_s + (DOUBT_AFTER_S if doubted and hangs else 0))
        except (NotOurs, Gone) as error:
            self._went_down(str(error))
        except LegFailed:  # it answers, and has too much to do
            self._came_up()
        else:
            status = account.get("status")
            if status == "active":
                self._came_up()
            else:
                self._went_down("the account is not active")

    def _went_down(self, because: str, silent_s: float = 0) -> None:
        was, self._up = self._up, False
        if was is not False:
            self.under_way.ears.down(because, silent_s)

    def _came_up(self) -> None:
        was, self._up = self._up, True
        if was is False:
            self.under_way.untidy.set()
            self.under_way.ears.up()

    async def _tidy(self) -> bool:
        """End what should have ended, and erase what we have fetched; true when something is left to do."""
        try:
            if any(leg.unwanted and not leg.sid and not leg.asking for leg in self.under_way.legs.values()):
                await self.live()
            for leg in list(self.under_way.legs.values()):
                if leg.unwanted and leg.sid and leg.name in self.under_way.legs:
                    await self._end(leg)
                elif leg.unwanted and not leg.asking and leg.at + SEARCHED_FOR < self._clock():
                    self.under_way.forget(leg)
            for key, recording in self._notebook.to_erase():
                await self._recordings.erase(key, recording)
        except LegFailed as error:
            log.info("twilio: left for later", because=str(error))
        return any(leg.unwanted for leg in self.under_way.legs.values()) or bool(self._notebook.to_erase())

    # -- what the exchange asks for ----------------------------------------------------------------------------

    async def call(self, leg: Leg) -> None:
        if leg.leg in self.under_way.legs or leg.leg in self.under_way.over:
            return
        to = _address(leg)
        ours = TwilioLeg(
            leg.leg, leg.key, self._clock(), mark=mark_of(self._token, to, leg.caller_id), asking=True
        )
        try:
            self._notebook.keep(ours)  # before Twilio hears of it: after a crash we know what to look for
        except OSError as error:
            raise LegFailed(f"nothing can be written down ({error.strerror})") from None
        self.under_way.legs[leg.leg] = ours
        try:
            made = await self._account.post("/Calls.json", self._order(leg, to))
        except Unsure:
            ours.unwanted = True  # it may ring nevertheless
            self.under_way.untidy.set()
            raise
        except LegFailed as error:
            self.under_way.forget(ours)
            if isinstance(error, Refuses) and error.code in NO_CALLS:
                error.how = "unreachable"
            raise
        finally:
            ours.asking = False
        sid = str(made.get("sid"))
        if not ours.sid and CALL.fullmatch(sid):
            ours.sid = sid
            if ours.name in self.under_way.legs:
                self.under_way.note(ours)
        if ours.unwanted and ours.name in self.under_way.legs:
            await self.hang_up(ours.name)

    def _order(self, leg: Leg, to: str) -> list[tuple[str, str]]:
        form = [
            ("To", to), ("From", leg.caller_id), ("Timeout", str(min(max(leg.ring_s, 1), 600))),
            ("Url", self.under_way.url("call", leg.leg, "answered")), ("Method", "POST"),
            ("StatusCallback", self.under_way.url("call", leg.leg, "status")), ("StatusCallbackMethod", "POST"),
            *(("StatusCallbackEvent", event) for event in ("initiated", "ringing", "answered", "completed")),
        ]  # fmt: skip
        if leg.detect:
            form += [
                ("MachineDetection", "Enable"), ("AsyncAmd", "true"),
                ("AsyncAmdStatusCallback", self.under_way.url("call", leg.leg, "machine")),
                ("AsyncAmdStatusCallbackMethod", "POST"),
            ]  # fmt: skip
        return form

    async def say(self, leg: str, prompt: Prompt) -> None:
        ours = self.under_way.legs.get(leg)
        if ours is None:
            return
        if ours.joined:
            await self._say_aside(ours, prompt)
            return
        ours.turn += 1
        ours.saying, ours.waits = ours.turn, False
        await self._tell(ours, twiml.say(prompt, self.under_way.url("call", leg, "said", str(ours.turn))))

    async def _say_aside(self, leg: TwilioLeg, prompt: Prompt) -> None:
        """To one side of a conversation; a new text of its own would take it out of the room."""
        rooms = await self._account.get(
            "/Conferences.json", {"FriendlyName": leg.key, "Status": "in-progress", "PageSize": "1"}
        )
        for room in rooms.get("conferences") or []:
            leg.aside = twiml.only_say(prompt)
            address = self.under_way.url("call", leg.name, "aside")
            with suppress(Gone):
                await self._account.post(
                    f"/Conferences/{room['sid']}/Participants/{leg.sid}.json",
                    [("AnnounceUrl", address), ("AnnounceMethod", "POST")],
                )

    async def hush(self, leg: str) -> None:
        ours = self.under_way.legs.get(leg)
        if ours is None or ours.joined:
            return
        ours.waits = True
        if ours.saying:
            ours.saying = 0
            await self._tell(ours, self.under_way.hold(ours))

    async def join(
        self, key: str, salesperson: str, customer: str, record: bool, announce: Prompt | None
    ) -> None:
        sides = [self.under_way.legs.get(leg) for leg in (salesperson, customer)]
        ours = [leg for leg in sides if leg is not None]
        if len(ours) < len(sides):  # one has gone, and that was or will be heard
            return
        if all(leg.joined for leg in ours):
            return
        if record and is_name(key):
            with suppress(OSError):  # then the recording is missing, and shown so
                self._notebook.keep_recording(key, ours[1].sid)
        for leg in ours:
            leg.key, leg.joined = key, True
            self.under_way.note(leg)
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
        ours = self.under_way.legs.get(leg)
        if ours is None:
            return
        ours.unwanted = True
        if ours.pending is not None and not ours.pending.done():
            ours.pending.set_result(twiml.hang_up())
        elif ours.sid:
            try:
                await self._end(ours)
            except LegFailed:
                self.under_way.untidy.set()  # tried again by and by
                raise

    async def live(self) -> Sequence[LiveLeg]:
        found: dict[str, str] = {}
        for status in ("queued", "ringing", "in-progress"):
            for call in await self._account.every("/Calls.json", "calls", {"Status": status}):
                found[str(call.get("sid"))] = status
                self._claim(call)
        for leg in [leg for leg in self.under_way.legs.values() if leg.sid and leg.sid not in found]:
            await self._check(leg)
        for leg in self.under_way.legs.values():
            self.under_way.came_to(leg, found.get(leg.sid, ""))
        return [
            LiveLeg(leg.name, leg.stage == ANSWERED, leg.joined)
            for leg in self.under_way.legs.values()
            if leg.sid or leg.asking
        ]

    def _claim(self, call: dict[str, Any]) -> None:
        """A call whose making nobody confirmed to us is recognised by its two numbers."""
        sid = str(call.get("sid"))
        if call.get("direction") != "outbound-api" or any(
            leg.sid == sid for leg in self.under_way.legs.values()
        ):
            return
        mark = mark_of(self._token, str(call.get("to")), str(call.get("from")))
        same = [leg for leg in self.under_way.legs.values() if not leg.sid and leg.mark == mark]
        if same and not any(leg.asking for leg in same) and CALL.fullmatch(sid):
            same[0].sid = sid
            self.under_way.note(same[0])

    async def trunks_away(self) -> Collection[str]:
        return ()

    async def recorded(self, key: str) -> Path | None:
        """None: there is no recording, and there won't be. LegFailed: not yet, or not now."""
        return await self._recordings.fetch(key, frozenset(leg.sid for leg in self.under_way.legs.values()))

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
            self.under_way.has_ended(leg, "completed")
            return
        self.under_way.came_to(leg, str(call.get("status")))

    def routes(self) -> web.Application:
        """The webhooks, for the switchboard to mount under PREFIX."""
        return Webhooks(self.under_way, self.door).routes()

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
