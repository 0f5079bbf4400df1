"""A file that can't be used gets a sentence that says what to do, and never a traceback."""

import random
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest

from leadbell.audit.study import Asked, study
from leadbell.trouble import Trouble

NOISE = random.Random(7).randbytes(5_000)
FREE, END = 0xFFFFFFFF, 0xFFFFFFFE


def locked() -> bytes:
    """The least that is a workbook with a password: a compound file with an encrypted package in it."""
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
        + struct.pack("<10I", 0, 1, 1, 0, 4096, END, 0, END, 0, 0) + struct.pack("<I", FREE) * 108
    )  # fmt: skip
    table = struct.pack("<2I", 0xFFFFFFFD, END) + struct.pack("<I", FREE) * 126

    def entry(name: str, kind: int, child: int = FREE) -> bytes:
        said = (name + "\0").encode("utf-16-le")
        start = struct.pack("<IQ", END if kind == 5 else 0, 0)
        return (
            said.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(said), kind, 1, FREE, FREE, child)
            + bytes(36)
            + start
        )

    return head[:512] + table + entry("Root Entry", 5, 1) + entry("EncryptedPackage", 2) + bytes(256)


def parquet(folder: Path) -> bytes:
    path = folder / "whole.parquet"
    with duckdb.connect() as db:
        db.sql("select i as lead_id, now() as created, random() as r from range(50000) t(i)").write_parquet(
            str(path)
        )
    return path.read_bytes()


def workbook(folder: Path) -> bytes:
    path = folder / "whole.xlsx"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("xl/workbook.xml", "<workbook/>")
    return path.read_bytes()


UNCLOSED = 'Lead ID,Created,Source\n1,2026-01-05,"Web\n' + "2,2026-01-05,Website\n" * 100


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("leads.csv", b"", "leads.csv is empty."),
        ("leads.csv", b"\r\n\r\n", "leads.csv is empty."),
        ("leads.csv", b"hello world\n", "is not a table: no line looks like a header"),
        ("leads.csv", b"Created\n2026-01-05\n2026-01-06\n", "is not a table: no line looks like a header"),
        ("leads.csv", b"a,b\n1,2\n", "doesn't say when a lead arrived"),
        ("leads.csv", b"Lead ID,Created,Source\n", "leads.csv has a header, but no rows below it."),
        ("leads.csv", b"Lead ID,Created,Source\n1,2026-13-45,Website\n", "None of the dates in the column “Created”"),
        ("leads.csv", UNCLOSED.encode(), "Line 2: a quotation mark isn't closed; it takes 101 lines with it."),
        ("leads.csv", NOISE, "leads.csv is not a table: it holds no text."),
        ("leads.csv", b"PAR1 cut off", "no whole Parquet file: it is cut off or damaged"),
        ("leads.parquet", NOISE, "no whole Parquet file: it is cut off or damaged"),
        ("leads.xlsx", b"PK\x03\x04" + NOISE, "no whole Excel file: it is cut off or damaged"),
        ("leads.csv", b"\xd0\xcf\x11\xe0" + NOISE, "no whole Excel file: it is cut off or damaged"),
        ("leads.xls", NOISE, "leads.xls is not a table: it holds no text."),
        ("leads.xls", b"<html><table><tr><td>Lead ID</td></tr></table></html>", "is a web page: open it in Excel"),
        ("leads.xlsx", locked(), "is locked with a password: open it in Excel"),
    ],
)  # fmt: skip
def test_it_says_what_is_wrong(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert sentence in why_not(tmp_path / name)


def why_not(path: Path) -> str:
    with pytest.raises(Trouble) as said:
        study(Asked([path]))
    return str(said.value)


def test_a_parquet_file_or_workbook_that_was_cut_off_or_damaged(tmp_path: Path) -> None:
    whole, book = parquet(tmp_path), workbook(tmp_path)
    for name, content in {
        "a.parquet": whole[:-200], "b.parquet": whole[:400] + NOISE + whole[400 + len(NOISE) :],
        "c.xlsx": book[: len(book) // 2], "d.xlsx": book,
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
        assert "is cut off or damaged. Export or copy it again." in why_not(tmp_path / name)


def test_text_that_is_called_excel_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "leads.xls"
    path.write_text("Lead ID\tCreated\tSource\n1\t2026-01-05 10:00\tWebsite\n2\t2026-01-06 10:00\tPhone\n")
    assert study(Asked([path])).read == 2


def test_the_command_says_it_and_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name, sentence in (
        ("folder.csv", "folder.csv is a folder, not a file.\n"),
        ("no.csv", "There is no file no.csv.\n"),
    ):
        ran = subprocess.run(
            [sys.executable, "-m", "leadbell", "audit", name, "--json"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", sentence)
