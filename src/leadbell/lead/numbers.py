"""Numbers of new leads and customers, drawn many at once: who writes a batch waits for the database once for all.

Lists show the highest number first, so a number is used at once or never: one that was kept would put tomorrow's lead
below today's.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from weakref import WeakKeyDictionary

from django.db import connection

from leadbell import statement

Whose = Literal["lead", "customer"]

_DRAW = """
select 'lead', nextval(pg_get_serial_sequence('leadbell_lead', 'id')) from generate_series(1, %(lead)s)
union all
select 'customer', nextval(pg_get_serial_sequence('leadbell_customer', 'id')) from generate_series(1, %(customer)s)
"""
#: What nobody used so long after it was drawn, nobody will.
FRESH_S = 1.0


@dataclass(slots=True)
class _Drawn:
    at: float = float("-inf")
    numbers: dict[str, deque[int]] = field(default_factory=lambda: {"lead": deque(), "customer": deque()})


#: By connection, since another one may lead to another database.
_drawn: WeakKeyDictionary[Any, _Drawn] = WeakKeyDictionary()


def draw(many: int, clock: Callable[[], float] = time.monotonic) -> None:
    """Have so many numbers of each ready, in place of what was left of others."""
    _drawn[_here()] = drawn = _Drawn(clock())
    if many:
        for whose, number in statement.run(_DRAW, {"lead": many, "customer": many}):
            drawn.numbers[whose].append(number)


def next_number(whose: Whose, clock: Callable[[], float] = time.monotonic) -> int:
    """One that no row has and nobody else gets."""
    drawn = _drawn.get(_here())
    if drawn and drawn.numbers[whose] and clock() - drawn.at < FRESH_S:
        return drawn.numbers[whose].popleft()
    ((_, number),) = statement.run(_DRAW, {"lead": 0, "customer": 0, whose: 1})
    return int(number)


def _here() -> Any:
    connection.ensure_connection()
    return connection.connection
