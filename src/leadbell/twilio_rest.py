"""Twilio's REST API, as much of it as calls and texts need; what goes wrong is raised as its user wants it called."""

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from leadbell.words import Words, say

if TYPE_CHECKING:
    import aiohttp

#: A request is given up after this.
TIMEOUT_S = 5.0
#: Without a connection by then nothing was said yet.
CONNECTED_WITHIN_S = 3.0
#: An answer that takes longer than this makes us doubt whether Twilio is there.
DOUBT_AFTER_S = 1.0
#: A longer recording than this is not fetched: five hours of stereo.
MOST_BYTES = 600_000_000

Form = Sequence[tuple[str, str]]

#: Twilio's own numbers for what went wrong.
_IN_WORDS = {
    20003: say("Twilio says (%(code)s): the credentials are refused"),
    20404: say("Twilio says (%(code)s): it no longer exists"),
    20429: say("Twilio says (%(code)s): too many requests at once"),
    21203: say("Twilio says (%(code)s): the country is not allowed at Twilio"),
    21210: say("Twilio says (%(code)s): the caller id is not verified at Twilio"),
    21211: say("Twilio says (%(code)s): the number is not valid"),
    21212: say("Twilio says (%(code)s): the caller id is not valid"),
    21214: say("Twilio says (%(code)s): the number can't be reached"),
    21215: say("Twilio says (%(code)s): the country is not allowed at Twilio"),
    21216: say("Twilio says (%(code)s): calling this number is not allowed"),
    21217: say("Twilio says (%(code)s): the number is not valid"),
    21219: say("Twilio says (%(code)s): a trial account calls verified numbers only"),
    21606: say("Twilio says (%(code)s): the sender's number can't send texts"),
    21608: say("Twilio says (%(code)s): a trial account writes to verified numbers only"),
    21610: say("Twilio says (%(code)s): the customer has sent STOP"),
    21612: say("Twilio says (%(code)s): the number can't be reached by text"),
    21614: say("Twilio says (%(code)s): the number can't get texts"),
    30003: say("Twilio says (%(code)s): the phone is off or out of reach"),
    30004: say("Twilio says (%(code)s): the message is blocked"),
    30005: say("Twilio says (%(code)s): nobody has this number"),
    30006: say("Twilio says (%(code)s): a landline, or out of reach"),
    30007: say("Twilio says (%(code)s): the network took it for spam"),
    30008: say("Twilio says (%(code)s): the network doesn't say why"),
}
#: These say that nobody has the number, or that it can't be reached.
NO_CALLS = frozenset((21211, 21214, 21217))
#: These say that the number itself gets no texts.
NO_TEXTS = frozenset((21211, 21217, 21614, 30005, 30006))


def in_words(code: int) -> Words:
    """What Twilio's number means, without the words of its own, which hold the customer's number."""
    known = _IN_WORDS.get(code) or say("Twilio says (%(code)s): see its list of errors")
    return Words(known.text, {"code": code})


class Failed(Exception):
    """Twilio refuses it; `code` is its own number for the reason, or HTTP's."""

    code = 0


class Gone(Failed):
    """What was asked for no longer exists, or is over."""


class Unsure(Failed):
    """No answer, or none that says anything: it may have been done nevertheless."""


class NotReached(Unsure):
    """Nobody was there to hear it: it surely wasn't done."""


class NotOurs(Failed):
    """The account or its token is refused."""


@dataclass(frozen=True, slots=True)
class Failures:
    """What failures are called by whoever asks."""

    failed: type[Exception] = Failed
    gone: type[Exception] = Gone
    unsure: type[Exception] = Unsure
    not_ours: type[Exception] = NotOurs
    not_reached: type[Exception] = NotReached


class Account:
    """One Twilio account. What goes wrong is raised as one of `failures`, in words without secrets and numbers.

    `doubt` is called when a request fails or is slow.
    """

    failures = Failures()

    def __init__(self, account: str, token: str, api: str, doubt: Callable[[], None]) -> None:
        self._base = f"{api.rstrip('/')}/2010-04-01/Accounts/{account}"
        basic = base64.b64encode(f"{account}:{token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {basic}"}  # aiohttp leaves it out when it is sent elsewhere
        self._doubt = doubt
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        import aiohttp  # large, and whoever only wants Twilio's numbers in words does without

        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(
        self, path: str, query: Mapping[str, str] | None = None, timeout_s: float = TIMEOUT_S
    ) -> dict[str, Any]:
        return await self._ask("GET", path, query=query, timeout_s=timeout_s)

    async def post(self, path: str, form: Form) -> dict[str, Any]:
        return await self._ask("POST", path, form=form)

    async def delete(self, path: str) -> None:
        await self._ask("DELETE", path)

    async def every(self, path: str, what: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        found: list[dict[str, Any]] = []
        asked: dict[str, str] = {"PageSize": "1000", **query}
        while True:
            page = await self.get(path, asked)
            found += page.get(what) or []
            following = str(page.get("next_page_uri") or "")
            if not following or len(found) > 10_000:
                return found
            asked = dict(parse_qsl(urlsplit(following).query))

    async def download(self, path: str, to: Path) -> None:
        """A file, whole or not at all."""
        import aiohttp

        part = to.with_name(to.name + ".part")
        patience = aiohttp.ClientTimeout(total=300, sock_connect=TIMEOUT_S, sock_read=2 * TIMEOUT_S)
        try:
            async with self._open_session.get(
                self._base + path, headers=self._headers, timeout=patience, max_redirects=3
            ) as answer:
                await _complain(answer, self.failures)
                size = 0
                with part.open("wb") as file:
                    async for chunk in answer.content.iter_chunked(1 << 16):
                        size += len(chunk)
                        if size > MOST_BYTES:
                            raise self.failures.failed("the recording is too long")
                        file.write(chunk)
            part.rename(to)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self.failures.unsure(f"no recording from Twilio ({type(error).__name__})") from None
        finally:
            part.unlink(missing_ok=True)

    async def _ask(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, form: Form | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> dict[str, Any]:  # fmt: skip
        import aiohttp

        slow = asyncio.get_running_loop().call_later(DOUBT_AFTER_S, self._doubt)
        try:
            async with self._open_session.request(
                method, f"{self._base}{path}", params=query, data=None if form is None else list(form),
                headers=self._headers, allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECTED_WITHIN_S),
            ) as answer:  # fmt: skip
                await _complain(answer, self.failures)
                found = await answer.json() if answer.status != 204 else {}
                return found if isinstance(found, dict) else {}
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            self._doubt()
            raise self.failures.not_reached(f"no answer from Twilio ({type(error).__name__})") from None
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self._doubt()
            raise self.failures.unsure(f"no answer from Twilio ({type(error).__name__})") from None
        except self.failures.unsure:
            self._doubt()
            raise
        finally:
            slow.cancel()

    @property
    def _open_session(self) -> "aiohttp.ClientSession":
        if self._session is None or self._session.closed:
            raise self.failures.failed("not connected")
        return self._session


async def _complain(answer: "aiohttp.ClientResponse", failures: Failures) -> None:
    """Say in words what Twilio refuses; its own message holds the number."""
    import aiohttp

    if answer.status < 300:
        return
    if answer.status >= 500 or answer.status == 408:
        raise failures.unsure(f"Twilio answers {answer.status}")
    code = 0
    try:
        said = await answer.json()
        code = int(said.get("code") or 0) if isinstance(said, dict) else 0
    except (aiohttp.ClientError, ValueError, TypeError):
        pass
    if answer.status == 404 or code in (20404, 21220):
        raise _refused(failures.gone, f"Twilio no longer has it ({code or answer.status})", code or 20404)
    if answer.status in (401, 403) and code in (0, 20003):
        raise failures.not_ours(str(in_words(20003)))
    raise _refused(failures.failed, str(in_words(code or answer.status)), code or answer.status)


def _refused(kind: type[Exception], words: str, code: int) -> Exception:
    refused = kind(words)
    if isinstance(refused, Failed):
        refused.code = code
    return refused
