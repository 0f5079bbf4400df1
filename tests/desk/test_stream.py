"""What changes is told to the screens it concerns, at once, and to nobody else's."""

import asyncio
import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from time import monotonic
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore

from leadbell import roles
from leadbell.desk.live.admission import Reader
from leadbell.desk.live.nudges import MOST_WAITING, News, Stream, for_everybody, for_whose_desk_it_is
from leadbell.desk.live.stream import Screens
from tests.fakes.front import Alone, Town, ask, serving, town
from tests.waiting import eventually


@pytest.fixture(scope="module")
def here(cluster: roles.Urls, django_db_setup: None, django_db_blocker: Any) -> Iterator[Town]:
    with django_db_blocker.unblock(), town(cluster) as there:
        yield there
        there.db.execute("delete from django_session")


class Web:
    """The screens of one web process, and where they are served."""

    def __init__(self, here: Town, left_after_s: float = 0.3) -> None:
        self.screens: Screens
        self.port = 0

        def make() -> Screens:
            self.screens = Screens(here.urls.app, left_after_s=left_after_s)
            return self.screens

        self.application = Alone(make)


@contextmanager
def a_web(here: Town) -> Iterator[Web]:
    web = Web(here)
    with serving(web.application) as web.port:
        yield web


@pytest.fixture
def web(here: Town) -> Iterator[Web]:
    with a_web(here) as served:
        yield served


class Cast:
    """Northside with Rosa, Samir and Ines; Southside with Lena; their group's manager and the importer."""

    def __init__(self, here: Town) -> None:
        self.importer = here.dealer("Hyundai", "importer")
        group = here.dealer("Okoye Group", "group", self.importer)
        self.northside, self.southside = here.dealer("Northside", parent=group), here.dealer("Southside")
        self.rosa = here.person(self.northside, "Rosa")
        self.samir = here.person(self.northside, "Samir")
        self.ines = here.person(self.northside, "Ines", "manager")
        self.lena = here.person(self.southside, "Lena")
        self.grace = here.person(group, "Grace", "manager")
        self.importers = here.person(self.importer, "Hyun", "importer")


@pytest.fixture
def cast(here: Town) -> Cast:
    return Cast(here)


def sign_in(person: int, **session_of: Any) -> str:
    """The key of a new session, as signing in makes it."""
    somebody = get_user_model().objects.get(pk=person)
    session = SessionStore()
    session[SESSION_KEY] = str(person)
    session[BACKEND_SESSION_KEY] = django_settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = somebody.get_session_auth_hash()
    for name, value in session_of.items():
        session[name] = value
    session.save()
    assert session.session_key is not None
    return session.session_key


class Screen:
    """A browser's end of the stream."""

    def __init__(self, web: Web, person: int, session: str | None = None) -> None:
        self.session = session or sign_in(person)
        self.socket = socket.create_connection(("127.0.0.1", web.port), timeout=5)
        cookie = f"a=b; {django_settings.SESSION_COOKIE_NAME}={self.session}"
        self.socket.sendall(f"GET /stream HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
        self.lines = self.socket.makefile("rb")
        self.status = int(self.lines.readline().split()[1])
        self.headers = {}
        while (line := self.lines.readline().strip().decode()) != "":
            name, _, value = line.partition(": ")
            self.headers[name] = value
        self.everything = b""
        if self.status == 200:
            assert self.chunk().startswith(b"retry: ")

    def chunk(self) -> bytes:
        """The next piece; empty when the stream ended."""
        size = int(self.lines.readline() or b"0", 16)
        piece = self.lines.read(size)
        self.lines.readline()
        self.everything += piece
        return piece

    def until(self, last: str) -> list[tuple[str, Any]]:
        """All events up to this one."""
        heard: list[tuple[str, Any]] = []
        while not any(name == last for name, _ in heard):
            piece = self.chunk()
            assert piece, f"the stream ended before {last}; heard {heard}"
            heard += [
                (n.decode(), json.loads(d)) for n, d in re.findall(rb"event: (.+)\ndata: (.+)\n\n", piece)
            ]
        return heard

    def heard_within(self, seconds: float) -> set[bytes]:
        """What it was told until nothing more came for so long."""
        self.socket.settimeout(seconds)
        with suppress(TimeoutError):
            while self.chunk():
                pass
        return set(re.findall(rb"event: (.+)", self.everything))

    def ended(self) -> bool:
        while self.chunk():
            pass
        return True

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


@pytest.fixture
def open_screen(web: Web) -> Iterator[Callable[..., Screen]]:
    opened: list[Screen] = []

    def screen(person: int, session: str | None = None) -> Screen:
        opened.append(Screen(web, person, session))
        return opened[-1]

    yield screen
    for each in opened:
        each.close()


def announce(here: Town, dealer: int, what: str, lead: int | None = None, *people: int) -> None:
    here.db.execute(
        "select pg_notify('leadbell_screens', %s)",
        [json.dumps({"d": dealer, "w": what, "l": lead, "p": list(people)})],
    )


def names(heard: list[tuple[str, Any]]) -> set[str]:
    return {name for name, _ in heard}


END = "lead-999"


def test_the_bell_rings_where_it_should_and_the_others_see_it(
    here: Town, cast: Cast, open_screen: Callable[..., Screen]
) -> None:
    rosa, samir, ines, grace = (open_screen(p) for p in (cast.rosa, cast.samir, cast.ines, cast.grace))
    announce(here, cast.northside, "ring", 41, cast.rosa)
    announce(here, cast.northside, "sold", 999)
    heard = rosa.until(END)
    assert ("ring", {"lead": 41}) in heard
    assert {"desk", "lead-41"} <= names(heard)
    for other in (samir, ines, grace):
        assert not names(other.until(END)) & {"ring", "desk"}
        assert b"lead-41" in other.everything
        assert b"ring" not in other.everything


@pytest.mark.parametrize(
    ("what", "lead", "mine", "everybodys"),
    [
        ("quiet", 41, {"quiet", "desk"}, {"lead-41"}),
        ("due", 41, {"due", "desk"}, {"lead-41"}),
        ("planned", 41, {"desk"}, {"lead-41"}),
        ("arrived", 41, {"desk"}, {"lead-41", "inbox"}),
        ("inbox", None, {"desk"}, {"inbox"}),
        ("dealer", None, {"desk"}, {"dealer"}),
        ("shift", None, {"desk"}, {"dealer"}),
    ],
)
def test_what_happened_names_the_events(
    here: Town, cast: Cast, open_screen: Callable[..., Screen], what: str, lead: int | None, mine: set[str],
    everybodys: set[str],
) -> None:  # fmt: skip
    rosa, samir = open_screen(cast.rosa), open_screen(cast.samir)
    announce(here, cast.northside, what, lead, cast.rosa)
    announce(here, cast.northside, "sold", 999)
    presence = {"floor", END}
    assert names(rosa.until(END)) | presence == mine | everybodys | presence
    assert names(samir.until(END)) | presence == everybodys | presence


def test_another_dealers_news_never_leaves(
    here: Town, cast: Cast, open_screen: Callable[..., Screen]
) -> None:
    lena, importer = open_screen(cast.lena), open_screen(cast.importers)
    for what in ("ring", "quiet", "due", "arrived", "inbox", "dealer", "sold"):
        announce(here, cast.northside, what, 41, cast.rosa, cast.lena, cast.importers)
    announce(here, cast.southside, "sold", 999)
    assert names(lena.until(END)) <= {END, "floor"}
    assert importer.heard_within(0.2) <= {b"floor"}, "that it came itself"


def test_whoever_is_not_signed_in_hears_nothing(here: Town, cast: Cast, web: Web) -> None:
    tampered = sign_in(cast.rosa, **{HASH_SESSION_KEY: "of another password"})
    over = sign_in(cast.rosa)
    here.db.execute("update django_session set expire_date = now() where session_key = %s", [over])
    let_go = sign_in(cast.samir)
    here.db.execute("update leadbell_person set is_active = false where id = %s", [cast.samir])
    for session, status in (
        (tampered, 401),
        (over, 401),
        ("nosuchsession", 401),
        ("../etc", 401),
        (let_go, 403),
    ):
        screen = Screen(web, cast.rosa, session)
        assert screen.status == status
        screen.close()
    assert ask(web.port, "/stream", method="GET").status == 401
    assert ask(web.port, "/stream", b"").status == 405
    assert web.screens.streams == []


def test_a_stream_is_not_kept_by_anybody_on_the_way(cast: Cast, open_screen: Callable[..., Screen]) -> None:
    headers = open_screen(cast.rosa).headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")


def test_a_new_screen_hears_what_happened_while_its_page_was_made(
    here: Town, cast: Cast, open_screen: Callable[..., Screen]
) -> None:
    first = open_screen(cast.ines)
    announce(here, cast.northside, "ring", 41, cast.rosa)
    announce(here, cast.southside, "ring", 42, cast.lena)
    first.until("lead-41")
    rosa = open_screen(cast.rosa)
    announce(here, cast.northside, "sold", 999)
    rosa.until(END)
    assert b'event: ring\ndata: {"lead":41}\n\n' in rosa.everything
    assert b"42" not in rosa.everything


def test_the_floor_is_nudged_at_most_twice_a_second(
    here: Town, cast: Cast, open_screen: Callable[..., Screen]
) -> None:
    ines = open_screen(cast.ines)
    at: list[float] = []
    for n in range(120):
        announce(here, cast.northside, "sold", n)
    announce(here, cast.northside, "sold", 999)
    while len(at) < 3:
        ines.until("floor")
        at.append(monotonic())
        announce(here, cast.northside, "sold", 5)
    assert all(later - earlier > 0.4 for earlier, later in pairwise(at))


def test_a_screen_whose_session_ended_is_closed(
    here: Town, cast: Cast, open_screen: Callable[..., Screen], web: Web
) -> None:
    rosa, samir, ines = (open_screen(p) for p in (cast.rosa, cast.samir, cast.ines))
    here.db.execute("delete from django_session where session_key = %s", [rosa.session])
    here.db.execute("update leadbell_person set password = 'another' where id = %s", [cast.samir])
    loop = web.screens.loop
    asyncio.run_coroutine_threadsafe(web.screens.check(web.screens.streams), loop).result(5)
    assert rosa.ended()
    assert samir.ended()
    assert [s.reader.person for s in web.screens.streams] == [cast.ines]
    announce(here, cast.northside, "sold", 999)
    ines.until(END)


def test_whoever_is_let_go_hears_nothing_from_that_moment(
    here: Town, cast: Cast, open_screen: Callable[..., Screen]
) -> None:
    rosa = open_screen(cast.rosa)
    here.db.execute("update leadbell_person set is_active = false where id = %s", [cast.rosa])
    announce(here, cast.northside, "dealer", None, cast.rosa)
    assert rosa.ended()


def test_whoever_moves_to_another_dealer_hears_only_its_news(
    here: Town, cast: Cast, open_screen: Callable[..., Screen]
) -> None:
    rosa = open_screen(cast.rosa)
    here.db.execute(
        "update leadbell_person set organisation_id = %s where id = %s", [cast.southside, cast.rosa]
    )
    announce(here, cast.northside, "dealer", None, cast.rosa)
    assert rosa.ended()
    again = open_screen(cast.rosa, rosa.session)
    announce(here, cast.northside, "sold", 41)
    announce(here, cast.southside, "sold", 999)
    assert "lead-41" not in names(again.until(END))


def seen_at(here: Town, person: int) -> datetime | None:
    return here.one("select seen_at from leadbell_person where id = %s", person)["seen_at"]  # type: ignore[no-any-return]  # a row of a test


def test_a_desk_is_open_from_the_first_stream_to_a_while_after_the_last(
    here: Town, cast: Cast, open_screen: Callable[..., Screen]
) -> None:
    assert seen_at(here, cast.rosa) is None
    with psycopg.connect(here.urls.app, autocommit=True) as listener:
        listener.execute("listen leadbell_screens")
        rosa = open_screen(cast.rosa)
        opened_at = seen_at(here, cast.rosa)
        open_screen(cast.rosa, rosa.session).close()
        rosa.close()
        told = [json.loads(n.payload) for n in listener.notifies(timeout=5, stop_after=2)]
    assert opened_at is not None
    assert abs(datetime.now(UTC) - opened_at) < timedelta(seconds=5)
    assert told == [
        {"d": cast.northside, "w": "came", "l": None, "p": []},
        {"d": cast.northside, "w": "left", "l": None, "p": [cast.rosa]},
    ]
    assert seen_at(here, cast.rosa) is None


def test_a_reload_makes_nobody_unreachable(
    here: Town, cast: Cast, open_screen: Callable[..., Screen], web: Web
) -> None:
    first = open_screen(cast.rosa)
    gone = open_screen(cast.samir)
    first.close()
    again = open_screen(cast.rosa, first.session)
    gone.close()
    assert eventually(lambda: seen_at(here, cast.samir) is None, 5)
    assert seen_at(here, cast.rosa) is not None
    again.close()


def test_a_screen_at_another_web_process_keeps_its_reader_reachable(
    here: Town, cast: Cast, open_screen: Callable[..., Screen]
) -> None:
    here_too = open_screen(cast.rosa)
    with a_web(here) as other:
        there = Screen(other, cast.rosa, here_too.session)
        there.close()
        here_too.until("desk")
        assert eventually(lambda: seen_at(here, cast.rosa) is not None, 5)


def test_a_web_that_stops_makes_nobody_unreachable(here: Town, cast: Cast) -> None:
    with a_web(here) as stopping:
        rosa = Screen(stopping, cast.rosa)
        assert rosa.status == 200
    assert seen_at(here, cast.rosa) is not None
    rosa.close()


def test_after_a_gap_every_screen_looks_again(
    here: Town, cast: Cast, open_screen: Callable[..., Screen], web: Web
) -> None:
    rosa = open_screen(cast.rosa)
    with here.away(roles.APP):
        lost = open_screen(cast.samir)
        assert lost.status == 503
    assert rosa.ended()
    assert all(b"event: %s\n" % name in rosa.everything for name in (b"desk", b"inbox", b"floor"))
    assert eventually(lambda: web.screens.listening)
    again = open_screen(cast.rosa, rosa.session)
    announce(here, cast.northside, "ring", 41, cast.rosa)
    assert ("ring", {"lead": 41}) in again.until("ring")


NORTHSIDE, ROSA = 1, 7
READER = Reader(ROSA, "session", frozenset({NORTHSIDE}))


async def test_a_bell_that_was_stopped_before_it_was_heard_is_silent() -> None:
    stream = Stream(READER)
    for what in ("ring", "quiet", "ring", "quiet"):
        stream.nudge(for_whose_desk_it_is(News(NORTHSIDE, what, 41, [ROSA])))
    said = stream.take()
    assert b"event: quiet\n" in said
    assert b"event: ring\n" not in said
    assert said.count(b"event: desk\n") == 1
    stream.forget()


class Northsides(Screens):
    """The screens of Rosa and Samir, without a database."""

    def __init__(self) -> None:
        super().__init__("")
        self.rosas, self.samirs = Stream(READER), Stream(Reader(ROSA + 1, "another", READER.dealers))
        for stream in (self.rosas, self.samirs):
            self._add(stream)

    def forget(self) -> None:
        for stream in (self.rosas, self.samirs):
            stream.forget()


async def test_the_bell_waits_for_nothing_and_the_rest_is_gathered() -> None:
    screens = Northsides()
    screens.tell(News(NORTHSIDE, "sold", 41))
    await asyncio.wait_for(screens.samirs.wake.wait(), 5)
    screens.rosas.take()
    screens.samirs.take()
    woken = []
    for what, people in (("sold", []), ("quoted", []), ("ring", [ROSA]), ("shown", [])):
        screens.tell(News(NORTHSIDE, what, 41, people))
        woken.append(screens.rosas.wake.is_set())
        if screens.rosas.wake.is_set():
            assert b"event: ring\n" in screens.rosas.take()
    assert woken == [False, False, True, False]
    assert not screens.samirs.wake.is_set()
    assert screens.samirs.take().count(b"event: lead-41\n") == 1
    screens.forget()


async def test_all_screens_of_a_dealer_are_told_together() -> None:
    screens = Northsides()
    for lead in (41, 42):
        screens.tell(News(NORTHSIDE, "sold", lead))
    assert not screens.rosas.wake.is_set()
    await asyncio.wait_for(screens.rosas.wake.wait(), 5)
    assert screens.samirs.wake.is_set()
    said = screens.rosas.take()
    assert [said.count(b"event: %s\n" % name) for name in (b"lead-41", b"lead-42", b"floor")] == [1, 1, 1]
    assert screens.samirs.take() == said
    screens.forget()


async def test_a_screen_that_takes_nothing_is_let_go() -> None:
    screens, stream = Screens(""), Stream(READER, beat_s=0.05)
    pieces = []

    async def send(message: Any) -> None:
        pieces.append(message)
        if len(pieces) > 1:
            await asyncio.Event().wait()

    await asyncio.wait_for(screens.tell_all(stream, send), 5)
    assert len(pieces) == 2
    stream.forget()


async def test_a_screen_hears_that_its_stream_is_alive() -> None:
    screens, stream = Screens(""), Stream(READER, beat_s=0.01)
    beats = []

    async def send(message: Any) -> None:
        if message.get("body") == b":\n\n":
            beats.append(message["more_body"])
            if len(beats) == 4:
                stream.close()

    await asyncio.wait_for(screens.tell_all(stream, send), 5)
    assert beats == [True, True, True, True, False]
    stream.forget()


async def test_a_screen_with_too_much_to_hear_is_dropped() -> None:
    stream = Stream(READER)
    for lead in range(MOST_WAITING + 1):
        stream.hear(for_everybody(News(NORTHSIDE, "sold", lead)))
    assert stream.closed
    stream.forget()


async def test_news_that_nobody_understands_harms_nobody() -> None:
    screens = Screens("")
    for payload in ("", "{", "[]", '{"d": "x", "w": 1}', '{"w": "ring"}'):
        screens.heard(payload)
    assert screens.streams == []
