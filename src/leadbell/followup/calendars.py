"""People's own calendars, looked into beside the mail: a slow one keeps no letter waiting."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any

from leadbell.appointment.calendars import Due, due, looked
from leadbell.appointment.looking import Unread, look
from leadbell.followup.errands import Errand
from leadbell.words import say


def calendar_errands(
    now: datetime, most: int, busy: Collection[int], clock: Callable[[], datetime]
) -> Iterator[Errand]:  # fmt: skip
    """Up to `most` that are due, with those in `busy`; named below zero, so that no dealer's mail waits for one."""
    under_way = [-who for who in busy if who < 0]
    for one in due(now, most - len(under_way), under_way):

        def work(one: Due = one) -> Any:
            return look(one.where, one.since, one.until, one.zone)

        def then(outcome: Any, number: int = one.number) -> None:
            looked(number, outcome, clock())

        yield -one.number, work, then, Unread(say("reading it failed in a way nobody foresaw"))
