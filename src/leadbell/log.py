"""Logs: one line per fact in DIR/log/<process>.log, never a name, number, address or message text."""

import os
import re
import shutil
import sys
import traceback
from collections.abc import MutableMapping
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

LARGEST = 10_000_000
KEPT = 3
#: Lines that a person at the terminal should see.
COMPLAINT = re.compile(
    rb"\[(warning|error|critical) *\]|^[\w.]+(Error|Exception|Interrupt|Exit)\b|^fatal:", re.I
)
#: PostgreSQL's own; it says many things that are no news to us.
DATABASE_COMPLAINT = re.compile(rb"PANIC:|No space left on device")
#: PostgreSQL repeats the row it complains about, and there are customers in it.
ROW = re.compile(r"^(DETAIL|CONTEXT|LINE \d+):.*(\n *\^)?", re.MULTILINE)
MOST_AT_ONCE = 5


def configure() -> None:
    """Write structlog's and the standard library's lines to stderr: time, level, event, key=value."""
    import logging

    import structlog

    steps: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    lines = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=steps,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _without_rows,
            structlog.dev.ConsoleRenderer(colors=False, pad_event=0, pad_level=False, sort_keys=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(lines)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*steps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )


def _without_rows(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in ("exception", "event"):
        if key in event:
            event[key] = ROW.sub("", str(event[key])).rstrip()
    return event


def fault_of(error: BaseException) -> str:
    """What went wrong and where, without the error's own words, which may hold a customer's."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    way = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__} at {way}"


class Log:
    """One process's log file, written by the process itself, so that nobody has to keep reading it."""

    def __init__(self, path: Path, complaint: re.Pattern[bytes] = COMPLAINT) -> None:
        self.path = path
        self.complaint = complaint
        self.read_to = self._size()

    def open(self) -> IO[bytes]:
        return open(self.path, "ab")

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def complaints(self) -> list[str]:
        """Warnings and errors written since the last look, at most a few of them."""
        size = self._size()
        if size <= self.read_to:
            self.read_to = size
            return []
        with open(self.path, "rb") as file:
            file.seek(self.read_to)
            news = file.read(1_000_000)
        whole = news.rfind(b"\n") + 1
        self.read_to += whole or len(news) * (len(news) > 100_000)
        found = [
            line.decode(errors="replace") for line in news[:whole].splitlines() if self.complaint.search(line)
        ]
        more = len(found) - MOST_AT_ONCE
        return [*found[:MOST_AT_ONCE], f"… and {more} more in {self.path}"] if more > 0 else found

    def rotate(self) -> None:
        """Keep the last few files. The writer appends, so the file may be emptied under it."""
        if self._size() < LARGEST:
            return
        older = [self.path.with_suffix(f".log.{n}") for n in range(1, KEPT + 1)]
        for old, new in reversed(list(pairwise(older))):
            if old.exists():
                old.replace(new)
        shutil.copyfile(self.path, older[0])
        os.truncate(self.path, 0)
        self.read_to = 0
