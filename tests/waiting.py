"""Waiting for other processes, whose pace a test can't set."""

import time
from collections.abc import Callable

#: A busy machine may need this long for what takes a moment. Only who waits in vain waits so long.
PATIENCE_S = 60.0


def eventually(happened: Callable[[], object], within_s: float = PATIENCE_S) -> bool:
    """Whether it became true in time; looked at every few milliseconds."""
    give_up_at = time.monotonic() + within_s
    while not happened():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.01)
    return True
