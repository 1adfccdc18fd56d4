"""Writes that are said together do what they would one after the other, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from shared.messaging import database as db
from shared.messaging.transaction import Together, begun

_TABLES = """
    CREATE TABLE parents (id int PRIMARY KEY, name text UNIQUE);
    CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES parents);
"""
_PARENTS = "INSERT INTO parents (id, name) SELECT * FROM unnest($1::int[], $2::text[])"
_CHILDREN = "INSERT INTO children (id, parent) SELECT * FROM unnest($1::int[], $2::int[])"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    pool = await db.open_pool(database, size=1, wait_s=30, **db.BY_INDEX)
    await pool.execute(_TABLES)
    yield pool
    await db.close_pool(pool)


class Counted:
    """A connection, and how many questions it was asked."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.asked = 0

    async def execute(self, sql: str, *arguments: Any) -> None:
        self.asked += 1
        await self._connection.execute(sql, *arguments)


async def test_writes_to_several_tables_are_one_question(pool: asyncpg.Pool[Any]):
    async with pool.acquire() as connection, begun(connection):
        counted = Counted(connection)
        writes = Together(counted)
        await writes.execute(_PARENTS, [1, 2], ["a", "b"])
        await writes.execute(_CHILDREN, [10, 20], [1, 2])
        assert counted.asked == 0
        await writes.done()
        await writes.done()
        assert counted.asked == 1
    assert await pool.fetch("SELECT id, parent FROM children ORDER BY id") == [(10, 1), (20, 2)]


async def test_two_writes_to_one_table_keep_their_order(pool: asyncpg.Pool[Any]):
    async with pool.acquire() as connection, begun(connection):
        writes = Together(connection)
        await writes.execute(_PARENTS, [1], ["a"])
        await writes.execute("DELETE FROM parents WHERE id = ANY($1)", [1])
        await writes.execute(_PARENTS, [2], ["a"])
        await writes.execute(_CHILDREN, [10], [2])
        await writes.execute("UPDATE parents SET name = $2 WHERE id = $1", 2, "b")
        await writes.done()
    assert await pool.fetch("SELECT id, name FROM parents") == [(2, "b")]


async def test_whatever_else_is_said_comes_after_what_was_kept(pool: asyncpg.Pool[Any]):
    async with pool.acquire() as connection, begun(connection):
        writes = Together(connection)
        await writes.execute(_PARENTS, [1], ["a"])
        await writes.execute(
            "WITH it AS (SELECT 1) UPDATE parents SET name = 'b' WHERE id IN (SELECT * FROM it)"
        )
        await writes.execute(_PARENTS, [2], ["c"])
        await writes.copy_records_to_table("children", columns=["id", "parent"], records=[(20, 2)])
        await writes.executemany("INSERT INTO children VALUES ($1, $2)", [(10, 1)])
    assert await pool.fetch("SELECT name FROM parents ORDER BY id") == [("b",), ("c",)]
    assert await pool.fetchval("SELECT count(*) FROM children") == 2


async def test_of_writes_that_fail_together_nothing_stays_and_the_connection_is_of_use(
    pool: asyncpg.Pool[Any],
):
    async def failing() -> None:
        async with pool.acquire() as connection, begun(connection, "SELECT pg_advisory_xact_lock(1)"):
            writes = Together(connection)
            await writes.execute(_PARENTS, [1], ["a"])
            await writes.execute(_CHILDREN, [10], [2])
            await writes.done()

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await failing()
    assert await pool.fetchval("SELECT count(*) FROM parents") == 0
    assert await pool.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


async def test_who_is_cancelled_while_waiting_for_a_lock_leaves_no_transaction_behind(
    pool: asyncpg.Pool[Any], database: str
):
    holder = await db.connect(database)
    await holder.execute("SELECT pg_advisory_lock(1)")

    async def waiting() -> None:
        async with pool.acquire() as connection, begun(connection, "SELECT pg_advisory_xact_lock(1)"):
            pytest.fail("the lock is not free")

    task = asyncio.create_task(waiting())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await holder.close()
    async with pool.acquire() as connection:
        assert not connection.is_in_transaction()
        assert await connection.fetchval("SELECT 1") == 1
