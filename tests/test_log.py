"""Logs: what people see of them, how they stay small, and what never stands in them."""

import subprocess
import sys
from pathlib import Path

from leadbell.log import DATABASE_COMPLAINT, KEPT, LARGEST, Log

WRITES = """
import logging, psycopg, structlog
from leadbell.log import configure
configure()
structlog.get_logger("leadbell.fact").info("arrived", dealer=1, lead=41)
logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
logging.getLogger("x").debug("too small to tell")
try:
    raise psycopg.errors.UniqueViolation(
        "duplicate key value\\nLINE 1: insert into customer values ('okafor@example.com')\\n"
        "                  ^\\nDETAIL:  Key (email)=(okafor@example.com) already exists.\\nCONTEXT:  COPY okafor"
    )
except psycopg.Error:
    structlog.get_logger("x").exception("mail failed")
    logging.getLogger("django.request").exception("Internal Server Error: /leads/")
"""


def test_a_line_has_time_level_event_and_values_and_no_row_of_a_table() -> None:
    said = subprocess.run([sys.executable, "-c", WRITES], capture_output=True, text=True, check=True).stderr
    lines = [line.partition("Z ")[2] for line in said.splitlines()]
    assert lines[:2] == ["[info] arrived dealer=1 lead=41", "[info] Started server process [7]"]
    assert "[error] mail failed" in lines
    assert "[error] Internal Server Error: /leads/" in lines
    assert said.count("psycopg.errors.UniqueViolation: duplicate key value") == 2
    assert "okafor" not in said
    assert "too small" not in said


def test_of_the_database_only_what_stops_it_is_news(tmp_path: Path) -> None:
    log = Log(tmp_path / "postgres.log", DATABASE_COMPLAINT)
    with log.open() as out:
        out.write(
            b"FATAL:  password authentication failed\nERROR:  could not extend file: No space left on device\n"
        )
    assert log.complaints() == ["ERROR:  could not extend file: No space left on device"]


def test_a_log_shows_complaints_once(tmp_path: Path) -> None:
    log = Log(tmp_path / "web.log")
    with log.open() as out:
        out.write(b"12:00 [info] arrived\n12:01 [error] lost its way\nValueError: no\nunfinished [warning]")
    assert log.complaints() == ["12:01 [error] lost its way", "ValueError: no"]
    assert log.complaints() == []
    with log.open() as out:
        out.write(b" now it is\n" + b"[error] again\n" * 20)
    assert log.complaints()[:2] == ["unfinished [warning] now it is", "[error] again"]


def test_a_log_is_rotated_under_its_writer(tmp_path: Path) -> None:
    log = Log(tmp_path / "web.log")
    with log.open() as out:
        for n in range(KEPT + 2):
            out.write(str(n).encode() * LARGEST)
            out.flush()
            log.rotate()
        out.write(b"still here\n")
    assert (tmp_path / "web.log").read_bytes() == b"still here\n"
    kept = [tmp_path / f"web.log.{n}" for n in range(1, KEPT + 1)]
    assert [file.read_bytes()[:1] for file in kept] == [b"4", b"3", b"2"]
    assert sorted(tmp_path.iterdir()) == [tmp_path / "web.log", *kept]
