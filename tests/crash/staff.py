"""Salespeople at their desks: they sign in, listen, accept what rings, call, and say how it went."""

import http.client
import json
import random
import re
import socket
import threading
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from tests.crash.house import House
from tests.crash.notebook import Notebook

ANSWERED_WITHIN_S = 30
_RINGS_HERE = re.compile(r"/leads/(\d+)/acceptance/")


class Browser:
    """Cookies and forms. An answer is a status; `OSError` and `HTTPException` mean there was none."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> tuple[int, str]:
        return self._ask("GET", path, None)

    def post(self, path: str, **form: str) -> int:
        return self._ask("POST", path, urlencode(form))[0]

    def stream(self) -> "tuple[http.client.HTTPConnection, http.client.HTTPResponse]":
        connection = self._connect()
        connection.request("GET", "/stream", headers=self._headers() | {"Accept": "text/event-stream"})
        return connection, connection.getresponse()

    def sign_in(self, email: str, password: str) -> bool:
        self.cookies.clear()
        self.get("/account/login/")
        status = self.post("/account/login/", login=email, password=password)
        return status == 302 and "leadbell" in self.cookies

    def _connect(self) -> http.client.HTTPConnection:
        where = self.house.http
        if where is None:
            raise ConnectionRefusedError("the house is down")
        return http.client.HTTPConnection(*where, timeout=ANSWERED_WITHIN_S)

    def _ask(self, method: str, path: str, form: str | None) -> tuple[int, str]:
        connection = self._connect()
        try:
            connection.request(method, path, form, self._headers(posting=form is not None))
            response = connection.getresponse()
            page = response.read().decode()
        finally:
            connection.close()
        for told in response.headers.get_all("Set-Cookie") or ():
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(told).items()}
        return response.status, page

    def _headers(self, posting: bool = False) -> dict[str, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if posting:
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-CSRFToken": self.cookies.get("leadbell_csrf", ""),
                "HX-Request": "true" if "leadbell" in self.cookies else "false",
            }
        return headers


class Salesperson(threading.Thread):
    """Works at the desk until told to stop, whatever dies meanwhile."""

    def __init__(
        self, house: House, person: dict[str, Any], notebook: Notebook, chance: random.Random
    ) -> None:
        super().__init__(name=person["name"], daemon=True)
        self.house, self.person, self.notebook, self.chance = house, person, notebook, chance
        self.browser = Browser(house)
        self.stopping = threading.Event()
        self._stream: http.client.HTTPConnection | None = None
        self._signed_in = False

    def stop(self) -> None:
        self.stopping.set()
        stream = self._stream
        if stream is not None and stream.sock is not None:
            try:
                stream.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self._work()
            except (OSError, http.client.HTTPException) as error:
                self.notebook.count(f"desk: cut off ({type(error).__name__})")
            self.stopping.wait(0.2)

    def _work(self) -> None:
        if not self._signed_in:
            self._signed_in = self.browser.sign_in(self.person["email"], self.person["password"])
            self.notebook.count("desk: signed in" if self._signed_in else "desk: not signed in")
            return
        self._stream, events = self.browser.stream()
        try:
            if events.status != 200:
                self.notebook.count(f"stream: {events.status}")
                self._signed_in = events.status != 401
                return
            self.notebook.count("stream: open")
            self._look_at_the_desk()
            self._listen(events)
        finally:
            self._stream.close()
            self._stream = None

    def _look_at_the_desk(self) -> None:
        """What rang while the screen was dark stands on the page."""
        status, page = self.browser.get("/desk/")
        self._saw("/desk/", status)
        for lead in dict.fromkeys(_RINGS_HERE.findall(page)):
            self._answer(int(lead))

    def _listen(self, events: http.client.HTTPResponse) -> None:
        name = ""
        while not self.stopping.is_set():
            line = events.readline()
            if not line:
                return
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: ") and name == "ring":
                self.notebook.count("stream: ring")
                self._answer(int(json.loads(line[6:])["lead"]))
            elif name.startswith("lead-") and self.chance.random() < 0.02:
                self._accept(int(name[5:]))
                name = ""

    def _answer(self, lead: int) -> None:
        """Accept, pass on, or let it ring."""
        does = self.chance.choices(("accept", "pass on", "nothing"), (75, 10, 15))[0]
        if does == "pass on":
            self._do(lead, "passing-on")
        elif does == "accept" and self._accept(lead):
            self._call(lead)

    def _accept(self, lead: int) -> bool:
        then = {"then": "call"} if self.chance.random() < 0.5 else {}
        if then:
            self.notebook.means_to_call(lead)
        status = self._do(lead, "acceptance", **then)
        if status == 303:
            self.notebook.won.append((lead, self.person["id"]))
            if not then:
                self.notebook.means_to_call(lead)
        return status == 303

    def _call(self, lead: int) -> None:
        """Tap "call" twice, by mistake; then say how the call ended."""
        taps = [threading.Thread(target=self._do, args=[lead, "attempt"], daemon=True) for _ in range(2)]
        for tap in taps:
            tap.start()
        for tap in taps:
            tap.join()
        outcome = self.chance.choice(("conversation", "no_answer", "voicemail", "busy", "wrong_number"))
        self._do(lead, "attempt/outcome", outcome=outcome)
        if outcome == "conversation" and self.chance.random() < 0.5:
            at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
            self._do(lead, "appointment", at=at.isoformat())
        if self.chance.random() < 0.1:
            self._saw("/leads/", self.browser.get(f"/leads/{lead}/")[0])

    def close(self, lead: int, sold: bool) -> bool:
        """The end of a lead's way."""
        status = self._do(lead, "sale") if sold else self._do(lead, "loss", reason="price")
        return status in (303, 409)

    def _do(self, lead: int, verb: str, **form: str) -> int | None:
        """Post until it is answered; people tap again."""
        while not self.stopping.is_set():
            try:
                status = self.browser.post(f"/leads/{lead}/{verb}/", **form)
            except (OSError, http.client.HTTPException):
                self.notebook.count("desk: a tap without an answer")
            else:
                self._saw(verb, status)
                if status < 500:
                    return status
            self.stopping.wait(0.1)
        return None

    def _saw(self, where: str, status: int) -> None:
        self.notebook.count(f"desk: {status}")
        if status not in (200, 303, 409, 500, 502, 503):
            self.notebook.odd.append(f"{where} answered {status}")
