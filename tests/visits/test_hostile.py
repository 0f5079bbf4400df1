"""Hostile beacons: fuzzed, huge, with script in their titles, with guessed ids. They do no harm."""

import contextlib
import json
import time
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadbell.visits.asking import ASKS_PER_MINUTE
from leadbell.visits.rules import Drop
from tests.fakes.front import ask
from tests.visits.test_beacon import BROWSER, HOME, Website, here, running, website
from tests.waiting import eventually

__all__ = ["here", "running", "website"]

REASONS = {*map(str, Drop), "kept", "anonymous"}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
TOLD = st.dictionaries(
    st.sampled_from(["v", "c", "g", "t", "k", "p", "u", "h", "d", "l", "car", "s"]), ANYTHING, max_size=12
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=400) | TOLD, with_key=st.booleans())
def test_whatever_is_sent_is_answered_with_nothing(
    website: Website, body: bytes | dict[str, object], with_key: bool
) -> None:
    if isinstance(body, dict):
        fine = website.told() if with_key else {}
        body = json.dumps({**fine, **body}).encode()
    answer = ask(website.port, "/v", body, origin=HOME, user_agent=BROWSER)
    assert (answer.status, answer.body) == (204, b"")


def test_after_all_that_the_door_keeps_and_counts_as_before(website: Website) -> None:
    for odd in (
        b"\xff\xfe",
        b"[" * 5000,
        b'{"s": 1e999}',
        json.dumps({**website.told(), "h": "x" * 7000}).encode(),
    ):
        assert website.send(odd).status == 204
    website.send(website.told())
    assert eventually(lambda: website.counts().get("kept", 0) >= 1)
    assert set(website.counts()) <= REASONS


def test_ten_megabytes_are_not_read(website: Website) -> None:
    began = time.monotonic()
    # Answered, or hung up on while still sending.
    with contextlib.suppress(ConnectionError):
        assert website.send(b"x" * 10_000_000).status == 204
    assert time.monotonic() - began < 30
    assert website.send(website.told()).status == 204
    assert website.counted(kept=1, oversized=1)


def test_script_in_a_title_is_kept_as_a_title(website: Website) -> None:
    website.send(website.told(h="<script>alert(1)</script>", u="/<img src=x onerror=alert(2)>"))
    assert website.counted(kept=1)
    [look] = website.looks()
    assert look["title"] == "<script>alert(1)</script>"


def test_guessing_ids_shows_nothing_and_ends_soon(website: Website) -> None:
    website.send(website.told())
    assert website.counted(kept=1)
    statuses = []
    for _ in range(int(ASKS_PER_MINUTE)):
        guess = uuid.uuid4().hex
        answer = ask(
            website.port, f"/v/me?site={website.key}", None, "GET", origin=HOME, leadbell_visitor=guess
        )
        statuses.append(answer.status)
        if answer.status == 200:
            assert answer.json == {"known": False}
    assert statuses.count(429) >= 10


@pytest.mark.parametrize("key", ["", "x", "../../etc/passwd", "<script>", "a" * 5000])
def test_a_website_that_isnt_there_gets_no_script(website: Website, key: str) -> None:
    answer = ask(website.port, f"/v/more?site={key}", None, "GET")
    assert answer.status in (200, 400)
    assert b"script" not in answer.body
