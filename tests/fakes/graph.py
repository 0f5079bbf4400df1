"""Meta's Graph API on loopback: knows the leads it is given, and misbehaves as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "EAAGm0PX4ZCpsBAKZCtheTokenOfNorthsidesPage"


def lead(number: str, name: str = "Mr Okafor", phone: str = "+31612345678", **more: Any) -> dict[str, Any]:
    answers = {"full_name": name, "phone_number": phone, "which_model_do_you_like?": "Kona"}
    return {
        "id": number, "created_time": "2026-11-23T10:59:58+0000", "ad_name": "Kona in blue", "form_id": "12345678901",
        "campaign_name": "Autumn", "platform": "ig",
        "field_data": [{"name": asked, "values": [said]} for asked, said in answers.items() if said],
    } | more  # fmt: skip


def error(code: int, message: str = "(#%d) no", **more: Any) -> dict[str, Any]:
    about = {
        "message": message % code if "%d" in message else message,
        "type": "OAuthException",
        "code": code,
    }
    return {"error": about | more | {"fbtrace_id": "EJplcsCHuLu"}}


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    path: str
    number: str
    fields: tuple[str, ...]
    headers: dict[str, str]


Reply = Callable[["Handler"], None]


@dataclass
class GraphApi:
    """`replies` by the lead's number; a number it doesn't know is answered as Meta does."""

    url: str = ""
    token: str = TOKEN
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    #: Set when it closes: replies that wait end.
    closing: threading.Event = field(default_factory=threading.Event)

    def knows(self, *leads: dict[str, Any]) -> None:
        for one in leads:
            self.says(one["id"], 200, one)

    def says(self, number: str, status: int, body: Any, **headers: str) -> None:
        whole = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.replies[number] = lambda handler: handler.say(status, whole, **headers)

    def hangs(self, number: str) -> None:
        """It takes the question and never answers."""
        self.replies[number] = lambda handler: handler.hang()

    def trickles(self, number: str, first: bytes) -> None:
        """It answers one byte at a time, each soon after the last."""
        self.replies[number] = lambda handler: handler.trickle(first)

    def asked_for(self, number: str) -> int:
        return sum(one.number == number for one in self.asked)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: GraphApi

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        number = parts.path.rpartition("/")[2]
        fields = tuple(parse_qs(parts.query).get("fields", [""])[0].split(","))
        self.api.asked.append(Asked(self.path, number, fields, dict(self.headers.items())))
        if self.headers["Authorization"] != f"Bearer {self.api.token}":
            self.say(400, json.dumps(error(190, "Invalid OAuth access token.")).encode())
            return
        unknown = error(
            100, f"Unsupported get request. Object with ID '{number}' does not exist", error_subcode=33
        )
        self.api.replies.get(number, lambda me: me.say(400, json.dumps(unknown).encode()))(self)

    def say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content_type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._write(body)

    def hang(self) -> None:
        self.api.closing.wait(30)
        self.close_connection = True

    def trickle(self, first: bytes) -> None:
        self._write(first)
        while not self.api.closing.wait(0.02) and self._write(b" "):
            pass
        self.close_connection = True

    def _write(self, some: bytes) -> bool:
        try:
            self.wfile.write(some)
            self.wfile.flush()
        except OSError:
            return False
        return True

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def graph_api() -> Iterator[GraphApi]:
    api = GraphApi()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("ThisHandler", (Handler,), {"api": api}))
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
