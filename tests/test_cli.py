"""The `leadbell` command, run as a person runs it."""

import json
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from leadbell.cli import COMMANDS
from leadbell.ring.asterisk import own_node
from tests.test_postgres import free_port

ADF = b"""<?xml version="1.0"?><?adf version="1.0"?><adf>
<prospect><customer><contact><name part="full">C. Okafor</name><phone>+31 20 530 0000</phone></contact></customer>
<vehicle><make>Skoda</make></vehicle></prospect></adf>"""


def leadbell(*asked: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "leadbell", *asked], input=given, capture_output=True, check=False
    )


def test_help_names_every_command_and_loads_none() -> None:
    code = (
        "import sys; sys.argv = ['leadbell', '--help']\n"
        "from leadbell.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(said.splitlines()[-1].split())
    assert all(f"  {name} " in said for name in COMMANDS)
    assert loaded.isdisjoint({"django", "psycopg", "rich", "asyncio", "uvicorn"})
    assert not [name for name in loaded if name.startswith("leadbell.commands")]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself(name: str) -> None:
    done = leadbell(name, "--help")
    assert done.returncode == 0, done.stderr.decode()
    assert f"Usage: leadbell {name}".encode() in done.stdout


def test_an_unknown_command_is_told_in_words() -> None:
    done = leadbell("sing")
    assert done.returncode == 2
    assert b"No such command 'sing'" in done.stderr


def test_read_prints_what_would_be_understood(tmp_path: Path) -> None:
    (tmp_path / "lead.xml").write_bytes(ADF)
    from_file, from_stdin = leadbell("read", str(tmp_path / "lead.xml")), leadbell("read", "-", given=ADF)
    understood = json.loads(from_file.stdout)
    assert understood == json.loads(from_stdin.stdout)
    assert understood["channel"] == "adf"
    assert understood["customer"]["full_name"] == "C. Okafor"
    assert understood["customer"]["phones"] == [
        {"number": "+31205300000", "raw": "+31 20 530 0000", "kind": None}
    ]


def test_read_prints_a_list_where_there_are_several_prospects() -> None:
    prospect = ADF[ADF.index(b"<prospect>") : ADF.index(b"</adf>")]
    done = leadbell("read", "-", given=ADF.replace(b"</adf>", prospect + b"</adf>"))
    assert [lead["channel"] for lead in json.loads(done.stdout)] == ["adf", "adf"]


@pytest.mark.parametrize("given", [b"", b"hello", b"%PDF-1.7", b"<html><body>hi</body></html>"])
def test_read_says_why_something_is_not_a_lead(given: bytes) -> None:
    done = leadbell("read", "-", given=given)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"refused: ")


def test_read_of_a_missing_file_is_told_in_words() -> None:
    done = leadbell("read", "no such file")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"no such file can't be read: No such file or directory.\n"


def test_doctor_finds_a_new_machine_well(tmp_path: Path) -> None:
    ports = ("--port", str(free_port()), "--smtp-port", str(free_port()))
    done = leadbell("doctor", "--data", str(tmp_path / "data"), *ports, "--json")
    rows = {row["about"]: row for row in json.loads(done.stdout)}
    assert [row for row in rows.values() if row["needed"] and not row["well"]] == []
    assert done.returncode == 0
    assert rows["Database"]["says"] == "not made yet; `leadbell up` makes it"
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_doctor_looks_into_the_database(tmp_path: Path) -> None:
    from leadbell import migrate, postgres

    ports = ("--port", str(free_port()), "--smtp-port", str(free_port()))
    with postgres.database(tmp_path) as urls:
        before = leadbell("doctor", "--data", str(tmp_path), *ports)
        migrate.bring_up_to_date(tmp_path, urls)
        assert not migrate.needed(tmp_path)
        after = leadbell("doctor", "--data", str(tmp_path), *ports)
    assert before.returncode == 1
    assert "✗ Tables: are older than this version" in before.stdout.decode()
    assert after.returncode == 0, after.stdout.decode()
    assert "✓ Role leadbell_app: signs in, and row-level security holds for it" in after.stdout.decode()


def test_doctor_says_that_the_exchanges_port_is_taken(tmp_path: Path) -> None:
    ports = ("--port", str(free_port()), "--smtp-port", str(free_port()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        sip_port = taken.getsockname()[1]
        own_node.choose(tmp_path, lambda was: replace(was, ari_port=free_port(), sip_port=sip_port))
        done = leadbell("doctor", "--data", str(tmp_path), *ports)
    assert done.returncode == 1
    assert f"✗ Telephone port: Port {sip_port} is taken" in done.stdout.decode()
    assert "Telephone port" not in leadbell("doctor", "--data", str(tmp_path), *ports).stdout.decode()


def test_doctor_exits_with_1_where_something_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = leadbell("doctor", "--data", str(tmp_path / "file" / "data"))
    assert done.returncode == 1
    assert "✗ Data folder" in done.stdout.decode()
