"""All of the region's machines together, and the time that passes in it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import orjson

from deploy.local.ports import HOST, free_port
from deploy.provision import Layout, provision
from shared.messaging.topics import Topics
from tests.chaos.ground import parting
from tests.chaos.ground.fleet import Fleet
from tests.chaos.ground.links import Link
from tests.chaos.ground.servers import Cluster, Database
from tests.chaos.ground.wall import Wall
from tests.chaos.options import Options
from tests.delivery.programs import Program
from tests.delivery.region import SERVICES
from tests.delivery.site import PARTNERS, token_of
from tests.delivery.waiting import eventually

_PARTITIONS: Final = 3
_SESSION_S: Final = "3"
_AHEAD_S: Final = str(400 * 24 * 3600)
"""The clock that partners go by may run ahead of one that has not heard the tick yet, by a leap of weeks."""
VAULTS: Final = ("menso", "buurtsupport")
"""Partners that guide people, and keep their names and addresses."""
FLOODED: Final = {"DOOR_EVENTS_PER_SECOND": "150", "DOOR_BURST": "1000"}
"""Low, so that a partner that floods is turned away in time."""


@dataclass(slots=True)
class Ground:
    """Where a campaign takes place.

    Attributes:
        wall: the machine's clock as services and PostgreSQL see it.
        links: every line between two parties, by name.
        mails: where the mail server keeps what it took.
    """

    folder: Path
    topics: Topics
    cluster: Cluster
    database: Database
    wall: Wall
    fleet: Fleet
    links: dict[str, list[Link]]
    mails: Path

    @property
    def kafka(self) -> str:
        """Bootstrap address past every line."""
        return self.cluster.bootstrap

    @property
    def door(self) -> str:
        """Where partners reach the door, over a line that may be cut."""
        return f"http://{HOST}:{self.links['door'][0].port}"

    def group(self, service: str) -> str:
        """The consumer group of a service's instances."""
        return f"{self.topics.prefix}.{service}"

    def heal(self) -> None:
        """Everything as it should be: lines whole, nothing frozen, room on the disks, no clock set back."""
        self.wall.go_on(0)
        parting.join()
        for links in self.links.values():
            for link in links:
                link.heal()
        for instance in self.fleet.instances.values():
            instance.thaw()
        for disk in (self.database.disk, *(node.disk for node in self.cluster.nodes)):
            if disk.real:
                disk.empty()


@asynccontextmanager
async def prepared(options: Options) -> AsyncIterator[Ground]:
    """Servers and services, ready; nothing of them is left afterwards, whatever happens."""
    folder = options.folder / "run"
    shutil.rmtree(folder, ignore_errors=True)
    mails = folder / "mails"
    for each in (folder / "log", mails):
        each.mkdir(parents=True)
    async with AsyncExitStack() as stack:
        parting.bring_up()
        cluster = Cluster(folder.resolve(), list(SERVICES), options.brokers)
        stack.push_async_callback(cluster.stop)
        await cluster.start()
        wall = Wall(folder)
        stack.callback(wall.take_down)
        wall.hang_up()
        database = Database(folder.resolve(), list(SERVICES), wall)
        stack.push_async_callback(database.stop)
        await database.start()
        await _create_databases(database)

        mail_port = free_port()
        mail = Program("mail", "deploy.local.smtp", _mail(mail_port, mails), folder / "log", port=mail_port)
        stack.callback(mail.kill)
        mail.start()
        topics = Topics("chaos")
        smtp = Link("smtp", mail_port)
        door, vault = Link("door"), Link("vault")
        fleet = Fleet(
            folder / "log",
            _variables(cluster, database, topics, wall, smtp=smtp.port, vault=vault.port),
            options.plant,
        )
        stack.callback(fleet.stop)
        for instance in (fleet.instances["intake"], fleet.instances["intake-2"]):
            door.to.append(instance.program.port)
            vault.to.append(instance.program.port)
        for link in (smtp, door, vault):
            await link.open()
            stack.push_async_callback(link.close)
        await provision(
            cluster.bootstrap,
            PARTNERS,
            topics=topics,
            layout=Layout(_PARTITIONS, options.brokers, min(2, options.brokers)),
            vaults=dict.fromkeys(VAULTS, f"http://{HOST}:{vault.port}"),
        )
        links = {link.name: [link] for link in (smtp, door, vault, *database.links.values())}
        for node in cluster.nodes:
            for link in node.links.values():
                links.setdefault(link.name, []).append(link)
        ground = Ground(folder, topics, cluster, database, wall, fleet, links, mails)
        fleet.start()
        await fleet.ready()
        await eventually(lambda: _all_entered(database), "the door knows all partners")
        yield ground


async def _create_databases(database: Database) -> None:
    connection = await asyncpg.connect(database.server.dsn)
    try:
        for name in SERVICES:
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()


async def _all_entered(database: Database) -> bool:
    connection = await asyncpg.connect(database.name_of("intake"))
    try:
        return bool(await connection.fetchval("SELECT count(*) FROM partners") == len(PARTNERS))
    finally:
        await connection.close()


def _variables(
    cluster: Cluster, database: Database, topics: Topics, wall: Wall, *, smtp: int, vault: int
) -> dict[str, dict[str, str]]:
    doors = [file.record.partner for file in PARTNERS]
    told = {
        name: {
            "KAFKA_BOOTSTRAP_SERVERS": cluster.reached_by(name),
            "DATABASE_URL": database.reached_by(name),
            "TOPIC_PREFIX": topics.prefix,
            "CONSUMER_GROUP": f"{topics.prefix}.{name}",
            "OPERATOR": operator,
            "SESSION_TIMEOUT_SECONDS": _SESSION_S,
            "VAULT_TOKEN": "token-of-the-vault",
            **wall.variables(),
        }
        for name, operator in SERVICES.items()
    }
    tokens = {name: token_of(name) for name in doors}
    told["intake"] |= FLOODED | {"DOORS": ",".join(doors), "DOOR_TOKENS": orjson.dumps(tokens).decode()}
    told["intake"] |= {"AHEAD_SECONDS": _AHEAD_S, "PUBLIC_URL": f"http://{HOST}:{vault}"}
    told["notifications"] |= {"SMTP_HOST": HOST, "SMTP_PORT": str(smtp)}
    return told


def _mail(port: int, mails: Path) -> dict[str, str]:
    return {"SMTP_HOST": HOST, "SMTP_PORT": str(port), "MAIL_FOLDER": str(mails)}
