"""What machines that hear promise. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

#: From and until, in milliseconds of the recording.
Span = tuple[int, int]


class Stopped(Exception):
    """The process is to end: what was half heard is heard again."""


class Ears(Protocol):
    """Hears where somebody speaks; says nothing about what."""

    #: Its name and version, kept beside what it heard.
    name: str

    def spans(self, samples: bytes, rate: int) -> Sequence[Span]:
        """Where speech is in one side's sound (s16le, mono), in order and without overlap."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, in milliseconds of the sound that was given."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """What one side said, in order; nothing where nobody spoke. `language` is ISO 639-1."""

    language: str
    said: tuple[Said, ...]


class Scribe(Protocol):
    """Writes down what is said."""

    #: Its name, that of its model included, kept beside what it wrote.
    name: str

    def write(self, samples: bytes, rate: int, language: str = "") -> Written:
        """One side's sound (s16le, mono), in this language; without one it finds out itself.

        Raises Stopped where the process is to end.
        """
        ...
