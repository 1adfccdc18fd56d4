"""The local PostgreSQL: started, killed, found again; and folders it must not touch."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.faults import LocalFault
from deploy.local.ports import free_port
from deploy.local.postgres import PostgresServer
from tests.servers import own_folder, postgres_server

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of this module's own, with a password as the stack's has."""
    with own_folder("postgres-own") as folder, postgres_server(folder, password=True) as running:
        yield running


@pytest.fixture
def stopped(server: PostgresServer) -> Iterator[PostgresServer]:
    """The same, stopped; it runs again afterwards."""
    server.stop()
    yield server
    server.wait_ready(server.start())


async def rows(server: PostgresServer) -> int:
    """Add a row and count them."""
    connection = await asyncpg.connect(server.dsn)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (at timestamptz DEFAULT now())")
        await connection.execute("INSERT INTO kept DEFAULT VALUES")
        return int(await connection.fetchval("SELECT count(*) FROM kept"))
    finally:
        await connection.close()


async def test_a_second_start_is_harmless_and_finds_the_same_process(server: PostgresServer) -> None:
    assert server.process is not None
    again = PostgresServer(server.folder, server.port, server.log)
    assert again.start() == server.process


async def test_it_asks_for_a_password_that_only_its_owner_can_read(server: PostgresServer) -> None:
    assert stat.S_IMODE((server.folder / "password").stat().st_mode) == 0o600
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://werkbedrijf:guess@127.0.0.1:{server.port}/postgres")


async def test_after_a_kill_it_comes_back_with_what_was_committed(server: PostgresServer) -> None:
    before = await rows(server)
    server.kill()
    assert server.process is None
    told: list[str] = []
    server.wait_ready(server.start(told.append))
    assert await rows(server) == before + 1
    assert told == ["cleared the mark of a server that had been killed"]


async def test_the_mark_of_a_dead_server_whose_number_another_program_has_is_cleared(
    stopped: PostgresServer,
) -> None:
    mark = stopped.folder / "data" / "postmaster.pid"
    mark.write_text(f"{os.getpid()}\n{stopped.folder / 'data'}\n1\n{stopped.port}\n\n127.0.0.1\n")
    assert stopped.process is None
    stopped.wait_ready(stopped.start())
    assert await rows(stopped) > 0


def test_a_folder_of_another_major_version_is_refused_in_one_line(stopped: PostgresServer) -> None:
    version = stopped.folder / "data" / "PG_VERSION"
    was = version.read_text()
    version.write_text("15\n")
    try:
        with pytest.raises(LocalFault, match="is of version 15, this is 18") as fault:
            stopped.start()
    finally:
        version.write_text(was)
    assert "make clean" in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_folder_that_was_never_wholly_set_up_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data" / "base").mkdir(parents=True)
    with pytest.raises(LocalFault, match="was never wholly set up"):
        PostgresServer(tmp_path, free_port(), tmp_path / "log").start()


def test_its_port_held_by_another_is_refused_before_anything_is_made(
    server: PostgresServer, tmp_path: Path
) -> None:
    with pytest.raises(LocalFault, match=f"Port {server.port}, meant for PostgreSQL, is held by"):
        PostgresServer(tmp_path, server.port, tmp_path / "log").start()
    assert list(tmp_path.iterdir()) == []


def test_the_same_folder_on_another_port_is_refused_while_it_runs(server: PostgresServer) -> None:
    with pytest.raises(LocalFault, match=f"runs already, on port {server.port}"):
        PostgresServer(server.folder, free_port(), server.log).start()
