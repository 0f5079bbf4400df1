"""A DMS that answers, and somebody who tells it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from leadbell.conversation.carriers import carrier_for
from leadbell.dealers.models import Organisation
from leadbell.dms.actions import Made, Place, add_receiver
from leadbell.dms.rules import EVENTS
from leadbell.followup.dms import Telling
from leadbell.followup.messenger import handed_over
from tests.conftest import NOON
from tests.dms.receiving import Dms, running
from tests.waiting import eventually


@pytest.fixture
def dms(settings: Any) -> Iterator[Dms]:
    settings.OUTGOING_ALLOW = ["127.0.0.1/32"]
    with running() as one:
        yield one


class Told:
    """The messenger's part, with its own rights in the database and a clock that is set."""

    def __init__(self) -> None:
        self.now = NOON
        carrier = carrier_for("email", SimpleNamespace())
        self.telling = Telling(
            lambda: self.now, lambda account, letter: handed_over(carrier, account, letter)
        )

    def step(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute("set role leadbell_clockwork")
            try:
                return self.telling.step()
            finally:
                if not connection.needs_rollback:
                    cursor.execute("reset role")

    def all(self) -> None:
        """Until nothing is due and nothing under way."""
        assert eventually(lambda: not self.step() and not self.telling.is_busy, 60)

    def at(self, now: datetime) -> "Told":
        self.now = now
        return self


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    yield made
    made.telling.close()


@pytest.fixture
def connect(northside: Organisation) -> Callable[..., Made]:
    def connected(
        url: str,
        kind: str = "webhook",
        events: Any = tuple(EVENTS),
        dealer: Organisation = northside,
        **about: str,
    ) -> Made:
        made = add_receiver(dealer, "CarDesk", kind, Place(url, **about), events, NOON)
        assert isinstance(made, Made), made
        return made

    return connected
