"""Fixtures of the tests of delivery."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from deploy.local.kafka import KafkaServer
from deploy.local.postgres import PostgresServer
from tests.delivery.databases import empty_database
from tests.delivery.programs import Program
from tests.delivery.site import Site, prepared_site
from tests.servers import FAST_KAFKA, make_kafka_node, own_folder, postgres_server

_LAST_LINES = 40
_programs = pytest.StashKey[list[Program]]()


@pytest.fixture
def programs(request: pytest.FixtureRequest) -> Iterator[list[Program]]:
    """What a test starts; whatever of it still runs afterwards is ended."""
    started: list[Program] = []
    request.node.stash[_programs] = started
    yield started
    for program in started:
        program.kill()


@pytest.fixture
async def site(kafka: str, postgres: str, tmp_path: Path, programs: list[Program]) -> AsyncIterator[Site]:
    """A place of this test's own, on the servers of this run."""
    async with prepared_site(kafka, postgres, tmp_path, programs) as site:
        yield site


@pytest.fixture
async def database_beside(postgres: str) -> AsyncIterator[str]:
    """A second empty database, to rebuild into."""
    async with empty_database(postgres) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def own_kafka() -> Iterator[KafkaServer]:
    """A broker that tests may stop; the first that asks finds it not running."""
    with own_folder("delivery-kafka") as folder:
        node = make_kafka_node(folder, settings=FAST_KAFKA)
        yield node
        node.stop(patience=10)


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that tests may stop or kill: what it answered is on disk."""
    with own_folder("delivery-postgres") as folder, postgres_server(folder) as server:
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last lines of every program's log below a test that failed."""
    report = yield
    if report.failed:
        for program in item.stash.get(_programs, []):
            lines = program.said()[-_LAST_LINES:]
            report.sections.append((f"log of {program.name}", "\n".join(lines)))
    return report
