"""`python -m benchmarks.desks PORT RATE SECONDS FIRST FILE`: desks listen, leads arrive open-loop; when each was
answered and when its bell was heard. FILE holds {"keys", "sessions"}; with rate 0 the desks only listen."""

import asyncio
import json
import sys
import time

import uvloop

from benchmarks.stage import envelope_of

Times = dict[str, float]


async def listen(port: int, session: str, heard: Times, listening: "list[int]") -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(
        b"GET /stream HTTP/1.1\r\nhost: bench\r\naccept: text/event-stream\r\ncookie: leadbell=%b\r\n\r\n"
        % session.encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(head.decode())
    listening[0] += 1
    event = b""
    while line := await reader.readline():
        if line.startswith(b"event:"):
            event = line[6:].strip()
        elif line.startswith(b"data:") and event == b"ring":
            lead = str(json.loads(line[5:])["lead"])
            heard.setdefault(lead, time.perf_counter())


async def post(port: int, key: str, number: int, answered: Times) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = envelope_of(number)
    writer.write(
        b"POST /in/%b HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
        % (key.encode(), len(body), body)
    )
    answer = await reader.read()
    answered[json.loads(answer.split(b"\r\n\r\n", 1)[1])["envelope"]] = time.perf_counter()
    writer.close()


async def main(port: int, rate: float, seconds: float, first: int, file: str) -> None:
    with open(file) as told:
        who = json.load(told)
    heard: Times = {}
    answered: Times = {}
    listening = [0]
    desks = []
    for session in who["sessions"]:
        desks.append(asyncio.create_task(listen(port, session, heard, listening)))
        await asyncio.sleep(0.005)
    while listening[0] < len(desks):
        await asyncio.sleep(0.05)
        for desk in desks:
            if desk.done():
                desk.result()
    await asyncio.sleep(2)
    posts = []
    began = time.perf_counter()
    for n in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + n / rate - time.perf_counter()))
        posts.append(asyncio.create_task(post(port, who["keys"][n % len(who["keys"])], first + n, answered)))
    await asyncio.gather(*posts)
    await asyncio.sleep(3 if rate else seconds)
    print(json.dumps({"answered": answered, "heard": heard, "desks": listening[0]}))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
