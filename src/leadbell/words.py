"""Sentences for people, kept untranslated until somebody reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Words:
    """An English sentence with %(named)s values; the screen translates the sentence, then fills it.

    A value whose name ends in `_at` is an ISO-8601 time and is shown in the reader's local time.
    """

    text: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % self.values if self.values else self.text


def say(text: str, **values: Value | datetime) -> Words:
    """Mark a sentence for translation (makemessages knows `say` as a keyword) and give it its values.

    Raises ValueError for a time whose name doesn't end in `_at`: people would read it as a computer writes it.
    """
    if wrong := [
        name for name, value in values.items() if isinstance(value, datetime) and not name.endswith("_at")
    ]:
        raise ValueError(f"a time in “{text}” is called {wrong[0]}, not …_at")
    return Words(text, {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()})
