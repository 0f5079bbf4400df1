"""The measurements. Each answers rows of the table; what it is compared with is measured in the same run."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.filling import fill
from benchmarks.stage import ROOT, Stage, answers, client, envelope_of, stage, until

PORT = 18_473


@dataclass(frozen=True)
class Figure:
    """One row: what was measured, against which target; `good` is None where there is none."""

    name: str
    value: float
    unit: str
    target: str = ""
    good: bool | None = None
    beside: str = ""


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    post_s: float
    rounds: int
    backlog: int
    ring_s: float
    small: int
    large: int


FULL = Size(post_s=8, rounds=5, backlog=3_000, ring_s=60, small=10_000, large=1_000_000)
QUICK = Size(post_s=3, rounds=2, backlog=800, ring_s=10, small=2_000, large=50_000)


@contextmanager
def _serving(where: Stage, module: str, **more: str | int) -> Iterator[int]:
    """The web process, or the bare app, with its port."""
    with where.process(module, "app", PORT=PORT, **more):
        until(
            lambda: answers(f"http://127.0.0.1:{PORT}/healthz") or answers(f"http://127.0.0.1:{PORT}/in/x"),
            60,
        )
        yield PORT


def mouth(folder: Path, size: Size) -> list[Figure]:
    """Committed envelopes per second through the mouth, and through a bare app with the same INSERT, in turns."""
    ours, bare, p99 = [], [], []
    number = int(time.time()) % 10_000_000 * 8
    with stage(folder / "mouth") as where:
        told = where.furnish(1, 1)
        key = told["keys"][0]
        ((dealer, source),) = where.sql("select dealer_id, id from leadbell_source order by id limit 1")
        for _ in range(size.rounds):
            with _serving(where, "leadbell.web") as port:
                said = client("benchmarks.posting", str(port), f"/in/{key}", str(size.post_s), str(number))
            ours.append(said["per_s"])
            p99.append(said["p99_ms"])
            number = said["last"] + 1
            with where.bare(f"{dealer}:{source}", PORT):
                until(lambda: _accepts(PORT), 30)
                said = client("benchmarks.posting", str(PORT), "/", str(size.post_s), str(number))
            bare.append(said["per_s"])
            number = said["last"] + 1
        where.sql("truncate leadbell_envelope cascade")
    rate = statistics.median(ours)
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    return [
        Figure(
            "mouth: committed envelopes",
            rate,
            "/s",
            "≥ 4,000",
            rate >= 4000,
            f"p99 {statistics.median(p99):.0f} ms",
        ),
        Figure(
            "mouth: share of a bare ASGI app",
            ratio,
            "×",
            "≥ 0.6",
            ratio >= 0.6,
            f"bare {statistics.median(bare):,.0f}/s",
        ),
    ]


def _accepts(port: int) -> bool:
    import socket

    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


_BACKLOG = """
insert into leadbell_envelope (id, dealer_id, source_id, received_at, transport, content_type, body, sha256, status, items)
select gen_random_uuid(), s.dealer_id, s.id, now(), 'http', '', b.body, sha256(b.body), 'accepted', 1
from unnest(%s::bytea[]) with ordinality as b(body, n)
join (select id, dealer_id, row_number() over (order by id) as place, count(*) over () as many from leadbell_source) s
    on s.place = b.n %% s.many + 1
"""


def _ring_backlog(where: Stage, bodies: list[bytes]) -> float:
    """Seconds in which one clockwork reads these envelopes and makes their leads ring."""
    where.sql(
        "update leadbell_lead set wake_at = null, ring_until = null where wake_at is not null or ring_until is not null"
    )
    with where.process("leadbell.followup", "clockwork"):
        time.sleep(2.5)  # imports and holidays: a clockwork starts once a month
        where.sql(_BACKLOG, bodies)
        began = time.perf_counter()
        where.sql("notify leadbell_clockwork")
        until(
            lambda: where.sql("select not exists (select from leadbell_envelope where status = 'accepted')")[
                0
            ][0],
            300,
            0.01,
        )
        return time.perf_counter() - began


def clockwork(folder: Path, size: Size) -> list[Figure]:
    """Leads per second from envelope to ring with one clockwork, over fifty dealers."""
    first = int(time.time()) % 10_000_000 * 8
    rates = []
    with stage(folder / "clockwork") as where:
        where.furnish(50, 8)
        for turn in range(size.rounds):
            bodies = [envelope_of(first + turn * size.backlog + n) for n in range(size.backlog)]
            rates.append(size.backlog / _ring_backlog(where, bodies))
            ((rung,),) = where.sql(
                "select count(*) from leadbell_lead where state = 'ringing' and ring_until is not null"
            )
            assert rung >= size.backlog * 0.99, f"only {rung} of {size.backlog} ring"
    rate = statistics.median(rates)
    return [
        Figure(
            "clockwork: envelope to ring",
            rate,
            "leads/s",
            "≥ 150",
            rate >= 150,
            f"{min(rates):.0f}–{max(rates):.0f}",
        )
    ]


def ring(folder: Path, size: Size) -> list[Figure]:
    """From the answer to the bell, with 500 desks open and 30 leads a second; and what all this keeps in memory."""
    with stage(folder / "ring") as where, _house(where) as (port, pids):
        told = where.furnish(50, 10)
        who = where.folder / "who.json"
        who.write_text(json.dumps(told))
        idle = _memory(pids())
        first = int(time.time()) % 10_000_000 * 8
        command = ("benchmarks.desks", str(port), "30", str(size.ring_s), str(first), str(who))
        listening = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        time.sleep(6 + size.ring_s / 2)
        busy = _memory(pids())
        out, _ = listening.communicate(timeout=size.ring_s + 120)
        said: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
        rows = where.sql("select body->>'envelope', lead_id from leadbell_fact where kind = 'arrived'")
    leads = {envelope: str(lead) for envelope, lead in rows}
    took = sorted(
        (said["heard"][leads[envelope]] - at) * 1000
        for envelope, at in said["answered"].items()
        if leads.get(envelope) in said["heard"]
    )
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    silent = len(said["answered"]) - len(took)
    return [
        Figure("answer → bell, 30 leads/s, 500 desks: p99", p99, "ms", "≤ 250", p99 <= 250 and not silent, f"p50 {p50:.0f} ms, {len(took)} leads, {silent} silent"),
        Figure("memory of everything, idle (PSS)", idle, "MB", "≤ 500", idle <= 500, f"with 500 desks {busy:.0f} MB"),
    ]  # fmt: skip


@contextmanager
def _house(where: Stage) -> Iterator[tuple[int, Any]]:
    """Everything that `leadbell up` runs, beside the stage's PostgreSQL; and the ids of all of it."""
    with (
        where.process("leadbell.followup", "clockwork") as clock,
        where.process("leadbell.intake.smtp", "mouth", SMTP_PORT=PORT + 1) as mail,
        where.process("leadbell.web", "app", PORT=PORT) as web,
    ):
        until(lambda: answers(f"http://127.0.0.1:{PORT}/healthz"), 90)
        time.sleep(3)
        postmaster = int((where.folder / "postgres" / "pid").read_text())
        yield PORT, lambda: [clock.pid, mail.pid, web.pid, postmaster, *_children(postmaster)]


def _children(parent: int) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in found.stdout.split()]


def _memory(pids: list[int]) -> float:
    """Proportional set size of the processes, MB: shared pages are counted once. The supervisor adds 30 MB."""
    total = 30_000
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1000


def flat(folder: Path, size: Size) -> list[Figure]:
    """What a lead costs with few and with many leads in the database, in turns; and what a duplicate costs."""
    costs: dict[str, list[float]] = {"new few": [], "new many": [], "again few": [], "again many": []}
    backlog = size.backlog // 3
    first = int(time.time()) % 10_000_000 * 8
    with stage(folder / f"flat-{size.small}") as few, stage(folder / f"flat-{size.large}") as many:
        for where, leads in ((few, size.small), (many, size.large)):
            where.furnish(200, 5)
            fill(where, leads)
        for turn in range(size.rounds):
            bodies = [envelope_of(first + turn * backlog + n) for n in range(backlog)]
            again = [body.replace(b"</adf>", b"</adf>\n") for body in bodies]
            for name, where in (("few", few), ("many", many)):
                costs[f"new {name}"].append(_ring_backlog(where, bodies) / backlog * 1000)
                costs[f"again {name}"].append(_ring_backlog(where, again) / backlog * 1000)
    rows = []
    for kind, what in (("new", "a new lead"), ("again", "a duplicate")):
        ratio = statistics.median(
            b / a for a, b in zip(costs[f"{kind} few"], costs[f"{kind} many"], strict=True)
        )
        few_ms, many_ms = statistics.median(costs[f"{kind} few"]), statistics.median(costs[f"{kind} many"])
        beside = f"{few_ms:.1f} ms → {many_ms:.1f} ms"
        name = f"cost of {what}, {size.large:,} leads against {size.small:,}"
        rows.append(Figure(name, ratio, "×", "≤ 1.3", ratio <= 1.3, beside))
    return rows


FIGURES = {"mouth": mouth, "clockwork": clockwork, "ring": ring, "flat": flat}
