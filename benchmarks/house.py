"""A house to measure: `python -m benchmarks.house DIR web clockwork …` runs some of its processes."""

import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg

from leadbell import postgres
from leadbell.commands.up import telephone
from leadbell.supervise import CLOCKWORK, FIGURES, MESSENGER, SMTP, WEB, Job, report, up
from leadbell.supervise import House as Plan

ROOT = Path(__file__).parent.parent
VAR = ROOT / "var" / "bench"
#: The application that does nothing but the mouth's INSERT.
BARE = Job("bare", ("benchmarks.bare",), "mouth")
#: The server with nothing behind it.
STILL = Job("still", ("benchmarks.still",), "mouth")
JOBS = {job.name: job for job in (WEB, CLOCKWORK, SMTP, FIGURES, MESSENGER, BARE, STILL)}
#: Stands for the switchboard and the Asterisk that was chosen in the folder.
TELEPHONE = "telephone"
UP_WITHIN_S = 120


class House:
    """A running one. `environment` goes to its processes."""

    def __init__(self, folder: Path, jobs: Iterable[str], environment: dict[str, str] | None = None) -> None:
        self.folder, self.jobs = folder, tuple(jobs)
        self.out = folder.with_suffix(".out")
        self.environment = {**os.environ, "LEADBELL_INTAKE_RATE": "0", **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "benchmarks.house", str(self.folder), *self.jobs]
        with open(self.out, "wb") as out:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=out, stderr=out)
        give_up_at = time.monotonic() + UP_WITHIN_S
        while not self._is_up():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError(f"it didn't start:\n{self.out.read_text()}")
            time.sleep(0.05)

    def _is_up(self) -> bool:
        """What runs answers; `GET /healthz` asks for more than some houses have."""
        if WEB.name not in self.jobs:
            return bool(self.report.get("ready"))
        if not self.report:
            return False
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            try:
                connection.request("GET", "/healthz")
                parts = json.loads(connection.getresponse().read())
            except (OSError, HTTPException):
                return False
        return all(parts[part] == "up" for part in ("database", "pages", *self.jobs) if part in parts)

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)

    @property
    def report(self) -> dict[str, Any]:
        return report(self.folder)

    @property
    def port(self) -> int:
        return int(self.report["port"])

    @property
    def processes(self) -> dict[str, int]:
        """Process numbers by name, the supervisor's among them."""
        told = self.report
        return {"supervisor": told["pid"], **told["processes"]}

    @contextmanager
    def reading(self) -> Iterator["psycopg.Connection[Any]"]:
        with (
            postgres.database(self.folder) as urls,
            psycopg.connect(urls.owner, autocommit=True) as connection,
        ):
            yield connection


@contextmanager
def house(
    name: str,
    *jobs: str,
    dealers: int,
    people: int,
    prepare: Callable[[Path], None] = lambda folder: None,
    **environment: str,
) -> Iterator[tuple[House, dict[str, Any]]]:
    """A new house with so many dealers and people, up; and what has to be known about them.

    `prepare` is done in its folder before it starts.
    """
    folder = VAR / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    made = House(folder, jobs, environment)
    told = populate(folder, dealers, people)
    prepare(folder)
    try:
        made.start()
        yield made, told
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else measures here meanwhile; whoever comes second waits."""
    VAR.mkdir(parents=True, exist_ok=True)
    with open(VAR / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def populate(folder: Path, dealers: int, people: int) -> dict[str, Any]:
    """Make dealers with their people; answers keys and sessions."""
    return ask("benchmarks.dealers", folder, dealers, people)


def ask(module: str, *arguments: object) -> dict[str, Any]:
    """Run a module of ours to its end; what it printed as JSON."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-3000:]}")
    return dict(json.loads(done.stdout))


def chance(name: str) -> random.Random:
    """The same numbers in every run."""
    return random.Random(f"Leadbell {name}")


def _jobs(folder: Path, names: Iterable[str]) -> tuple[Job, ...]:
    return tuple(job for name in names for job in (telephone(folder) if name == TELEPHONE else (JOBS[name],)))


if __name__ == "__main__":
    here = Path(sys.argv[1])
    up(Plan(here, port=0, smtp_port=0, jobs=_jobs(here, sys.argv[2:])))
