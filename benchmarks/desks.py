"""Many open desks, and leads that arrive whether or not the last one was answered.

`python -m benchmarks.desks` reads one JSON line from stdin: `{"port", "sessions", "keys", "rate", "seconds",
"seed", "hands_off"}`. It opens a desk per session, says `open`, and posts `rate` leads a second for `seconds`; whoever
is rung first accepts a moment later, as people do, but for the sessions that keep their hands off. On a second line (or the end) of stdin it prints `{"answered": {envelope:
seconds}, "rang": {lead: seconds}, "accepted", "refused"}` and ends. Seconds are of one clock.
"""

import asyncio
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

import uvloop

from benchmarks.house import ROOT
from benchmarks.leads import adf
from benchmarks.wire import Wire, post, wire

_RING = re.compile(rb'event: ring\ndata: \{"lead":(\d+)\}')
#: How long somebody takes to tap "Accept".
TAPS_AFTER_S = (1.0, 4.0)
FORM = b"content-type: application/x-www-form-urlencoded"
TOKEN = b"x" * 32


class Screen(asyncio.Protocol):
    """One open desk: it reads what it is told and notes when it rings."""

    def __init__(self, day: "Day", session: str) -> None:
        self.day, self.session = day, session
        self.open = asyncio.get_running_loop().create_future()
        self._heard = b""

    def connection_made(self, transport: Any) -> None:
        ask = f"GET /stream HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\ncookie: leadbell={self.session}\r\n\r\n"
        transport.write(ask.encode())

    def connection_lost(self, error: Exception | None) -> None:
        if not self.open.done():
            self.open.set_exception(error or ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._heard += data
        if not self.open.done():
            if b" 200 " not in self._heard[:16]:
                self.open.set_exception(RuntimeError(self._heard[:200].decode()))
                return
            self.open.set_result(None)
        end = 0
        for ring in _RING.finditer(self._heard):
            self.day.rings(int(ring.group(1)), self.session, now)
            end = ring.end()
        self._heard = self._heard[end:][-200:]


def _itself(screen: Screen) -> Screen:
    return screen


class Day:
    """What arrives, rings and is accepted."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.port: int = told["port"]
        self.chance = random.Random(told["seed"])
        self.hands_off = frozenset(told.get("hands_off", ()))
        self.answered: dict[str, float] = {}
        self.rang: dict[int, float] = {}
        self.accepted = self.refused = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: list[Wire] = []

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        for session in self.told["sessions"]:
            screen = Screen(self, session)
            await loop.create_connection(partial(_itself, screen), "127.0.0.1", self.port)
            await screen.open

    async def post_leads(self) -> None:
        """Poisson arrivals: they don't wait for each other."""
        numbers, keys, rate = count(self.told["first"]), self.told["keys"], self.told["rate"]
        began = time.perf_counter()
        due = began
        while (due := due + self.chance.expovariate(rate)) < began + self.told["seconds"]:
            await asyncio.sleep(max(0, due - time.perf_counter()))
            self._start(self._post(self.chance.choice(keys), next(numbers)))

    def rings(self, lead: int, session: str, now: float) -> None:
        if lead not in self.rang:
            self.rang[lead] = now
            if session not in self.hands_off:
                self._start(self._accept(lead, session))

    async def finish(self) -> None:
        await asyncio.gather(*self._tasks)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, key: str, number: int) -> None:
        status, said = await self._ask(post(f"/in/{key}", adf(number), b"content-type: application/xml"))
        if status != 202:
            raise RuntimeError(f"{status} {said!r}")
        self.answered[json.loads(said)["envelope"]] = time.perf_counter()

    async def _accept(self, lead: int, session: str) -> None:
        await asyncio.sleep(self.chance.uniform(*TAPS_AFTER_S))
        cookie = b"cookie: leadbell=%s; leadbell_csrf=%s" % (session.encode(), TOKEN)
        headers = (FORM, cookie, b"x-csrftoken: " + TOKEN, b"hx-request: true")
        status, _said = await self._ask(post(f"/leads/{lead}/acceptance/", b"", *headers))
        if status == 303:
            self.accepted += 1
        else:
            self.refused += 1

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        asked = self._idle.pop() if self._idle else await wire(self.port)
        answer = await asked.ask(request)
        self._idle.append(asked)
        return answer


async def run(told: dict[str, Any]) -> None:
    day = Day(told)
    await day.open()
    print("open", flush=True)
    if told["rate"]:
        await day.post_leads()
        await asyncio.sleep(TAPS_AFTER_S[1] + 2)
        await day.finish()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    known = {"answered": day.answered, "rang": day.rang, "accepted": day.accepted, "refused": day.refused}
    print(json.dumps(known), flush=True)


@contextmanager
def open_desks(
    port: int,
    sessions: Sequence[str],
    keys: Sequence[str] = (),
    rate: float = 0,
    seconds: float = 0,
    seed: str = "",
    hands_off: Sequence[str] = (),
    first: int = 1,
) -> Iterator["subprocess.Popen[str]"]:
    """The desks as a process of their own, open; the leads they post are of the customers from `first` on."""
    told = {
        "port": port, "sessions": sessions, "keys": keys, "rate": rate, "seconds": seconds, "seed": seed,
        "hands_off": hands_off, "first": first,
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.desks"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        if process.stdout.readline() != "open\n":
            raise RuntimeError("the desks could not be opened")
        yield process
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    uvloop.run(run(json.loads(sys.stdin.readline())))
