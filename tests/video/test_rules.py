"""What is a video, where its bytes lie, and who is a person, as tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadbell.video.rules import is_a_person, kind_of, parts

WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm"
MP4 = b"\x00\x00\x00\x1cftypisom\x00\x00\x02\x00"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1"
PLAYS = {"User-Agent": PHONE, "Range": "bytes=0-1"}


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [
        (WEBM, "webm"),
        (MP4, "mp4"),
        (WEBM[:10], None),
        (WEBM.replace(b"webm", b"matr"), None),
        (b"<html><script>alert(1)</script>", None),
        (b"\x00\x00\x00\x1cftypevil", None),
        (b"GIF89a", None),
        (b"", None),
    ],
)
def test_what_is_a_video(beginning: bytes, kind: str | None) -> None:
    assert kind_of(beginning) == kind


@given(st.lists(st.binary(max_size=9), max_size=6), st.integers(0, 60), st.integers(0, 60))
def test_a_range_of_the_whole_is_the_same_of_its_pieces(pieces: list[bytes], start: int, end: int) -> None:
    found = [
        pieces[nth][first:until] for nth, first, until in parts([len(one) for one in pieces], start, end)
    ]
    assert b"".join(found) == b"".join(pieces)[start:end]


@pytest.mark.parametrize(
    ("headers", "person"),
    [
        (PLAYS, True),
        (PLAYS | {"Sec-Fetch-Dest": "video"}, True),
        (PLAYS | {"Sec-Fetch-Dest": "document"}, False),
        (PLAYS | {"Sec-Purpose": "prefetch;prerender"}, False),
        (PLAYS | {"Purpose": "preview"}, False),
        ({"User-Agent": PHONE}, False),
        ({"Range": "bytes=0-"}, False),
        (PLAYS | {"User-Agent": "facebookexternalhit/1.1"}, False),
        (PLAYS | {"User-Agent": "WhatsApp/2.23 A"}, False),
        (PLAYS | {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, False),
        (PLAYS | {"User-Agent": "curl/8.5.0"}, False),
    ],
)
def test_who_opens_a_video(headers: dict[str, str], person: bool) -> None:
    assert is_a_person(headers) is person
