"""A dealer's DMS on loopback: what it was sent, and what it answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Dms:
    """Answers every POST with `code` and `says`; while `silent`, not at all."""

    def __init__(self) -> None:
        self.code, self.says, self.location = 200, b"thanks", ""
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.asked = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.url = ""

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, body in self.got]


@contextmanager
def running() -> Iterator[Dms]:
    dms = Dms()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            dms.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            dms.asked.set()
            dms.may_answer.wait(60)
            self.send_response(dms.code)
            if dms.location:
                self.send_header("Location", dms.location)
            self.end_headers()
            try:
                self.wfile.write(dms.says)
            except OSError:
                return

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    dms.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield dms
    finally:
        dms.may_answer.set()
        server.shutdown()
        thread.join()
        server.server_close()
