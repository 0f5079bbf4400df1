"""Numbers of new leads and customers, drawn many at once: who writes a batch waits for the database once for all."""

from collections import deque
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
#: By connection, since another one may lead to another database.
_drawn: WeakKeyDictionary[Any, dict[str, deque[int]]] = WeakKeyDictionary()


def draw(many: int) -> None:
    """Have so many numbers of each ready; what nobody uses now is used later, or never."""
    ready = _ready()
    missing = {whose: max(0, many - len(numbers)) for whose, numbers in ready.items()}
    if any(missing.values()):
        for whose, number in statement.run(_DRAW, missing):
            ready[whose].append(number)


def next_number(whose: Whose) -> int:
    """One that no row has and nobody else gets."""
    numbers = _ready()[whose]
    if not numbers:
        draw(1)
    return numbers.popleft()


def _ready() -> dict[str, deque[int]]:
    connection.ensure_connection()
    return _drawn.setdefault(connection.connection, {"lead": deque(), "customer": deque()})
