"""The store in memory is held to PostgreSQL: the same batches and the same quarrels give the same on both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from unittest import mock

import asyncpg
import orjson
import pytest

from shared.messaging import database as real
from shared.messaging.runner import Runner
from shared.messaging.service import Record
from shared.messaging.transaction import Together
from tests.simulation.chance import Chance
from tests.simulation.database import Database
from tests.simulation.process import Process
from tests.simulation.rebuilding import pool_on
from tests.simulation.run import simulate
from tests.simulation.scenes import SCENES, Scene
from tests.simulation.stores import book_of
from tests.simulation.world import TOPICS, Part, Shape, parts_of

_PACKAGES = {kind: f"services.{kind}" for kind in ("intake", "matching", "quota", "notifications")} | {
    "toy": "tests.delivery.toy"
}
_OF_THE_SERVER = {
    "received_at", "changed_at", "created_at", "parked_at", "first_failed_at", "last_failed_at",
    "first_tried_at", "next_at", "settled_at", "names", "seq", "only_row",
}  # fmt: skip
"""Columns that the server fills by itself, and no rule reads."""
_BYTES = {"digest", "payload", "value", "key"}
_MESSAGING = (
    "inbox", "outbox", "parked", "dead_letters", "dead_letters_settled", "partners", "clock",
)  # fmt: skip
_MORE = {"intake": ("receipts",), "notifications": ("jobs",), "quota": ("stock",)}

Batches = list[tuple[Process, list[Record]]]


def fresh(kind: str) -> Database:
    return Database(kind, book_of(kind), Chance(0, calm=True))


@asynccontextmanager
async def a_pool(dsn: str, kind: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    pool = await real.open_pool(dsn, size=4, wait_s=10)
    try:
        await real.migrate(pool, _PACKAGES[kind])
        yield pool
    finally:
        await real.close_pool(pool)


def batches_of(seed: int) -> Batches:
    """The batches of a run, with all its repeats."""
    taken: Batches = []
    take = Process._process

    async def listening(self: Any, life: Any, member: Any, records: list[Record]) -> bool:
        taken.append((self, records))
        return await take(self, life, member, records)

    with mock.patch.object(Process, "_process", listening):
        assert not simulate(seed).wrong
    return taken


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it can be compared: without numbers and times of the server's own, jsonb as what it says."""
    shown = {name: value for name, value in row.items() if name not in _OF_THE_SERVER}
    return {
        name: orjson.loads(value) if isinstance(value, bytes) and name not in _BYTES else value
        for name, value in shown.items()
    }


def of_fake(database: Database, table: str) -> list[dict[str, Any]]:
    rows = [plain(row) for row in database.table(table).values()]
    if table == "partners":
        return [{"data": orjson.loads(row["data"])} for row in rows]
    return rows


async def of_real(pool: asyncpg.Pool[Any], table: str) -> list[dict[str, Any]]:
    rows = [plain(dict(row)) for row in await pool.fetch(f"SELECT * FROM {table}")]
    return [{"data": row["data"]} for row in rows] if table == "partners" else rows


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(_sorted(row)) for row in rows)


def _sorted(value: Any) -> Any:
    return sorted((k, _sorted(v)) for k, v in value.items()) if isinstance(value, dict) else value


async def same(database: Database, pool: asyncpg.Pool[Any], tables: tuple[str, ...]) -> None:
    for table in tables:
        assert in_order(of_fake(database, table)) == in_order(await of_real(pool, table)), table


def a_part(seed: int, kind: str) -> Part:
    shape = replace(Shape.of(seed), split_doors=False)
    return next(part for part in parts_of(shape) if part.kind == kind)


@pytest.mark.parametrize(
    ("kind", "seed"),
    [(kind, seed) for kind in ("intake", "matching", "quota", "notifications") for seed in (1, 3, 7)],
)
async def test_the_same_batches_leave_the_same_rows(kind: str, seed: int, database: str):
    batches = await asyncio.to_thread(batches_of, seed)
    part, memory = a_part(seed, kind), fresh(kind)
    now = batches[0][0]._now
    async with a_pool(database, kind) as pool:
        runners = [
            Runner(part.make(), each, TOPICS, operator=part.operator, own=part.own, scenario=True, now=now)
            for each in (pool_on(memory), pool)
        ]
        for process, records in batches:
            if not process.name.startswith(kind):
                continue
            one, other = [await runner.process(records) for runner in runners]
            assert [(o.status, o.refusal) for o in one] == [(o.status, o.refusal) for o in other]
            tables = (*_MESSAGING, *part.make().tables, *_MORE.get(kind, ()))
            await same(memory, pool, tables)
        assert of_fake(memory, "inbox")


@pytest.mark.parametrize("seed", [2, 4, 16, 24])
async def test_poison_and_redriving_leave_the_same_rows(seed: int, database: str):
    batches = await asyncio.to_thread(batches_of, seed)
    process = batches[0][0]
    memory = fresh("toy")
    async with a_pool(database, "toy") as pool:
        runners = [
            Runner(process._make(), each, TOPICS, operator="menso", scenario=True, now=process._now)
            for each in (pool_on(memory), pool)
        ]
        tables = (*_MESSAGING, "tally")
        for _, records in batches:
            one, other = [await runner.process(records) for runner in runners]
            assert [o.status for o in one] == [o.status for o in other]
            await same(memory, pool, tables)
        for runner in runners:
            with suppress(asyncpg.CheckViolationError):
                await runner.redrive(None, reason="mended")
        await same(memory, pool, tables)


@pytest.mark.parametrize("scene", SCENES)
async def test_sessions_get_in_each_others_way_as_they_do_on_the_real_one(scene: Scene, database: str):
    memory = fresh("toy")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(a_pool(database, "toy"))
        on_real = await scene(lambda: real.connect(database))
    on_fake = await scene(lambda: pool_on(memory).connect())
    assert on_fake == on_real
    assert on_real


async def test_levels_of_the_stock_are_summed_the_same(database: str):
    from services.quota import store  # noqa: PLC0415
    from services.quota.rules.policies import Tally  # noqa: PLC0415
    from services.quota.rules.stock import Change  # noqa: PLC0415

    memory, half = fresh("quota"), Decimal("12.5")
    days = [date(2021, 1, n) for n in (1, 2, 3)]
    async with a_pool(database, "quota") as pool:
        found = []
        for each in (pool_on(memory), pool):
            async with each.acquire() as connection, connection.transaction():
                writes = Together(connection)
                for n, day in enumerate(days):
                    change = Change(Tally(n, half * n), Tally(1, half))
                    fund = "uwv" if n == 2 else ""
                    await store._save_stock(writes, {("0114", day, fund): change})
                await store._save_stock(
                    writes, {("0114", days[0], ""): Change(Tally(0, Decimal(0)), Tally(-1, -half))}
                )
                await writes.done()
                asked = {("0114", day) for day in days} | {("0109", days[0])}
                found.append(await store._levels(connection, asked))
        assert found[0] == found[1]
        await same(memory, pool, ("stock",))
