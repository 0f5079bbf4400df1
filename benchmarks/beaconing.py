"""Browsers that tell of visits: `python -m benchmarks.beaconing PORT SITE CONNECTIONS SECONDS RATE` posts beacons, as
fast as they are answered where RATE is 0, and prints `{"answered", "sent", "seconds"}`: what was answered after the
warm-up, what was sent in all, and the measured seconds.
"""

import asyncio
import json
import random
import sys
import time
from itertools import cycle
from typing import Any, cast
from uuid import UUID

import uvloop

from benchmarks.wire import post

ORIGIN = "https://www.dealer.example"
BROWSERS = tuple(
    f"Mozilla/5.0 ({of}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{n}.0.0.0 Safari/537.36"
    for of in ("X11; Linux x86_64", "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7")
    for n in range(120, 140)
)
CARS = tuple(
    (make, model, f"N-{n}", 9_000 + 50 * n)
    for n in range(50)
    for make in ("hyundai", "kia")
    for model in ("kona", "ceed", "i20", "niro")
)
#: So many different ones take turns; about four are one visitor's.
DIFFERENT, VISITORS = 20_000, 5_000
#: Until every connection is open and the server is warm, nothing counts.
WARM_S = 0.5


def beacon(site: str, visitor: str, chance: random.Random, kind: str = "view") -> bytes:
    """A request as the script sends it from a page about a car."""
    make, model, stock, price = chance.choice(CARS)
    told = {
        "s": site, "v": visitor, "c": True, "g": False, "t": time.time() * 1000, "k": kind,
        "p": f"{chance.getrandbits(48):x}", "u": f"/cars/{make}/{model}/{stock}", "h": f"{make} {model} | Dealer",
        "d": 0 if kind == "view" else chance.randrange(60_000), "l": "",
        "car": {"stock": stock, "make": make.title(), "model": model.title(), "price": price},
    }  # fmt: skip
    headers = (
        b"origin: " + ORIGIN.encode(), b"user-agent: " + chance.choice(BROWSERS).encode(), b"accept: */*",
        b"accept-encoding: gzip, deflate, br", b"accept-language: nl,en;q=0.8", b"content-type: text/plain",
        b"referer: " + ORIGIN.encode() + b"/", b"sec-fetch-mode: no-cors", b"sec-fetch-site: cross-site",
    )  # fmt: skip
    return post("/v", json.dumps(told, separators=(",", ":")).encode(), *headers)


def random_id(chance: random.Random) -> str:
    return UUID(int=chance.getrandbits(128), version=4).hex


class Browser(asyncio.Protocol):
    """One connection that asks again as soon as it is answered, until it is told to stop."""

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd = crowd
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def ask(self) -> None:
        assert self.transport
        self.crowd.sent += 1
        self.transport.write(next(self.crowd.requests))

    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1 204") or not data.endswith(b"\r\n\r\n"):
            raise RuntimeError(data[:200])
        self.crowd.answered += 1
        if self.crowd.goes_on:
            self.crowd.next(self)


class Crowd:
    """`rate` a second in even steps, or as fast as possible."""

    def __init__(self, site: str, rate: float) -> None:
        chance = random.Random(f"beacons {time.time_ns()}")
        visitors = [random_id(chance) for _ in range(VISITORS)]
        self.requests = cycle([beacon(site, chance.choice(visitors), chance) for _ in range(DIFFERENT)])
        self.rate = rate
        self.sent = self.answered = 0
        self.goes_on = True
        self._idle: list[Browser] = []

    def next(self, browser: Browser) -> None:
        if self.rate:
            self._idle.append(browser)
        else:
            browser.ask()

    async def run(self, port: int, connections: int, seconds: float) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        made = [
            await loop.create_connection(lambda: Browser(self), "127.0.0.1", port) for _ in range(connections)
        ]
        for _transport, browser in made:
            self.next(browser)
        pace = asyncio.create_task(self._pace()) if self.rate else None
        await asyncio.sleep(WARM_S)
        began, before = time.perf_counter(), self.answered
        await asyncio.sleep(seconds)
        answered, took = self.answered - before, time.perf_counter() - began
        self.goes_on = False
        if pace:
            pace.cancel()
        while self.answered < self.sent:
            await asyncio.sleep(0.01)
        return {"answered": answered, "sent": self.sent, "seconds": took}

    async def _pace(self) -> None:
        """What can't be sent because nobody is idle is sent later."""
        began = time.perf_counter()
        while True:
            for _ in range(min(len(self._idle), int((time.perf_counter() - began) * self.rate) - self.sent)):
                self._idle.pop().ask()
            await asyncio.sleep(0.005)


if __name__ == "__main__":
    port, site, connections, seconds, rate = sys.argv[1:]
    told = uvloop.run(Crowd(site, float(rate)).run(int(port), int(connections), float(seconds)))
    print(json.dumps(told))
