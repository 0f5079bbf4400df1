"""Meta's Graph API, asked for the answers of one lead at a time. The token never stands in a URL, log or error."""

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from leadbell.words import Words, say

VERSION = "v23.0"
#: Of the advertisement only its names: they need a permission of their own, ads_management.
FIELDS = ("id", "created_time", "ad_name", "campaign_name", "form_id", "platform", "field_data")
FEWEST_FIELDS = ("id", "created_time", "field_data")
#: For connecting, and then for each whole answer; a lead is asked for at most twice.
PATIENCE_S = 5.0
LARGEST_ANSWER = 65_536

LEAD_NUMBER = re.compile(r"[0-9]{1,32}", re.ASCII)
TOKEN = re.compile(r"[!-~]{10,1000}", re.ASCII)

NO_NUMBER = say("this tells of a lead at Meta, but its number is not one of Meta's")
TOKEN_REFUSED = say("Meta refuses the access token: renew it on the Dealer page")
NOT_ALLOWED = say(
    "Meta doesn't let this access token read leads: give it the permission leads_retrieval, and save it again on the "
    "Dealer page"
)
NO_SUCH_LEAD = say("Meta has no such lead, or the access token is for another page")
SILENT = say("Meta doesn't answer; it is tried again at %(again_at)s")
TOO_OFTEN = say("Meta wants to be asked less often; it is tried again at %(again_at)s")
NO_ANSWERS = say("Meta knows this lead, but has no answers yet; it is tried again at %(again_at)s")
NO_LEAD = say("Meta answers with something that is no lead; it is tried again at %(again_at)s")


@dataclass(frozen=True, slots=True)
class Answered:
    """The lead with its answers, as the Graph API tells it: at least one answer isn't empty."""

    lead: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NotNow:
    """Asking again may help. `because` still wants its value `again_at`; `seen` is for the log."""

    because: Words
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Never:
    """Asking again is no use before a person has done something."""

    because: Words


Answer = Answered | NotNow | Never


@dataclass(frozen=True, slots=True)
class _Error:
    """The Graph API's own words for what went wrong: developers.facebook.com/docs/graph-api/guides/error-handling."""

    code: int = 0
    subcode: int = 0
    transient: bool = False
    message: str = field(default="", repr=False)

    @property
    def is_about_the_token(self) -> bool:
        return self.code in (102, 190)

    @property
    def is_about_permission(self) -> bool:
        return self.code in (3, 10) or 200 <= self.code <= 299

    @property
    def is_about_the_lead(self) -> bool:
        return self.code == 803 or (
            self.code == 100 and (self.subcode == 33 or "does not exist" in self.message)
        )

    @property
    def is_about_haste(self) -> bool:
        return self.code in (4, 17, 32, 341, 613) or 80_000 <= self.code <= 80_099

    def answer(self) -> NotNow | Never:
        seen = f"error {self.code}/{self.subcode}"
        if self.is_about_haste:
            return NotNow(TOO_OFTEN, seen)
        if self.transient or self.code in (1, 2):
            return NotNow(SILENT, seen)
        if self.is_about_the_token:
            return Never(TOKEN_REFUSED)
        if self.is_about_permission:
            return Never(NOT_ALLOWED)
        return Never(NO_SUCH_LEAD) if self.is_about_the_lead else NotNow(NO_LEAD, seen)


class Graph:
    """The Graph API at `url`. Raises ValueError where a token would travel to another machine unencrypted."""

    def __init__(self, url: str, patience_s: float = PATIENCE_S) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        if not self._host or parts.scheme not in ("https", "http"):
            raise ValueError("it has to look like https://graph.facebook.com")
        if parts.scheme == "http" and self._host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("only https:// keeps the access token secret on its way")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._path = f"{parts.path.rstrip('/')}/{VERSION}"
        self._patience_s = patience_s

    def lead(self, number: str, token: str) -> Answer:
        """What Meta answers about the lead with this number; never raises for what comes over the network."""
        if not LEAD_NUMBER.fullmatch(number):
            return Never(NO_NUMBER)
        if not TOKEN.fullmatch(token):
            return Never(TOKEN_REFUSED)
        found = self._ask(number, token, FIELDS)
        if isinstance(found, _Error) and not found.transient:
            nonexisting_field = found.code == 100 and not found.is_about_the_lead
            if found.is_about_permission or nonexisting_field:
                found = self._ask(number, token, FEWEST_FIELDS)
        return found.answer() if isinstance(found, _Error) else found

    def _ask(self, number: str, token: str, fields: tuple[str, ...]) -> Answered | NotNow | _Error:
        path = f"{self._path}/{number}?{urlencode({'fields': ','.join(fields)}, safe=',')}"
        try:
            status, body = self._get(path, token)
        except (OSError, http.client.HTTPException) as error:
            return NotNow(SILENT, type(error).__name__)
        return _understood(number, status, body)

    def _get(self, path: str, token: str) -> tuple[int, bytes]:
        """Status and body, one byte longer than LARGEST_ANSWER where there is more. No redirect is followed."""
        with closing(self._connection()) as connection:
            connection.connect()
            with _hung_up_after(self._patience_s, connection.sock):
                connection.request(
                    "GET",
                    path,
                    headers={
                        "Authorization": f"Bearer {token}",
                        "Accept": "application/json",
                        "User-Agent": "Leadbell",
                    },
                )
                answer = connection.getresponse()
                with closing(answer):
                    return answer.status, answer.read(LARGEST_ANSWER + 1)

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._patience_s)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._patience_s, context=self._tls
        )


@contextmanager
def _hung_up_after(seconds: float, sock: socket.socket) -> Iterator[None]:
    """End the exchange then, however slowly the bytes trickle: a socket's own time-out is for each of them anew."""

    def hang_up() -> None:
        with suppress(OSError):
            # Not SSLSocket's own shutdown, which would turn what still comes into plain bytes.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _understood(number: str, status: int, body: bytes) -> Answered | NotNow | _Error:
    if len(body) > LARGEST_ANSWER:
        return NotNow(NO_LEAD, "too large")
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = None
    if isinstance(said, Mapping) and isinstance(said.get("error"), Mapping):
        return _error(said["error"])
    if status == 429:
        return NotNow(TOO_OFTEN, "status 429")
    if status >= 500:
        return NotNow(SILENT, f"status {status}")
    if status != 200 or not isinstance(said, Mapping) or str(said.get("id")) != number:
        return NotNow(NO_LEAD, f"status {status}")
    if not _has_answers(said.get("field_data")):
        return NotNow(NO_ANSWERS)
    return Answered({name: said[name] for name in FIELDS if name in said})


def _error(said: Mapping[str, Any]) -> _Error:
    code, subcode, message = said.get("code"), said.get("error_subcode"), said.get("message")
    return _Error(
        code if isinstance(code, int) else 0,
        subcode if isinstance(subcode, int) else 0,
        said.get("is_transient") is True,
        message if isinstance(message, str) else "",
    )


def _has_answers(field_data: object) -> bool:
    """At least one question has an answer that isn't empty."""
    asked = (one for one in (field_data if isinstance(field_data, list) else []) if isinstance(one, Mapping))
    answers = (one["values"] for one in asked if one.get("name") and isinstance(one.get("values"), list))
    return any(isinstance(text, str) and text.strip() != "" for values in answers for text in values)
