"""What a machine that hears speech promises. Pure."""

from collections.abc import Sequence
from typing import Protocol

#: From and until, in milliseconds of the recording.
Span = tuple[int, int]


class Ears(Protocol):
    """Hears where somebody speaks; says nothing about what."""

    #: Its name and version, kept beside what it heard.
    name: str

    def spans(self, samples: bytes, rate: int) -> Sequence[Span]:
        """Where speech is in one side's sound (s16le, mono), in order and without overlap."""
        ...
