"""One line of a lead's story."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from leadbell.lead.facts import Chosen
from leadbell.words import Words

Who = Literal["human", "automation", "system"]
Tone = Literal["", "good", "bad"]
Names = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One fact as a sentence; `why` are the reasons beside it, `text` is what a person wrote, as it is.

    `icon` names a Tabler icon. `ranked` and `excluded` are the people a ring was decided between.
    """

    at: datetime
    icon: str
    who: Who
    sentence: Words
    why: tuple[Words, ...] = ()
    tone: Tone = ""
    text: str = ""
    ranked: tuple[Chosen, ...] = ()
    excluded: tuple[Chosen, ...] = ()


def name_of(person: int | None, names: Names) -> str:
    return names.get(person or 0, "?")


def took(since: datetime | None, until: datetime | None) -> str | None:
    if since is None or until is None:
        return None
    return length((until - since).total_seconds())


def length(seconds: float) -> str:
    """`0:11`, `1:02:07`."""
    whole = max(0, int(seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
