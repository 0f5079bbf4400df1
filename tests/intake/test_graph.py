"""What Meta's Graph API may answer, and what we make of it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from leadbell.intake.graph import (
    FEWEST_FIELDS,
    FIELDS,
    LARGEST_ANSWER,
    NO_ANSWERS,
    NO_LEAD,
    NO_NUMBER,
    NO_SUCH_LEAD,
    NOT_ALLOWED,
    SILENT,
    TOKEN_REFUSED,
    TOO_OFTEN,
    Answered,
    Graph,
    Never,
    NotNow,
)
from tests.fakes.graph import TOKEN, GraphApi, error, graph_api, lead

#: Beyond 2⁵³: a float would make another lead of it.
NUMBER = "55459717045641545"


@pytest.fixture
def meta() -> Iterator[GraphApi]:
    with graph_api() as api:
        yield api


def ask(meta: GraphApi, number: str = NUMBER, token: str = TOKEN, patience_s: float = 5) -> Any:
    return Graph(meta.url, patience_s).lead(number, token)


def test_a_lead_is_asked_for_by_its_number_and_comes_with_its_answers(meta: GraphApi) -> None:
    meta.knows(lead(NUMBER))
    answer = ask(meta)
    assert isinstance(answer, Answered)
    assert answer.lead["id"] == NUMBER
    assert answer.lead["field_data"][0] == {"name": "full_name", "values": ["Mr Okafor"]}
    [asked] = meta.asked
    assert asked.path == f"/v23.0/{NUMBER}?fields={','.join(FIELDS)}"
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"


def test_only_what_was_asked_for_is_taken(meta: GraphApi) -> None:
    meta.knows(lead(NUMBER, post={"whatever": "else"}))
    answer = ask(meta)
    assert isinstance(answer, Answered)
    assert set(answer.lead) == set(FIELDS)


def test_without_the_right_to_see_advertisements_the_answers_come_all_the_same(meta: GraphApi) -> None:
    whole = lead(NUMBER)

    def reply(handler: Any) -> None:
        forbidden = tuple(meta.asked[-1].fields) != FEWEST_FIELDS
        meta.says("now", 403 if forbidden else 200, error(200) if forbidden else whole)
        meta.replies["now"](handler)

    meta.replies[NUMBER] = reply
    assert isinstance(ask(meta), Answered)
    assert [asked.fields for asked in meta.asked] == [FIELDS, FEWEST_FIELDS]


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (400, error(190, "Error validating access token"), Never(TOKEN_REFUSED)),
        (401, error(190, error_subcode=463), Never(TOKEN_REFUSED)),
        (400, error(102), Never(TOKEN_REFUSED)),
        (403, error(10), Never(NOT_ALLOWED)),
        (403, error(200), Never(NOT_ALLOWED)),
        (400, error(299), Never(NOT_ALLOWED)),
        (400, error(100, error_subcode=33), Never(NO_SUCH_LEAD)),
        (400, error(100, "(#100) Object does not exist, cannot be loaded"), Never(NO_SUCH_LEAD)),
        (404, error(803), Never(NO_SUCH_LEAD)),
        (400, error(4), NotNow(TOO_OFTEN, "error 4/0")),
        (400, error(17, is_transient=True), NotNow(TOO_OFTEN, "error 17/0")),
        (400, error(80004), NotNow(TOO_OFTEN, "error 80004/0")),
        (429, b"slow down", NotNow(TOO_OFTEN, "status 429")),
        (500, error(1), NotNow(SILENT, "error 1/0")),
        (500, error(2, is_transient=True), NotNow(SILENT, "error 2/0")),
        (400, error(190, is_transient=True), NotNow(SILENT, "error 190/0")),
        (503, b"<html>busy</html>", NotNow(SILENT, "status 503")),
        (
            400,
            error(100, "(#100) Tried accessing nonexisting field (platform)"),
            NotNow(NO_LEAD, "error 100/0"),
        ),
        (400, error(2635), NotNow(NO_LEAD, "error 2635/0")),
        (400, {"error": {"code": "190"}}, NotNow(NO_LEAD, "error 0/0")),
        (400, {"error": "no"}, NotNow(NO_LEAD, "status 400")),
        (404, b"", NotNow(NO_LEAD, "status 404")),
        (200, b"", NotNow(NO_LEAD, "status 200")),
        (200, b"\xff\xfe\x00", NotNow(NO_LEAD, "status 200")),
        (200, b"<html>sign in to this network</html>", NotNow(NO_LEAD, "status 200")),
        (200, b"[" * 60_000, NotNow(NO_LEAD, "status 200")),
        (200, [lead(NUMBER)], NotNow(NO_LEAD, "status 200")),
        (200, lead("55459717045641544"), NotNow(NO_LEAD, "status 200")),
        (200, lead(NUMBER) | {"more": "x" * LARGEST_ANSWER}, NotNow(NO_LEAD, "too large")),
        (200, {"id": NUMBER}, NotNow(NO_ANSWERS)),
        (200, lead(NUMBER) | {"field_data": []}, NotNow(NO_ANSWERS)),
        (200, lead(NUMBER) | {"field_data": [{"name": "email", "values": [""]}]}, NotNow(NO_ANSWERS)),
        (200, lead(NUMBER) | {"field_data": [{"name": "email", "values": [{}]}, 7]}, NotNow(NO_ANSWERS)),
    ],
)
def test_every_other_answer_says_whether_asking_again_may_help(
    meta: GraphApi, status: int, body: Any, answer: Never | NotNow
) -> None:
    meta.says(NUMBER, status, body)
    assert ask(meta) == answer


def test_a_wrong_token_is_told_from_a_wrong_number(meta: GraphApi) -> None:
    meta.knows(lead(NUMBER))
    assert ask(meta, token="EAAGsomebodyElsesToken") == Never(TOKEN_REFUSED)
    assert ask(meta, "444444444444") == Never(NO_SUCH_LEAD)


@pytest.mark.parametrize("number", ["", "12a", "-5", "1.5e16", "5/../me", "7?fields=x", "9" * 33, "٣٤٥٦"])
def test_only_a_number_gets_into_the_address(meta: GraphApi, number: str) -> None:
    assert ask(meta, number) == Never(NO_NUMBER)
    assert meta.asked == []


@pytest.mark.parametrize(
    "token", ["", "short", "two words in a token", "line\r\nX-More: header", "tökentökentöken"]
)
def test_what_is_no_token_is_not_sent(meta: GraphApi, token: str) -> None:
    assert ask(meta, token=token) == Never(TOKEN_REFUSED)
    assert meta.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_is_not_carried_to_another_host(meta: GraphApi, status: int) -> None:
    with graph_api() as elsewhere:
        elsewhere.knows(lead(NUMBER))
        meta.says(NUMBER, status, b"", location=f"{elsewhere.url}/v23.0/{NUMBER}")
        assert ask(meta) == NotNow(NO_LEAD, f"status {status}")
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
    ],
    ids=["status", "headers", "body", "endless body"],
)
def test_however_slowly_it_trickles_the_time_is_over_in_time(meta: GraphApi, first: bytes) -> None:
    meta.trickles(NUMBER, first)
    began = time.monotonic()
    answer = ask(meta, patience_s=0.2)
    assert isinstance(answer, NotNow)
    assert answer.because in (SILENT, NO_LEAD)
    assert time.monotonic() - began < 30


def test_who_never_answers_is_not_waited_for(meta: GraphApi) -> None:
    meta.hangs(NUMBER)
    answer = ask(meta, patience_s=0.2)
    assert isinstance(answer, NotNow)
    assert answer.because == SILENT


def test_where_nobody_listens_meta_is_silent(meta: GraphApi) -> None:
    with graph_api() as gone:
        pass
    assert ask(gone) == NotNow(SILENT, "ConnectionRefusedError")


def test_without_a_certificate_nothing_is_said(meta: GraphApi) -> None:
    meta.knows(lead(NUMBER))
    answer = Graph(meta.url.replace("http:", "https:"), 1).lead(NUMBER, TOKEN)
    assert isinstance(answer, NotNow)
    assert answer.because == SILENT
    assert meta.asked == []


@pytest.mark.parametrize(
    "url", ["", "graph.facebook.com", "ftp://graph.facebook.com", "http://graph.facebook.com", "https://"]
)
def test_a_token_never_travels_unencrypted(url: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        Graph(url)


def test_meta_itself_is_the_default() -> None:
    from leadbell import settings

    assert settings.META_URL == "https://graph.facebook.com"
    Graph(settings.META_URL)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["id", "field_data", "name", "values", "error", "code", "message"]),
                inner,
                max_size=5,
            )
        ),
    ),
    st.sampled_from([200, 400, 500]),
)
def test_nonsense_is_an_answer_too(meta: GraphApi, nonsense: Any, status: int) -> None:
    meta.says(NUMBER, status, nonsense)
    assert isinstance(ask(meta), Answered | NotNow | Never)


def test_the_token_stands_in_no_log_and_no_address(meta: GraphApi) -> None:
    with capture_logs() as lines:
        ask(meta)
        ask(meta, "444444444444", "EAAGsomebodyElsesToken")
    assert "EAAG" not in str(lines)
    assert all("EAAG" not in asked.path for asked in meta.asked)
