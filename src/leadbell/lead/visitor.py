"""An inquiry says from which browser it came: intake tells it here, whoever keeps visits hears it."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

How = Literal["form", "chat"]
#: (dealer, lead, the browser's id as it was sent, the envelope that holds it, when, by what it was sent)
Hears = Callable[[int, int, str, str, datetime, How], None]

_ears: list[Hears] = []


def hear(ear: Hears) -> None:
    """From now on `ear` is called for each such inquiry, within the transaction that reads it."""
    if ear not in _ears:
        _ears.append(ear)


def told(dealer: int, lead: int, browser: str, envelope: str, at: datetime, how: How = "form") -> None:
    for ear in _ears:
        ear(dealer, lead, browser, envelope, at, how)
