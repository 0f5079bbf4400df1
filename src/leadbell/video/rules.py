"""What is a video, which parts of it a range of bytes needs, and who opens it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

LONGEST_MS, SHORTEST_MS = 90_000, 1_000
#: A browser counts seconds a little differently.
TOLERATED_MS = 3_000
LARGEST_PIECE, MOST_BYTES, MOST_PIECES = 786_432, 40_000_000, 200
#: It can be watched for so long; what isn't finished within an hour never will be.
SEEN_FOR, FINISHED_WITHIN = timedelta(days=30), timedelta(hours=1)

_WEBM = b"\x1a\x45\xdf\xa3"
_MP4_BRANDS = (
    b"isom",
    b"iso2",
    b"iso4",
    b"iso5",
    b"iso6",
    b"mp41",
    b"mp42",
    b"avc1",
    b"qt  ",
    b"M4V ",
    b"dash",
    b"hlsf",
)
_ROBOT = re.compile(
    r"bot|crawl|spider|scan|preview|prefetch|fetch|monitor|headless|facebookexternalhit|whatsapp|slack|telegram|skype"
    r"|discord|linkedin|pinterest|twitter|embedly|curl|wget|python|java/|go-http|okhttp|axios|libwww|outlook|proofpoint"
    r"|barracuda|mimecast|safelinks",
    re.I,
)


def kind_of(beginning: bytes) -> str | None:
    """`webm` or `mp4` by the first bytes; None for everything else."""
    if beginning.startswith(_WEBM) and b"webm" in beginning[:64]:
        return "webm"
    if beginning[4:8] == b"ftyp" and beginning[8:12] in _MP4_BRANDS:
        return "mp4"
    return None


def parts(sizes: Sequence[int], start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Which bytes of which pieces are the bytes from `start` to before `end` of the whole: (piece, from, until)."""
    begins = 0
    for nth, size in enumerate(sizes):
        first, last = max(start, begins) - begins, min(end, begins + size) - begins
        if first < last:
            yield nth, first, last
        begins += size


def is_a_person(headers: Mapping[str, str]) -> bool:
    """Whether a browser plays this for somebody. Link previews, scanners and what is loaded ahead are nobody.

    Players ask for a range of bytes; who only looks what a link leads to does not.
    """
    said = {name.lower(): value for name, value in headers.items()}
    if any(
        "prefetch" in said.get(name, "") or "preview" in said.get(name, "")
        for name in ("purpose", "sec-purpose")
    ):
        return False
    if not said.get("user-agent") or _ROBOT.search(said["user-agent"]):
        return False
    return said.get("range", "").startswith("bytes=") and said.get("sec-fetch-dest", "video") == "video"
