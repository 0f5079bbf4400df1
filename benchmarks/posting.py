"""A client that posts as fast as it is answered: `python -m benchmarks.posting PORT PATH CONNECTIONS SECONDS FIRST`
prints `{"kept", "seconds", "p50_ms", "p99_ms"}`; the leads are numbered from FIRST."""

import asyncio
import json
import statistics
import sys
import time
from itertools import count

import uvloop

from benchmarks.leads import adf
from benchmarks.wire import post, wire

#: Until every connection is open and the server is warm, nothing counts.
WARM_S = 0.5


async def run(port: int, path: str, connections: int, seconds: float, first: int) -> None:
    numbers = count(first)
    wires = await asyncio.gather(*(wire(port) for _ in range(connections)))
    begin = time.perf_counter() + WARM_S
    end = begin + seconds
    waited: list[float] = []

    async def keep_posting(place: int) -> None:
        while True:
            asked = time.perf_counter()
            if asked >= end:
                return
            status, said = await wires[place].ask(
                post(path, adf(next(numbers)), b"content-type: application/xml")
            )
            if status != 202:
                raise RuntimeError(f"{status} {said!r}")
            answered = time.perf_counter()
            if begin <= answered < end:
                waited.append(answered - asked)

    await asyncio.gather(*(keep_posting(place) for place in range(connections)))
    cuts = statistics.quantiles(waited, n=100)
    posted = next(numbers) - first
    told = {
        "kept": len(waited),
        "seconds": seconds,
        "posted": posted,
        "p50_ms": cuts[49] * 1000,
        "p99_ms": cuts[98] * 1000,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    port, path, connections, seconds, first = sys.argv[1:]
    uvloop.run(run(int(port), path, int(connections), float(seconds), int(first)))
