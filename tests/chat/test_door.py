"""The chat's door over real HTTP: what a visitor's browser asks, and what hostile senders achieve."""

import contextlib
import json
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadbell import roles
from leadbell.chat.door import Chats
from leadbell.chat.rules import LARGEST_BODY, LONGEST_LINE
from tests.fakes.front import Alone, Answer, Town, ask, serving, town
from tests.waiting import eventually

HOME = "https://www.northside.example"


@pytest.fixture(scope="module")
def here(cluster: roles.Urls, django_db_setup: None) -> Iterator[Town]:
    with town(cluster) as there:
        yield there
        ours = [there.organisations]
        for table in ("chatline", "chat", "chatsite"):
            there.db.execute(f"delete from leadbell_{table} where dealer_id = any(%s)", ours)


@dataclass(frozen=True)
class Site:
    """What the door knows of a website."""

    id: int
    key: str
    origins: frozenset[str]


@dataclass
class Clock:
    """Moved by hand: nobody waits a minute for an allowance."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at + time.monotonic()


@dataclass
class Corner:
    """A website with its chat on, the door, and a browser on it."""

    here: Town
    port: int
    clock: Clock
    site: Site
    source: int
    token: str = field(default_factory=lambda: secrets.token_hex(32))

    def ask(self, what: str, origin: str = HOME, **about: Any) -> Answer:
        body = json.dumps({"site": self.site.key, "token": self.token, "language": "en", **about}).encode()
        return ask(self.port, f"/chat/{what}", body, origin=origin)

    def begin(self, text: str = "Hello?") -> Answer:
        return self.ask("begin", key=uuid.uuid4().hex, text=text)

    def lines(self) -> list[dict[str, Any]]:
        return list(
            self.here.db.execute(
                "select n.* from leadbell_chatline n join leadbell_chat c on c.id = n.chat_id"
                " where c.site = %s order by n.id",
                [self.site.id],
            )
        )


@pytest.fixture(scope="module")
def running(here: Town) -> Iterator[tuple[int, Alone, Clock, dict[str, Site]]]:
    sites: dict[str, Site] = {}
    clock = Clock()
    alone = Alone(lambda: Chats(here.urls.mouth, sites.get, clock, body_within_s=0.5, news_within_s=30.0))
    with serving(alone) as port:
        yield port, alone, clock, sites


@pytest.fixture
def corner(here: Town, running: tuple[int, Alone, Clock, dict[str, Site]]) -> Corner:
    port, alone, clock, sites = running
    clock.at += 600
    dealer, number = here.dealer(), secrets.randbelow(10**12)
    site = Site(number, uuid.uuid4().hex[:20], frozenset({HOME}))
    source = here.one(
        "insert into leadbell_source (dealer_id, name, origin, key, secret, created_at)"
        " values (%s, 'Chat', 'chat', %s, '', now()) returning id",
        dealer, uuid.uuid4().hex,
    )["id"]  # fmt: skip
    here.db.execute(
        "insert into leadbell_chatsite (dealer_id, site, source, is_on, greets, patience_s, changed_at)"
        " values (%s, %s, %s, true, false, 30, now())",
        [dealer, number, source],
    )
    sites[site.key] = site
    alone.inner.places_known_at = float("-inf")
    assert eventually(lambda: number in alone.inner.places, 5)
    assert eventually(alone.inner.listening.is_set, 5)
    return Corner(here, port, clock, site, source)


def test_a_chat_is_kept_before_it_is_answered(corner: Corner) -> None:
    presence = corner.ask("here")
    assert presence.status == 200
    assert presence.headers["access-control-allow-origin"] == HOME
    assert presence.json["state"] in ("away", "closed")
    assert presence.json["says"]["send"] == "Send"
    assert corner.begin("Is the blue one in stock?").json == {"kept": True}
    [line] = corner.lines()
    assert (line["who"], line["text"]) == ("customer", "Is the blue one in stock?")
    envelope = corner.here.one(
        "select transport, status, body from leadbell_envelope where source_id = %s", corner.source
    )
    assert (envelope["transport"], envelope["status"]) == ("chat", "accepted")
    assert b"blue one" in bytes(envelope["body"])


def test_who_waits_hears_the_answer_at_once(corner: Corner) -> None:
    corner.begin()
    first = corner.ask("hear").json
    assert [line["text"] for line in first["lines"]] == ["Hello?"]
    heard: list[tuple[float, Any]] = []
    began = time.monotonic()

    def wait() -> None:
        answer = corner.ask("hear", after=first["lines"][-1]["id"], known=first["known"])
        heard.append((time.monotonic() - began, answer.json))

    waiting = threading.Thread(target=wait)
    waiting.start()
    corner.ask("say", key=uuid.uuid4().hex, text="From the other tab")
    waiting.join(60)
    [(took, news)] = heard
    assert [line["text"] for line in news["lines"]] == ["From the other tab"]
    assert took < 25, "long before it would have been answered anyway"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", HOME + ".evil.example"])
def test_another_website_speaks_in_no_chat(corner: Corner, origin: str) -> None:
    corner.begin()
    for what in ("here", "begin", "say", "hear", "contact", "end", "erase"):
        answer = corner.ask(what, origin, key=uuid.uuid4().hex, text="x", phone="0612345678")
        assert answer.status == 404
        assert "access-control-allow-origin" not in answer.headers
    assert len(corner.lines()) == 1


@pytest.mark.parametrize("token", ["", "1", "../../etc", "0" * 64, "f" * 64, "Z" * 64, "x" * 5000])
def test_a_guessed_chat_is_nobodys(corner: Corner, token: str) -> None:
    corner.begin()
    for what in ("say", "hear", "contact", "end", "erase"):
        assert corner.ask(what, token=token, key=uuid.uuid4().hex, text="x", phone="0612345678").status == 404
    assert len(corner.lines()) == 1


def test_what_is_too_long_too_slow_or_too_often_does_no_harm(corner: Corner) -> None:
    # Told 413, or hung up on while still sending.
    with contextlib.suppress(ConnectionError):
        assert corner.ask("begin", key=uuid.uuid4().hex, text="x" * 10_000_000).status == 413
    assert ask(corner.port, "/chat/begin", b"x" * (LARGEST_BODY + 1), origin=HOME).status == 413
    with socket.create_connection(("127.0.0.1", corner.port), 5) as slow:
        slow.sendall(b"POST /chat/say HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        assert b"408" in slow.recv(200)
    corner.begin("y" * (LONGEST_LINE + 1000))
    assert [len(line["text"]) for line in corner.lines()] == [LONGEST_LINE]
    answers = [corner.ask("say", key=uuid.uuid4().hex, text=f"{n}").status for n in range(12)]
    assert answers.count(429) >= 3
    assert len(corner.lines()) == 1 + answers.count(200)


def test_one_address_begins_a_few_chats_a_minute(corner: Corner) -> None:
    answers = [
        corner.ask("begin", token=secrets.token_hex(32), key=uuid.uuid4().hex, text="x") for _ in range(8)
    ]
    assert [one.status for one in answers].count(429) >= 4
    corner.clock.at += 60
    assert corner.begin().status == 200


def test_left_a_number_ended_and_erased(corner: Corner) -> None:
    corner.begin()
    assert corner.ask("contact", name="Mr Okafor", phone="12", email="").status == 400
    assert corner.ask("contact", name="Mr Okafor", phone="0612345678").json == {"kept": True}
    assert corner.ask("end").json == {"done": True}
    assert corner.ask("say", key=uuid.uuid4().hex, text="more").status == 409
    assert corner.ask("erase").json == {"done": True}
    assert corner.lines() == []
    assert corner.ask("hear").json["ended"] == "visitor"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    what=st.sampled_from(["here", "begin", "say", "hear", "contact", "end", "erase", "x", ""]),
    body=st.binary(max_size=300) | st.dictionaries(
        st.sampled_from(["token", "key", "text", "after", "known", "visitor", "page", "phone", "language"]), ANYTHING
    ).map(lambda about: json.dumps(about).encode()),
    with_key=st.booleans(),
)  # fmt: skip
def test_whatever_is_sent_is_refused_calmly(corner: Corner, what: str, body: bytes, with_key: bool) -> None:
    corner.clock.at += 60
    if with_key and body.startswith(b"{"):
        body = b'{"site": "%s", %s' % (corner.site.key.encode(), body[1:].lstrip() or b"}")
        body = body.replace(b", }", b"}")
    answer = ask(corner.port, f"/chat/{what}", body, origin=HOME)
    assert answer.status in (200, 400, 404, 409, 413, 429)
    assert corner.lines() == []


def test_what_is_odd_is_stored_as_text(corner: Corner) -> None:
    corner.begin("a\x00b\u202ec\x85d <script>alert(1)</script>'; drop table x;--")
    [line] = corner.lines()
    assert line["text"] == "a b c d <script>alert(1)</script>'; drop table x;--"
