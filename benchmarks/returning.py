"""Lost customers who come back while their salespeople's desks are open.

`python -m benchmarks.returning` reads one JSON line from stdin: `{"port", "sessions", "returns": [[site, lead], …],
"rate"}`, opens a desk per session, says `open`, lets `rate` customers a second look at a page, waits a moment and
prints `{"waited": [seconds from page view to the salesperson's event], "looked": how many came}`.
"""

import asyncio
import hashlib
import json
import random
import re
import sys
import time
from functools import partial
from typing import Any

import uvloop

from benchmarks.beaconing import beacon
from benchmarks.desks import Screen
from benchmarks.wire import wire

_SEEN = re.compile(rb'event: seen\ndata: \{"lead":(\d+)\}')
#: What hasn't come by then counts as never.
WAIT_S = 10.0


def browser_of(lead: int) -> str:
    """The id of the customer's browser; `RETURNING` in SQL says the same."""
    digits = hashlib.md5(f"visitor{lead}".encode(), usedforsecurity=False).hexdigest()
    return f"{digits[:12]}4{digits[13:16]}8{digits[17:]}"


BROWSER_OF = "overlay(overlay(md5('visitor' || l.id) placing '4' from 13) placing '8' from 17)::uuid"


class Desk(Screen):
    """Notes when it is told that somebody is back."""

    def __init__(self, told: dict[int, float]) -> None:
        self.told = told
        self.open = asyncio.get_running_loop().create_future()
        self.session = ""
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        if not self.open.done():
            self.open.set_result(None)
        self._heard += data
        for seen in _SEEN.finditer(self._heard):
            self.told.setdefault(int(seen.group(1)), now)
        self._heard = self._heard[-200:]


async def run(asked: dict[str, Any]) -> None:
    told: dict[int, float] = {}
    looked: dict[int, float] = {}
    loop, chance = asyncio.get_running_loop(), random.Random("Leadbell returning")
    for session in asked["sessions"]:
        desk = Desk(told)
        desk.session = session
        await loop.create_connection(partial(_itself, desk), "127.0.0.1", asked["port"])
        await desk.open
    print("open", flush=True)
    browser = await wire(asked["port"])
    began = time.perf_counter()
    for number, (site, lead) in enumerate(asked["returns"]):
        await asyncio.sleep(max(0.0, began + number / asked["rate"] - time.perf_counter()))
        request = beacon(site, browser_of(lead), chance)
        looked[lead] = time.perf_counter()
        await browser.ask(request)
    give_up_at = time.perf_counter() + WAIT_S
    while looked.keys() - told.keys() and time.perf_counter() < give_up_at:
        await asyncio.sleep(0.05)
    waited = [told[lead] - at for lead, at in looked.items() if lead in told]
    print(json.dumps({"waited": waited, "looked": len(looked)}))


def _itself(desk: Desk) -> Desk:
    return desk


if __name__ == "__main__":
    uvloop.run(run(json.loads(sys.stdin.readline())))
