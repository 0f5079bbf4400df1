"""`leadbell up`: the database and our own processes, started together, restarted when they die, stopped
in order. It imports neither Django nor psycopg, so that it stays small and quick."""

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from leadbell import migrate, postgres, roles
from leadbell.child import tied
from leadbell.doorway import Door, Doors, look_whether_free, open_doors, said
from leadbell.environment import Role, environment
from leadbell.log import DATABASE_COMPLAINT, Log
from leadbell.roles import Urls
from leadbell.terminal import Terminal
from leadbell.trouble import Trouble
from leadbell.words import say

#: A process that ran this long was well; its next death counts as the first.
WELL_AFTER_S = 10
#: How long to wait before the n-th start in a row.
BACK_OFF_S = (0, 0.25, 0.5, 1, 2, 5)
PATIENCE_S = 8
LATE_AFTER_S = 60
#: A full disk is complained of by every statement; once in a while is enough.
REPEAT_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """A process of ours: its name, its Python module with arguments, its rights in the database.

    One that `waits` is started when the others answer. A `program` is somebody else's, and is told no secrets; its
    `doors` have to be free.
    """

    name: str
    module: tuple[str, ...]
    role: Role
    waits: bool = False
    program: tuple[str, ...] = ()
    doors: tuple[Door, ...] = ()

    @property
    def command(self) -> list[str]:
        return list(self.program) or [sys.executable, "-m", *self.module]


WEB = Job("web", ("leadbell.web",), "app")
CLOCKWORK = Job("clockwork", ("leadbell.followup",), "clockwork")
SMTP = Job("smtp", ("leadbell.intake.smtp",), "mouth")
MESSENGER = Job("messenger", ("leadbell.followup.messenger",), "clockwork", waits=True)
FIGURES = Job("figures", ("leadbell.metrics",), "clockwork", waits=True)
SWITCHBOARD = Job("switchboard", ("leadbell.followup.switchboard",), "clockwork")
RECORDINGS = Job("recordings", ("leadbell.followup.recordings",), "clockwork")


@dataclass(frozen=True, slots=True)
class House:
    """What is to run where. Port 0 takes any free one; `first` runs to its end before the others start."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8000
    smtp_port: int = 2525
    demo: bool = False
    jobs: tuple[Job, ...] = (WEB, CLOCKWORK, SMTP)
    first: tuple[Job, ...] = ()


@dataclass(slots=True)
class Running:
    """A job with its process, and when it may be started again."""

    job: Job
    log: Log
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0
    deaths: int = 0
    start_at: float = 0


def up(house: House) -> None:
    """Run the house until Ctrl-C or SIGTERM; raises Trouble where it can't start."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)
    house = replace(house, folder=house.folder.absolute())
    terminal = Terminal()
    began = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(_only_one(house.folder))
        doors = stack.enter_context(open_doors(house.host, house.port, house.smtp_port))
        for door in (door for job in house.jobs for door in job.doors):
            look_whether_free(door)
        with suppress(KeyboardInterrupt):
            Supervisor(house, doors, terminal, stack).run(began)
    terminal.line(say("Leadbell has stopped."))


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Be the only `leadbell up` on this folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log").mkdir(exist_ok=True)
        lock = open(folder / "up.lock", "a")  # noqa: SIM115 (closed by the with statement below)
    except OSError as error:
        raise Trouble(
            "The folder %(folder)s can't be used: %(error)s. Choose another with --data.",
            folder=str(folder),
            error=error.strerror,
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            running = report(folder)
            raise Trouble(
                "Leadbell runs on %(folder)s already (process %(pid)s, %(url)s).",
                folder=str(folder),
                pid=running.get("pid", "?"),
                url=running.get("url", "?"),
            ) from None
        (folder / "up.json").unlink(missing_ok=True)
        try:
            yield
        finally:
            (folder / "up.json").unlink(missing_ok=True)


def report(folder: Path) -> dict[str, Any]:
    """What a running `leadbell up` says of itself: pid, url, host, port, smtp_port, ready, processes."""
    try:
        written: dict[str, Any] = json.loads((folder / "up.json").read_text())
        os.kill(written["pid"], 0)
    except PermissionError:
        pass  # another user's
    except (OSError, ValueError, KeyError):
        return {}
    return written


@dataclass(slots=True)
class Supervisor:
    """Keeps the house running. One thread: children end with it (see `tied`)."""

    house: House
    doors: Doors
    terminal: Terminal
    stack: ExitStack
    ready: bool = False
    told: dict[str, float] = field(default_factory=dict)
    server: postgres.Server | None = None
    urls: Urls | None = None
    database: Running = field(init=False)
    all: list[Running] = field(init=False)
    woken: int = field(init=False)

    def __post_init__(self) -> None:
        logs = self.house.folder / "log"
        self.all = [Running(job, Log(logs / f"{job.name}.log")) for job in self.house.jobs]
        self.database = Running(Job("postgres", (), "owner"), Log(logs / "postgres.log", DATABASE_COMPLAINT))
        self.woken, wake = os.pipe()
        for end in (self.woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    @property
    def url(self) -> str:
        host = self.house.host if self.house.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104 (compared, not bound)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def port(self) -> int:
        return int(self.doors.web.getsockname()[1])

    def run(self, began: float) -> None:
        """Start everything and keep it running until KeyboardInterrupt; a second one stops it at once."""
        try:
            self._prepare()
            with self.terminal.working(say("Starting the web, the mail door and the clockwork")):
                self._until_it_answers(began)
            self._keep_running()
            self._write_report()
            self.terminal.banner(self.url, self.doors.smtp_port, self.house.folder, time.monotonic() - began)
            while True:
                self._keep_running()
                self._listen(0.25)
        finally:
            try:
                self._stop()
            except KeyboardInterrupt:
                self._stop_at_once()

    def _until_it_answers(self, began: float) -> None:
        late = False
        while not self.ready:
            self._keep_running()
            self._listen(0.03)
            self.ready = self._answers()
            if not late and time.monotonic() > began + LATE_AFTER_S:
                late = True
                logs = str(self.house.folder / "log")
                self.terminal.line(say("Leadbell doesn't answer yet; %(folder)s says why.", folder=logs))

    def _prepare(self) -> None:
        folder = self.house.folder
        if url := os.environ.get("DATABASE_URL"):
            self.urls = roles.external_urls(folder, url)
        else:
            with self.terminal.working(say("Waiting for another leadbell command on this folder")):
                self.stack.enter_context(postgres.hold(folder))
            with self.terminal.working(say("Starting PostgreSQL")):
                self._start_server()
        assert self.urls is not None  # noqa: S101 (for mypy: either branch sets it)
        if migrate.needed(folder):
            with self.terminal.working(say("Preparing the database")):
                migrate.bring_up_to_date(folder, self.urls)
        for job in self.house.first:
            self._run_first(job)

    def _run_first(self, job: Job) -> None:
        done = subprocess.run(tied(job.command, "KILL"), env=self._environment(job), check=False)
        if done.returncode:
            raise Trouble("%(name)s failed (%(how)s).", name=job.name, how=_how(done.returncode))

    def _environment(self, job: Job) -> dict[str, str]:
        if self.urls is None:
            raise RuntimeError("the database was never started")
        if job.program:
            return {name: value for name, value in os.environ.items() if not name.startswith("LEADBELL_")}
        more: dict[str, str | int] = {
            "HOST": self.house.host,
            "PORT": self.port,
            "SMTP_PORT": self.doors.smtp_port,
            "WEB_FD": self.doors.web.fileno(),
        }
        if self.house.demo:
            more["DEMO"] = 1
        return environment(self.house.folder, self.urls, job.role, **more)

    def _start_server(self) -> None:
        self.server = postgres.start(self.house.folder)
        self.urls = self.server.urls
        self.database.process, self.database.started = self.server.process, time.monotonic()

    def _keep_running(self) -> None:
        """Start what is not running and may."""
        changed = False
        for running in [self.database, *self.all]:
            if running is self.database and self.server is None:
                continue
            if running.process and running.process.poll() is not None:
                self._mourn(running)
            now = time.monotonic()
            held_back = running.job.waits and not self.ready
            if running.process is None and now >= running.start_at and not held_back:
                self._start(running)
                changed = True
        if changed:
            self._write_report()

    def _mourn(self, running: Running) -> None:
        """Say that it died, and when it is started again."""
        process = running.process
        if process is None:
            return
        now = time.monotonic()
        running.deaths = 1 if now - running.started > WELL_AFTER_S else running.deaths + 1
        wait = BACK_OFF_S[min(running.deaths, len(BACK_OFF_S)) - 1]
        running.start_at, running.process = now + wait, None
        name, how = running.job.name, _how(process.returncode)
        self.terminal.line(
            say("%(name)s ended (%(how)s), again in %(seconds)s s", name=name, how=how, seconds=f"{wait:g}")
            if wait
            else say("%(name)s ended (%(how)s), starting it again", name=name, how=how)
        )

    def _start(self, running: Running) -> None:
        running.started = time.monotonic()
        if running is self.database:
            try:
                self._start_server()
            except Trouble as trouble:
                running.deaths += 1
                running.start_at = time.monotonic() + BACK_OFF_S[min(running.deaths, len(BACK_OFF_S)) - 1]
                self._tell(trouble)
            return
        with running.log.open() as out:
            running.process = subprocess.Popen(
                tied(running.job.command, "KILL"),
                env=self._environment(running.job),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                pass_fds=(self.doors.web.fileno(),) if running.job.name == WEB.name else (),
                start_new_session=True,
            )

    def _tell(self, trouble: Trouble) -> None:
        """Say it, but not again and again."""
        now = time.monotonic()
        if now > self.told.get(str(trouble), -REPEAT_AFTER_S) + REPEAT_AFTER_S:
            self.told[str(trouble)] = now
            self.terminal.trouble(trouble.sentence)

    def _listen(self, seconds: float) -> None:
        """Wait for a death or a signal; show what the children complain about."""
        with suppress(InterruptedError):
            select.select([self.woken], [], [], seconds)
        with suppress(BlockingIOError):
            os.read(self.woken, 4096)
        for running in self.all:
            for complaint in running.log.complaints():
                self.terminal.complaint(running.job.name, complaint)
        complaints = self.database.log.complaints()
        if complaints:
            self._tell(postgres.explain(complaints[0], self.house.folder))
        for running in [self.database, *self.all]:
            running.log.rotate()

    def _answers(self) -> bool:
        """Whether the web says that all is well, and mail is answered."""
        web = any(running.job.name == WEB.name for running in self.all)
        smtp = any(running.job.name == SMTP.name for running in self.all)
        return (
            not web
            or said(self.port, self.house.host, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
        ) and (not smtp or said(self.doors.smtp_port, self.house.host, b"").startswith(b"220"))

    def _write_report(self) -> None:
        path = self.house.folder / "up.json"
        known = {
            "pid": os.getpid(),
            "url": self.url,
            "host": self.house.host,
            "port": self.port,
            "smtp_port": self.doors.smtp_port,
            "ready": self.ready,
            "processes": {r.job.name: r.process.pid for r in [self.database, *self.all] if r.process},
        }
        new = path.with_suffix(".new")
        with suppress(OSError):  # a full disk has been told of already
            new.write_text(json.dumps(known, indent=1))
            new.replace(path)

    def _stop(self) -> None:
        """The web first, so that nothing more is accepted; the database last."""
        self.doors.web.close()
        web = [r for r in self.all if r.job.name == WEB.name]
        others = [r for r in self.all if r.job.name != WEB.name]
        for group in (web, others):
            alive = [r.process for r in group if r.process and r.process.poll() is None]
            for process in alive:
                process.terminate()
            give_up_at = time.monotonic() + PATIENCE_S
            for process in alive:
                try:
                    process.wait(max(0, give_up_at - time.monotonic()))
                except subprocess.TimeoutExpired:
                    process.kill()
        if self.server:
            self.server.stop()

    def _stop_at_once(self) -> None:
        for running in self.all:
            if running.process and running.process.poll() is None:
                running.process.kill()
        if self.server and self.server.process:
            self.server.process.send_signal(signal.SIGQUIT)
            self.server.process.wait()


def _how(code: int) -> str:
    """How a process ended, in words."""
    return signal.Signals(-code).name if code < 0 else f"exit {code}"
