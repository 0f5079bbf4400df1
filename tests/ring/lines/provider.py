"""A SIP provider of a few lines: it signs in whom it likes, and passes their calls on to the phones behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

Address = tuple[str, int]


class Provider(asyncio.DatagramProtocol):
    """At 127.0.0.1:`port`; the phones are at 127.0.0.1:`outside`."""

    def __init__(self, port: int, outside: int) -> None:
        self.port, self._phones = port, ("127.0.0.1", outside)
        #: What it answers who signs in, and for how long that holds.
        self.says, self.for_s = "200 OK", 300
        self._customer: Address | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # UDP
        self.transport = transport

    def datagram_received(self, data: bytes, source: Address) -> None:
        if source == self._phones:
            if self._customer is not None:
                self.transport.sendto(data, self._customer)
        elif data.startswith(b"REGISTER "):
            self._customer = source
            self.transport.sendto(self._answer(data.decode()), source)
        else:
            self.transport.sendto(data, self._phones)

    def _answer(self, asked: str) -> bytes:
        kept = ("via:", "from:", "call-id:", "cseq:", "contact:")
        lines = asked.split("\r\n")
        to = next(line for line in lines if line.lower().startswith("to:"))
        same = [
            line.replace("expires=300", f"expires={self.for_s}")
            for line in lines
            if line.lower().startswith(kept)
        ]
        return "\r\n".join(
            (
                f"SIP/2.0 {self.says}",
                *same,
                f"{to};tag=1",
                f"Expires: {self.for_s}",
                "Content-Length: 0",
                "",
                "",
            )
        ).encode()


@asynccontextmanager
async def provider(port: int, outside: int) -> AsyncIterator[Provider]:
    transport, made = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Provider(port, outside), local_addr=("127.0.0.1", port)
    )
    try:
        yield made
    finally:
        transport.close()
