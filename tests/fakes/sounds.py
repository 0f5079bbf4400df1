"""Raw recordings as a line leaves them: s16le, 8 kHz, left the customer, right the salesperson."""

import math
import os
import struct
from array import array
from datetime import datetime
from pathlib import Path

RATE = 8_000


def tone(seconds: float, hertz: int, loud: float = 0.3) -> "array[int]":
    return array(
        "h",
        (int(loud * 32767 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(round(seconds * RATE))),
    )


def silence(seconds: float) -> "array[int]":
    return array("h", bytes(2 * round(seconds * RATE)))


def raw(customer: "array[int]", salesperson: "array[int]") -> bytes:
    both = array("h", bytes(2 * 2 * len(customer)))
    both[0::2], both[1::2] = customer, salesperson
    return both.tobytes()


def in_turns(seconds: int) -> bytes:
    """The customer speaks in even seconds (440 Hz), the salesperson in odd ones (880 Hz)."""
    turn = raw(tone(1, 440) + silence(1), silence(1) + tone(1, 880))
    return (turn * (seconds // 2 + 1))[: seconds * RATE * 4]


def wav(content: bytes, channels: int = 2) -> bytes:
    about = struct.pack("<HHIIHH", 1, channels, RATE, RATE * 2 * channels, 2 * channels, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(content))
        + b"WAVEfmt \x10\0\0\0"
        + about
        + b"data"
        + struct.pack("<I", len(content))
        + content
    )


def left_at(path: Path, content: bytes, written_at: datetime) -> Path:
    """A file whose last sample was written then."""
    path.write_bytes(content)
    os.utime(path, (written_at.timestamp(), written_at.timestamp()))
    return path
