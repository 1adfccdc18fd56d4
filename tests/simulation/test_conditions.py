"""What a condition means here is held to what PostgreSQL makes of it, on rows of every kind."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from random import Random
from types import UnionType
from typing import Any, Final

import orjson
import pytest

from services.matching import store as matching
from services.matching.world import PEOPLE, PLACEMENTS
from services.quota import store as quota
from services.quota.world import RESERVATIONS
from shared.messaging.arrays import array
from shared.messaging.rows import Table
from tests.simulation.conditions import CONDITIONS, WITHIN
from tests.simulation.rebuilding import pool_on
from tests.simulation.stores import _TABLES
from tests.simulation.test_conformance import a_pool, fresh

_ROWS: Final = 150
_ASKED: Final = 40
_DAYS: Final = [date(2021, 1, 1) + timedelta(days=n) for n in range(6)]
_MOMENTS: Final = [datetime(2021, 1, day.day, 12, tzinfo=UTC) for day in _DAYS]
_NAMES: Final = [f"n-{number}" for number in range(30)]
_OF: Final[dict[type, list[Any]]] = {
    str: _NAMES, int: [0, 1, 2], bool: [True, False], Decimal: [Decimal(1), Decimal("2.50")],
    date: _DAYS, datetime: _MOMENTS, tuple: ["[]", '["a"]'], dict: ["{}"], float: [0.5],
}  # fmt: skip
_ASKED_FOR: Final[dict[str, list[Any]]] = {"text": _NAMES, "date": _DAYS, "timestamptz": _MOMENTS}


def a_value(random: Random, hint: Any) -> Any:
    """Something that a field of this type may hold, as `Table` writes it."""
    several = typing.get_args(hint) if isinstance(hint, UnionType) else (hint,)
    one = next(part for part in several if part is not type(None))
    if len(several) > 1 and random.random() < 0.4:
        return None
    kind = typing.get_origin(one) or one
    if issubclass(kind, Enum):
        return random.choice([member.value for member in kind])
    return random.choice(_OF[kind])


async def fill(
    random: Random, table: Table[Any], *connections: Any, some: Mapping[str, list[Any]] | None = None
) -> None:
    """Rows on each of the connections, the same; `some` are the values that a column may have."""
    some = some or {}
    hints = typing.get_type_hints(table.row)
    rows: dict[Any, list[Any]] = {}
    for _ in range(_ROWS):
        row = [
            random.choice(some[column]) if column in some else a_value(random, hints[column])
            for column in table.columns
        ]
        rows[tuple(row[table.columns.index(column)] for column in table.key)] = row
    for connection in connections:
        await connection.execute(table._upsert, *[array(c) for c in zip(*rows.values(), strict=True)])


def an_argument(random: Random, parameter: Any) -> Any:
    name = parameter.name.removesuffix("[]")
    values = _ASKED_FOR[name]
    if parameter.kind == "array":
        return sorted(random.sample(values, random.randint(0, 6)))
    return random.choice(values)


def plain(rows: list[Any]) -> list[list[Any]]:
    return [
        [
            orjson.dumps(value, option=orjson.OPT_SORT_KEYS) if isinstance(value, list | dict) else value
            for value in row
        ]
        for row in rows
    ]


ASKED: Final = [
    (kind, table, text)
    for kind, tables in _TABLES.items()
    for table, text in (*CONDITIONS, *WITHIN)
    if table in tables
]


@pytest.mark.parametrize(
    ("kind", "table", "text"), ASKED, ids=[f"{k}-{t.name}-{n}" for n, (k, t, _) in enumerate(ASKED)]
)
async def test_a_condition_means_the_same(kind: str, table: Table[Any], text: str, database: str):
    random, memory = Random(text), fresh(kind)
    sql = f"{table._select} WHERE {text} ORDER BY {', '.join(table.key)}"
    async with a_pool(database, kind) as pool, pool.acquire() as real, pool_on(memory).acquire() as fake:
        await fill(random, table, real, fake)
        parameters = (await real.prepare(sql)).get_parameters()
        counts = set()
        for _ in range(_ASKED):
            arguments = [an_argument(random, parameter) for parameter in parameters]
            found = plain(await fake.fetch(sql, *arguments))
            assert found == plain(await real.fetch(sql, *arguments)), arguments
            counts.add(len(found))
    # A condition that takes everything, or nothing, whatever is asked, proves nothing.
    assert len(counts) > 2


async def test_who_may_come_back_is_the_same(database: str):
    random, memory = Random(1), fresh("matching")
    async with (
        a_pool(database, "matching") as pool,
        pool.acquire() as real,
        pool_on(memory).acquire() as fake,
    ):
        await fill(random, PEOPLE, real, fake)
        often = {"rung": ["sheltered_work", "learn_work"], "end_reason": ["step-up", "other"]}
        await fill(random, PLACEMENTS, real, fake, some=often)
        found = [
            {row["participant"] for row in await each.fetch(matching._MAY_COME_BACK)} for each in (real, fake)
        ]
    assert found[0] == found[1]
    assert 0 < len(found[0]) < len(_NAMES)


async def test_what_is_held_is_the_same(database: str):
    random, memory = Random(1), fresh("quota")
    async with a_pool(database, "quota") as pool, pool.acquire() as real, pool_on(memory).acquire() as fake:
        await fill(random, RESERVATIONS, real, fake)
        sums = set()
        for _ in range(_ASKED):
            asked = sorted(random.sample(_NAMES, 6)), random.choice(_MOMENTS)
            found = [
                {
                    tuple(row[name] for name in ("municipality", "closed_at", "contracts", "hours"))
                    for row in rows
                }
                for rows in (await real.fetch(quota._HELD, *asked), await fake.fetch(quota._HELD, *asked))
            ]
            assert found[0] == found[1], asked
            sums.add(len(found[0]))
    assert len(sums) > 2
