"""What a line has recorded, made small and drawn: block by block, however long the call was."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

import numpy as np
import soundfile as sf

from leadbell.words import Words, say

Format = Literal["flac", "opus"]
#: Frames of 16 bits, one column per speaker.
Block = np.ndarray[tuple[int, ...], np.dtype[np.int16]]

#: A .raw file has no header: 16 bits, little-endian, left the customer, right the salesperson.
RAW_RATE, CHANNELS = 8_000, 2
RAW_FRAME_BYTES = 2 * CHANNELS
#: A waveform has at most so many bars, none shorter than this.
MOST_BARS, SHORTEST_BAR_MS = 600, 50
#: What is drawn as 0 and as 100, in decibels below the loudest a sample can be: a quiet line, and shouting.
QUIET_DB, LOUD_DB = -54.0, -6.0
#: In a .raw file: a sample that never came. So many of them in a row aren't a voice that was too loud.
NEVER_CAME, IN_A_ROW = -32_768, 8
#: What lacks of one speaker for less than this is not called missing.
SHORTEST_UNHEARD_MS = 500
#: Of a speaker who was heard with nothing but zeros for so long, nothing has come: even a quiet room makes a noise.
NEVER_HEARD_MS = 3_000
#: How much is in memory at once.
BLOCK_FRAMES = 65_536
_ENCODINGS: dict[Format, tuple[str, str]] = {"flac": ("FLAC", "PCM_16"), "opus": ("OGG", "OPUS")}
#: Opus knows these rates only.
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)


class Unreadable(Exception):
    """What the line left behind is no recording; `because` says why, in words."""

    def __init__(self, because: Words) -> None:
        super().__init__(str(because))
        self.because = because


class StillWritten(Exception):
    """The line hasn't finished this file yet."""


class NotWritten(Exception):
    """The smaller file could not be written, for instance because the disk is full."""


@dataclass(slots=True)
class Waveform:
    """Loudness per speaker, 0–100, one bar for every `bar_ms`; and when nothing came of them, in milliseconds."""

    bar_ms: float
    customer: list[int] = field(default_factory=list)
    salesperson: list[int] = field(default_factory=list)
    unheard: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        return {
            "ms": self.bar_ms,
            "customer": self.customer,
            "salesperson": self.salesperson,
            "unheard": self.unheard,
        }


@dataclass(frozen=True, slots=True)
class Sound:
    length_ms: int
    bytes: int
    waveform: Waveform


def encode(path: Path, into: IO[bytes], format: Format) -> Sound:
    """Write the recording (.raw, or .wav with any rate) into the open file, and listen how loud it is meanwhile.

    Raises FileNotFoundError, Unreadable, StillWritten, NotWritten.
    """
    size = path.stat().st_size
    if size == 0:
        raise Unreadable(say("the line left an empty file"))
    with _opened(path) as source:
        frames, rate = source.frames, source.samplerate
        _check(source, format)
        bar_frames = max(rate * SHORTEST_BAR_MS // 1000, -(-frames // MOST_BARS))
        waveform = Waveform(bar_ms=bar_frames * 1000 / rate)
        written, sides = 0, (_Side(), _Side())
        try:
            with _smaller(into, rate, format) as target:
                for block in _blocks(source, bar_frames):
                    for side, samples in zip(sides, block.T, strict=True):
                        side.hear(samples, marked=path.suffix == ".raw")
                    target.write(block)
                    written += len(block)
                    _draw(block, bar_frames, waveform)
        except (sf.LibsndfileError, OSError, AssertionError) as error:
            # soundfile asserts that all of a block was written.
            raise NotWritten(str(error)) from error
    if path.stat().st_size != size:
        raise StillWritten(path.name)
    if written == 0:
        raise Unreadable(say("the line left an empty file"))
    waveform.unheard = {
        who: side.unheard(rate) for who, side in zip(("customer", "salesperson"), sides, strict=True)
    }
    into.flush()
    if (kept := _frames_in(into)) < written:
        raise NotWritten(f"{kept} of {written} frames")
    return Sound(round(written * 1000 / rate), into.seek(0, 2), waveform)


def _opened(path: Path) -> sf.SoundFile:
    path.stat()
    try:
        if path.suffix == ".raw":
            return sf.SoundFile(
                path, samplerate=RAW_RATE, channels=CHANNELS, format="RAW", subtype="PCM_16", endian="LITTLE"
            )
        return sf.SoundFile(path)
    except sf.LibsndfileError as error:
        raise Unreadable(
            say("the line left a file that can't be read (%(error)s)", error=error.error_string)
        ) from error


def _check(source: sf.SoundFile, format: Format) -> None:
    if source.channels != CHANNELS:
        raise Unreadable(say("the line didn't record in stereo, so nobody can tell who speaks"))
    if format == "opus" and source.samplerate not in _OPUS_RATES:
        raise Unreadable(say("Opus can't keep %(rate)s samples a second", rate=source.samplerate))


def _smaller(into: IO[bytes], rate: int, format: Format) -> sf.SoundFile:
    container, subtype = _ENCODINGS[format]
    into.seek(0)
    into.truncate()
    return sf.SoundFile(into.fileno(), "w", rate, CHANNELS, subtype, format=container, closefd=False)


def _frames_in(into: IO[bytes]) -> int:
    into.seek(0)
    try:
        with sf.SoundFile(into.fileno(), closefd=False) as written:
            return int(written.frames)
    except sf.LibsndfileError as error:
        raise NotWritten(str(error)) from error


@dataclass(slots=True)
class _Side:
    """What has come of one speaker so far, and what hasn't: frames, from and until."""

    frames: int = 0
    is_heard: bool = False
    missing: list[list[int]] = field(default_factory=list)

    def hear(self, samples: Block, marked: bool) -> None:
        """A block of samples goes by; those that never came become silence in it."""
        if marked:
            for start, end in _runs(samples == NEVER_CAME):
                if end - start >= IN_A_ROW or start == 0 or end == len(samples):
                    samples[start:end] = 0
                    self._misses(self.frames + start, self.frames + end)
        self.is_heard = self.is_heard or bool(samples.any())
        self.frames += len(samples)

    def _misses(self, start: int, end: int) -> None:
        if self.missing and self.missing[-1][1] == start:
            self.missing[-1][1] = end
        else:
            self.missing.append([start, end])

    def unheard(self, rate: int) -> list[tuple[int, int]]:
        whole_ms = round(self.frames * 1000 / rate)
        if not self.is_heard and whole_ms >= NEVER_HEARD_MS:
            return [(0, whole_ms)]
        parts = [(round(start * 1000 / rate), round(end * 1000 / rate)) for start, end in self.missing]
        return [(start, end) for start, end in parts if end - start > SHORTEST_UNHEARD_MS]


def _runs(those: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """Where they stand in a row, from and until."""
    if not those.any():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate(([False], those, [False])).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _blocks(source: sf.SoundFile, bar_frames: int) -> Iterator[Block]:
    """Each block holds whole bars, except the last one."""
    size = bar_frames * max(1, BLOCK_FRAMES // bar_frames)
    while len(block := source.read(size, dtype="int16", always_2d=True)):
        yield block


def _draw(block: Block, bar_frames: int, waveform: Waveform) -> None:
    whole = len(block) // bar_frames * bar_frames
    bars = [block[:whole].reshape(-1, bar_frames, CHANNELS)] if whole else []
    if whole < len(block):
        bars.append(block[whole:][np.newaxis])
    for some in bars:
        power = np.mean(np.square(some.astype(np.float32) / 32_768), axis=1)
        decibels = 10 * np.log10(np.maximum(power, 1e-10))
        loud = np.clip((decibels - QUIET_DB) / (LOUD_DB - QUIET_DB) * 100, 0, 100).round().astype(int)
        waveform.customer += loud[:, 0].tolist()
        waveform.salesperson += loud[:, 1].tolist()
