"""The front door: intake, visits, screen streams and browser phones as plain ASGI, everything else Django.

Django is loaded while the mouth already answers.
"""

import asyncio
import os
import time
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
import structlog

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")

from leadbell import settings
from leadbell.chat.door import PREFIX as CHAT
from leadbell.chat.door import Chats
from leadbell.intake.catching import Catching
from leadbell.intake.door import MAIL_ALIVE
from leadbell.intake.mouth import PREFIX, Mouth
from leadbell.intake.post import Wire
from leadbell.visits.beacon import PATHS, Beacons

if TYPE_CHECKING:
    from asgiref.typing import (
        ASGI3Application,
        ASGIReceiveCallable,
        ASGIReceiveEvent,
        ASGISendCallable,
        ASGISendEvent,
        HTTPScope,
        Scope,
    )

    from leadbell.desk.live.phone_line import PhoneLines
    from leadbell.desk.live.stream import Screens

log = structlog.get_logger("leadbell.door")

STREAM, HEALTH, PHONE = "/stream", "/healthz", "/phone/ws"
#: `leadbell.followup.clockwork.ALIVE_LOCK`, which can't be imported before Django is ready.
CLOCKWORK_ALIVE = 0x1EADBE11
#: For a page's form; Django itself allows half of it.
LARGEST_BODY = 2 * 1_048_576
BODY_WITHIN_S = 30.0
#: How long an answer to "is all well?" is believed.
BELIEVED_S = 1.0


class FrontDoor:
    """The ASGI application of the web process."""

    def __init__(self, mouth_url: str, app_url: str, per_minute: float) -> None:
        self.mouth = Mouth(mouth_url, per_minute)
        self.forms = Catching(mouth_url)
        self.chats = Chats(mouth_url, lambda key: self.visits.writer.by_key.get(key))
        self.visits = Beacons(mouth_url, parts=(self.chats.script_for, self.forms.script_for))
        self.health = Health(mouth_url)
        self._app_url = app_url
        self._rest: asyncio.Task[Rest] | None = None

    async def __call__(
        self, scope: "Scope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            path = scope["path"]
            if path in PATHS:
                await self.visits(scope, receive, send)
            elif path.startswith(PREFIX):
                await self.mouth(scope, receive, send)
            elif path.startswith(CHAT):
                await self.chats(scope, receive, send)
            elif path == HEALTH:
                await self.health.answer(self._rest, send)
            elif path == STREAM:
                await (await self._django()).screens(scope, receive, send)
            else:
                await bounded((await self._django()).pages, scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == PHONE:
            await (await self._django()).phones(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})

    async def _live(self, receive: "ASGIReceiveCallable", send: "ASGISendCallable") -> None:
        """Open with the server, close with it."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.mouth.open()
                self.visits.open()
                self.chats.open()
                self.forms.open()
                self._rest = asyncio.create_task(_load_the_rest(self._app_url), name="loading Django")
                await self.visits.ready()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _django(self) -> "Rest":
        if self._rest is None:
            self._rest = asyncio.create_task(_load_the_rest(self._app_url), name="loading Django")
        return await asyncio.shield(self._rest)

    async def _close(self) -> None:
        await self.mouth.close()
        await self.visits.close()
        await self.chats.close()
        await self.forms.close()
        await self.health.close()
        if self._rest and self._rest.done() and not self._rest.exception():
            await self._rest.result().screens.close()
            await self._rest.result().phones.close()


class Rest:
    """What takes a second to load: Django's pages, the screens' streams and the lines of phones in browsers."""

    def __init__(self, pages: "ASGI3Application", screens: "Screens", phones: "PhoneLines") -> None:
        self.pages, self.screens, self.phones = pages, screens, phones


async def _load_the_rest(app_url: str) -> Rest:
    pages, make_screens, make_phones = await asyncio.to_thread(_import_the_rest)
    screens = make_screens(app_url)
    screens.open()
    return Rest(pages, screens, make_phones())


def _import_the_rest() -> "tuple[ASGI3Application, type[Screens], type[PhoneLines]]":
    import django

    django.setup()
    from django.urls import reverse

    from leadbell.desk.live.phone_line import PhoneLines
    from leadbell.desk.live.stream import Screens
    from leadbell.desk.pages import Pages
    from leadbell.process import keep_what_is_loaded

    pages: Any = Pages()
    reverse("desk")  # every page with all it needs: whoever comes first doesn't wait for them
    keep_what_is_loaded()
    return pages, Screens, PhoneLines


class Health:
    """`GET /healthz`: 200 when the whole is up, else 503 with what is missing, in words."""

    def __init__(self, url: str) -> None:
        self._wire = Wire(url, "leadbell health")
        self._asking = asyncio.Lock()
        self._heard: dict[str, str] = {}
        self._heard_at = float("-inf")

    async def answer(self, rest: "asyncio.Task[Rest] | None", send: "ASGISendCallable") -> None:
        async with self._asking:
            if time.monotonic() - self._heard_at > BELIEVED_S:
                self._heard = await self._parts()
                # What isn't up yet is asked again at once.
                self._heard_at = time.monotonic() if _all_up(self._heard) else float("-inf")
        parts = self._heard | {"pages": _pages(rest)}
        ok = _all_up(parts)
        said = msgspec.json.encode({"ok": ok, **parts})
        headers = [
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-store"),
            (b"content-length", b"%d" % len(said)),
        ]
        status = 200 if ok else 503
        await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": said, "more_body": False})

    async def close(self) -> None:
        await self._wire.close()

    async def _parts(self) -> dict[str, str]:
        try:
            held = await self._locks_held()
        except psycopg.Error:
            unknown = "nobody knows while the database doesn't answer"
            return {"database": "it doesn't answer", "clockwork": unknown, "smtp": unknown}
        clockwork = (
            "up" if CLOCKWORK_ALIVE in held else "it doesn't run: what arrives is kept, nobody is rung"
        )
        smtp = (
            "up" if MAIL_ALIVE in held else "it doesn't run: leads that come by mail wait with their senders"
        )
        return {"database": "up", "clockwork": clockwork, "smtp": smtp if settings.SMTP_PORT else "off"}

    async def _locks_held(self) -> set[int]:
        connection = await self._wire.connected()
        held = await connection.execute(
            """
            select objid::bigint from pg_locks
            where locktype = 'advisory' and granted and classid = 0 and objsubid = 1 and objid = any(%s::oid[])
                and database = (select oid from pg_database where datname = current_database())
            """,
            [[CLOCKWORK_ALIVE, MAIL_ALIVE]],
        )
        return {row[0] for row in await held.fetchall()}


def _pages(rest: "asyncio.Task[Rest] | None") -> str:
    if rest is None or not rest.done():
        return "they are being loaded"
    if rest.cancelled() or rest.exception():
        return "they could not be loaded: the log says why"
    return "up" if rest.result().screens.listening else "they don't hear what changes"


def _all_up(parts: dict[str, str]) -> bool:
    return all(state in ("up", "off") for state in parts.values())


async def bounded(
    application: "ASGI3Application",
    scope: "HTTPScope",
    receive: "ASGIReceiveCallable",
    send: "ASGISendCallable",
    within_s: float = BODY_WITHIN_S,
) -> None:
    """Pass a request on whose body is at most LARGEST_BODY and is here in time."""
    body = _Bounded(receive, within_s)
    answered = False

    async def watched_send(message: "ASGISendEvent") -> None:
        nonlocal answered
        answered = True
        await send(message)

    await application(scope, body.receive, watched_send)
    if body.refused and not answered:
        status, said = body.refused
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(said)),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": said, "more_body": False})


class _Bounded:
    """A body that ends as if its sender had hung up when it grows too large or too slowly."""

    def __init__(self, receive: "ASGIReceiveCallable", within_s: float) -> None:
        self._receive = receive
        self._size = 0
        self._complete = False
        self._give_up_at = asyncio.get_running_loop().time() + within_s
        self.refused: tuple[int, bytes] | None = None

    async def receive(self) -> "ASGIReceiveEvent":
        if self.refused:
            return {"type": "http.disconnect"}
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._give_up_at):
                message = await self._receive()
        except TimeoutError:
            self.refused = (408, b"What you sent didn't arrive in time.")
            return {"type": "http.disconnect"}
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._size > LARGEST_BODY:
                self.refused = (413, b"What you sent is too large.")
                return {"type": "http.disconnect"}
        return message


application = FrontDoor(settings.DB_MOUTH, settings.DB_APP, settings.INTAKE_RATE)
