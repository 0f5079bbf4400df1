"""Figures over the leads' rows that `metrics.keeping` keeps: what screens ask."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from leadbell.metrics.engines.postgres import Postgres
from leadbell.metrics.exchange import CANT_SAY

ROWS = "leadbell_leadrow"


@contextmanager
def live() -> Iterator[Postgres]:
    """The engine over the dealers that the present transaction may see (`lead.doors.tenant`).

    `dealer` and `salesperson` are numbers, written as text.
    """
    with connection.cursor() as cursor:
        yield Postgres(cursor, ROWS, CANT_SAY)
