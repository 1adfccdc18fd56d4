"""Rows of a table: in memory, and on a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import asyncpg
import orjson
from msgspec import Struct
from msgspec.structs import replace

from shared.messaging import database as db
from shared.messaging.arrays import array, binary, documents
from shared.messaging.rows import Rows, Table


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Thing(Struct, frozen=True):
    owner: str
    number: int
    colour: Colour
    price: Decimal
    since: date
    seen_at: datetime
    broken: bool
    tags: tuple[str, ...]
    notes: dict[str, Any]
    maybe: Colour | None = None
    ends: date | None = None


class Seen(Struct, frozen=True):
    name: str


THINGS = Table("things", Thing, "owner", "number")
SEEN = Table("seen", Seen, "name")

DDL = """
CREATE TABLE things (owner text, number bigint, colour text NOT NULL, price numeric, since date,
    seen_at timestamptz, broken boolean, tags jsonb, notes jsonb, maybe text, ends date,
    PRIMARY KEY (owner, number));
CREATE TABLE seen (name text PRIMARY KEY)
"""


def thing(owner: str = "a", number: int = 1, **more: Any) -> Thing:
    fields: dict[str, Any] = {
        "owner": owner,
        "number": number,
        "colour": Colour.RED,
        "price": Decimal("27.50"),
        "since": date(2021, 3, 1),
        "seen_at": datetime(2021, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
        "broken": False,
        "tags": ("x", "y"),
        "notes": {"n": 1},
    }
    return Thing(**(fields | more))


def test_a_row_is_had_by_its_key_and_only_what_changed_is_written():
    rows = Rows(THINGS, [thing(), thing(number=2)])
    assert rows["a", 1] == thing()
    assert rows.get(("a", 3)) is None
    assert ("a", 2) in rows
    assert rows.changes() == ([], [])
    rows.put(thing())
    assert rows.changes() == ([], [])
    rows.put(replace(thing(), broken=True))
    rows.put(thing("b", 7))
    assert rows.changes() == ([], [thing(broken=True), thing("b", 7)])


def test_a_dropped_row_is_deleted_and_one_that_comes_back_is_written():
    rows = Rows(THINGS, [thing(), thing(number=2)])
    rows.drop(("a", 1))
    rows.drop(("a", 2))
    rows.drop(("nobody", 9))
    rows.put(thing(number=2))
    assert rows.changes() == ([("a", 1)], [thing(number=2)])
    assert [row.number for row in rows] == [2]
    assert len(rows) == 1


def test_changes_come_in_order_of_the_key_whatever_the_order_of_the_events():
    rows = Rows(THINGS)
    for number in (3, 1, 2):
        rows.put(thing(number=number))
    assert [row.number for row in rows.changes()[1]] == [1, 2, 3]


async def test_rows_come_back_as_they_went_and_are_found_by_a_column_or_a_condition(database: str):
    pool = await db.open_pool(database, size=1, wait_s=30)
    try:
        async with pool.acquire() as connection:
            await connection.execute(DDL)
            full = thing(maybe=Colour.BLUE, ends=date(2022, 1, 1), tags=(), notes={"a": [None, 1.5, "é"]})
            rows = Rows(THINGS)
            for each in (full, thing(number=2), thing("b", 1)):
                rows.put(each)
            await THINGS.save(connection, rows)
            assert sorted(await THINGS.all(connection), key=lambda t: (t.owner, t.number)) == [
                full,
                thing(number=2),
                thing("b", 1),
            ]
            found = await THINGS.fetch(connection, "owner", ["a", "a", "nobody"])
            assert [row.number for row in found] == [1, 2]
            assert len(await THINGS.fetch(connection, "owner", [])) == 0
            assert [row.owner for row in await THINGS.where(connection, "maybe = $1", Colour.BLUE)] == ["a"]

            changed = replace(full, price=Decimal(0), maybe=None)
            found.put(changed)
            found.drop(("a", 2))
            await THINGS.save(connection, found)
            assert list(await THINGS.all(connection)) == [
                replace(full, price=Decimal(0), maybe=None),
                thing("b", 1),
            ]
    finally:
        await db.close_pool(pool)


async def test_a_table_of_keys_alone_takes_the_same_row_twice(database: str):
    pool = await db.open_pool(database, size=1, wait_s=30)
    try:
        async with pool.acquire() as connection:
            await connection.execute(DDL)
            for _ in range(2):
                rows = Rows(SEEN)
                rows.put(Seen("x"))
                await SEEN.save(connection, rows)
            assert list(await SEEN.all(connection)) == [Seen("x")]
    finally:
        await db.close_pool(pool)


async def test_whatever_a_text_has_in_it_comes_back(database: str):
    connection = await asyncpg.connect(database)
    odd = [
        "",
        "null",
        "NULL",
        "{}",
        '"',
        "\\",
        "\\n",
        "\n",
        "\t\r\b\f\x01\x1f",
        'a,"b\\",c',
        "é\u2028😀",
        "\x7f",
        None,
    ]
    sent = [array(odd), array([1, None, -5]), array([True, False, None])]
    sent += [array([Decimal("0.50"), Decimal("-1E+3")]), array([date(2199, 12, 31), None])]
    sent += [
        array([datetime(2021, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)]),
        documents([["\n", '"'], {"a": 1}, None]),
    ]
    sent += [binary([b"", b"\x00\xff\\"]), array([])]
    kinds = ("text", "bigint", "boolean", "numeric", "date", "timestamptz", "jsonb", "bytea", "text")
    try:
        asked = ", ".join(f"${n}::text::{kind}[] AS c{n}" for n, kind in enumerate(kinds, 1))
        (row,) = await connection.fetch(f"SELECT {asked}", *sent)
    finally:
        await connection.close()
    got = [list(column) for column in row]
    got[6] = [None if each is None else orjson.loads(each) for each in got[6]]
    meant = [list(each.values) for each in sent]
    meant[6] = [["\n", '"'], {"a": 1}, None]
    assert got == meant
