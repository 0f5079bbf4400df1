"""The front door: what goes where, whether all is well, and bodies that never end."""

import socket
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from leadbell import asgi, roles
from leadbell.asgi import CLOCKWORK_ALIVE, LARGEST_BODY, FrontDoor, bounded
from leadbell.followup import clockwork
from leadbell.intake.door import MAIL_ALIVE
from tests.fakes.front import ADF, Town, ask, serving, town
from tests.waiting import eventually


@pytest.fixture(scope="module")
def here(cluster: roles.Urls, django_db_setup: None, django_db_blocker: Any) -> Iterator[Town]:
    with django_db_blocker.unblock(), town(cluster) as there:
        yield there


@pytest.fixture(scope="module")
def port(here: Town) -> Iterator[int]:
    class Door(FrontDoor):
        """Made in the loop that serves it."""

        def __init__(self) -> None: ...

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                super().__init__(here.urls.mouth, here.urls.app, 0)
            await super().__call__(scope, receive, send)

    with serving(Door()) as open_at:
        yield open_at


def test_each_path_leads_to_its_room(here: Town, port: int) -> None:
    _, key = here.source(here.dealer())
    assert ask(port, f"/in/{key}", ADF).status == 202
    assert ask(port, "/stream", method="GET").status == 401
    assert ask(port, "/account/login/", method="GET").status == 200
    assert ask(port, "/nowhere/", method="GET").status == 404
    assert ask(port, "/in", method="GET").status == 404


def test_it_says_what_is_missing_until_the_whole_is_up(here: Town, port: int) -> None:
    assert eventually(lambda: ask(port, "/healthz", method="GET").json["pages"] == "up")
    alone = ask(port, "/healthz", method="GET")
    assert alone.status == 503
    assert alone.json["database"] == "up"
    assert "nobody is rung" in alone.json["clockwork"]
    assert "by mail" in alone.json["smtp"]
    with psycopg.connect(here.urls.clockwork) as a_clockwork, psycopg.connect(here.urls.mouth) as a_mail_door:
        a_clockwork.execute("select pg_advisory_lock_shared(%s)", [clockwork.ALIVE_LOCK])
        half = ask(port, "/healthz", method="GET")
        a_mail_door.execute("select pg_advisory_lock_shared(%s)", [MAIL_ALIVE])
        whole = ask(port, "/healthz", method="GET")
    assert (half.status, half.json["clockwork"]) == (503, "up")
    assert whole.status == 200
    assert whole.json == {"ok": True, "database": "up", "clockwork": "up", "smtp": "up", "pages": "up"}


def test_it_says_that_the_database_is_away(here: Town, port: int) -> None:
    with here.away(roles.MOUTH):
        assert eventually(lambda: ask(port, "/healthz", method="GET").json["database"] == "it doesn't answer")
        assert ask(port, "/healthz", method="GET").status == 503


def test_the_clockwork_is_known_by_the_lock_it_holds() -> None:
    assert CLOCKWORK_ALIVE == clockwork.ALIVE_LOCK != MAIL_ALIVE


def test_a_page_takes_no_endless_body(port: int) -> None:
    said = ask(port, "/account/login/", b"x" * (LARGEST_BODY + 1))
    assert (said.status, said.body) == (413, b"What you sent is too large.")


def test_a_page_waits_for_nobody_for_ever(port: int) -> None:
    class Page:
        """Stands for Django: reads the body, then answers."""

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            while (message := await receive())["type"] == "http.request" and message["more_body"]:
                pass
            if message["type"] == "http.request":
                await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": False})
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def hurried(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await bounded(Page(), scope, receive, send, within_s=0.2)

    with serving(hurried) as quick, socket.create_connection(("127.0.0.1", quick), timeout=5) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        assert slow.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert ask(quick, "/", b"all of it").status == 200


def test_the_application_is_what_uvicorn_is_told_to_serve() -> None:
    assert isinstance(asgi.application, FrontDoor)
