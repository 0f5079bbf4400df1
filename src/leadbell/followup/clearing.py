"""Videos that are due are taken off the recordings' shelf, beside the mail."""

import uuid
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

import structlog

from leadbell.followup.errands import Errand
from leadbell.ring.recordings.store import StoreAway, the_store
from leadbell.video.actions import due, taken_off

log = structlog.get_logger("leadbell.video")

#: Nobody's errand: no dealer has this number.
NOBODY = 0


def clearing_errands(now: datetime, busy: Collection[int]) -> Iterator[Errand]:
    """What is due, one errand at a time. What the shelf refuses is due again the next time."""
    there = {} if NOBODY in busy else due(now)
    if not there:
        return

    def work() -> Any:
        return take_off(there)

    def then(done: Any) -> None:
        for number in done:
            taken_off(number)

    yield NOBODY, work, then, ()


def take_off(there: Mapping[uuid.UUID, tuple[str, ...]]) -> tuple[uuid.UUID, ...]:
    """Delete these pieces from the shelf; which videos are gone. Stops where the shelf doesn't answer."""
    done: list[uuid.UUID] = []
    try:
        for number, pieces in there.items():
            for name in pieces:
                the_store().delete(name)
            done.append(number)
    except StoreAway as error:
        log.warning("not deleted", seen=str(error))
    return tuple(done)
