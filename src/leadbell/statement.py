"""Statements of the hot path: prepared once on Django's own connection, inside its transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, transaction
from django.db.utils import DatabaseErrorWrapper


def run(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Execute one statement that answers rows, with %(named)s values bound by the server.

    Django's cursors put the values into the text, which PostgreSQL then parses and plans each time.
    Raises Django's database errors, as every other query does.
    """
    connection.ensure_connection()
    with DatabaseErrorWrapper(connection), psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, values, prepare=True)
        return cursor.fetchall()


def tell(sql: str, values: Mapping[str, Any]) -> None:
    """Execute one statement whose rows nobody asks for; inside `without_waiting` nobody waits for its end either."""
    connection.ensure_connection()
    with DatabaseErrorWrapper(connection), psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, values, prepare=True)


#: In a statement's list: nobody waits for the disk, so a database that dies may forget the last half second of it.
FORGETFUL = "set_config('synchronous_commit', 'off', true)"


def forgetful() -> None:
    """Let this transaction be committed without waiting for the disk.

    Only for what is decided or heard again should the database forget it in a crash. Later commits that wait keep
    this one too. Whoever notifies holds up everybody else who does until the commit is over: not waiting is worth more
    to the others than to oneself.
    """
    tell(_FORGETFUL, {})


_FORGETFUL = f"select {FORGETFUL}"


@contextmanager
def without_waiting() -> Iterator[None]:
    """PostgreSQL works on what it is told while we go on; what went wrong is raised at the next question or here."""
    connection.ensure_connection()
    with DatabaseErrorWrapper(connection), connection.connection.pipeline():
        yield


@contextmanager
def in_one_go() -> Iterator[None]:
    """A transaction that waits for PostgreSQL only where it asks something: its last statements travel with COMMIT.

    Whoever stands outside of it afterwards knows that it is committed; inside another transaction that one commits.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic(savepoint=False), without_waiting():
        yield
        if outermost and not connection.needs_rollback:
            with DatabaseErrorWrapper(connection):
                connection.connection.commit()
