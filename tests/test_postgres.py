"""The embedded PostgreSQL, really started, killed and started again."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from leadbell import postgres, roles
from leadbell.child import as_resident
from leadbell.postgres import database, explain, start
from leadbell.roles import external_urls, keep_secrets
from leadbell.trouble import Trouble
from tests.waiting import eventually

ROLES = ("owner", "app", "clockwork", "mouth")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder behind folders that nobody else may enter, as root's own are."""
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o700)
    with database(closed / "data"):
        return closed / "data"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    """Somebody else's PostgreSQL, reached over TCP, as DATABASE_URL would."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with postgres.hold(folder):
        server = start(folder, {"fsync": "off"}, tcp_port=free_port())
        with as_superuser(server) as connection:
            for role in (roles.APP, roles.CLOCKWORK, roles.MOUTH):
                connection.execute(f"drop role {role}")
        yield server
        server.stop()


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def as_superuser(server: postgres.Server) -> psycopg.Connection:
    kept = keep_secrets(server.folder)
    return psycopg.connect(
        host=server.host,
        port=server.port,
        user=roles.SUPERUSER,
        password=kept[roles.SUPERUSER],
        dbname=roles.DATABASE,
        autocommit=True,
    )


def over_tcp(server: postgres.Server) -> str:
    """The DATABASE_URL an administrator would hand out."""
    password = keep_secrets(server.folder)[roles.OWNER]
    return f"postgresql://{roles.OWNER}:{password}@127.0.0.1:{server.port}/{roles.DATABASE}"


def answers(url: str, question: str = "select 1") -> object:
    with psycopg.connect(url) as connection:
        found = connection.execute(question).fetchone()
    return found[0] if found else None


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def postmaster(folder: Path) -> int:
    return int((folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_signs_in_and_may_not_pass_row_level_security(folder: Path, role: str) -> None:
    with database(folder) as urls, psycopg.connect(getattr(urls, role)) as connection:
        assert connection.execute(
            "select rolname, rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user"
        ).fetchone() == (f"leadbell_{role}", False, False, False)


def test_the_database_speaks_utf8_and_belongs_to_the_owner(folder: Path) -> None:
    with database(folder) as urls, psycopg.connect(urls.app) as connection:
        assert connection.execute(
            "select pg_encoding_to_char(encoding), datlocale, pg_get_userbyid(datdba), upper('é') "
            "from pg_database where datname = current_database()"
        ).fetchone() == ("UTF8", "C.UTF-8", "leadbell_owner", "É")


def test_a_wrong_password_is_refused(folder: Path) -> None:
    with database(folder) as urls, pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(urls.app, password="guessed")


def test_commits_are_durable_by_default(folder: Path) -> None:
    with database(folder) as urls, psycopg.connect(urls.app) as connection:
        assert [
            connection.execute(f"show {name}").fetchone() for name in ("fsync", "synchronous_commit")
        ] == [
            ("on",),
            ("on",),
        ]
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_the_server_never_runs_as_root_and_only_its_user_reaches_the_socket(folder: Path) -> None:
    with database(folder):
        run = folder / "postgres" / "run"
        assert run.stat().st_mode & 0o777 == 0o700
        assert run.stat().st_uid != 0 or os.geteuid() != 0
        assert Path(f"/proc/{postmaster(folder)}").stat().st_uid == run.stat().st_uid


def test_secrets_are_made_once_and_for_us_alone(tmp_path: Path) -> None:
    kept = keep_secrets(tmp_path)
    assert keep_secrets(tmp_path) == kept
    assert len(set(kept.values())) == len(kept) == 6
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_damaged_secrets_are_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(Trouble, match=r"secrets\.json is damaged"):
        keep_secrets(tmp_path)


def test_a_second_command_uses_the_server_that_runs(folder: Path) -> None:
    with database(folder) as urls, database(folder) as again:
        assert again == urls
        assert answers(again.app) == 1


def test_whoever_started_the_server_waits_for_the_others(folder: Path) -> None:
    borrowed, go_on = threading.Event(), threading.Event()
    seen: list[object] = []

    def borrow() -> None:
        with database(folder) as urls:
            borrowed.set()
            go_on.wait(20)
            seen.append(answers(urls.app))

    guest = threading.Thread(target=borrow)
    with database(folder):
        guest.start()
        assert borrowed.wait(20)
        threading.Timer(0.2, go_on.set).start()
    guest.join(20)
    assert seen == [1]


def test_two_commands_that_start_at_once_share_one_new_cluster(tmp_path: Path) -> None:
    code = (
        "import sys, psycopg; from pathlib import Path; from leadbell.postgres import database\n"
        "with database(Path(sys.argv[1])) as urls:\n"
        "    print(psycopg.connect(urls.app).execute('select 1').fetchone()[0])"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "data")], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    assert [one.communicate(timeout=60)[0] for one in both] == ["1\n", "1\n"]


def test_what_was_committed_survives_kill_9_of_the_server(folder: Path) -> None:
    with postgres.hold(folder):
        server = start(folder)
        with psycopg.connect(server.urls.owner) as connection:
            connection.execute("create table if not exists survives (n int)")
            connection.execute("insert into survives values (41)")
        os.kill(postmaster(folder), signal.SIGKILL)
        assert server.process
        server.process.wait()
        server = start(folder)
        assert answers(server.urls.owner, "select n from survives") == 41
        server.stop()


def test_a_folder_serves_again_after_kill_9_of_everybody(folder: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from leadbell.postgres import database\n"
        "with database(Path(sys.argv[1])): print('up', flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout
    assert starter.stdout.readline() == "up\n"
    server = postmaster(folder)
    os.kill(server, signal.SIGKILL)
    starter.kill()
    starter.communicate()
    with database(folder) as urls:
        assert postmaster(folder) != server
        assert answers(urls.app) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_no_server_is_left_when_its_starter_is_killed(folder: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from leadbell.postgres import database\n"
        "with database(Path(sys.argv[1])): print('up', flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout
    assert starter.stdout.readline() == "up\n"
    starter.kill()
    starter.communicate()
    assert eventually(lambda: not (folder / "postgres" / "data" / "postmaster.pid").exists())


@pytest.mark.slow
def test_a_server_started_by_hand_is_used_and_left_running(folder: Path) -> None:
    home = folder / "postgres"
    command = [str(postgres.binary("postgres")), "-D", str(home / "data"), "-k", str(home / "run"), "-h", ""]
    by_hand = subprocess.Popen(as_resident(command, home, ends_by="INT"), stderr=subprocess.DEVNULL, cwd=home)
    try:
        assert eventually(lambda: (home / "run" / ".s.PGSQL.5432").exists())
        with database(folder) as urls:
            assert answers(urls.app) == 1
        assert by_hand.poll() is None
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait()


def test_a_path_too_long_for_a_socket_is_gone_around(tmp_path: Path) -> None:
    long = tmp_path / ("a" * 60) / ("b" * 60)
    for _ in range(2):
        with database(long) as urls:
            assert answers(urls.app) == 1
            short = Path((long / "postgres" / "socket").read_text())
            assert short.stat().st_mode & 0o777 == 0o700
    for left in short.iterdir():
        left.unlink()
    short.rmdir()


@pytest.mark.parametrize("name", ["two words", "a,b", "Дилер", 'it\'s 100% "ours"'])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with database(Path(name)) as urls:
        assert answers(urls.app) == 1


def test_a_cluster_half_made_is_made_anew(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres" / "data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with database(tmp_path) as urls:
        assert answers(urls.clockwork) == 1
    assert not unfinished.exists()


def test_another_versions_cluster_is_refused_in_words(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    with pytest.raises(Trouble, match="made by PostgreSQL 16, this is 18"), database(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(Trouble, match="can't be used: Not a directory"),
        database(tmp_path / "file" / "data"),
    ):
        pass


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("PANIC:  could not write to file: No space left on device", "The disk of /data is full"),
        ("setpriv: apply capabilities: Operation not permitted", "can't reach /data"),
        ('FATAL:  could not access directory "/data": Permission denied', "can't reach /data"),
        (
            "LOG:  x\nFATAL:  database files are incompatible with server",
            "files are incompatible with server",
        ),
        ("", "no word"),
    ],
)
def test_what_postgresql_complains_of_is_told_in_words(said: str, told: str) -> None:
    assert told in str(explain(said, Path("/data")))


def test_the_log_never_shows_a_row(folder: Path) -> None:
    with database(folder) as urls, psycopg.connect(urls.owner, autocommit=True) as connection:
        connection.execute("create temp table people (email text primary key)")
        for _ in range(2):
            try:
                connection.execute("insert into people values ('okafor@example.com')")
            except psycopg.errors.UniqueViolation:
                refused = True
    said = (folder / "log" / "postgres.log").read_text()
    assert refused
    assert "duplicate key" in said
    assert "okafor" not in said


def test_another_database_gets_the_roles_it_lacks(elsewhere: postgres.Server, tmp_path: Path) -> None:
    """The owner may not create roles: it is told what to run; when that was run, everybody gets in."""
    url = over_tcp(elsewhere)
    with pytest.raises(Trouble, match="may not create roles") as refused:
        external_urls(tmp_path, url)
    with as_superuser(elsewhere) as connection:
        for statement in re.findall(r"create role .*;", str(refused.value)):
            connection.execute(statement)
    urls = external_urls(tmp_path, url)
    assert [answers(getattr(urls, role), "select current_user") for role in ROLES] == [
        f"leadbell_{role}" for role in ROLES
    ]
    drop_roles(elsewhere)


def test_an_owner_who_may_creates_the_roles_itself(elsewhere: postgres.Server, tmp_path: Path) -> None:
    with as_superuser(elsewhere) as connection:
        connection.execute(f"alter role {roles.OWNER} createrole")
    urls = external_urls(tmp_path, over_tcp(elsewhere))
    assert answers(urls.mouth, "select current_user") == "leadbell_mouth"
    drop_roles(elsewhere)


def test_another_installations_passwords_are_never_changed(
    elsewhere: postgres.Server, tmp_path: Path
) -> None:
    with as_superuser(elsewhere) as connection:
        connection.execute(f"alter role {roles.OWNER} createrole")
    theirs = external_urls(tmp_path, over_tcp(elsewhere))
    with pytest.raises(Trouble, match="If another machine runs the same Leadbell") as refused:
        external_urls(tmp_path / "ours", over_tcp(elsewhere))
    assert "alter role leadbell_app login password" in str(refused.value)
    assert answers(theirs.app) == 1
    drop_roles(elsewhere)


def test_database_url_is_used_where_it_is_set(
    elsewhere: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", over_tcp(elsewhere))
    with as_superuser(elsewhere) as connection:
        connection.execute(f"alter role {roles.OWNER} createrole")
    with database(tmp_path) as urls:
        assert urlsplit(urls.app).port == elsewhere.port
        assert answers(urls.app) == 1
    assert not (tmp_path / "postgres").exists()
    drop_roles(elsewhere)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://somebody@localhost/leads", "has to look like"),
        ("postgresql://nobody:x@127.0.0.1:1/leads", "doesn't answer"),
    ],
)
def test_an_unusable_database_url_is_told_in_words(url: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=told):
        external_urls(tmp_path, url)


def drop_roles(server: postgres.Server) -> None:
    with as_superuser(server) as connection:
        connection.execute(f"alter role {roles.OWNER} nocreaterole")
        for role in (roles.APP, roles.CLOCKWORK, roles.MOUTH):
            connection.execute(f"drop role {role}")
