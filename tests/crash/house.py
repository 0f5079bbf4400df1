"""The real house, started as people start it, whose processes can be killed."""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from leadbell import postgres
from leadbell.supervise import report
from tests.waiting import eventually

ROOT = Path(__file__).parent.parent.parent
#: The clock of a killed house: everything is up again by then, also on a busy machine.
UP_WITHIN_S = 60


class House:
    """`leadbell up` on a folder, with ports of its own choice."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.out = folder.parent / f"{folder.name}.out"
        # How often a sender may come is tested elsewhere.
        self.environment = {**os.environ, "LEADBELL_INTAKE_RATE": "0", "PYTHONUNBUFFERED": "1", **environment}
        self.process: subprocess.Popen[bytes] | None = None

    def prepare(self, ring_s: int = 5) -> dict[str, Any]:
        """Make the dealer; answers its keys and people."""
        return dict(json.loads(self.run("tests.crash.dealer", str(self.folder), str(ring_s)).stdout))

    def run(self, module: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, (
            f"{module} {arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done

    def begin(self) -> None:
        command = [
            sys.executable,
            "-m",
            "leadbell",
            "up",
            "--data",
            str(self.folder),
            "--port",
            "0",
            "--smtp-port",
            "0",
        ]
        with open(self.out, "ab") as out:
            self.process = subprocess.Popen(
                command, env=self.environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    def start(self) -> "House":
        self.begin()
        assert eventually(lambda: self.is_ready or not self.runs, UP_WITHIN_S), self.said()
        assert self.is_ready, self.said()
        return self

    def said(self) -> str:
        return self.out.read_text() if self.out.exists() else ""

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def report(self) -> dict[str, Any]:
        return report(self.folder) if self.runs else {}

    @property
    def is_ready(self) -> bool:
        return bool(self.report.get("ready"))

    @property
    def http(self) -> tuple[str, int] | None:
        """Where the web listens now; None while nobody knows."""
        told = self.report
        return (told["host"], told["port"]) if told else None

    @property
    def smtp(self) -> tuple[str, int] | None:
        told = self.report
        return (told["host"], told["smtp_port"]) if told else None

    @property
    def is_well(self) -> bool:
        """Whether `GET /healthz` says so."""
        where = self.http
        if where is None:
            return False
        connection = http.client.HTTPConnection(*where, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def pid(self, name: str) -> int | None:
        """The living child of this name; never another's process that got a dead one's number."""
        if self.process is None:
            return None
        pid = self.report.get("processes", {}).get(name)
        return pid if pid and parent_of(pid) == self.process.pid else None

    def victim(self, kind: str, chance: random.Random) -> int | None:
        """A living process of this kind: a name of ours, `backend` (any child of PostgreSQL) or `supervisor`."""
        if kind == "supervisor":
            return self.process.pid if self.runs and self.process else None
        if kind == "backend":
            server = self.pid("postgres")
            return chance.choice(list(children_of(server)) or [None]) if server else None
        return self.pid(kind)

    def reading(self) -> "psycopg.Connection[Any]":
        """The owner's view of everything, while the house runs."""
        with postgres.database(self.folder) as urls:
            return psycopg.connect(urls.owner, autocommit=True)

    def family(self) -> set[int]:
        """Every process that works for this folder, wherever it hangs."""
        return {pid for pid in _pids() if _belongs(pid, self.folder)}

    def remains(self) -> dict[int, str]:
        """The command lines of `family`, for who has to read why a test failed."""
        return {pid: _command(pid) for pid in self.family()}

    def stop(self, sign: signal.Signals = signal.SIGINT, within_s: float = 60) -> int:
        assert self.process
        self.process.send_signal(sign)
        return self.process.wait(within_s)

    def remove(self) -> None:
        """End what is left, after a test that failed."""
        if self.process and self.runs:
            self.process.kill()
            self.process.wait()
        eventually(lambda: not self.family(), 10)
        for pid in self.family():
            os.kill(pid, signal.SIGKILL)


def parent_of(pid: int) -> int | None:
    """None for the dead, buried or not."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return None if state == "Z" else int(parent)


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "gone"


def children_of(pid: int) -> Iterator[int]:
    return (child for child in _pids() if parent_of(child) == pid)


def _belongs(pid: int, folder: Path) -> bool:
    """Our processes name the folder on their command line or in their environment; PostgreSQL stands in it."""
    where = os.fsencode(folder)
    try:
        if parent_of(pid) is None or pid == os.getpid():
            return False
        at = Path(f"/proc/{pid}")
        words = (at / "cmdline").read_bytes().split(b"\0")
        told = (at / "environ").read_bytes().split(b"\0")
        stands_in = os.fsencode(os.readlink(at / "cwd"))
    except OSError:
        return False
    return where in words or b"LEADBELL_DATA=" + where in told or stands_in.startswith(where + b"/")
