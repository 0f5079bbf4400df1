"""`leadbell up` with stand-ins for the web, the mail door and the clockwork: killed, blocked and stopped."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from leadbell import postgres
from leadbell.supervise import report
from leadbell.web import Streams
from tests.test_postgres import free_port, over_tcp
from tests.waiting import eventually

pytestmark = pytest.mark.slow
PROCESSES = ("postgres", "web", "clockwork", "smtp")
Start = Callable[..., "Up"]


class Up:
    """A running `leadbell up`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.out = folder.parent / f"{uuid.uuid4()}.out"
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.fakes.house", str(folder), *options], stdout=out, stderr=out
            )

    def ready(self) -> "Up":
        assert eventually(lambda: report(self.folder).get("ready") or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()
        return self

    def said(self) -> str:
        return self.out.read_text()

    @property
    def report(self) -> dict[str, Any]:
        return report(self.folder)

    @property
    def pids(self) -> dict[str, int]:
        return dict(self.report.get("processes", {}))

    def web_answers(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.report["port"]), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(100).startswith(b"HTTP/1.1 200")

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(sign)
        return self.process.wait(30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up") / "data"


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    started: list[Up] = []

    def begin(*options: str, where: Path = folder) -> Up:
        started.append(Up(where, *options))
        return started[-1]

    yield begin
    pids = [pid for up in started for pid in up.pids.values()]
    for up in started:
        up.process.kill()
        up.process.wait()
    assert eventually(lambda: not any(map(runs, pids)))


def runs(pid: int) -> bool:
    """Whether the process lives; the dead that nobody has buried don't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def commits(folder: Path) -> bool:
    with postgres.database(folder) as urls:
        try:
            with psycopg.connect(urls.owner) as connection:
                return connection.execute("select true").fetchone() == (True,)
        except psycopg.OperationalError:
            return False


@pytest.mark.parametrize("name", PROCESSES)
def test_what_is_killed_comes_back(start: Start, folder: Path, name: str) -> None:
    up = start().ready()
    before = up.pids
    os.kill(before[name], signal.SIGKILL)
    assert eventually(lambda: up.pids.get(name) not in (None, before[name]))
    assert eventually(lambda: up.web_answers() and commits(folder))
    assert {n: pid for n, pid in up.pids.items() if n != name} == {
        n: pid for n, pid in before.items() if n != name
    }
    assert f"{name} ended (SIGKILL)" in up.said()


def test_callers_wait_in_line_while_the_web_is_away(start: Start) -> None:
    up = start().ready()
    for _ in range(3):
        web = up.pids["web"]
        os.kill(web, signal.SIGKILL)
        assert eventually(lambda web=web: not runs(web))
        assert up.web_answers()
        assert eventually(lambda web=web: up.pids.get("web") not in (None, web))


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_stops_cleanly(start: Start, folder: Path, sign: signal.Signals) -> None:
    up = start().ready()
    pids = up.pids
    assert up.stop(sign) == 0
    assert not any(map(runs, pids.values()))
    assert not (folder / "up.json").exists()
    assert "Leadbell has stopped." in up.said()
    assert (folder / "log" / "postgres.log").read_text().rstrip().endswith("database system is shut down")


def test_a_second_ctrl_c_stops_at_once_what_does_not_listen(start: Start) -> None:
    up = start("--also", "deaf").ready()
    pids = up.pids
    assert eventually(lambda: "is deaf" in up.said())
    up.process.send_signal(signal.SIGINT)
    assert eventually(lambda: not runs(pids["clockwork"]))
    assert up.stop(signal.SIGINT) in (0, 130)
    assert not any(map(runs, pids.values()))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_nothing_is_left_of_a_killed_supervisor_and_it_starts_again(start: Start) -> None:
    up = start().ready()
    pids = up.pids
    up.process.kill()
    up.process.wait()
    assert eventually(lambda: not any(map(runs, pids.values())))
    again = start().ready()
    assert again.web_answers()


def test_it_starts_again_after_everything_was_killed(start: Start, folder: Path) -> None:
    up = start().ready()
    for pid in (*up.pids.values(), up.process.pid):
        os.kill(pid, signal.SIGKILL)
    up.process.wait()
    again = start().ready()
    assert again.web_answers()
    assert commits(folder)


def test_a_second_one_on_the_same_folder_is_refused(start: Start, folder: Path) -> None:
    up = start().ready()
    second = Up(folder)
    assert second.process.wait(30) == 1
    assert (
        f"Leadbell runs on {folder} already (process {up.process.pid}, {up.report['url']})." in second.said()
    )


@pytest.mark.parametrize("option", ["--port", "--smtp-port"])
def test_a_taken_port_is_told_in_words(start: Start, tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = start(option, str(port), where=tmp_path / "data")
        assert up.process.wait(30) == 1
    assert f"Port {port} is taken by another program." in up.said()
    assert f"choose another port with {option}." in up.said()
    assert not (tmp_path / "data" / "postgres").exists()


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_that_a_program_needs_is_told_in_words(
    start: Start, tmp_path: Path, kind: socket.SocketKind
) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        up = start("--listens", str(int(kind)), str(port), where=tmp_path / "data")
        assert up.process.wait(30) == 1
    assert f"Port {port} is taken by another program." in up.said()
    assert "choose another port with `stand-in config`." in up.said()


def test_a_folder_that_cannot_be_written_is_told_in_words(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "tests.fakes.house", str(tmp_path / "file" / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "can't be used: Not a directory. Choose another with --data." in done.stderr


def test_what_cannot_start_is_tried_again_later_and_holds_up_nothing(start: Start) -> None:
    up = start("--also", "broken").ready()
    assert eventually(lambda: "broken ended (exit 1), again in 1 s" in up.said())
    assert up.web_answers()
    first = [line.partition("  ")[2] for line in up.said().splitlines() if "broken ended" in line]
    assert first[:4] == [
        "broken ended (exit 1), starting it again",
        "broken ended (exit 1), again in 0.25 s",
        "broken ended (exit 1), again in 0.5 s",
        "broken ended (exit 1), again in 1 s",
    ]


def test_what_waits_is_started_when_the_others_answer(start: Start) -> None:
    up = start("--later", "idle").ready()
    assert began(up.pids["idle"]) - began(up.pids["web"]) > 1


def began(pid: int) -> int:
    """When a process was started, in hundredths of a second; a Python needs two to come to answer."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def test_warnings_of_the_processes_reach_the_terminal(start: Start) -> None:
    up = start().ready()
    assert eventually(lambda: "clockwork: [warning] the stand-in clock ticks" in up.said())


def test_another_command_uses_the_database_meanwhile(start: Start, folder: Path) -> None:
    up = start().ready()
    server = up.pids["postgres"]
    assert commits(folder)
    assert up.pids["postgres"] == server
    assert runs(server)


def test_a_database_of_somebody_else_is_used_where_database_url_says_so(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres.hold(tmp_path / "theirs"):
        server = postgres.start(tmp_path / "theirs", {"fsync": "off"}, tcp_port=free_port())
        shutil.copy(tmp_path / "theirs" / "secrets.json", tmp_path / "secrets.json")
        monkeypatch.setenv("DATABASE_URL", over_tcp(server))
        up = start(where=tmp_path / "ours")
        assert up.process.wait(60) == 1
        assert "can't sign in at DATABASE_URL" in up.said()
        shutil.copy(tmp_path / "secrets.json", tmp_path / "ours" / "secrets.json")
        up = start(where=tmp_path / "ours").ready()
        assert up.web_answers()
        assert set(up.pids) == set(PROCESSES) - {"postgres"}
        assert up.stop() == 0
        assert server.process
        assert server.process.poll() is None
        server.stop()


async def test_streams_are_closed_when_the_web_stops_and_other_requests_are_not() -> None:
    begun, let_go = asyncio.Event(), asyncio.Event()
    sent: list[tuple[str, dict[str, Any]]] = []

    async def application(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/stream":
            begun.set()
            await asyncio.Event().wait()
        await let_go.wait()
        await send({"type": "http.response.body", "body": b"done"})

    def request(path: str) -> "asyncio.Task[None]":
        async def send(message: Any) -> None:
            sent.append((path, message))

        async def receive() -> Any:
            return {"type": "http.request"}

        scope: Any = {"type": "http", "path": path}
        return asyncio.create_task(streams(scope, receive, send))  # type: ignore[arg-type]  # plain dicts will do

    streams = Streams(application)
    stream, ordinary = request("/stream"), request("/leads/")
    await begun.wait()
    streams.close()
    await stream
    assert not ordinary.done()
    let_go.set()
    await ordinary
    assert ("/stream", {"type": "http.response.body", "body": b"", "more_body": False}) in sent
    assert sent[-1] == ("/leads/", {"type": "http.response.body", "body": b"done"})
    assert not streams.open


def test_the_report_of_nobody_is_empty(tmp_path: Path) -> None:
    (tmp_path / "up.json").write_text("{")
    assert report(tmp_path) == {}
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / "up.json").write_text(json.dumps({"pid": gone.pid}))
    assert report(tmp_path) == {}
    (tmp_path / "up.json").write_text(json.dumps({"pid": os.getpid()}))
    assert report(tmp_path) == {"pid": os.getpid()}
