"""What every measurement stands on: a database of its own, dealers that are always open, and our processes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg

from leadbell import migrate, postgres, roles
from leadbell.environment import Role, environment

ROOT = Path(__file__).resolve().parent.parent
LEAD = (ROOT / "examples" / "lead.adf.xml").read_bytes()


@dataclass
class Stage:
    """A running database with its folder; `people` and `keys` of the dealers that stand on it."""

    folder: Path
    urls: roles.Urls

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run as the tables' owner, who sees all."""
        with psycopg.connect(self.urls.owner, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def process(self, module: str, role: Role, **more: str | int) -> Iterator[subprocess.Popen[bytes]]:
        """One of our processes, ended at the end."""
        told = environment(self.folder, self.urls, role, INTAKE_RATE=0, **more)
        with open(self.folder / f"{module}.log", "ab") as out:
            child = subprocess.Popen(
                [sys.executable, "-m", module], env=told, stdout=out, stderr=out, cwd=ROOT
            )
        try:
            yield child
        finally:
            child.terminate()
            child.wait(30)

    @contextmanager
    def bare(self, source: str, port: int) -> Iterator[None]:
        """The bare app, delivering to this dealer and source."""
        told = environment(self.folder, self.urls, "mouth", PORT=port) | {"BENCH_SOURCE": source}
        child = subprocess.Popen([sys.executable, "-m", "benchmarks.bare"], env=told, cwd=ROOT)
        try:
            yield
        finally:
            child.terminate()
            child.wait(30)

    def furnish(self, dealers: int, people: int) -> dict[str, Any]:
        """Dealers with salespeople and an intake key each; sessions of everybody. Does it once."""
        told = environment(self.folder, self.urls, "owner")
        command = [sys.executable, "-m", "benchmarks.furnish", str(dealers), str(people)]
        done = subprocess.run(command, env=told, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        return dict(json.loads(done.stdout))


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    folder.mkdir(parents=True, exist_ok=True)
    with postgres.database(folder) as urls:
        if migrate.needed(folder):
            migrate.bring_up_to_date(folder, urls)
        yield Stage(folder, urls)


def until(true: Callable[[], object], within_s: float, every_s: float = 0.05) -> None:
    """Wait until it is true; SystemExit if it never is."""
    give_up_at = time.monotonic() + within_s
    while not true():
        if time.monotonic() > give_up_at:
            raise SystemExit(f"Not within {within_s:.0f} s: {true}")
        time.sleep(every_s)


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:
            return answer.status < 500
    except OSError as refused:
        return getattr(refused, "code", 0) == 503 and "healthz" in url
    return False


def client(*arguments: str) -> dict[str, Any]:
    """A load client in a process of its own; what it measured."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def envelope_of(number: int) -> bytes:
    """A lead of somebody new."""
    text = LEAD.replace(b">2207<", b">%d<" % number, 1).replace(
        b"06 12345678", b"06%08d" % (10_000_000 + number)
    )
    return text.replace(b"okafor@example.org", b"okafor%d@example.org" % number)
