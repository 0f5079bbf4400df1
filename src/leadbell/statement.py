"""Statements of the hot path: prepared once on Django's own connection, inside its transaction."""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection
from django.db.utils import DatabaseErrorWrapper


def run(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Execute one statement with %(named)s values bound by the server; its rows, if it has any.

    Django's cursors put the values into the text, which PostgreSQL then parses and plans each time.
    Raises Django's database errors, as every other query does.
    """
    connection.ensure_connection()
    with DatabaseErrorWrapper(connection), psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, values, prepare=True)
        return cursor.fetchall() if cursor.description else []
