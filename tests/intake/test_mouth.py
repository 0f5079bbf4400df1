"""What is posted is committed before it is answered, once, whatever it is and whoever sends it."""

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from leadbell import roles
from leadbell.allowance import Allowance
from leadbell.intake.door import FRESH_S, STRANGERS_PER_MINUTE, Keys
from leadbell.intake.mouth import LARGEST_BODY, Mouth
from leadbell.intake.post import Kept, Letter, NotKept, Post, idempotency_key, uuid7
from leadbell.intake.thanks import onward
from leadbell.words import say
from tests.fakes.front import ADF, Alone, Town, ask, serving, town

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def here(cluster: roles.Urls, django_db_setup: None) -> Iterator[Town]:
    with town(cluster) as there:
        yield there


@pytest.fixture(scope="module")
def port(here: Town) -> Iterator[int]:
    with serving(Alone(lambda: Mouth(here.urls.mouth, 0, body_within_s=0.4))) as open_at:
        yield open_at


@pytest.fixture
def website(here: Town) -> tuple[int, str]:
    """(source, key) of Northside's website."""
    return here.source(here.dealer())


def test_the_raw_body_is_kept_before_it_is_answered(here: Town, port: int, website: tuple[int, str]) -> None:
    source, key = website
    answer = ask(port, f"/in/{key}", ADF, content_type="application/xml")
    assert answer.status == 202
    [envelope] = here.envelopes(source)
    assert answer.json == {"envelope": str(envelope["id"]), "status": "accepted", "reason": None}
    assert bytes(envelope["body"]) == ADF
    assert bytes(envelope["sha256"]) == hashlib.sha256(ADF).digest()
    assert (envelope["transport"], envelope["content_type"]) == ("http", "application/xml")
    assert (envelope["status"], envelope["items"], envelope["id"].version) == ("accepted", 1, 7)


def test_what_is_no_lead_is_kept_in_quarantine_with_a_reason(
    here: Town, port: int, website: tuple[int, str]
) -> None:
    source, key = website
    answer = ask(port, f"/in/{key}", b"%PDF-1.7 brochure", content_type="application/pdf")
    [envelope] = here.envelopes(source)
    assert answer.status == 202
    assert answer.json["status"] == envelope["status"] == "quarantined"
    assert answer.json["reason"] == envelope["reason"]["text"] % envelope["reason"]["values"]


def test_the_clockwork_is_woken_and_the_inbox_is_told(
    here: Town, port: int, website: tuple[int, str]
) -> None:
    source, key = website
    dealer = here.one("select dealer_id from leadbell_source where id = %s", source)["dealer_id"]
    with psycopg.connect(here.urls.app, autocommit=True) as listener:
        listener.execute("listen leadbell_clockwork")
        listener.execute("listen leadbell_screens")
        ask(port, f"/in/{key}", ADF)
        ask(port, f"/in/{key}", b"GIF89a")
        heard = [(n.channel, n.payload) for n in listener.notifies(timeout=5, stop_after=2)]
    assert heard[0] == ("leadbell_clockwork", "")
    assert heard[1][0] == "leadbell_screens"
    assert json.loads(heard[1][1]) == {"d": dealer, "w": "inbox", "l": None, "p": []}


@pytest.mark.parametrize(
    ("method", "body", "headers", "status", "said"),
    [
        ("GET", None, {}, 405, "Post a lead here"),
        ("PUT", ADF, {}, 405, "Post a lead here"),
        ("DELETE", None, {}, 405, "Post a lead here"),
        ("POST", b"", {}, 400, "empty"),
        ("POST", b" \r\n\t", {}, 400, "empty"),
        ("POST", ADF, {"content_encoding": "gzip"}, 415, "compressed"),
        ("POST", b"x" * (LARGEST_BODY + 1), {}, 413, "too large"),
        (
            "GET",
            None,
            {"path": "?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1"},
            403,
            "verify token",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(
    here: Town, port: int, website: tuple[int, str], method: str, body: bytes | None, headers: dict[str, str],
    status: int, said: str,
) -> None:  # fmt: skip
    source, key = website
    headers = dict(headers)
    answer = ask(port, f"/in/{key}{headers.pop('path', '')}", body, method, **headers)
    assert answer.status == status
    assert said in answer.json["error"]
    assert (status == 405) == ("POST" in answer.headers.get("allow", ""))
    assert here.envelopes(source) == []


def test_an_unknown_and_a_revoked_key_are_the_same_nobody(here: Town, port: int) -> None:
    source, key = here.source(here.dealer())
    here.db.execute("update leadbell_source set revoked_at = now() where id = %s", [source])
    unknown = ask(port, "/in/nobodyhasthiskey", ADF)
    revoked = ask(port, f"/in/{key}", ADF)
    assert unknown.status == revoked.status == 404
    assert unknown.body == revoked.body
    assert "unknown, or was revoked" in unknown.json["error"]
    assert here.envelopes(source) == []


def test_a_body_without_a_length_is_cut_off_where_it_grows_too_large(
    here: Town, port: int, website: tuple[int, str]
) -> None:
    source, key = website
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sender:
        sender.sendall(f"POST /in/{key} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for _ in range(LARGEST_BODY // 0x10000 + 1):
            sender.sendall(piece)
        assert b" 413 " in sender.recv(4096).partition(b"\r\n")[0]
    assert here.envelopes(source) == []


def test_a_slow_sender_is_told_so(here: Town, port: int, website: tuple[int, str]) -> None:
    source, key = website
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sender:
        sender.sendall(f"POST /in/{key} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n<adf>".encode())
        assert b" 408 " in sender.recv(4096).partition(b"\r\n")[0]
    assert here.envelopes(source) == []


def test_of_a_body_that_was_cut_off_nothing_is_kept(here: Town, port: int, website: tuple[int, str]) -> None:
    source, key = website
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sender:
        sender.sendall(f"POST /in/{key} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(ADF)}\r\n\r\n".encode())
        sender.sendall(ADF[:-20])
    assert ask(port, f"/in/{key}", ADF).status == 202
    assert len(here.envelopes(source)) == 1


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (("order-1", ADF), ("order-1", ADF), True),
        (("order-1", ADF), ("order-1", ADF + b" "), False),
        (("order-1", ADF), ("order-2", ADF), False),
        ((None, ADF), (None, ADF), False),
        (("k" * 300, ADF), ("k" * 300, ADF), True),
        (("k" * 300, ADF), ("k" * 299 + "j", ADF), False),
        (("order-1", b"GIF89a"), ("order-1", b"GIF89a"), True),
    ],
)
def test_a_repeat_is_answered_with_the_first_envelope(
    here: Town, port: int, website: tuple[int, str], first: Any, second: Any, same: bool
) -> None:
    source, key = website
    answers = [
        ask(port, f"/in/{key}", body, **({"idempotency_key": name} if name else {}))
        for name, body in (first, second)
    ]
    assert [a.status for a in answers] == [202, 202]
    assert (answers[0].json == answers[1].json) == same
    assert len(here.envelopes(source)) == (1 if same else 2)


def test_repeats_at_the_same_moment_are_one_envelope(here: Town, port: int, website: tuple[int, str]) -> None:
    source, key = website
    with ThreadPoolExecutor(12) as senders:
        answers = list(senders.map(lambda _: ask(port, f"/in/{key}", ADF, idempotency_key="once"), range(36)))
    assert {a.status for a in answers} == {202}
    assert len({a.json["envelope"] for a in answers}) == len(here.envelopes(source)) == 1


def test_another_process_answers_a_repeat_with_the_same_envelope(
    here: Town, website: tuple[int, str]
) -> None:
    source, _ = website
    dealer = here.organisations[-1]

    async def both() -> list[Kept | NotKept]:
        posts = [Post(here.urls.mouth, "http") for _ in range(2)]
        for post in posts:
            post.open()
        letters = [Letter(source, dealer, "", ADF, NOON, "once") for _ in range(10)]
        answers = await asyncio.gather(*(posts[n % 2].keep(letter) for n, letter in enumerate(letters)))
        await asyncio.gather(*(post.close() for post in posts))
        return answers

    answers = asyncio.run(both())
    assert len(set(answers)) == len(here.envelopes(source)) == 1


def test_what_waits_is_committed_together(here: Town, website: tuple[int, str]) -> None:
    source, _ = website

    async def rush() -> list[Kept | NotKept]:
        post = Post(here.urls.mouth, "http")
        post.open()
        answers = await asyncio.gather(
            *(post.keep(Letter(source, here.organisations[-1], "", b"lead %d" % n, NOON)) for n in range(400))
        )
        await post.close()
        return answers

    assert all(isinstance(a, Kept) for a in asyncio.run(rush()))
    commits = here.one(
        "select count(distinct xmin::text) as n from leadbell_envelope where source_id = %s", source
    )
    assert len(here.envelopes(source)) == 400
    assert commits["n"] <= 3


def test_one_letter_that_the_database_refuses_costs_no_other(here: Town, website: tuple[int, str]) -> None:
    source, _ = website
    dealer = here.organisations[-1]

    async def rush() -> list[Kept | NotKept]:
        post = Post(here.urls.mouth, "http")
        post.open()
        letters = [Letter(source if n != 37 else 10**9, dealer, "", b"lead %d" % n, NOON) for n in range(100)]
        letters[61] = Letter(source, dealer, "text\0plain", b"lead 61", NOON)
        answers = await asyncio.gather(*(post.keep(letter) for letter in letters))
        await post.close()
        return answers

    with capture_logs() as logs:
        answers = asyncio.run(rush())
    refused = [n for n, answer in enumerate(answers) if isinstance(answer, NotKept)]
    assert refused == [37, 61]
    assert len(here.envelopes(source)) == 98
    assert [(line["event"], line["error"]) for line in logs] == [
        ("refused by the database", "ForeignKeyViolation"),
        ("refused by the database", "CharacterNotInRepertoire"),
    ]


def test_nothing_is_promised_while_the_database_is_away(
    here: Town, port: int, website: tuple[int, str]
) -> None:
    source, key = website
    assert ask(port, f"/in/{key}", b"<adf/>1").status == 202
    with here.away(roles.MOUTH):
        answers = [ask(port, f"/in/{key}", ADF) for _ in range(3)]
    assert [a.status for a in answers] == [503] * 3
    assert all(int(a.headers["retry-after"]) > 0 and "Nothing was kept" in a.json["error"] for a in answers)
    assert ask(port, f"/in/{key}", b"<adf/>2").status == 202
    assert len(here.envelopes(source)) == 2


def test_nobody_waits_for_ever_for_a_database_that_hangs(here: Town, website: tuple[int, str]) -> None:
    source, _ = website
    dealer = here.organisations[-1]

    async def hang() -> list[Kept | NotKept]:
        post = Post(here.urls.mouth, "http", answer_within_s=0.2)
        post.open()
        with here.db.transaction():
            here.db.execute("lock table leadbell_envelope in share mode")
            answers = await asyncio.gather(
                *(post.keep(Letter(source, dealer, "", b"%d" % n, NOON)) for n in range(3))
            )
        while isinstance(late := await post.keep(Letter(source, dealer, "", ADF, NOON)), NotKept):
            pass
        await post.close()
        return [*answers, late]

    *hung, late = asyncio.run(hang())
    assert all(isinstance(answer, NotKept) for answer in hung)
    assert isinstance(late, Kept)
    assert late.envelope in {envelope["id"] for envelope in here.envelopes(source)}


def test_a_commit_that_is_repeated_stores_nothing_twice(here: Town, website: tuple[int, str]) -> None:
    """The connection may break between the commit and the word of it; the batch is then sent again."""
    source, _ = website

    async def twice() -> list[Kept | NotKept]:
        post = Post(here.urls.mouth, "http")
        post.open()
        letter = Letter(source, here.organisations[-1], "", ADF, NOON)
        answers = [await post.keep(letter), await post.keep(letter)]
        await post.close()
        return answers

    first, second = asyncio.run(twice())
    assert first == second
    assert len(here.envelopes(source)) == 1


@pytest.fixture
def full_disk(here: Town) -> Iterator[None]:
    """A disk that has no room for bodies which say so."""
    here.db.execute(
        "create function no_room() returns trigger language plpgsql as"
        " $$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$"
    )
    here.db.execute(
        "create trigger no_room before insert on leadbell_envelope for each row"
        " when (new.body = 'large') execute function no_room()"
    )
    yield
    here.db.execute("drop trigger no_room on leadbell_envelope")
    here.db.execute("drop function no_room")


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_said_and_nothing_is_promised(here: Town, port: int, website: tuple[int, str]) -> None:
    source, key = website
    refused = ask(port, f"/in/{key}", b"large")
    assert (refused.status, refused.headers["retry-after"]) == (503, "30")
    assert "full" in refused.json["error"]
    assert ask(port, f"/in/{key}", b"small").status == 202
    assert len(here.envelopes(source)) == 1


def test_a_lost_connection_is_opened_again_without_anybody_noticing(
    here: Town, port: int, website: tuple[int, str]
) -> None:
    source, key = website
    for n in range(3):
        assert ask(port, f"/in/{key}", b"lead %d" % n).status == 202
        with here.away(roles.MOUTH):
            pass
    assert len(here.envelopes(source)) == 3


def test_a_key_works_at_once_and_is_closed_within_seconds(here: Town) -> None:
    source, key = here.source(here.dealer())
    seconds = [100.0]

    async def look(keys: Keys) -> bool:
        return await keys.source_of(key) is not None

    async def story() -> list[bool]:
        keys = Keys(here.urls.mouth, lambda: seconds[0])
        seen = [await look(keys)]
        here.db.execute("update leadbell_source set revoked_at = now() where id = %s", [source])
        seconds[0] += FRESH_S - 0.1
        seen.append(await look(keys))
        seconds[0] += 0.2
        seen.append(await look(keys))
        await keys.close()
        return seen

    assert asyncio.run(story()) == [True, True, False]


@pytest.mark.parametrize(
    ("after_s", "granted"), [(0, 3), (1, 1), (10, 3), (0.5, 0)],
)  # fmt: skip
def test_an_allowance_fills_up_again(after_s: float, granted: int) -> None:
    allowed = Allowance(per_minute=60, burst=3)
    for _ in range(3):
        assert allowed.wait_s("Northside", 50.0) == 0
        allowed.count("Northside", 50.0)
    if after_s:
        got = 0
        while allowed.wait_s("Northside", 50.0 + after_s) == 0:
            allowed.count("Northside", 50.0 + after_s)
            got += 1
        assert got == granted
    assert allowed.wait_s("Southside", 50.0) == 0


def test_who_delivers_too_often_hears_when_to_come_again(here: Town) -> None:
    source, key = here.source(here.dealer())
    with serving(Alone(lambda: Mouth(here.urls.mouth, 4, clock=lambda: 100.0))) as port:
        statuses = [ask(port, f"/in/{key}", b"lead %d" % n).status for n in range(2)]
        late = ask(port, f"/in/{key}", b"lead 3")
        strangers = [ask(port, f"/in/nobody{n}", ADF).status for n in range(STRANGERS_PER_MINUTE)]
        still_known = ask(port, f"/in/{key}", b"lead 4")
    assert statuses == [202, 202]
    assert (late.status, late.headers["retry-after"]) == (429, "15")
    assert "in 15 seconds" in late.json["error"]
    assert strangers == [404] * (STRANGERS_PER_MINUTE // 2) + [429] * (STRANGERS_PER_MINUTE // 2)
    assert "with this key" in still_known.json["error"]
    assert len(here.envelopes(source)) == 2


def test_meta_finds_its_challenge_answered(here: Town, port: int) -> None:
    _, key = here.source(here.dealer(), secret="app secret")
    for token in (key, "app+secret"):
        answer = ask(
            port, f"/in/{key}?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158", method="GET"
        )
        assert (answer.status, answer.body) == (200, b"1158")
        assert answer.headers["content-type"].startswith("text/plain")


META = json.dumps(
    {
        "object": "page",
        "entry": [
            {
                "id": "1",
                "time": 1700000000,
                "changes": [
                    {
                        "field": "leadgen",
                        "value": {
                            "leadgen_id": 44444444444444444, "page_id": 1, "form_id": 2, "created_time": 1700000000,
                            "field_data": [{"name": "email", "values": ["okafor@example.org"]}],
                        },
                    }
                ],
            }
        ],
    }
).encode()  # fmt: skip
GOOGLE = {
    "lead_id": "L1", "api_version": "1.0", "form_id": 1, "campaign_id": 2,
    "user_column_data": [{"column_id": "EMAIL", "string_value": "okafor@example.org"}],
}  # fmt: skip


def _signed(body: bytes, secret: str) -> dict[str, str]:
    return {"x_hub_signature_256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (META, _signed(META, "s3cret"), "accepted"),
        (META, _signed(META, "guessed"), "quarantined"),
        (META, {}, "quarantined"),
        (META.replace(b"leadgen", b"\\u006ceadgen"), {}, "quarantined"),
        (json.dumps(GOOGLE | {"google_key": "s3cret"}).encode(), {}, "accepted"),
        (json.dumps(GOOGLE | {"google_key": "guessed"}).encode(), {}, "quarantined"),
        (json.dumps(GOOGLE).encode(), {}, "quarantined"),
        (ADF, {}, "accepted"),
    ],
)
def test_where_a_source_has_a_secret_the_platform_has_to_know_it(
    here: Town, port: int, body: bytes, headers: dict[str, str], status: str
) -> None:
    source, key = here.source(here.dealer(), secret="s3cret")
    answer = ask(port, f"/in/{key}", body, content_type="application/json", **headers)
    assert (answer.status, answer.json["status"]) == (202, status)
    assert ("may not come from" in (answer.json["reason"] or "")) == (status == "quarantined")
    assert len(here.envelopes(source)) == 1


def test_a_browser_may_post_from_any_website(port: int, website: tuple[int, str]) -> None:
    _, key = website
    asked = ask(port, f"/in/{key}", method="OPTIONS", origin="https://northside.example")
    assert asked.status == 204
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "idempotency-key" in asked.headers["access-control-allow-headers"]
    posted = ask(port, f"/in/{key}", ADF, origin="https://northside.example")
    assert posted.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in {**posted.headers, **asked.headers}


def test_the_visitor_of_a_website_is_thanked_in_their_language(
    here: Town, port: int, website: tuple[int, str]
) -> None:
    source, key = website
    answer = ask(
        port, f"/in/{key}", b"name=Mr+Okafor&email=okafor%40example.org", content_type=FORM,
        accept="text/html,*/*", accept_language="nl-NL,nl;q=0.9",
    )  # fmt: skip
    assert answer.status == 202
    assert b'<html lang="nl">' in answer.body
    assert b"Northside" in answer.body
    assert b"okafor" not in answer.body.lower()
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    refused = ask(port, "/in/nobodyhasthiskey", b"a=1", content_type=FORM, accept="text/html")
    assert (refused.status, refused.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert len(here.envelopes(source)) == 1


MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\nokafor@example.org\r\n'
    b'--b\r\nContent-Disposition: form-data; name="_next"\r\n\r\nhttps://northside.example/thanks\r\n--b--\r\n'
)


@pytest.mark.parametrize(
    ("form", "content_type", "sent_from", "leads_to"),
    [
        (b"_next=https%3A%2F%2Fnorthside.example%2Fthanks", FORM, "https://northside.example", True),
        (
            b"_next=https%3A%2F%2Fnorthside.example%2Fthanks",
            FORM,
            "https://northside.example/contact?x=1",
            True,
        ),
        (MULTIPART, "multipart/form-data; boundary=b", "https://northside.example", True),
        (b"_next=https%3A%2F%2Fnorthside.example%2Fthanks", FORM, "https://elsewhere.example", False),
        (b"_next=https%3A%2F%2Fnorthside.example%2Fthanks", FORM, "", False),
        (b"_next=https%3A%2F%2Fnorthside.example%2Fthanks", FORM, "null", False),
        (
            b"_next=https%3A%2F%2Fnorthside.example%40evil.example%2F",
            FORM,
            "https://northside.example",
            False,
        ),
        (
            b"_next=https%3A%2F%2Fnorthside.example%2F%0D%0ASet-Cookie%3A",
            FORM,
            "https://northside.example",
            False,
        ),
        (b"_next=javascript%3Aalert%281%29", FORM, "https://northside.example", False),
        (b"_next=%2F%2Fnorthside.example%2Fthanks", FORM, "https://northside.example", False),
        (b"_next=https%3A%2F%2Fnorthside.example%5C.evil.example", FORM, "https://northside.example", False),
        (b"_next=https%3A%2F%2F%5Bnorthside", FORM, "https://northside.example", False),
        (b"name=Mr+Okafor", FORM, "https://northside.example", False),
    ],
)
def test_a_form_may_lead_on_within_its_own_website(
    form: bytes, content_type: str, sent_from: str, leads_to: bool
) -> None:
    assert onward(form, content_type, sent_from) == ("https://northside.example/thanks" if leads_to else None)


def test_the_visitor_is_led_on_to_the_page_that_the_form_names(port: int, website: tuple[int, str]) -> None:
    _, key = website
    answer = ask(
        port, f"/in/{key}", b"email=okafor%40example.org&_next=https%3A%2F%2Fnorthside.example%2Fthanks",
        content_type=FORM, accept="text/html", referer="https://northside.example/contact",
    )  # fmt: skip
    assert (answer.status, answer.headers["location"]) == (303, "https://northside.example/thanks")


def test_no_name_number_or_message_gets_into_the_log(here: Town, website: tuple[int, str]) -> None:
    source, _ = website

    async def fail() -> Kept | NotKept:
        post = Post(here.urls.mouth, "http")
        post.open()
        answer = await post.keep(
            Letter(
                source,
                10**9,
                "text/plain",
                b"Mr Okafor, +31612345678",
                NOON,
                "okafor@example.org",
                say("Mr Okafor"),
            )
        )
        await post.close()
        return answer

    with capture_logs() as logs:
        assert isinstance(asyncio.run(fail()), NotKept)
    assert logs
    assert not any(word in str(logs) for word in ("Okafor", "okafor", "612345678"))


@given(st.integers(946_684_800_000, 7_258_118_400_000))
def test_an_envelope_id_is_a_uuid_that_sorts_by_time(ms: int) -> None:
    at = datetime.fromtimestamp(ms / 1000, UTC)
    one, later = uuid7(at), uuid7(at + timedelta(milliseconds=2))
    assert one < later
    assert (one.version, one.variant) == (7, UUID(int=2 << 62).variant)
    assert abs((one.int >> 80) / 1000 - at.timestamp()) < 0.002


@given(st.text(max_size=400))
def test_whatever_a_sender_calls_a_delivery_can_be_stored(said: str) -> None:
    key = idempotency_key(said)
    assert key is None or (0 < len(key) <= 200 and "\0" not in key)
    assert idempotency_key(said) == key


_VALUE = st.binary(max_size=60).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b""))
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"content-type", b"idempotency-key", b"accept", b"accept-language", b"origin", b"referer", b"cookie",
             b"x-hub-signature-256", b"content-encoding", b"x-forwarded-for", b"expect"]
        ),
        _VALUE | st.sampled_from([b"application/json", FORM.encode(), b"text/html", b"multipart/form-data; x=y"]),
    ),
    max_size=6,
)  # fmt: skip
_BODY = st.one_of(
    st.binary(max_size=300),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=15), inner, max_size=4),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=40).map(lambda noise: ADF[:200] + noise + ADF[200:]),
    st.text(max_size=100).map(lambda text: b"_next=" + text.encode("utf-8", "replace")),
)


@given(_BODY, _HEADERS, st.sampled_from(["POST", "POST", "POST", "OPTIONS", "GET"]), st.binary(max_size=20))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_is_answered_and_never_with_a_fault_of_ours(
    here: Town, port: int, fuzzed: str, body: bytes, headers: Any, method: str, query: bytes
) -> None:
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    target = f"/in/{fuzzed}?".encode() + query.hex().encode()
    request = b"%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n" % (
        method.encode(), target, lines, len(body),
    )  # fmt: skip
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sender:
        sender.sendall(request + body)
        said = b""
        while piece := sender.recv(65536):
            said += piece
    final = said.rpartition(b"HTTP/1.1 ")[2]
    assert final[:1] in (b"2", b"3", b"4"), said[:200]


@pytest.fixture(scope="module")
def fuzzed(here: Town) -> str:
    return here.source(here.dealer(), secret="s3cret")[1]
