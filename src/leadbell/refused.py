"""An action that can't be done answers why, in words for the person who tried."""

from dataclasses import dataclass

from leadbell.words import Words


@dataclass(frozen=True, slots=True)
class Refused:
    because: Words
