"""Statements of the hot path: prepared once on Django's own connection, inside its transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from itertools import islice
from typing import Any, LiteralString

import msgspec
import psycopg
from django.db import connection, models, transaction
from django.db.models.base import ModelState
from django.db.utils import DatabaseErrorWrapper
from psycopg import sql


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


def insert(rows: Sequence[models.Model]) -> None:
    """Insert rows of one table, each numbered where the database does that.

    Django's `bulk_create` writes all values into the text; here they travel beside one statement, prepared once.
    """
    if not rows:
        return
    table = _table(type(rows[0]))
    columns = {
        field.attname: [table.stored(field, getattr(row, field.attname)) for row in rows]
        for field in table.fields
    }
    if table.numbered is None:
        tell(table.sql, columns)
    else:
        for row, (number,) in zip(rows, run(table.sql, columns), strict=True):
            setattr(row, table.numbered, number)
    for row in rows:
        row._state.adding = False


@cache
def _table(model: type[models.Model]) -> "_Table":
    return _Table(model)


class _Table:
    """How rows of a model are inserted."""

    def __init__(self, model: type[models.Model]) -> None:
        key = model._meta.pk
        self.numbered = key.attname if isinstance(key, models.AutoField) else None
        self.fields = [
            field
            for field in model._meta.concrete_fields
            if not field.generated and not (self.numbered and field.primary_key)
        ]
        names, read, values = [], [], []
        for field in self.fields:
            name = sql.Identifier(field.column or "")
            is_json = isinstance(field, models.JSONField)
            names.append(name)
            read.append(sql.SQL("{}::jsonb").format(name) if is_json else name)
            values.append(sql.SQL("{}::{}[]").format(sql.Placeholder(field.attname), sql.SQL(_type(field))))
        told = sql.SQL("insert into {} ({}) select {} from unnest({}) as r({})").format(
            sql.Identifier(model._meta.db_table),
            *(sql.SQL(", ").join(parts) for parts in (names, read, values, names)),
        )
        if self.numbered:
            told += sql.SQL(" returning {}").format(sql.Identifier(self.numbered))
        self.sql = told.as_string()

    def stored(self, field: "models.Field[Any, Any]", value: Any) -> Any:
        if isinstance(field, models.JSONField):
            return None if value is None else msgspec.json.encode(value).decode()
        return str(value) if isinstance(value, str) else value


def _type(field: "models.Field[Any, Any]") -> LiteralString:
    """Text that is too long is refused by the table, not cut to the length of a type."""
    told = field.rel_db_type(connection) if field.is_relation else field.db_type(connection)
    return "text" if told is None or told.startswith(("varchar", "jsonb")) else told


class Joined:
    """Tables that a statement joins, by what they are called in it: what it selects, and the objects of each row.

    Django's own way takes ten times as long: it puts the statement together anew each time.
    """

    def __init__(self, **tables: type[models.Model]) -> None:
        self._tables = tables

    @cached_property
    def _parts(self) -> "tuple[_Columns, ...]":
        return tuple(_Columns(model, name) for name, model in self._tables.items())

    def select(self, rest: str, *more: str) -> str:
        """A statement of all their columns and `more`; `rest` begins with "from"."""
        return f"select {', '.join([*(part.sql for part in self._parts), *more])} {rest}"

    def made(self, row: Sequence[Any]) -> tuple[list[Any], tuple[Any, ...]]:
        """An object for each table, None where nothing was joined; and what more was selected."""
        values = iter(row)
        return [part.made(values) for part in self._parts], tuple(values)


class _Columns:
    """The columns of a table in a statement, and the object they make."""

    def __init__(self, model: type[models.Model], name: str) -> None:
        fields = [field for field in model._meta.concrete_fields if not field.generated]
        self._model, self._names = model, [field.attname for field in fields]
        self._json = [place for place, field in enumerate(fields) if isinstance(field, models.JSONField)]
        self._key = self._names.index(model._meta.pk.attname)
        self.sql = ", ".join(
            f"{name}.{field.column}{'::text' if place in self._json else ''}"
            for place, field in enumerate(fields)
        )

    def made(self, values: Iterator[Any]) -> Any:
        """The object of the next columns of a row, or None where nothing was joined.

        What Django's `from_db` makes: it sets each column by itself and sends two signals, which takes most of the
        time, and no model of ours asks for either.
        """
        own = list(islice(values, len(self._names)))
        if own[self._key] is None:
            return None
        for place in self._json:
            if own[place] is not None:
                own[place] = msgspec.json.decode(own[place])
        made = self._model.__new__(self._model)
        made._state = ModelState()
        made._state.db, made._state.adding = connection.alias, False
        made.__dict__.update(zip(self._names, own, strict=True))
        return made


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
