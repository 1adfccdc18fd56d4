"""Fixtures that every test may ask for; no server is started until a test asks for one."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from hypothesis import settings

from deploy.local.environment import dsn_of
from tests import servers

# How long an example takes says more about what else the machine does than about the rule.
settings.register_profile("werkbedrijf", deadline=None)
# The same examples each time: whoever decides about a change must say the same twice.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "werkbedrijf"))

_SERVERS = {"kafka", "postgres", "database"}


def pytest_report_header() -> list[str]:
    """Say which servers the tests use, and what is left out on this machine."""
    left_out = (
        [] if servers.docker_answers() else ["no Docker engine answers: tests of containers are left out"]
    )
    return [servers.header(), *left_out]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs servers, so that `-m "not servers"` runs the rest in seconds."""
    for item in items:
        if _SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.servers)
    of_containers = [item for item in items if item.get_closest_marker("containers")]
    if of_containers and not servers.docker_answers():
        config.hook.pytest_deselected(items=of_containers)
        items[:] = [item for item in items if item not in of_containers]


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
