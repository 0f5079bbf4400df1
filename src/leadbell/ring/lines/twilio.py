"""The line for dealers without SIP: Twilio makes the calls, asks us by webhook what to do, and tells what happens."""

import asyncio
import os
import re
import wave
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import structlog
from aiohttp import web
from multidict import MultiDict
from twilio.request_validator import (  # type: ignore[import-untyped]  # it ships no types
    SIGNATURE_HEADER,
    RequestValidator,
)

from leadbell.ring.lines import twiml
from leadbell.ring.lines.twilio_account import Account, Gone, NotOurs, Unsure
from leadbell.ring.lines.twilio_legs import (
    ANSWERED,
    ASKED,
    RINGING,
    Notebook,
    TwilioLeg,
    is_name,
    mark_of,
)
from leadbell.ring.ports import Ears, How, Leg, LegFailed, LegHeard, LegWhat, LiveLeg, Prompt

log = structlog.get_logger("leadbell.twilio")

#: Where the switchboard mounts `routes()`; the addresses we give Twilio begin with it.
PREFIX = "/phone/twilio"
#: A webhook is small; what is bigger isn't Twilio's.
MOST_BYTES, MOST_FIELDS = 32_768, 200
BODY_WITHIN_S = 5.0
#: So long a webhook waits for what the exchange wants: at the answer, after a key, at the end of a sentence, and for
#: a caller who hears it ring meanwhile (Twilio itself gives up after 15 s).
AT_ANSWER_S, AT_KEY_S, AT_END_S, WHILE_RINGING_S = 1.0, 0.25, 0.05, 8.0
#: A request of which we don't know whether it made a call is looked for at Twilio for so long.
SEARCHED_FOR = timedelta(minutes=10)
#: The account is asked for so often, and so often again while it is away or something is left to do.
BEAT_S, AGAIN_S, PROBE_S = 15.0, 1.0, 1.2
#: Legs that are over, so that none is made twice.
REMEMBERED = 20_000

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_SIP = re.compile(r"sip:[A-Za-z0-9._-]{1,60}")
_CALL = re.compile(r"CA[0-9a-fA-F]{32}")
_STAGES = {"queued": ASKED, "initiated": ASKED, "ringing": RINGING, "in-progress": ANSWERED}
_ENDS: dict[str, How] = {
    "completed": "hung_up", "busy": "busy", "no-answer": "no_answer", "canceled": "hung_up", "failed": "unreachable",
}  # fmt: skip
_MACHINES = {"machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax"}
#: What a caller who withholds the number is called: the words themselves, or spelt on a keypad.
_WITHHELD = {"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"}


Form = MultiDict[str]


class TooBig(Exception):
    """The body of a webhook is bigger than Twilio's ever are."""


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
        self._clock, self._beat_s, self._again_s, self._ask_again_s = clock, beat_s, again_s, ask_again_s
        self._doubts = asyncio.Event()
        self._account = Account(account, token, api, self._doubts.set)
        self._signature = RequestValidator(token)
        self._notebook = Notebook(folder)
        self._ears = Ears(lambda _: None, lambda _: None)
        self._legs: dict[str, TwilioLeg] = {}
        self._over: OrderedDict[str, None] = OrderedDict()
        self._up: bool | None = None
        self._untidy = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        #: Webhooks whose signature was wrong, and signed ones for calls nobody knows.
        self.forged = self.strangers = 0

    # -- whether it is there -----------------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        return self._up is True

    async def open(self, ears: Ears) -> None:
        self._ears = ears
        for leg in self._notebook.open():
            self._legs[leg.name] = leg
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
                    await self._untidy.wait()
            self._untidy.clear()

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
            self._ears.down(because)

    def _came_up(self) -> None:
        was, self._up = self._up, True
        if was is False:
            self._untidy.set()
            self._ears.up()

    async def _tidy(self) -> bool:
        """End what should have ended, and erase what we have fetched; true when something is left to do."""
        try:
            if any(leg.unwanted and not leg.sid and not leg.asking for leg in self._legs.values()):
                await self.live()
            for leg in list(self._legs.values()):
                if leg.unwanted and leg.sid and leg.name in self._legs:
                    await self._end(leg)
                elif leg.unwanted and not leg.asking and leg.at + SEARCHED_FOR < self._clock():
                    self._forget(leg)
            for key, recording in self._notebook.to_erase():
                await self._erase(key, recording)
        except LegFailed as error:
            log.info("twilio: left for later", because=str(error))
        return any(leg.unwanted for leg in self._legs.values()) or bool(self._notebook.to_erase())

    # -- what the exchange asks for ----------------------------------------------------------------------------

    async def call(self, leg: Leg) -> None:
        if leg.leg in self._legs or leg.leg in self._over:
            return
        to = _address(leg)
        ours = TwilioLeg(
            leg.leg, leg.key, self._clock(), mark=mark_of(self._token, to, leg.caller_id), asking=True
        )
        try:
            self._notebook.keep(ours)  # before Twilio hears of it: after a crash we know what to look for
        except OSError as error:
            raise LegFailed(f"nothing can be written down ({error.strerror})") from None
        self._legs[leg.leg] = ours
        try:
            made = await self._account.post("/Calls.json", self._order(leg, to))
        except Unsure:
            ours.unwanted = True  # it may ring nevertheless
            self._untidy.set()
            raise
        except LegFailed:
            self._forget(ours)
            raise
        finally:
            ours.asking = False
        sid = str(made.get("sid"))
        if not ours.sid and _CALL.fullmatch(sid):
            ours.sid = sid
            if ours.name in self._legs:
                self._note(ours)
        if ours.unwanted and ours.name in self._legs:
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
        ours = self._legs.get(leg)
        if ours is None:
            return
        if ours.joined:
            await self._say_aside(ours, prompt)
            return
        ours.turn += 1
        ours.saying = ours.turn
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
        ours = self._legs.get(leg)
        if ours is not None and not ours.joined and ours.saying:
            ours.saying = 0
            await self._tell(ours, self._hold(ours))

    async def join(
        self, key: str, salesperson: str, customer: str, record: bool, announce: Prompt | None
    ) -> None:
        sides = [self._legs.get(leg) for leg in (salesperson, customer)]
        ours = [leg for leg in sides if leg is not None and not leg.joined]
        if len(ours) < 2:  # one has gone, and that was or will be heard
            return
        if record and is_name(key):
            with suppress(OSError):  # then the recording is missing, and shown so
                self._notebook.keep_recording(key, ours[1].sid)
        for leg in ours:
            leg.key, leg.joined = key, True
            self._note(leg)
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
        ours = self._legs.get(leg)
        if ours is None:
            return
        ours.unwanted = True
        if ours.pending is not None and not ours.pending.done():
            ours.pending.set_result(twiml.hang_up())
        elif ours.sid:
            try:
                await self._end(ours)
            except LegFailed:
                self._untidy.set()  # tried again by and by
                raise

    async def live(self) -> Sequence[LiveLeg]:
        found: dict[str, str] = {}
        for status in ("queued", "ringing", "in-progress"):
            for call in await self._account.every("/Calls.json", "calls", {"Status": status}):
                found[str(call.get("sid"))] = status
                self._claim(call)
        for leg in [leg for leg in self._legs.values() if leg.sid and leg.sid not in found]:
            await self._check(leg)
        for leg in self._legs.values():
            self._came_to(leg, found.get(leg.sid, ""))
        return [
            LiveLeg(leg.name, leg.stage == ANSWERED, leg.joined)
            for leg in self._legs.values()
            if leg.sid or leg.asking
        ]

    def _claim(self, call: dict[str, Any]) -> None:
        """A call whose making nobody confirmed to us is recognised by its two numbers."""
        sid = str(call.get("sid"))
        if call.get("direction") != "outbound-api" or any(leg.sid == sid for leg in self._legs.values()):
            return
        mark = mark_of(self._token, str(call.get("to")), str(call.get("from")))
        same = [leg for leg in self._legs.values() if not leg.sid and leg.mark == mark]
        if same and not any(leg.asking for leg in same) and _CALL.fullmatch(sid):
            same[0].sid = sid
            self._note(same[0])

    async def recorded(self, key: str) -> Path | None:
        """None: there is no recording, and there won't be. LegFailed: not yet, or not now."""
        if not is_name(key):
            return None
        here = self._notebook.sound(key)
        if here.exists():
            return here
        noted = self._notebook.recording(key)
        if noted is None:
            return None
        there = (await self._account.get(f"/Calls/{noted[0]}/Recordings.json")).get("recordings") or []
        talking = any(leg.sid == noted[0] for leg in self._legs.values())
        if not there and not talking and self._notebook.recording_is_old(key, self._clock() - SEARCHED_FOR):
            self._notebook.forget_recording(key)
            return None
        if not there or any(one.get("status") in ("in-progress", "paused", "processing") for one in there):
            raise LegFailed("the recording is not finished yet")
        whole = [one for one in there if one.get("status") == "completed"]
        if not whole:
            self._notebook.forget_recording(key)
            return None
        one = max(whole, key=lambda one: int(one.get("duration") or 0))
        sid = str(one["sid"])
        await self._account.download(f"/Recordings/{sid}.wav?RequestedChannels=2", here)
        if not _is_stereo(here):
            here.unlink()
            self._notebook.forget_recording(key)
            log.warning("twilio: the recording is not stereo")
            return None
        _date(here, str(one.get("start_time") or ""))
        self._notebook.keep_recording(key, noted[0], erase=sid)
        with suppress(LegFailed):  # tried again by and by
            await self._erase(key, sid)
        return here

    async def _erase(self, key: str, recording: str) -> None:
        """What we have fetched is kept by us, for as long as the dealer wants, and not at Twilio too."""
        with suppress(Gone):
            await self._account.delete(f"/Recordings/{recording}.json")
        self._notebook.forget_recording(key)

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

    def _hold(self, leg: TwilioLeg) -> str:
        leg.turn += 1
        return twiml.hold(self._url("call", leg.name, "held", str(leg.turn)))

    def _ring_on(self, leg: TwilioLeg) -> str:
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
        self._came_to(leg, str(call.get("status")))

    def _came_to(self, leg: TwilioLeg, status: str) -> None:
        """Calls only go forward: what comes late or twice changes nothing."""
        if status in _ENDS:
            self._has_ended(leg, status)
            return
        stage = _STAGES.get(status, ASKED)
        if stage > leg.stage:
            if leg.stage < RINGING and not leg.arrived and stage == RINGING:
                self._hear(leg, "rings")
            leg.stage = stage

    def _has_ended(self, leg: TwilioLeg, status: str) -> None:
        if leg.name not in self._legs:
            return
        self._forget(leg)
        if leg.pending is not None and not leg.pending.done():
            leg.pending.set_result(twiml.hang_up())
        self._ears.heard(LegHeard(leg.name, "over", self._clock(), how=_ENDS[status]))

    def _forget(self, leg: TwilioLeg) -> None:
        self._legs.pop(leg.name, None)
        self._notebook.forget(leg.name)
        self._over[leg.name] = None
        if len(self._over) > REMEMBERED:
            self._over.popitem(last=False)

    def _note(self, leg: TwilioLeg) -> None:
        """What can't be written down doesn't end a call that is under way."""
        try:
            self._notebook.keep(leg)
        except OSError as error:
            log.warning("twilio: nothing can be written down", because=error.strerror)

    def _hear(self, leg: TwilioLeg, what: LegWhat) -> None:
        self._ears.heard(self._event(leg, what))

    def _url(self, *parts: str) -> str:
        return "/".join((self._public + PREFIX, *parts))

    # -- what Twilio asks and tells ----------------------------------------------------------------------------

    def routes(self) -> web.Application:
        """The webhooks, for the switchboard to mount under PREFIX."""
        house = web.Application()
        for where, handler in (
            ("/arrived", self._on_arrived),
            ("/arrived/status", self._on_arrived_status),
            ("/call/{leg}/answered", self._on_answered),
            ("/call/{leg}/status", self._on_status),
            ("/call/{leg}/machine", self._on_machine),
            ("/call/{leg}/aside", self._on_aside),
            ("/call/{leg}/said/{turn:[0-9]{1,9}}", self._on_said),
            ("/call/{leg}/held/{turn:[0-9]{1,9}}", self._on_said),
            ("/call/{leg}/waits/{turn:[0-9]{1,9}}", self._on_waits),
        ):
            house.router.add_post(where, self._signed(handler))
        return house

    def _signed(
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
            signature = request.headers.get(SIGNATURE_HEADER, "")
            signed = self._signature.validate(self._public + request.raw_path, form, signature)
            if not signed or form.get("AccountSid") != self._sid:
                self.forged += 1
                log.warning("twilio: forged webhook refused", forged=self.forged)
                return web.Response(status=403)
            return await handler(request, form)

        return at_the_door

    def _leg_of(self, request: web.Request, form: Form) -> TwilioLeg | None:
        leg = self._legs.get(request.match_info["leg"])
        sid = form.get("CallSid", "")
        if leg is None or not _CALL.fullmatch(sid) or (leg.sid and leg.sid != sid):
            return None
        if not leg.sid:
            leg.sid = sid
            self._note(leg)
        return leg

    def _stranger(self, request: web.Request, form: Form) -> None:
        """A signed webhook of a call that we began and no longer know: an earlier life's. It is ended."""
        self.strangers += 1
        log.warning("twilio: a call nobody knows", strangers=self.strangers)
        name, sid = request.match_info.get("leg", ""), form.get("CallSid", "")
        status = form.get("CallStatus", "")
        if name in self._legs or name in self._over or status in _ENDS or not is_name(name):
            return
        if _CALL.fullmatch(sid):
            stray = TwilioLeg(name, "", self._clock(), sid, stage=_STAGES.get(status, ASKED), unwanted=True)
            self._legs[name] = stray
            self._untidy.set()

    async def _on_arrived(self, request: web.Request, form: Form) -> web.Response:
        sid = form.get("CallSid", "")
        if not _CALL.fullmatch(sid) or not _NUMBER.fullmatch(form.get("To", "")):
            return web.Response(status=400)
        if sid in self._over:
            return _text(twiml.hang_up())
        leg = self._legs.get(sid)
        if leg is not None:  # asked twice
            return _text(self._ring_on(leg) if leg.stage < ANSWERED else self._hold(leg))
        leg = TwilioLeg(sid, "", self._clock(), sid)
        self._legs[sid] = leg
        self._note(leg)
        caller = form.get("From", "")
        known = _NUMBER.fullmatch(caller) is not None and caller not in _WITHHELD
        arrived = LegHeard(sid, "arrived", self._clock(), called=form["To"], caller=caller if known else "")
        return _text(await self._ask(leg, arrived, self._ring_on, self._ask_again_s))

    async def _on_arrived_status(self, request: web.Request, form: Form) -> web.Response:
        leg = self._legs.get(form.get("CallSid", ""))
        if leg is None or not leg.arrived:
            return web.Response(status=404)
        self._came_to(leg, form.get("CallStatus", ""))
        return web.Response(status=204)

    async def _on_answered(self, request: web.Request, form: Form) -> web.Response:
        leg = self._leg_of(request, form)
        if leg is None:
            self._stranger(request, form)
            return _text(twiml.hang_up())
        if 0 in leg.answered_turns:  # asked twice
            return _text(self._hold(leg))
        leg.answered_turns.add(0)
        leg.stage = ANSWERED
        return _text(await self._ask(leg, self._event(leg, "answered"), self._hold, AT_ANSWER_S))

    async def _on_said(self, request: web.Request, form: Form) -> web.Response:
        """A key, or none: then what was said is said to its end."""
        leg, turn = self._leg_of(request, form), int(request.match_info["turn"])
        if leg is None:
            self._stranger(request, form)
            return _text(twiml.hang_up())
        if turn > leg.turn or turn in leg.answered_turns:
            return _text(self._hold(leg))
        leg.answered_turns.add(turn)
        digits = form.get("Digits", "")
        if re.fullmatch(r"[0-9*#]", digits):
            return _text(await self._ask(leg, self._event(leg, "digit", digits), self._hold, AT_KEY_S))
        if digits or turn != leg.saying:
            return _text(twiml.hang_up() if leg.unwanted else self._hold(leg))
        leg.saying = 0
        return _text(await self._ask(leg, self._event(leg, "spoken"), self._hold, AT_END_S))

    async def _on_waits(self, request: web.Request, form: Form) -> web.Response:
        leg, turn = self._leg_of(request, form), int(request.match_info["turn"])
        if leg is None:
            self._stranger(request, form)
            return _text(twiml.hang_up())
        if turn > leg.turn or turn in leg.answered_turns:
            return _text(self._ring_on(leg))
        leg.answered_turns.add(turn)
        return _text(await self._ask(leg, None, self._ring_on, self._ask_again_s))

    async def _on_aside(self, request: web.Request, form: Form) -> web.Response:
        leg = self._legs.get(request.match_info["leg"])
        if leg is None or not leg.aside:
            return web.Response(status=404)
        return _text(leg.aside)

    async def _on_status(self, request: web.Request, form: Form) -> web.Response:
        leg = self._leg_of(request, form)
        if leg is None:
            self._stranger(request, form)
            return web.Response(status=404)
        status = form.get("CallStatus", "")
        if status != "in-progress":  # answered is when Twilio asks what to do: until then nothing can be said
            self._came_to(leg, status)
        if leg.unwanted:
            self._untidy.set()
        return web.Response(status=204)

    async def _on_machine(self, request: web.Request, form: Form) -> web.Response:
        leg = self._leg_of(request, form)
        if leg is None:
            return web.Response(status=404)
        who = form.get("AnsweredBy", "")
        if who in _MACHINES or who == "human":
            self._hear(leg, "person" if who == "human" else "machine")
        return web.Response(status=204)

    def _event(self, leg: TwilioLeg, what: LegWhat, digit: str = "") -> LegHeard:
        return LegHeard(leg.name, what, self._clock(), digit=digit)

    async def _ask(
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
            self._ears.heard(event)
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
    if _NUMBER.fullmatch(leg.number):
        return leg.number
    if _SIP.fullmatch(leg.number) and leg.trunk:
        return f"{leg.number}@{leg.trunk}"
    raise LegFailed("Twilio rings E.164 numbers, and names at a SIP domain of its own")


def _is_stereo(sound: Path) -> bool:
    try:
        with wave.open(str(sound)) as file:
            return (file.getnchannels(), file.getsampwidth()) == (2, 2)
    except (wave.Error, EOFError):
        return False


def _date(sound: Path, began: str) -> None:
    """Its time becomes that of its last sample, to a second; without a beginning it says nothing."""
    try:
        with wave.open(str(sound)) as file:
            length_s = file.getnframes() / file.getframerate()
        until = parsedate_to_datetime(began).timestamp() + length_s
    except ValueError:
        until = 0.0
    os.utime(sound, (until, until))


async def _read(request: web.Request) -> str:
    if (request.content_length or 0) > MOST_BYTES:
        raise TooBig
    body = b""
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooBig
    return body.decode()


def _text(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/xml", charset="utf-8")
