"""A real CalDAV server (Radicale) over loopback, and what people put into it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leadbell.outgoing import Answer, Ask, ask
from tests.waiting import eventually

USER, PASSWORD = "rosa", "calendar secret"
_MAKE = """<?xml version="1.0" encoding="utf-8"?><c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
<d:set><d:prop><d:displayname>Own</d:displayname><c:supported-calendar-component-set><c:comp name="{part}"/>
</c:supported-calendar-component-set></d:prop></d:set></c:mkcalendar>"""


@dataclass(frozen=True)
class Radicale:
    """Where it answers, and its process."""

    url: str
    process: "subprocess.Popen[bytes]"

    def put(self, name: str, event: str) -> None:
        """Put an event into Rosa's calendar; its properties separated by spaces."""
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", "BEGIN:VEVENT", f"UID:{name}"]
        lines += ["DTSTAMP:20261101T000000Z", *event.split(), "END:VEVENT", "END:VCALENDAR", ""]
        said = self._ask(f"/rosa/own/{name}.ics", "PUT", "\r\n".join(lines).encode())
        assert said.status in (201, 204), said

    def make(self, name: str, part: str = "VEVENT") -> None:
        assert self._ask(f"/rosa/{name}/", "MKCALENDAR", _MAKE.format(part=part).encode()).status == 201

    def _ask(self, path: str, method: str, body: bytes) -> Answer:
        said = ask(Ask(self.url + path, method, body, user=USER, password=PASSWORD))
        assert isinstance(said, Answer), said
        return said


@contextmanager
def radicale(folder: Path) -> Iterator[Radicale]:
    """Radicale with one user and an empty calendar, until the end."""
    (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "radicale", "--config", "", "--server-hosts", f"127.0.0.1:{port}",
        "--auth-type", "htpasswd",
        "--auth-htpasswd-filename", str(folder / "users"), "--auth-htpasswd-encryption", "plain", "--auth-delay", "0",
        "--storage-filesystem-folder", str(folder / "storage"), "--logging-level", "error",
    ]  # fmt: skip
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    server = Radicale(f"http://127.0.0.1:{port}", process)
    try:
        eventually(lambda: isinstance(ask(Ask(server.url, within_s=2)), Answer), 60)
        server.make("own")
        yield server
    finally:
        process.kill()
        process.wait()
