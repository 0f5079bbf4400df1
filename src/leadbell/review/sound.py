"""Telephone sound as models for speech want it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def at_rate(
    samples: bytes, rate: int, wanted: int, block_s: int
) -> "Iterator[np.ndarray[Any, np.dtype[np.floating]]]":
    """One side's samples (s16le) in blocks of so many seconds, between -1 and 1, at the wanted rate."""
    import numpy as np

    sound = np.frombuffer(samples, np.int16)
    block = block_s * rate
    for begin in range(0, len(sound), block):
        part = sound[begin : begin + block].astype(np.float32) / 32_768
        at = np.arange(len(part) * wanted // rate) * rate / wanted
        yield np.interp(at, np.arange(len(part)), part)
