"""Many of the clockwork's steps in one commit: under load a commit costs more than the work it makes safe."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from django.db import OperationalError, transaction

from leadbell import statement

#: Envelopes, leads or offers of one commit.
AT_ONCE = 8
#: What keeps one from spoiling the others: a savepoint, or nothing.
Apart = Callable[[], AbstractContextManager[Any]]


def in_one_commit(work: Callable[[datetime, int, Apart], int], now: datetime, most: int) -> int:
    """All without savepoints, which cost as much as a fact; where one fails, all again, each behind its own."""
    try:
        with transaction.atomic(), statement.without_waiting(), statement.together():
            return work(now, most, nullcontext)
    except OperationalError:
        raise
    except Exception:
        with transaction.atomic():
            return work(now, most, transaction.atomic)
