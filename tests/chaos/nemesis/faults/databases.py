"""PostgreSQL is killed as by a power cut, or ends every connection at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

import asyncpg

from tests.chaos.ground.servers import apart
from tests.chaos.nemesis.faults.fault import Fault, Field


async def _kill(field: Field, chance: Random) -> str:
    database = field.ground.database
    seconds = chance.uniform(0, 3)
    await apart(database.server.kill)
    await asyncio.sleep(seconds)
    await apart(database.come_back)
    return f"away for {seconds:.1f} s and its recovery"


async def _terminate(field: Field, chance: Random) -> str:
    name = chance.choice(sorted(field.ground.database.links))
    try:
        connection = await asyncpg.connect(field.ground.database.server.dsn, timeout=10)
    except (OSError, asyncpg.PostgresError):
        return ""  # it is recovering just now
    try:
        ended = await connection.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1", name
        )
    finally:
        await connection.close()
    return f"{ended} sessions of {name}"


FAULTS: Sequence[Fault] = (
    Fault("postgres-kill", 35, _kill, on="postgres", heavy=True),
    Fault("postgres-terminate", 15, _terminate, on="postgres"),
)
