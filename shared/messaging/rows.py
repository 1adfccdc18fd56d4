"""Rows of one table as frozen structs: loaded by key, changed in memory, saved set-based.

One statement for a whole batch: a statement per row costs a round trip each, and that is what makes
the handler a newcomer would write slow (see docs/measurements.md).
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from types import UnionType
from typing import Any, Generic, TypeVar

from msgspec import Struct

from shared.messaging.arrays import array, documents

R = TypeVar("R", bound=Struct)
Key = Any
"""A row's key: the value of the key column, or a tuple of them."""

_SQL_TYPES: dict[type, str] = {
    str: "text",
    int: "bigint",
    bool: "boolean",
    float: "double precision",
    Decimal: "numeric",
    date: "date",
    datetime: "timestamptz",
    bytes: "bytea",
}


class Table(Generic[R]):
    """How a struct is kept in a table of the same column names.

    Enums are kept by their value; tuples and dicts as jsonb. A tuple of a row type's field must hold
    plain JSON values.

    Args:
        name: the table.
        row: the frozen struct.
        key: the columns of the primary key.
    """

    def __init__(self, name: str, row: type[R], *key: str) -> None:
        self.name = name
        self.row = row
        self.key = key
        hints = typing.get_type_hints(row)
        self.columns: tuple[str, ...] = row.__struct_fields__
        kinds = [_kind(hints[column]) for column in self.columns]
        self._from_sql = [_reader(hints[column]) for column in self.columns]
        self._mixed = any(read is not None for read in self._from_sql)
        self._to_sql = [documents if kind in {tuple, dict} else array for kind in kinds]
        self._types = ["jsonb" if kind in {tuple, dict} else _sql_type(kind) for kind in kinds]
        self.key_of: Callable[[R], Key] = _key_reader(key)

        self._values: Callable[[R], tuple[Any, ...]] = _values_of(self.columns)

        arrays = ", ".join(f"${n}::text::{sql}[]" for n, sql in enumerate(self._types, 1))
        columns = ", ".join(self.columns)
        others = [column for column in self.columns if column not in key]
        update = ", ".join(f"{column} = excluded.{column}" for column in others)
        self._select = f"SELECT {columns} FROM {name}"
        self._upsert = (
            f"INSERT INTO {name} ({columns}) SELECT * FROM unnest({arrays}) AS new ({columns}) "
            f"ON CONFLICT ({', '.join(key)}) DO {f'UPDATE SET {update}' if others else 'NOTHING'}"
        )
        key_types = [self._type_of(column) for column in key]
        key_arrays = ", ".join(f"${n}::text::{sql}[]" for n, sql in enumerate(key_types, 1))
        self._delete = (
            f"DELETE FROM {name} USING unnest({key_arrays}) AS gone ({', '.join(key)}) "
            f"WHERE {' AND '.join(f'{name}.{column} = gone.{column}' for column in key)}"
        )

    async def fetch(self, connection: Any, column: str, values: Iterable[Any]) -> Rows[R]:
        """Rows whose `column` is one of `values`."""
        wanted = sorted(set(values))
        if not wanted:
            return Rows(self)
        return await self._found(connection, self.named_by(column), array(wanted))

    def named_by(self, column: str) -> str:
        """The statement for rows whose `column` is one of the values of `$1`.

        A join, since the server looks up each value in an index then, however many there are and whatever
        it knows of the table; of `= ANY` it may think better, and compare every row with every value.
        """
        return (
            f"{self._select} JOIN unnest($1::text::{self._type_of(column)}[]) AS wanted (value_) "
            f"ON {self.name}.{column} = wanted.value_ ORDER BY {', '.join(self.key)}"
        )

    async def where(self, connection: Any, condition: str, *arguments: Any) -> Rows[R]:
        """Rows that meet a condition in SQL, in order of the key."""
        return await self._found(
            connection, f"{self._select} WHERE {condition} ORDER BY {', '.join(self.key)}", *arguments
        )

    async def all(self, connection: Any) -> Rows[R]:
        """Every row; for what looks at the whole, such as a matching round."""
        return await self.where(connection, "true")

    async def save(self, connection: Any, rows: Rows[R]) -> None:
        """Write what changed in `rows`."""
        gone, changed = rows.changes()
        if gone:
            keys = [key if isinstance(key, tuple) else (key,) for key in gone]
            await connection.execute(self._delete, *[array(column) for column in zip(*keys, strict=True)])
        if changed:
            columns = zip(*map(self._values, changed), strict=True)
            await connection.execute(
                self._upsert,
                *[written(column) for column, written in zip(columns, self._to_sql, strict=True)],
            )

    async def _found(self, connection: Any, sql: str, *arguments: Any) -> Rows[R]:
        return Rows(self, map(self._read, await connection.fetch(sql, *arguments)))

    def _type_of(self, column: str) -> str:
        return self._types[self.columns.index(column)]

    def _read(self, values: Iterable[Any]) -> R:
        if not self._mixed:
            return self.row(*values)
        return self.row(
            *[
                value if value is None or read is None else read(value)
                for value, read in zip(values, self._from_sql, strict=True)
            ]
        )


class Rows(Generic[R]):
    """The rows of one table that a batch has in hand, by key; remembers what was changed."""

    def __init__(self, table: Table[R], rows: Iterable[R] = ()) -> None:
        self._table = table
        self._rows: dict[Key, R] = {table.key_of(row): row for row in rows}
        self._touched: dict[Key, None] = {}

    def get(self, key: Key) -> R | None:
        """The row of that key, if it is in hand."""
        return self._rows.get(key)

    def __getitem__(self, key: Key) -> R:
        return self._rows[key]

    def __contains__(self, key: Key) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, row: R) -> None:
        """Add the row, or put it in place of the one with the same key."""
        key = self._table.key_of(row)
        if self._rows.get(key) != row:
            self._rows[key] = row
            self._touched[key] = None

    def drop(self, key: Key) -> None:
        """Forget the row."""
        if self._rows.pop(key, None) is not None:
            self._touched[key] = None

    def changes(self) -> tuple[list[Key], list[R]]:
        """Keys of rows to delete and rows to write, each in order of the key."""
        touched = sorted(self._touched)
        return (
            [key for key in touched if key not in self._rows],
            [self._rows[key] for key in touched if key in self._rows],
        )


def _kind(hint: Any) -> type:
    """The plain type behind `X | None`, `tuple[...]` and `dict[...]`."""
    if isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union:
        (hint,) = [part for part in typing.get_args(hint) if part is not type(None)]
    if typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    kind: type = typing.get_origin(hint) or hint
    return kind


def _sql_type(kind: type) -> str:
    return next(sql for python, sql in _SQL_TYPES.items() if kind is python) if kind in _SQL_TYPES else "text"


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    kind = _kind(hint)
    return kind if kind is tuple or issubclass(kind, Enum) else None


def _values_of(columns: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if len(columns) > 1:
        return attrgetter(*columns)
    (only,) = columns
    return lambda row: (getattr(row, only),)


def _key_reader(key: tuple[str, ...]) -> Callable[[Any], Key]:
    return attrgetter(*key)
