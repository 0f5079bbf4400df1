"""How a CSV file is written: its encoding, what stands between the cells, where its header is."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leadbell.trouble import Trouble

#: So much of a file is looked at to find its dialect.
HEAD = 256 * 1024
_CHUNK = 1024 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_DELIMITERS = (",", ";", "\t", "|")
_CYRILLIC_RUN = re.compile(rb"[\xc0-\xff\xa8\xb8]{3,}")
_LATIN_IN_WORD = re.compile(rb"[A-Za-z][\xc0-\xff]|[\xc0-\xff][A-Za-z]")


@dataclass(frozen=True, slots=True)
class Dialect:
    encoding: str
    delimiter: str
    #: Number of the header's line, from 1; title lines stand before it.
    header_line: int
    columns: tuple[str, ...]
    #: The first rows, to guess from.
    sample: tuple[tuple[str, ...], ...]


def dialect_of(path: Path) -> Dialect:
    """Find out how the file is written. Raises Trouble where it holds no table."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip(b"\0\r\n\t \xef\xbb\xbf\xff\xfe"):
        raise Trouble("%(file)s is empty.", file=path.name)
    encoding = encoding_of(path, head)
    text = head.decode(encoding, errors="ignore")
    if len(head) == HEAD:
        text = text[: text.rfind("\n") + 1] or text
    if "\0" in text:
        raise Trouble("%(file)s is not a table: it holds no text.", file=path.name)
    found = table_in(text)
    if found is None:
        raise Trouble(
            "%(file)s is not a table: no line looks like a header with columns below it.", file=path.name
        )
    return Dialect(encoding, *found)


def encoding_of(path: Path, head: bytes) -> str:
    """UTF-8 or UTF-16 where the bytes are, else Windows' Cyrillic or Western European code page."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    zeros = head[:2000].count(0)
    if zeros > len(head[:2000]) / 4:
        return "utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"
    wrong = _not_utf8(path)
    if wrong is None:
        return "utf-8"
    runs = sum(len(run) for run in _CYRILLIC_RUN.findall(wrong))
    return "cp1251" if runs > 2 * len(_LATIN_IN_WORD.findall(wrong)) else "cp1252"


def _not_utf8(path: Path) -> bytes | None:
    """The first piece of the file that isn't UTF-8; None if all of it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                return piece
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return piece
    return None


def table_in(text: str) -> tuple[str, int, tuple[str, ...], tuple[tuple[str, ...], ...]] | None:
    """(delimiter, line of the header, columns, first rows), or None if the text is no table."""
    told = re.match(r"\ufeff?sep=(.)\r?\n", text)
    best: tuple[float, str, int, list[tuple[int, list[str]]]] | None = None
    for delimiter in (told[1],) if told else _DELIMITERS:
        rows = _rows(text, delimiter)
        widths = Counter(len(row) for _, row in rows if len(row) > 1)
        if not widths:
            continue
        width, often = max(widths.items(), key=lambda one: (one[1], one[0]))
        score = often / len(rows) * min(width, 6)
        if best is None or score > best[0]:
            best = score, delimiter, width, rows
    if best is None:
        return None
    _, delimiter, width, rows = best
    for place, (line, row) in enumerate(rows):
        if len(row) == width and _is_header(row):
            sample = tuple(tuple(cells) for _, cells in rows[place + 1 :] if len(cells) == width)
            return delimiter, line, named(row), sample[:2000]
    return None


def _rows(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Rows that hold something, each with the number of the line it begins in."""
    csv.field_size_limit(10_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, began = [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row) or len(row) > 1:
                rows.append((began, row))
            began = reader.line_num + 1
    except csv.Error:
        return rows
    return rows


def _is_header(row: Sequence[str]) -> bool:
    """Most cells are filled and none is a number or a date."""
    filled = [cell.strip() for cell in row if cell.strip()]
    return len(filled) * 2 > len(row) and not any(re.fullmatch(r"[\d\s.,:/+-]+", cell) for cell in filled)


def named(row: Sequence[str]) -> tuple[str, ...]:
    """The columns' names, each once: a second “Date” is “Date (2)”."""
    names: list[str] = []
    for place, cell in enumerate(row, 1):
        name = cell.strip().strip("\ufeff") or f"column {place}"
        often = sum(
            1 for other in names if other == name or re.fullmatch(rf"{re.escape(name)} \(\d+\)", other)
        )
        names.append(f"{name} ({often + 1})" if often else name)
    return tuple(names)
