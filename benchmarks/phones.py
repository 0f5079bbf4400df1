"""Many SIP phones beyond a trunk, in a process that costs little.

`python -m benchmarks.phones PORT` answers every call to 127.0.0.1:PORT. It reads orders from stdin, one JSON object a
line, and answers each with one line: `behave` says what the phones do with a call, `press` lets some press 1 at the
same moment, `listen` keeps what they hear from now on, `sound` says what it was, `hang_up` ends what they are in,
`seen` tells the calls since it was last asked. Seconds are `time.perf_counter`'s.
"""

import asyncio
import json
import random
import re
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, cast

import uvloop

from benchmarks import alaw

RATE, FRAME, FRAME_S = 8000, 160, 0.020
ALAW, EVENTS = 8, 101
#: A key is held for five frames; Asterisk makes a shorter one longer.
HELD, REPEATED = 5, 3
#: Each frame's packets leave in so many bunches.
BUNCHES = 4
#: What a person says when picking up, before the tone begins: a short word and a pause, as no voicemail does.
WORD_S, PAUSE_S = 0.4, 1.2
AGAIN_S, TRIES = 0.5, 8
LOUD = 8000

_SIP = re.compile(r"sips?:([^@;>]*)@")
_TO = re.compile(r"<([^>]*)>")
_AUDIO = re.compile(r"^m=audio (\d+)", re.M)


@dataclass(slots=True)
class Behaviour:
    """What a phone does with a call; times are drawn between two bounds, in seconds."""

    picks_up: tuple[float, float] | None = None
    presses: tuple[float, float] | None = None
    talks: tuple[float, float] | None = None
    sound: bool = False


@dataclass(slots=True, eq=False)
class Call:
    """One call at a phone."""

    number: str
    name: str
    invite: dict[str, list[str]]
    address: tuple[str, int]
    does: Behaviour
    asterisk: int
    rtp: socket.socket
    tag: str
    times: dict[str, float] = field(default_factory=dict)
    up: bool = False
    acked: bool = False
    #: Its BYE was answered.
    let_go: bool = False
    over: bool = False
    tone: int = 0
    frames: list[bytes] = field(default_factory=list)
    sent: int = 0
    held: int = 0
    heard: list[bytes] = field(default_factory=list)


class Phones(asyncio.DatagramProtocol):
    """Everybody's phone: whoever's number begins with `people` is a salesperson."""

    def __init__(self, people: str) -> None:
        self.people = people
        self.chance = random.Random("Leadbell phones")
        self.salesperson = self.customer = Behaviour()
        self.silent_ones: frozenset[str] = frozenset()
        self.calls: dict[str, Call] = {}
        self.all: list[Call] = []
        self.talking: list[Call] = []
        self.listening = False
        self._transport: asyncio.DatagramTransport | None = None
        self._tones = 0
        self.loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    # -- SIP ---------------------------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        now = time.perf_counter()
        text = data.decode(errors="replace")
        head, _, body = text.partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers: dict[str, list[str]] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), []).append(value.strip())
        name = headers.get("call-id", [""])[0]
        call = self.calls.get(name)
        method = first.partition(" ")[0]
        if method == "INVITE":
            if call is None:
                self._rings(name, first, headers, body, address, now)
            elif call.up and not call.over:  # Asterisk tells who the other one is
                self._answer(headers, address, "200 OK", call.tag, _sdp(call))
        elif method == "CANCEL":
            self._answer(headers, address, "200 OK", "x")
            if call is not None and not call.up and not call.over:
                self._ends(call, "cancelled", now)
                self._reply(call, "487 Request Terminated")
        elif method == "BYE":
            self._answer(headers, address, "200 OK", "x")
            if call is not None and not call.over:
                self._ends(call, "bye", now)
        elif method == "ACK" and call is not None:
            call.acked = True
        elif method == "SIP/2.0" and call is not None:  # we ask for nothing but a BYE
            call.let_go = True

    def _rings(
        self,
        name: str,
        first: str,
        headers: dict[str, list[str]],
        body: str,
        address: tuple[str, int],
        now: float,
    ) -> None:
        found, media = _SIP.search(first), _AUDIO.search(body)
        if found is None or media is None:
            self._answer(headers, address, "488 Not Acceptable Here", "x")
            return
        number = found[1].replace("%2B", "+")
        at_work = number.startswith(self.people)
        does = self.salesperson if at_work else self.customer
        rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rtp.setblocking(False)
        rtp.bind(("127.0.0.1", 0))
        rtp.connect(("127.0.0.1", int(media[1])))
        call = self.calls[name] = Call(
            number, name, headers, address, does, int(media[1]), rtp, f"{len(self.all):x}"
        )
        call.times["invite"] = now
        self.all.append(call)
        self._reply(call, "100 Trying")
        self._reply(call, "180 Ringing")
        if does.picks_up and number not in self.silent_ones:
            self.loop.call_later(self.chance.uniform(*does.picks_up), self._pick_up, call)

    def _pick_up(self, call: Call) -> None:
        if call.over:
            return
        call.up = True
        call.times["picked"] = time.perf_counter()
        self._say_ok(call, 0)
        if call.does.sound:
            self._tones += 1
            call.tone = 300 + 10 * (self._tones % 150)
            call.frames = alaw.tone(call.tone, LOUD)
        self.talking.append(call)
        if call.does.presses:
            self.loop.call_later(self.chance.uniform(*call.does.presses), self._press, call)
        if call.does.talks:
            self.loop.call_later(self.chance.uniform(*call.does.talks), self._hang_up, call, 0)

    def _say_ok(self, call: Call, tried: int) -> None:
        """Until it is acknowledged."""
        if call.acked or call.over or tried > TRIES:
            return
        self._reply(call, "200 OK", _sdp(call))
        self.loop.call_later(AGAIN_S, self._say_ok, call, tried + 1)

    def _press(self, call: Call) -> None:
        if not call.over:
            call.held = HELD + REPEATED

    def _hang_up(self, call: Call, tried: int) -> None:
        """Until it is answered: a datagram may be lost where many arrive at once."""
        if call.let_go or tried > TRIES or (call.over and not tried):
            return
        if not call.over:
            self._ends(call, "hung_up", time.perf_counter())
        self.loop.call_later(AGAIN_S, self._hang_up, call, tried + 1)
        contact = _TO.search(call.invite["contact"][0])
        target = contact[1] if contact else f"sip:127.0.0.1:{call.address[1]}"
        host, port = cast(asyncio.DatagramTransport, self._transport).get_extra_info("sockname")[:2]
        lines = (
            f"BYE {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{call.tag}bye;rport",
            "Max-Forwards: 70",
            f"From: {call.invite['to'][0]};tag={call.tag}",
            f"To: {call.invite['from'][0]}",
            f"Call-ID: {call.name}",
            "CSeq: 1 BYE",
            "Content-Length: 0",
        )
        self._send("\r\n".join(lines) + "\r\n\r\n", call.address)

    def _ends(self, call: Call, how: str, now: float) -> None:
        call.over = True
        call.times[how] = call.times["over"] = now
        if call in self.talking:
            self.talking.remove(call)
        call.rtp.close()
        self.loop.call_later(5, self.calls.pop, call.name, None)

    def _reply(self, call: Call, status: str, sdp: str = "") -> None:
        self._answer(call.invite, call.address, status, call.tag, sdp)

    def _answer(
        self, headers: dict[str, list[str]], address: tuple[str, int], status: str, tag: str, sdp: str = ""
    ) -> None:
        to = headers["to"][0]
        if ";tag=" not in to and not status.startswith("100"):
            to += f";tag={tag}"
        host, port = cast(asyncio.DatagramTransport, self._transport).get_extra_info("sockname")[:2]
        lines = [f"SIP/2.0 {status}"]
        lines += [f"Via: {via}" for via in headers["via"]]
        lines += [f"Record-Route: {route}" for route in headers.get("record-route", [])]
        lines += [
            f"From: {headers['from'][0]}", f"To: {to}", f"Call-ID: {headers['call-id'][0]}",
            f"CSeq: {headers['cseq'][0]}", f"Contact: <sip:phone@{host}:{port}>",
        ]  # fmt: skip
        if sdp:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(sdp)}")
        self._send("\r\n".join(lines) + "\r\n\r\n" + sdp, address)

    def _send(self, text: str, address: tuple[str, int]) -> None:
        cast(asyncio.DatagramTransport, self._transport).sendto(text.encode(), address)

    # -- sound -------------------------------------------------------------------------------------------------

    def tick(self, number: int, due: float) -> None:
        """One bunch's frame; who is late catches up."""
        for call in self.talking[number % BUNCHES :: BUNCHES]:
            with suppress(BlockingIOError, ConnectionRefusedError):
                self._frame(call)
        due += FRAME_S / BUNCHES
        self.loop.call_at(due, self.tick, number + 1, due)

    def _frame(self, call: Call) -> None:
        if call.held:
            self._key(call)
        elif call.frames:
            n = call.sent
            quiet = not call.number.startswith(self.people) and WORD_S <= n * FRAME_S < WORD_S + PAUSE_S
            sound = alaw.SILENCE if quiet else call.frames[n % len(call.frames)]
            call.rtp.send(_header(ALAW, n, n * FRAME, call.asterisk) + sound)
        call.sent += 1
        if call.does.sound:
            while True:
                packet = call.rtp.recv(2048)
                if self.listening:
                    call.heard.append(packet)

    def _key(self, call: Call) -> None:
        """RFC 4733: the key 1, its end said three times."""
        frame = HELD + REPEATED - call.held
        begun = (call.sent - frame) * FRAME
        ended = frame >= HELD
        held = min(frame + 1, HELD) * FRAME
        if frame == HELD:
            call.times["pressed"] = time.perf_counter()
        event = struct.pack("!BBH", 1, (0x80 if ended else 0) | 10, held)
        call.rtp.send(_header(EVENTS, call.sent, begun, call.asterisk, marker=frame == 0) + event)
        call.held -= 1

    # -- orders ------------------------------------------------------------------------------------------------

    def order(self, given: dict[str, Any]) -> Any:
        match given["do"]:
            case "behave":
                self.salesperson, self.customer = (
                    Behaviour(**given["salesperson"]),
                    Behaviour(**given["customer"]),
                )
                self.silent_ones = frozenset(given.get("silent_ones", ()))
                return {}
            case "press":
                whose = tuple(given.get("whose") or (self.people,))
                pressing = [call for call in self.talking if call.number.startswith(whose)]
                for call in pressing:
                    self._press(call)
                return len(pressing)
            case "listen":
                self.listening = bool(given["on"])
                for call in self.talking if self.listening else ():
                    call.heard.clear()
                return {}
            case "sound":
                return [_heard(call) for call in self.talking]
            case "hang_up":
                for call in list(self.talking):
                    if not call.number.startswith(self.people):
                        self._hang_up(call, 0)
                return {}
            case "seen":
                told = [{"number": call.number, **call.times} for call in self.all]
                if given.get("forget"):
                    self.all = []
                return told
        raise ValueError(given["do"])


def _sdp(call: Call) -> str:
    """Where the phone hears and what it speaks."""
    port = call.rtp.getsockname()[1]
    return (
        f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP "
        f"{ALAW} {EVENTS}\r\na=rtpmap:{ALAW} PCMA/8000\r\na=rtpmap:{EVENTS} telephone-event/8000\r\n"
        f"a=fmtp:{EVENTS} 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    )


def _header(kind: int, number: int, at: int, who: int, marker: bool = False) -> bytes:
    return struct.pack("!BBHII", 0x80, kind | (0x80 if marker else 0), number & 0xFFFF, at & 0xFFFFFFFF, who)


def _heard(call: Call) -> dict[str, Any]:
    """Frames a phone got, how many of them were silent, how many never came, and the tone in them."""
    packets = [p for p in call.heard if p[1] & 0x7F == ALAW and len(p) == 12 + FRAME]
    numbers = [struct.unpack_from("!H", p, 2)[0] for p in packets]
    missing = sum((b - a - 1) & 0xFFFF for a, b in pairwise(numbers) if (b - a) & 0xFFFF < 1000)
    sound = alaw.decoded(b"".join(p[12:] for p in packets))
    return {
        "number": call.number, "sends": call.tone, "frames": len(packets), "missing": missing,
        "silent": alaw.silent_frames(sound, LOUD), "tone": alaw.loudest(sound),
    }  # fmt: skip


async def run(port: int, people: str) -> None:
    loop = asyncio.get_running_loop()
    _, phones = await loop.create_datagram_endpoint(lambda: Phones(people), local_addr=("127.0.0.1", port))
    phones.tick(0, loop.time())
    print(json.dumps({"now": time.perf_counter(), "wall": time.time()}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(phones.order(json.loads(line))), flush=True)


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1]), sys.argv[2]))
