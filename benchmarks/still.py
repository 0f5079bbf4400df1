"""The same server with nothing behind it: every request is answered with 204, unread.

Run as a child of the house; it listens on a port of its own, which it writes into DIR/still.port.
"""

import os
import socket
from pathlib import Path
from typing import Any

from leadbell.web import Streams, Web, configured

START = {"type": "http.response.start", "status": 204, "headers": []}
BODY = {"type": "http.response.body", "body": b""}


async def still(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send(START)
    await send(BODY)


def main() -> None:
    door = socket.create_server(("127.0.0.1", 0), backlog=2048)
    (Path(os.environ["LEADBELL_DATA"]) / "still.port").write_text(str(door.getsockname()[1]))
    streams = Streams(still)
    Web(configured(streams), streams).run([door])


if __name__ == "__main__":
    main()
