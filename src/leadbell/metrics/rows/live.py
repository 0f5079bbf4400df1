"""Figures over the leads' rows that `metrics.rows.keeping` keeps: what screens ask."""

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from django.db import connection
from sqlglot import exp

from leadbell.metrics.engines.postgres import Cursor, Postgres, said
from leadbell.metrics.question import AS_OF, LATER
from leadbell.metrics.rows.exchange import CANT_SAY
from leadbell.metrics.rows.parts import DEALERS, Part, Plan, parts, plan_of, together

ROWS = "leadbell_leadrow"
#: What can't be put together from parts is asked again after so long: time has passed.
HOLDS_MS = 60_000
#: Answers that are remembered, and their values: of hundreds of dealers an answer has thousands.
MOST, MOST_SAID = 2_000, 500_000
#: Values of parts that are remembered, of eight bytes each.
MOST_VALUES = 8_000_000
_NUMBERS = """
select coalesce(current_setting('app.dealers', true), ''),
    coalesce((select json_object_agg(dealer_id, number) from leadbell_figuresnumber)::text, '{}')
"""
Answer = Sequence[Sequence[Any]]
Dealers = tuple[int, ...]
#: Whose leads, and the question.
Key = tuple[Dealers, str]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, the dealers' numbers of then, and from when until before when it holds."""

    numbers: tuple[int, ...]
    since_ms: int
    until_ms: int
    answer: Answer

    @property
    def weight(self) -> int:
        return 1 + sum(map(len, self.answer))


@dataclass(slots=True)
class Asked:
    """One question's parts by dealer."""

    parts: dict[int, Part] = field(default_factory=dict)
    weight: int = 0


class Known:
    """What was asked before: answers while they hold, and parts of answers. What was asked longest ago is forgotten."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: OrderedDict[Key, Answered] = OrderedDict()
        self._said = 0
        self._asked: OrderedDict[str, Asked] = OrderedDict()
        self._weight = 0

    def answer(self, key: Key, numbers: tuple[int, ...], now_ms: int) -> Answer | None:
        """What was answered when the dealers had these numbers, while it holds."""
        with self._lock:
            kept = self._answers.get(key)
            if kept is None or kept.numbers != numbers or not kept.since_ms <= now_ms < kept.until_ms:
                return None
            self._answers.move_to_end(key)
            return kept.answer

    def keep(self, key: Key, answered: Answered) -> None:
        """In place of what was answered before: the dealers won't have those numbers again."""
        with self._lock:
            before = self._answers.pop(key, None)
            self._answers[key] = answered
            self._said += answered.weight - (before.weight if before else 0)
            while len(self._answers) > MOST or self._said > MOST_SAID:
                _, forgotten = self._answers.popitem(last=False)
                self._said -= forgotten.weight

    def parts(self, question: str) -> Mapping[int, Part]:
        with self._lock:
            asked = self._asked.get(question)
            if asked is None:
                return {}
            self._asked.move_to_end(question)
            return dict(asked.parts)

    def keep_parts(self, question: str, found: Mapping[int, Part]) -> None:
        with self._lock:
            asked = self._asked.setdefault(question, Asked())
            self._asked.move_to_end(question)
            for dealer, part in found.items():
                before = asked.parts.get(dealer)
                more = part.weight - (before.weight if before else 0)
                asked.parts[dealer] = part
                asked.weight += more
                self._weight += more
            while self._weight > MOST_VALUES:
                _, forgotten = self._asked.popitem(last=False)
                self._weight -= forgotten.weight


_KNOWN = Known()


class Live(Postgres):
    """The engine of the screens, as of the moment it is asked. What no fact and no time has changed isn't worked out
    again; and of several dealers only those that changed are."""

    #: The moment is said when the question is asked, so that the question itself is always the same.
    as_of_ms = LATER

    def __init__(self, cursor: Cursor, now_ms: int, known: Known = _KNOWN) -> None:
        super().__init__(cursor, ROWS, CANT_SAY)
        self._known, self._now_ms = known, now_ms
        # Read before the rows: whatever is committed in between makes the answer younger than its number, never older.
        cursor.execute(_NUMBERS)
        ((dealers, numbers),) = cursor.fetchall()
        self._dealers: Dealers = tuple(sorted({int(one) for one in dealers.strip("{}").split(",") if one}))
        self._numbers = {int(dealer): int(number) for dealer, number in json.loads(numbers).items()}
        self._stand = tuple(self._numbers.get(one, 0) for one in self._dealers)

    def rows(self, asked: exp.Expr) -> Answer:
        question = said(asked)
        key = self._dealers, question
        answer = self._known.answer(key, self._stand, self._now_ms)
        if answer is None:
            plan = plan_of(asked)
            answer, until = self._whole(question) if plan is None else self._together(plan, question)
            self._known.keep(key, Answered(self._stand, self._now_ms, until, answer))
        return answer

    def _whole(self, question: str) -> tuple[Answer, int]:
        return self._ask(question), self._now_ms + HOLDS_MS

    def _together(self, plan: Plan, question: str) -> tuple[Answer, int]:
        known = self._known.parts(question)
        stale = [one for one in self._dealers if not self._holds(known.get(one), one)]
        if stale:
            found = parts(plan, self._ask(said(plan.asked), stale), self._numbers, stale)
            self._known.keep_parts(question, found)
            known = {**known, **found}
        all_of = [known[one] for one in self._dealers]
        return together(plan, all_of), min((part.until for part in all_of), default=self._now_ms)

    def _holds(self, part: Part | None, dealer: int) -> bool:
        return part is not None and part.number == self._numbers.get(dealer, 0) and self._now_ms < part.until

    def _ask(self, question: str, dealers: Sequence[int] = ()) -> Answer:
        whose = f"array[{', '.join(map(str, dealers))}]::bigint[] as {DEALERS}"
        moment = f"select {self._now_ms}::bigint as {AS_OF}, {whose}"
        self.cursor.execute(f"with moment as ({moment}) {question}")
        return self.cursor.fetchall()


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
