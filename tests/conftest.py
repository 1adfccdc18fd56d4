"""Fixtures that every test may ask for; no server is started until a test asks for one."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from deploy.local.environment import dsn_of
from tests import servers

_SERVERS = {"kafka", "postgres", "database"}


def pytest_report_header() -> str:
    """Say which servers the tests use."""
    return servers.header()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs servers, so that `-m "not servers"` runs the rest in seconds."""
    for item in items:
        if _SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.servers)


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """A real Kafka for the whole run: its bootstrap address."""
    with servers.kafka_for_tests() as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL for the whole run: the address of its maintenance database."""
    with servers.postgres_for_tests() as dsn:
        yield dsn


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[str]:
    """The address of an empty database of this test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        yield dsn_of(postgres, name)
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest.fixture
def topic_prefix() -> str:
    """A first part of topic names that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}"
