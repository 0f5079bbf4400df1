"""A Twilio of our own on loopback: it takes calls over its REST API, follows TwiML, and tells by signed webhooks.

It behaves as Twilio's documents say; that Twilio does so too is not proved here.
"""

import asyncio
import base64
import io
import itertools
import socket
import struct
import wave
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, fromstring

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator

from tests.waiting import PATIENCE_S

ACCOUNT = "AC" + "0" * 31 + "1"
TOKEN = "the token of Northside"
FORM = web.RequestKey("form", dict[str, list[str]])
BASIC = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
OVER = {"completed", "busy", "no-answer", "canceled", "failed"}


async def until(happened: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    """Wait for the other side of a socket; fails when it hasn't happened in time."""
    async with asyncio.timeout(within_s):
        while not happened():
            await asyncio.sleep(0.002)


@dataclass
class FakeCall:
    """One call at Twilio: what it was ordered with, and what the phone at its end has heard."""

    sid: str
    to: str
    caller: str
    order: dict[str, list[str]]
    direction: str = "outbound-api"
    status: str = "queued"
    #: What was said to this end, in order: (language, text).
    said: list[tuple[str, str]] = field(default_factory=list)
    #: Where the key goes that is pressed, or the silence; where the call goes on.
    action: str = ""
    goes_on: str = ""
    #: The address of the sound that is played to this end now.
    hears: str = ""
    room: str = ""
    label: str = ""
    sequence: int = 0

    @property
    def is_over(self) -> bool:
        return self.status in OVER


class TwilioHouse:
    """The API on one port; the webhooks of the engine under test on another."""

    def __init__(self) -> None:
        self.calls: dict[str, FakeCall] = {}
        self.recordings: dict[str, dict[str, Any]] = {}
        self.erased: list[str] = []
        self.announced: list[tuple[str, str]] = []
        #: (method, path, form) of every request that came in.
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []
        #: What is wrong with it: a status it answers everything with, or that it never answers.
        self.answers_with: int | None = None
        self.hangs = False
        #: Refuses the next call with this code.
        self.refuses_call: int | None = None
        #: Makes the next call and then answers 500.
        self.forgets_to_say = False
        #: Makes the call, and answers only when this is set.
        self.thinks: asyncio.Event | None = None
        self.tells = True
        self.account_status = "active"
        self.public = ""
        self.api = ""
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._runners: list[web.AppRunner] = []
        self._let_go = asyncio.Event()
        self.statuses: list[int] = []

    # -- sockets -----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        app = web.Application(middlewares=[self._mood])
        base = f"/2010-04-01/Accounts/{ACCOUNT}"
        app.router.add_get(f"{base}.json", self._account)
        app.router.add_post(f"{base}/Calls.json", self._make)
        app.router.add_get(f"{base}/Calls.json", self._list)
        app.router.add_get(f"{base}/Calls/{{sid}}.json", self._show)
        app.router.add_post(f"{base}/Calls/{{sid}}.json", self._change)
        app.router.add_get(f"{base}/Calls/{{sid}}/Recordings.json", self._list_recordings)
        app.router.add_get(f"{base}/Conferences.json", self._list_rooms)
        app.router.add_post(f"{base}/Conferences/{{room}}/Participants/{{sid}}.json", self._announce)
        app.router.add_get(f"{base}/Recordings/{{sid}}.wav", self._sound)
        app.router.add_delete(f"{base}/Recordings/{{sid}}.json", self._erase)
        self.api = await self._listen(app)
        self._session = aiohttp.ClientSession()

    async def _listen(self, app: web.Application) -> str:
        runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._runners.append(runner)
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    def address(self) -> str:
        """Where the webhooks will go, known before anybody listens there."""
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.public = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        return self.public

    async def mount(self, routes: web.Application) -> None:
        """The switchboard's own listener."""
        front = web.Application()
        front.add_subapp("/phone/twilio", routes)
        runner = web.AppRunner(front, handle_signals=False, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, self._socket.dup()).start()
        self._front = runner

    async def unmount(self) -> None:
        await self._front.cleanup()

    async def close(self) -> None:
        self._let_go.set()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()
        for runner in (self._front, *self._runners):
            await runner.cleanup()
        self._socket.close()

    def let_go(self) -> None:
        """Requests that hang are answered now; those who asked have gone."""
        self._let_go.set()

    # -- what the phones do ------------------------------------------------------------------------------------

    def call(self, leg: str) -> FakeCall:
        """The call that was ordered under this name."""
        (found,) = [call for call in self.calls.values() if f"/call/{leg}/" in call.order.get("Url", [""])[0]]
        return found

    def ordered(self, leg: str) -> bool:
        return any(f"/call/{leg}/" in call.order.get("Url", [""])[0] for call in self.calls.values())

    async def rings(self, call: FakeCall) -> None:
        await self._becomes(call, "ringing")

    async def answers(self, call: FakeCall) -> None:
        await self._becomes(call, "in-progress")
        await self._goes_to(call, call.order["Url"][0])

    async def ends(self, call: FakeCall, status: str = "completed") -> None:
        """It is over: hung up, `busy`, `no-answer` or `failed`."""
        if call.is_over:
            return
        room, call.room = call.room, ""
        await self._becomes(call, status)
        for other in list(self.calls.values()):
            if room and other.room == room:  # endConferenceOnExit
                other.room = ""
                await self.ends(other)

    async def presses(self, call: FakeCall, digit: str) -> None:
        assert call.action, "nobody listens for keys"
        await self._goes_to(call, call.action, Digits=digit)

    async def falls_silent(self, call: FakeCall) -> None:
        """What was said is said, and nobody presses anything."""
        await self._goes_to(call, call.action, Digits="")

    async def rings_on(self, call: FakeCall) -> None:
        await self._goes_to(call, call.goes_on)

    async def is_recognised_as(self, call: FakeCall, who: str) -> int:
        status, _ = await self.post(
            call.order["AsyncAmdStatusCallback"][0], self._about(call) | {"AnsweredBy": who}
        )
        return status

    def arrives(self, to: str, caller: str) -> FakeCall:
        """A customer calls; the first webhook is under way when this returns."""
        call = FakeCall(self._sid("CA"), to, caller, {}, "inbound", "ringing")
        self.calls[call.sid] = call
        self._soon(self._goes_to(call, f"{self.public}/phone/twilio/arrived"))
        return call

    # -- webhooks ----------------------------------------------------------------------------------------------

    async def post(
        self, url: str, about: Mapping[str, str], token: str = TOKEN, signature: str | None = None
    ) -> tuple[int, str]:
        """Signed as Twilio does: over the address and every field."""
        signed = (
            RequestValidator(token).compute_signature(url, dict(about)) if signature is None else signature
        )
        async with self._session.post(
            url, data=urlencode(about), headers={
                "X-Twilio-Signature": signed, "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            },
        ) as answer:  # fmt: skip
            self.statuses.append(answer.status)
            return answer.status, await answer.text()

    def _about(self, call: FakeCall, **more: str) -> dict[str, str]:
        return {
            "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "CallSid": call.sid, "CallStatus": call.status,
            "Direction": call.direction, "From": call.caller, "To": call.to, **more,
        }  # fmt: skip

    async def tells_status(self, call: FakeCall, status: str) -> int:
        """A status callback, also one that comes late or twice."""
        where = call.order.get("StatusCallback", [f"{self.public}/phone/twilio/arrived/status"])[0]
        call.sequence += 1
        about = self._about(call, SequenceNumber=str(call.sequence)) | {"CallStatus": status}
        return (await self.post(where, about))[0]

    async def _becomes(self, call: FakeCall, status: str) -> None:
        call.status = status
        if self.tells:
            await self.tells_status(call, status)

    async def _goes_to(self, call: FakeCall, url: str, **more: str) -> None:
        call.action = call.goes_on = ""
        status, text = await self.post(url, self._about(call, **more))
        if not call.is_over:
            assert status == 200, f"an application error: {status}"
            await self._follow(call, text)

    async def _follow(self, call: FakeCall, text: str) -> None:
        """Do what the TwiML says, until something has to happen at the phone."""
        call.action = call.goes_on = call.hears = ""
        room, call.room = call.room, ""
        if room:
            await self._empty(room)
        verbs = list(fromstring(text.encode()))
        for verb in verbs:
            if verb.tag not in ("Pause", "Redirect", "Hangup") and call.status == "ringing":
                call.status = "in-progress"
            if verb.tag == "Say":
                call.said.append((verb.attrib["language"], verb.text or ""))
            elif verb.tag == "Gather":
                call.said += [(say.attrib["language"], say.text or "") for say in verb.iter("Say")]
                call.action = verb.attrib["action"]
                call.hears = next((play.text or "" for play in verb.iter("Play")), "")
                return
            elif verb.tag == "Start":
                self._record(call, verb[0])
            elif verb.tag == "Dial":
                call.room, call.label = verb[0].text or "", verb[0].attrib["participantLabel"]
                return
            elif verb.tag == "Redirect":
                call.goes_on = verb.text or ""
                return
        if not call.is_over:
            await self.ends(call)

    async def _empty(self, room: str) -> None:
        for other in list(self.calls.values()):
            if other.room == room:
                other.room = ""
                await self.ends(other)

    def in_room(self, room: str) -> list[FakeCall]:
        return [call for call in self.calls.values() if call.room == room]

    # -- REST --------------------------------------------------------------------------------------------------

    @web.middleware
    async def _mood(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        form: dict[str, list[str]] = {}
        for key, value in (await request.post()).items():
            form.setdefault(key, []).append(str(value))
        self.asked.append((request.method, request.path, form))
        request[FORM] = form
        if self.hangs:
            await self._let_go.wait()
        if self.answers_with is not None:
            return web.json_response({"code": 20500, "message": "oh dear"}, status=self.answers_with)
        if request.headers.get("Authorization") != BASIC:
            return _refusal(401, 20003, "Authenticate")
        return await handler(request)

    async def _account(self, _: web.Request) -> web.Response:
        return web.json_response({"sid": ACCOUNT, "status": self.account_status})

    async def _make(self, request: web.Request) -> web.Response:
        form = request[FORM]
        if self.refuses_call is not None:
            code, self.refuses_call = self.refuses_call, None
            return _refusal(400, code, f"The phone number {form['To'][0]} can't be called")
        call = FakeCall(self._sid("CA"), form["To"][0], form["From"][0], form)
        self.calls[call.sid] = call
        if self.thinks is not None:
            await self.thinks.wait()
        if self.forgets_to_say:
            self.forgets_to_say = False
            return web.json_response({}, status=500)
        return web.json_response(_shown(call), status=201)

    async def _list(self, request: web.Request) -> web.Response:
        wanted = request.query.get("Status")
        found = [call for call in self.calls.values() if call.status == wanted]
        page = int(request.query.get("Page", "0"))
        more = (
            f"{request.path}?Status={wanted}&PageSize=2&Page={page + 1}"
            if len(found) > 2 * (page + 1)
            else None
        )
        shown = [
            _shown(call) for call in found[2 * page : 2 * page + 2]
        ]  # short pages, so that they are turned
        return web.json_response({"calls": shown, "next_page_uri": more})

    async def _show(self, request: web.Request) -> web.Response:
        call = self.calls.get(request.match_info["sid"])
        return web.json_response(_shown(call)) if call else _refusal(404, 20404, "not found")

    async def _change(self, request: web.Request) -> web.Response:
        call, form = self.calls.get(request.match_info["sid"]), request[FORM]
        if call is None:
            return _refusal(404, 20404, "not found")
        wanted = form.get("Status", [""])[0]
        if call.is_over or ("Twiml" in form and call.status != "in-progress"):
            return _refusal(400, 21220, "Call is not in-progress. Cannot redirect.")
        if wanted == "completed" or (wanted == "canceled" and call.status in ("queued", "ringing")):
            self._soon(self.ends(call, "completed" if call.status == "in-progress" else "canceled"))
        elif "Twiml" in form:
            self._soon(self._follow(call, form["Twiml"][0]))
        return web.json_response(_shown(call))

    async def _list_rooms(self, request: web.Request) -> web.Response:
        name = request.query["FriendlyName"]
        rooms = (
            [{"sid": "CF" + name[:32].ljust(32, "0"), "friendly_name": name}] if self.in_room(name) else []
        )
        return web.json_response({"conferences": rooms})

    async def _announce(self, request: web.Request) -> web.Response:
        call = self.calls[request.match_info["sid"]]
        if not call.room:
            return _refusal(404, 20404, "not found")
        _, text = await self.post(request[FORM]["AnnounceUrl"][0], self._about(call))
        for say in fromstring(text.encode()).iter("Say"):
            self.announced.append((call.label, say.text or ""))
        return web.json_response({})

    # -- recordings --------------------------------------------------------------------------------------------

    def _record(self, call: FakeCall, how: Element) -> None:
        sid = self._sid("RE")
        self.recordings[sid] = {
            **how.attrib, "sid": sid, "call_sid": call.sid, "status": "in-progress", "duration": None,
            "start_time": "Mon, 23 Nov 2026 12:00:00 +0000",
            "channels": 2 if how.attrib["channels"] == "dual" else 1,
        }  # fmt: skip

    def finish_recordings(self) -> None:
        for recording in self.recordings.values():
            recording |= {"status": "completed", "duration": "1"}

    async def _list_recordings(self, request: web.Request) -> web.Response:
        there = [one for one in self.recordings.values() if one["call_sid"] == request.match_info["sid"]]
        return web.json_response({"recordings": there})

    async def _sound(self, request: web.Request) -> web.Response:
        recording = self.recordings[request.match_info["sid"]]
        channels = 2 if request.query.get("RequestedChannels") == "2" and recording["channels"] == 2 else 1
        return web.Response(body=sound(channels), content_type="audio/x-wav")

    async def _erase(self, request: web.Request) -> web.Response:
        self.erased.append(request.match_info["sid"])
        return web.Response(status=204)

    def _sid(self, kind: str) -> str:
        return f"{kind}{next(self._numbers):032x}"

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def sound(channels: int) -> bytes:
    """Ten milliseconds: the first channel loud, the second quiet."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack(f"<{channels}h", *(9000, 10)[:channels]) * 80)
    return made.getvalue()


def _shown(call: FakeCall) -> dict[str, Any]:
    return {
        "sid": call.sid,
        "status": call.status,
        "direction": call.direction,
        "to": call.to,
        "from": call.caller,
    }


def _refusal(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message, "status": status}, status=status)
