"""Where the measurements are taken: a real Kafka and PostgreSQL, and a fresh corner of both for each run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.environment import dsn_of
from deploy.partners_file import load_all
from deploy.provision import Layout, provision
from shared.messaging import database
from shared.messaging.topics import Topics
from tests import servers
from tests.delivery.programs import ROOT, Program

PARTITIONS: Final = 12
"""As the contract says; the local stack has three."""
_MEMORY_MB: Final = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
SETTINGS: Final = {
    # A quarter of the machine, as its manual advises. With the 128 MB that it starts with, the tables of a
    # million people pass through the kernel's cache page by page.
    "shared_buffers": f"{_MEMORY_MB // 4}MB",
    # A batch's end is read from the server afterwards, so that nothing has to be asked while it runs.
    "track_commit_timestamp": "on",
}
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ground:
    """The servers of this run.

    Attributes:
        bootstrap: Kafka.
        server: the address of PostgreSQL's maintenance database.
        folder: for logs.
        processes: of Kafka and of PostgreSQL's first process.
    """

    bootstrap: str
    server: str
    folder: Path
    processes: tuple[int, int]

    def broker_s(self) -> float:
        """Seconds of processor that Kafka has used."""
        return processor_s(self.processes[0])

    def database_s(self) -> float:
        """Seconds of processor that PostgreSQL has used, those of its processes that ended included."""
        first = self.processes[1]
        children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
        used = processor_s(first, with_ended_children=True)
        for child in children:
            # One that ends meanwhile is counted with the first process the next time.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                used += processor_s(int(child))
        return used

    async def corner(self, name: str) -> Corner:
        """A corner with topics and registry of its own."""
        corner = Corner(self, Topics(f"b{uuid.uuid4().hex[:10]}"), self.folder / name)
        # What a process of an earlier run said must not be taken for what this one says.
        shutil.rmtree(corner.folder, ignore_errors=True)
        corner.folder.mkdir(parents=True)
        await provision(
            self.bootstrap,
            load_all(ROOT / "deploy" / "partners"),
            topics=corner.topics,
            layout=Layout(partitions=PARTITIONS, replication=1, min_insync=1),
        )
        return corner


@contextlib.contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Start Kafka and PostgreSQL, with fsync on, for as long as the measurements take."""
    with (
        servers.own_folder("bench-kafka") as kafka,
        servers.own_folder("bench-postgres") as postgres,
        servers.kafka_node(kafka, heap_mb=512) as broker,
        servers.postgres_server(postgres, fsync=True, settings=SETTINGS) as server,
    ):
        assert broker.process is not None
        assert server.process is not None
        yield Ground(broker.bootstrap, server.dsn, folder, (broker.process.pid, server.process.pid))


@dataclass(slots=True)
class Corner:
    """Topics and databases of one run, and the processes in it."""

    ground: Ground
    topics: Topics
    folder: Path
    programs: list[Program] = field(default_factory=list)

    async def database(self, name: str, package: str) -> str:
        """An empty database with the tables of a service."""
        full = f"{self.topics.prefix}_{name}"
        connection = await asyncpg.connect(self.ground.server)
        try:
            await connection.execute(f'CREATE DATABASE "{full}"')
        finally:
            await connection.close()
        dsn = dsn_of(self.ground.server, full)
        pool = await database.open_pool(dsn, size=1, wait_s=30)
        try:
            await database.migrate(pool, package)
        finally:
            await database.close_pool(pool)
        return dsn

    async def drop(self, dsn: str) -> None:
        """Remove a database that is needed no more; a million people take gigabytes."""
        connection = await asyncpg.connect(self.ground.server)
        try:
            await connection.execute(f'DROP DATABASE "{dsn.rpartition("/")[2]}" WITH (FORCE)')
        finally:
            await connection.close()

    def program(self, name: str, module: str, dsn: str, **variables: str) -> Program:
        """A process of this corner, not started."""
        told = {
            "KAFKA_BOOTSTRAP_SERVERS": self.ground.bootstrap,
            "TOPIC_PREFIX": self.topics.prefix,
            "DATABASE_URL": dsn,
            # It is held still while records are put on its topics.
            "SESSION_TIMEOUT_SECONDS": "30",
            **variables,
        }
        made = Program(name, module, told, self.folder)
        self.programs.append(made)
        return made

    def end(self) -> None:
        """End every process that was started here."""
        for program in self.programs:
            if program.running:
                hold(program, still=False)
                program.kill()

    async def last_put_on(self, topics: Sequence[str]) -> float:
        """When the last record was put on any of these topics, in seconds of the epoch."""
        last = 0.0
        async with reader(self.ground.bootstrap) as consumer:
            ends = await consumer.end_offsets(
                [TopicPartition(t, n) for t in topics for n in range(PARTITIONS)]
            )
            filled = [partition for partition, end in ends.items() if end]
            consumer.assign(filled)
            for partition in filled:
                consumer.seek(partition, ends[partition] - 1)
            while any([await consumer.position(each) < ends[each] for each in filled]):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    last = max(last, *[record.timestamp / 1000 for record in batch])
        return last

    async def records(self, topic: str, since: dict[TopicPartition, int] | None = None) -> list[Any]:
        """What a topic has, partition by partition; from given offsets, or all."""
        found: list[Any] = []
        async with reader(self.ground.bootstrap) as consumer:
            partitions = [TopicPartition(topic, n) for n in range(PARTITIONS)]
            ends = await consumer.end_offsets(partitions)
            consumer.assign(partitions)
            for partition in partitions:
                consumer.seek(partition, (since or {}).get(partition, 0))
            while any([await consumer.position(each) < ends[each] for each in partitions]):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    found += batch
        return found


@contextlib.asynccontextmanager
async def reader(bootstrap: str) -> Any:
    """A consumer that belongs to no group."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def rows(dsn: str, query: str, *arguments: Any) -> Sequence[Any]:
    """Rows of a database."""
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()


def hold(program: Program, *, still: bool) -> None:
    """Hold a process still, or let it go on."""
    os.kill(program.pid, signal.SIGSTOP if still else signal.SIGCONT)


def processor_s(pid: int, *, with_ended_children: bool = False) -> float:
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11 : 15 if with_ended_children else 13]) / _TICKS
