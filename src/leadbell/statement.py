"""Statements of the hot path: prepared once on Django's own connection, inside its transaction."""

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from itertools import islice
from typing import Any, TypeVar

import msgspec
import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.models.base import ModelState
from django.db.utils import DatabaseErrorWrapper
from psycopg import sql

Row = TypeVar("Row")


def run(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Execute one statement that answers rows, with %(named)s values bound by the server.

    Django's cursors put the values into the text, which PostgreSQL then parses and plans each time.
    Raises Django's database errors, as every other query does.
    """
    write_what_waits()
    with _cursor() as cursor:
        cursor.execute(statement, values, prepare=True)
        return cursor.fetchall()


def tell(statement: str, values: Mapping[str, Any]) -> None:
    """Execute one statement whose rows nobody asks for; inside `without_waiting` nobody waits for its end either."""
    write_what_waits()
    with _cursor() as cursor:
        cursor.execute(statement, values, prepare=True)


@contextmanager
def _cursor() -> "Iterator[psycopg.Cursor[Any]]":
    # Django's `connection` looks for this thread's anew with each attribute.
    ours = connections[DEFAULT_DB_ALIAS]
    ours.ensure_connection()
    with DatabaseErrorWrapper(ours), psycopg.Cursor(ours.connection) as cursor:
        yield cursor


class _Waiting(threading.local):
    """Rows that wait to be written, by what writes them, in the order in which it was first needed."""

    rows: dict[Callable[[list[Any]], None], list[Any]] | None = None


_waiting = _Waiting()


@contextmanager
def together() -> Iterator[None]:
    """What is written `later` inside is written in few statements: before anything is asked, and at the end."""
    write_what_waits()
    outside, _waiting.rows = _waiting.rows, {}
    try:
        with connection.execute_wrapper(_after_what_waits):
            yield
            write_what_waits()
    finally:
        _waiting.rows = outside


def later(write: Callable[[list[Row]], None], row: Row) -> None:
    """Let `write` write this row: at once, or inside `together` with all that follow until somebody asks."""
    if _waiting.rows is None:
        write([row])
    else:
        _waiting.rows.setdefault(write, []).append(row)


def write_what_waits() -> None:
    while _waiting.rows:
        rows, _waiting.rows = _waiting.rows, {}
        for write, those in rows.items():
            write(those)


def _after_what_waits(
    execute: Callable[..., Any], text: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    write_what_waits()
    return execute(text, params, many, context)


def insert(rows: Sequence[models.Model]) -> None:
    """Insert rows, each numbered where the database does that and nobody has.

    Django's `bulk_create` writes all values into the text; here they travel beside one statement for each table,
    prepared once.
    """
    for model in dict.fromkeys(type(row) for row in rows):
        _insert(model, [row for row in rows if type(row) is model])


def _insert(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    key = model._meta.pk
    numbered = isinstance(key, models.AutoField) and rows[0].pk is None
    table = _whole(model, numbered)
    if numbered:
        numbers = run(f'{table.inserted} returning "{key.column}"', {"rows": table.told(rows)})
        for row, (number,) in zip(rows, numbers, strict=True):
            row.pk = number
    else:
        table.insert(rows)
    for row in rows:
        row._state.adding = False


@cache
def _whole(model: type[models.Model], numbered: bool) -> "Rows":
    """Whole rows; but for the key where the database numbers them."""
    key = str(model._meta.pk.column)
    return Rows(model, *(name for name in Rows(model).columns if name != key)) if numbered else Rows(model)


class Rows:
    """Rows of a table, or these columns of them, as one JSON text: that costs far less than to bind each value.

    In a statement that text is its value `rows`. Put together when first used: models know their columns only then.
    """

    def __init__(self, model: type[models.Model], *columns: str) -> None:
        self._model, self._chosen = model, columns

    @cached_property
    def _fields(self) -> "dict[str, models.Field[Any, Any]]":
        there = {
            str(field.column): field for field in self._model._meta.concrete_fields if not field.generated
        }
        return {name: there[name] for name in self._chosen or there}

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._fields)

    @cached_property
    def _read(self) -> sql.Composed:
        """What a statement selects from; the rows are called r. bytea travels as base64."""
        types = ((name, _type(field)) for name, field in self._fields.items())
        typed = [
            sql.Identifier(name) + sql.SQL(" text" if told == "bytea" else f" {told}") for name, told in types
        ]
        return sql.SQL("jsonb_to_recordset({}::jsonb) as r({})").format(
            sql.Placeholder("rows"), sql.SQL(", ").join(typed)
        )

    @property
    def _table(self) -> sql.Identifier:
        return sql.Identifier(self._model._meta.db_table)

    @cached_property
    def inserted(self) -> str:
        """The statement that inserts them."""
        names = sql.SQL(", ").join(map(sql.Identifier, self._fields))
        values = sql.SQL(", ").join(
            sql.SQL("decode({}, 'base64')" if _type(field) == "bytea" else "{}").format(
                sql.Identifier("r", name)
            )
            for name, field in self._fields.items()
        )
        made = sql.SQL("insert into {} ({}) select {} from {}").format(self._table, names, values, self._read)
        return made.as_string()

    @cached_property
    def updated(self) -> str:
        """The statement that changes these columns of the rows that have their first one, the key."""
        key, *names = self._fields
        changes = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier("r", name)) for name in names
        )
        made = sql.SQL("update {} t set {} from {} where {} = {}").format(
            self._table, changes, self._read, sql.Identifier("t", key), sql.Identifier("r", key)
        )
        return made.as_string()

    def told(self, rows: Iterable[models.Model]) -> str:
        names = [(name, field.attname) for name, field in self._fields.items()]
        return as_json([{name: getattr(row, attribute) for name, attribute in names} for row in rows])

    def insert(self, rows: Iterable[models.Model], unless: str = "") -> None:
        """`unless`: what is done where one is there already, as "on conflict" says it."""
        tell(f"{self.inserted} {unless}", {"rows": self.told(rows)})

    def update(self, rows: Iterable[models.Model]) -> None:
        tell(self.updated, {"rows": self.told(rows)})


def as_json(value: Any) -> str:
    """JSON as PostgreSQL reads it; times, UUIDs and our frozen values may be in it."""
    return msgspec.json.encode(value).decode()


def _type(field: "models.Field[Any, Any]") -> str:
    """Text that is too long is refused by the table, not cut to the length of a type."""
    told = field.rel_db_type(connection) if field.is_relation else field.db_type(connection)
    return re.sub(r"varchar\(\d+\)", "text", told or "text")


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
