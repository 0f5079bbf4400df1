"""What the messenger does besides sending: tests of an account."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any

Errand = tuple[int, Callable[[], Any], Callable[[Any], None]]


def errands(now: datetime, busy: Collection[int]) -> Iterator[Errand]:
    """Whose errand, what runs in a thread, and what its answer is for; none of a dealer that is busy."""
    yield from ()
