"""A murmur in two pitches that take turns: what the demo's recordings sound like. Nobody's voice."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random

import numpy as np

RATE, PATTERN_S, LOUD = 8_000, 40, 2_500
SALESPERSON_HERTZ, CUSTOMER_HERTZ = 118, 186
Samples = np.ndarray[tuple[int, ...], np.dtype[np.int16]]
Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@lru_cache
def _voice(hertz: int) -> Samples:
    """Harmonics of a wavering pitch in the rhythm of syllables, PATTERN_S seconds of it."""
    chance = np.random.default_rng(hertz)
    at = np.arange(PATTERN_S * RATE) / RATE
    pitch = hertz * (1 + 0.08 * _wandering(chance.normal(size=PATTERN_S * 3), at))
    turn = 2 * np.pi * np.cumsum(pitch) / RATE
    sound = sum(np.sin(nth * turn) / nth for nth in range(1, 5))
    syllables = _wandering(chance.uniform(size=PATTERN_S * 9) ** 1.5, at)
    voice: Samples = (((sound * syllables * LOUD).astype(np.int16)) >> 5) << 5
    return voice


def _wandering(points: Numbers, at: Numbers) -> Numbers:
    """Straight lines between the points, spread over the whole pattern."""
    return np.interp(at, np.linspace(0, PATTERN_S, len(points)), points)


#: Who speaks (1: the salesperson) from when until when, in milliseconds.
Turn = tuple[int, int, int]


def leave(path: Path, talk_ms: int, connected_at: datetime, rng: Random, turns: Sequence[Turn] = ()) -> Path:
    """A raw file as a line leaves it (left the customer, right the salesperson), written to the end of the talk.

    Without `turns` they take them by chance.
    """
    both = np.zeros((talk_ms * RATE // 1000, 2), np.int16)
    for side, from_ms, until_ms in turns or _by_chance(talk_ms, rng):
        start, end = from_ms * RATE // 1000, min(len(both), until_ms * RATE // 1000)
        voice = np.roll(
            _voice(SALESPERSON_HERTZ if side else CUSTOMER_HERTZ), rng.randrange(PATTERN_S) * RATE
        )
        both[start:end, side] = np.resize(voice, end - start)
    both.tofile(path)
    ended = (connected_at + timedelta(milliseconds=talk_ms)).timestamp()
    os.utime(path, (ended, ended))
    return path


def _by_chance(talk_ms: int, rng: Random) -> Iterator[Turn]:
    at, side = 0, 1
    while at < talk_ms:
        until = at + int(rng.uniform(1.2, 7) * 1000)
        yield side, at, until
        at, side = until + int(rng.uniform(0.1, 0.9) * 1000), 1 - side
