"""What runs the figures. An engine answers rows to a statement; the statement is the same for all."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlglot import exp


class Engine(Protocol):
    #: sqlglot's name of its dialect.
    dialect: str
    #: A table or view that holds the leads' rows already; None where they are worked out from leads, touches, visits.
    relation: str | None
    #: Columns that its data can't say: `leads.sold_ms`.
    lacks: frozenset[str]

    def rows(self, asked: exp.Expr) -> Sequence[Sequence[Any]]:
        """Run one statement, written in our dialect."""
        ...
