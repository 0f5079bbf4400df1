"""Listening back to an hour-long conversation: its page, its transcript, and the first sound from its middle."""

import math
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, said
from benchmarks.house import ask, house

#: The page as the issue has it; the others are held to the same.
P95_MS = 300.0
#: A player asks for the rest, and plays as soon as something comes.
FIRST_BYTES = 64 * 1024


def measure(quick: bool) -> Iterator[Figure]:
    """Asked by a manager, one after the other, each on a new connection."""
    turns = 15 if quick else 60
    made: dict[str, Any] = {}
    with house("listening", "web", "clockwork", dealers=1, people=3, prepare=partial(_prepare, made)) as (
        built,
        told,
    ):
        session, page = told["dealers"][0]["sessions"][0], f"/review/{made['call']}/"
        about = f"{made['bytes'] / 1e6:.0f} MB"
        asked = {
            "page of an hour-long conversation": (page, None),
            "its transcript, 900 sentences": (f"{page}transcript/", None),
            "a word looked for in it": ("/review/words/?q=kona", None),
            f"first {FIRST_BYTES // 1024} kB from its middle": (f"/calls/{made['call']}/recording", made["bytes"] // 2),
        }  # fmt: skip
        for name, (path, start) in asked.items():
            took = sorted(_ms(built.port, session, path, start) for _ in range(turns))
            p95 = took[math.ceil(0.95 * turns) - 1]
            beside = f"p50 {said(statistics.median(took), 'ms')} of {turns}, {about}"
            yield Figure("listening", name, p95, "ms", P95_MS, False, beside)


def _prepare(made: dict[str, Any], folder: Path) -> None:
    made.update(ask("benchmarks.hour", folder))


def _ms(port: int, session: str, path: str, start: int | None) -> float:
    """Until the last byte; of sound until the first ones have come."""
    headers = {"Cookie": f"leadbell={session}"}
    if start is not None:
        headers["Range"] = f"bytes={start}-"
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read() if start is None else answer.read(FIRST_BYTES)
        took = time.perf_counter() - began
    if answer.status not in (200, 206) or not body:
        raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
    return took * 1000
