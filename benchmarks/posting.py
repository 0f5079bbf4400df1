"""`python -m benchmarks.posting PORT PATH SECONDS FIRST`: as many leads as 64 kept-alive connections can post."""

import asyncio
import json
import sys
import time

import uvloop

from benchmarks.stage import envelope_of

CONNECTIONS = 64


async def one(port: int, path: str, until: float, numbers: "list[int]", took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        numbers[0] += 1
        body = envelope_of(numbers[0])
        began = time.perf_counter()
        writer.write(
            b"POST %b HTTP/1.1\r\nhost: bench\r\ncontent-type: application/xml\r\ncontent-length: %d\r\n\r\n%b"
            % (path.encode(), len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 202"):
            raise SystemExit(head.decode())
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        took.append(time.perf_counter() - began)
    writer.close()


async def main(port: int, path: str, seconds: float, first: int) -> None:
    took: list[float] = []
    numbers = [first]
    began = time.perf_counter()
    await asyncio.gather(*(one(port, path, began + seconds, numbers, took) for _ in range(CONNECTIONS)))
    lasted = time.perf_counter() - began
    took.sort()
    said = {
        "per_s": len(took) / lasted,
        "p50_ms": took[len(took) // 2] * 1e3,
        "p99_ms": took[int(len(took) * 0.99)] * 1e3,
    }
    print(json.dumps(said | {"answered": len(took), "last": numbers[0]}))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))
