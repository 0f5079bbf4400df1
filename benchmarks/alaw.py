"""Telephone sound (A-law, 8 kHz) that can be recognised again."""

import numpy as np
from numpy.typing import NDArray

RATE, FRAME = 8000, 160
SILENCE = bytes([0xD5]) * FRAME
Samples = NDArray[np.int16]


def _table() -> Samples:
    """What each of the 256 codes means, by G.711."""
    codes = np.arange(256) ^ 0x55
    segment, step = (codes >> 4) & 7, codes & 15
    size = np.where(segment == 0, step * 16 + 8, ((step * 16 + 264) << np.maximum(segment - 1, 0)))
    return np.where(codes & 0x80, size, -size).astype(np.int16)


MEANS = _table()
_ORDER = np.argsort(MEANS)


def encoded(sound: NDArray[np.float64]) -> bytes:
    """The nearest codes."""
    levels = MEANS[_ORDER].astype(np.float64)
    at = np.searchsorted((levels[1:] + levels[:-1]) / 2, sound)
    return bytes(_ORDER[at].astype(np.uint8))


def decoded(codes: bytes) -> Samples:
    return MEANS[np.frombuffer(codes, dtype=np.uint8)]


def tone(hertz: int, loud: int) -> list[bytes]:
    """One second of a tone of whole hertz, frame by frame; played again and again it has no seam."""
    codes = encoded(loud * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE))
    return [codes[n : n + FRAME] for n in range(0, RATE, FRAME)]


def silent_frames(sound: Samples, loud: int) -> int:
    """How many frames of 20 ms are less than half as loud as a tone of this amplitude."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    return int(np.count_nonzero(np.sqrt(np.mean(frames**2, axis=1)) < loud / np.sqrt(2) / 2))


def loudest(sound: Samples) -> int:
    """The loudest tone in hertz, to the nearest ten; 0 where there is too little."""
    if len(sound) < RATE // 2:
        return 0
    spectrum = np.abs(np.fft.rfft(sound.astype(np.float64)))
    return round(int(np.argmax(spectrum)) * RATE / len(sound) / 10) * 10
