"""Kafka and PostgreSQL of the campaign, with a line of its own from each service to each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

from deploy.local.kafka import KafkaServer
from deploy.local.ports import HOST, free_port
from deploy.local.postgres import PostgresServer
from tests.chaos.ground.disks import Disk
from tests.chaos.ground.links import Link
from tests.chaos.ground.parting import End, grouped
from tests.chaos.ground.wall import Wall
from tests.servers import FAST_KAFKA, make_kafka_node

T = TypeVar("T")

_QUICK: Final = {
    **FAST_KAFKA,
    # A disk that is full ends the broker; it must not take ten minutes to say so.
    "log.segment.bytes": str(64 * 1024 * 1024),
    "log.flush.offset.checkpoint.interval.ms": "5000",
}
_thread: Final = ThreadPoolExecutor(1, "servers")
"""Servers end with the thread that started them, so one thread starts them all and lives as long as we do."""


async def apart(what: Callable[[], T]) -> T:
    """Do what takes a while without holding up the rest."""
    return await asyncio.get_running_loop().run_in_executor(_thread, what)


@dataclass(slots=True)
class Node:
    """One broker, and the lines to it by service.

    Attributes:
        end: what it can be parted from its peers by; None where it cannot.
    """

    server: KafkaServer
    end: End | None
    links: dict[str, Link]
    disk: Disk


class Cluster:
    """Kafka, of one node or three.

    Args:
        folder: its data and logs.
        services: who gets a line of its own.
    """

    def __init__(self, folder: Path, services: Sequence[str], nodes: int) -> None:
        controllers = [free_port() for _ in range(nodes)]
        voters = [f"{n}@{HOST}:{port}" for n, port in enumerate(controllers, 1)]
        self.nodes = [
            _node(folder, number, controllers[number - 1], services, voters if nodes > 1 else [])
            for number in range(1, nodes + 1)
        ]

    @property
    def bootstrap(self) -> str:
        """Where partners and the checker reach it, past every line that may be cut."""
        return ",".join(node.server.bootstrap for node in self.nodes)

    def reached_by(self, service: str) -> str:
        """Where a service reaches it."""
        return ",".join(f"{HOST}:{node.links[service].port}" for node in self.nodes)

    async def start(self) -> None:
        """Start all nodes; those of a cluster wait for each other."""
        for node in self.nodes:
            node.disk.mount()
            for link in node.links.values():
                await link.open()
        started = [await apart(node.server.start) for node in self.nodes]
        for node, process in zip(self.nodes, started, strict=True):
            await apart(lambda node=node, process=process: node.server.wait_ready(process))  # type: ignore[misc]

    async def stop(self) -> None:
        """End all; nothing of it is needed any more."""
        for node in self.nodes:
            await apart(node.server.kill)
            for link in node.links.values():
                await link.close()
            node.disk.unmount()


@dataclass(frozen=True, kw_only=True)
class _PostgresByTheWall(PostgresServer):
    """PostgreSQL whose `now()` is what the clock on the wall says.

    Attributes:
        beside: where its programs are linked to.
    """

    beside: Path
    wall: Wall

    @cached_property
    def binaries(self) -> Path:
        """Folder of the server's programs."""
        return self.wall.over(super().binaries, self.beside)


class Database:
    """PostgreSQL, one server with a database for each service; it goes by the clock on the wall."""

    def __init__(self, folder: Path, services: Sequence[str], wall: Wall) -> None:
        self.disk = Disk("postgres", folder / "postgres")
        settings = {"max_connections": "200", "max_wal_size": "256MB", "restart_after_crash": "on"}
        self.server = _PostgresByTheWall(
            self.disk.folder,
            free_port(),
            log=folder / "log" / "postgres.log",
            password=False,
            with_parent=True,
            settings=settings,
            beside=folder / "postgres-programs",
            wall=wall,
        )
        self.links = {name: Link(f"postgres:{name}", self.server.port) for name in services}

    async def start(self) -> None:
        """Start it and take connections."""
        self.disk.mount()
        await apart(self.come_back)
        for link in self.links.values():
            await link.open()

    def come_back(self) -> None:
        """Start it, on what it left."""
        self.server.wait_ready(self.server.start())

    async def stop(self) -> None:
        """End it."""
        await apart(self.server.kill)
        for link in self.links.values():
            await link.close()
        self.disk.unmount()

    def name_of(self, service: str) -> str:
        """The address of a service's database, past the line that may be cut."""
        return self.server.dsn.rpartition("/")[0] + f"/{service}"

    def reached_by(self, service: str) -> str:
        """The same over the service's own line."""
        return self.name_of(service).replace(f":{self.server.port}/", f":{self.links[service].port}/")


def _node(folder: Path, number: int, controller: int, services: Sequence[str], voters: Sequence[str]) -> Node:
    disk = Disk(f"kafka-{number}", folder / f"kafka-{number}")
    port = free_port()
    behind = {name: free_port() for name in services}
    links = {name: Link(f"kafka:{name}", behind[name]) for name in services}
    listeners = {"PLAINTEXT": port, "CONTROLLER": controller} | {n.upper(): p for n, p in behind.items()}
    # A broker tells clients where it is, so each service is told its own line.
    told = {"PLAINTEXT": port} | {name.upper(): link.port for name, link in links.items()}
    settings = {
        **_QUICK,
        "listeners": _addresses(listeners),
        "advertised.listeners": _addresses(told),
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in listeners),
    }
    server = make_kafka_node(
        disk.folder,
        port=port,
        controller_port=controller,
        node=number,
        voters=voters,
        settings=settings,
        log=folder / "log" / f"kafka-{number}.log",
    )
    server, end = grouped(server, folder)
    return Node(server, end if voters else None, links, disk)


def _addresses(ports: dict[str, int]) -> str:
    return ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items())
