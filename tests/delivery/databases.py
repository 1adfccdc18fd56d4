"""Empty databases on the server of this run."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from deploy.local.environment import dsn_of


@asynccontextmanager
async def empty_database(server: str) -> AsyncIterator[str]:
    """An empty database, dropped afterwards.

    Args:
        server: the address of the maintenance database.
    """
    name = f"delivery_{uuid.uuid4().hex[:12]}"
    await _execute(server, f'CREATE DATABASE "{name}"')
    try:
        yield dsn_of(server, name)
    finally:
        await _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
