"""How many leads a second one clockwork reads, recognises, routes and rings."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

import psycopg

from benchmarks import rows
from benchmarks.figures import Figure, said
from benchmarks.house import house

LEAST = 150
DEALERS, PEOPLE = 50, 8
#: One lead for everybody: more would find nobody free.
BACKLOG = DEALERS * PEOPLE


def measure(quick: bool) -> Iterator[Figure]:
    """A backlog appears in one commit; the clock stops when the last lead rings. Between two backlogs the same
    rows are written by hand, eight leads in a commit, to see what the database alone takes."""
    turns = 3 if quick else 9
    ours: list[float] = []
    alone: list[float] = []
    with (
        house("clockwork", "clockwork", dealers=DEALERS, people=PEOPLE) as (built, told),
        built.reading() as database,
    ):
        _work_off(database, told, 0, 100)
        for turn in range(1, turns + 1):
            alone.append(BACKLOG / rows.write_alone(database, told, turn * 1_000_000, BACKLOG))
            ours.append(BACKLOG / _work_off(database, told, turn * 10_000, BACKLOG))
    rate = statistics.median(ours)
    beside = (
        f"the same rows written by hand {said(statistics.median(alone), '/s')} "
        f"(ratio {rate / statistics.median(alone):.2f}); {turns} backlogs of {BACKLOG}"
    )
    yield Figure("clockwork", "leads/s from envelope to ring, one clockwork", rate, "/s", LEAST, True, beside)


def _work_off(database: "psycopg.Connection[Any]", told: dict[str, Any], first: int, backlog: int) -> float:
    """Seconds until all of them ring."""
    database.execute("update leadbell_person set seen_at = now()")
    before = _rung(database)
    rows.write_envelopes(database, told, first, backlog)
    began = time.perf_counter()
    while _unread(database):
        time.sleep(0.02)
    took = time.perf_counter() - began
    rang = _rung(database) - before
    if rang != backlog:
        raise RuntimeError(f"{backlog} leads arrived, {rang} rang")
    # What rings would ring on: it is accepted, so that the next backlog finds quiet desks.
    rows.quieten(database)
    return took


def _unread(database: "psycopg.Connection[Any]") -> bool:
    row = database.execute(
        "select exists (select from leadbell_envelope where status = 'accepted')"
    ).fetchone()
    return bool(row and row[0])


def _rung(database: "psycopg.Connection[Any]") -> int:
    row = database.execute("select count(distinct lead_id) from leadbell_fact where kind = 'rang'").fetchone()
    return int(row[0]) if row else 0
