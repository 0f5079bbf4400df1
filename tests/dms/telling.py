"""Somebody who tells the dealers' systems, step by step."""

from datetime import datetime
from types import SimpleNamespace

from django.db import connection

from leadbell.conversation.carriers import carrier_for
from leadbell.followup.dms import Telling
from leadbell.followup.messenger import handed_over
from tests.waiting import eventually


class Told:
    """The messenger's part, with its own rights in the database and a clock that is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now
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
