"""Figures over the leads' rows that `metrics.rows.keeping` keeps: what screens ask."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

from django.db import connection
from sqlglot import exp

from leadbell.metrics.engines.postgres import Cursor, Postgres, said
from leadbell.metrics.rows.exchange import CANT_SAY

ROWS = "leadbell_leadrow"
#: For so long nobody asks again what no fact has changed: only time has passed.
HOLDS_MS = 60_000
#: Answers and moments that are remembered; each is a few rows.
MOST = 2_000
_NUMBER = """
select current_setting('app.dealers', true), coalesce(sum(number), 0)::bigint from leadbell_figuresnumber
"""
Answer = Sequence[Sequence[Any]]


class Known:
    """Answers given before, per dealers, their numbers and the statement; those asked for longest ago are forgotten."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: OrderedDict[tuple[Any, ...], Answer] = OrderedDict()
        self._moments: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def moment(self, dealers: str, number: int, now_ms: int) -> int:
        """As of when these dealers are asked: now, or a little earlier if no fact has come since."""
        with self._lock:
            known = self._moments.get(dealers)
            if known is not None and known[0] == number and 0 <= now_ms - known[1] < HOLDS_MS:
                return known[1]
            _remember(self._moments, dealers, (number, now_ms))
            return now_ms

    def answer(self, key: tuple[Any, ...]) -> Answer | None:
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def keep(self, key: tuple[Any, ...], answer: Answer) -> None:
        with self._lock:
            _remember(self._answers, key, answer)


def _remember(where: "OrderedDict[Any, Any]", key: Any, value: Any) -> None:
    where[key] = value
    where.move_to_end(key)
    if len(where) > MOST:
        where.popitem(last=False)


_KNOWN = Known()


class Live(Postgres):
    """The engine of the screens; asked at `as_of_ms`. What no fact has changed since isn't worked out again."""

    def __init__(self, cursor: Cursor, now_ms: int, known: Known = _KNOWN) -> None:
        super().__init__(cursor, ROWS, CANT_SAY)
        self._known = known
        # Read before the rows: whatever is committed in between makes the answer younger than its number, never older.
        cursor.execute(_NUMBER)
        ((self._dealers, self._number),) = cursor.fetchall()
        self.as_of_ms = known.moment(self._dealers or "", self._number, now_ms)

    def rows(self, asked: exp.Expr) -> Answer:
        key = (self._dealers, self._number, said(asked))
        answer = self._known.answer(key)
        if answer is None:
            answer = super().rows(asked)
            self._known.keep(key, answer)
        return answer


@contextmanager
def live() -> Iterator[Postgres]:
    """The engine over the dealers that the present transaction may see (`lead.doors.tenant`).

    `dealer` and `salesperson` are numbers, written as text.
    """
    with connection.cursor() as cursor:
        yield Postgres(cursor, ROWS, CANT_SAY)


@contextmanager
def remembering(now_ms: int) -> Iterator[Live]:
    """The same, for screens that ask the same again and again."""
    with connection.cursor() as cursor:
        # Percentiles of a whole network's leads are sorted in memory.
        cursor.execute("set local work_mem = '32MB'")
        yield Live(cursor, now_ms)
