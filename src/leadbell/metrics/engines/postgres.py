"""PostgreSQL: over the leads' rows as they are kept current, or over any schema with the three tables."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlglot import exp

from leadbell.metrics.question import translated


class Cursor(Protocol):
    """Of psycopg or of Django."""

    def execute(self, query: Any, /) -> Any: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Postgres:
    """Figures over an open cursor; row-level security decides which dealers it sees.

    `relation` is the table of the leads' rows; None works them out from `leads`, `touches` and `visits`.
    """

    dialect = "postgres"

    def __init__(self, cursor: Cursor, relation: str | None, lacks: frozenset[str] = frozenset()) -> None:
        self.cursor = cursor
        self.relation = relation
        self.lacks = lacks

    def rows(self, asked: exp.Expr) -> Sequence[Sequence[Any]]:
        self.cursor.execute(said(asked))
        return self.cursor.fetchall()


def said(asked: exp.Expr) -> str:
    """The statement as PostgreSQL gets it."""
    return translated(asked, "postgres", lambda: asked.sql(dialect="postgres", comments=False))
