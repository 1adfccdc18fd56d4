"""One place where the toy and a door run: a topic prefix, their databases, and what lies in all."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from deploy.partners_file import load_all
from deploy.provision import Layout, provision
from shared.contracts.base import Stream
from shared.messaging.event import Event
from shared.messaging.topics import Topics
from tests.delivery.databases import empty_database
from tests.delivery.ledger import GUIDE, MUNICIPALITY
from tests.delivery.programs import ROOT, Program
from tests.delivery.sending import remove_topics, send

PARTNERS: Final = load_all(ROOT / "deploy" / "partners")
_PARTITIONS: Final = 3
_MUNICIPALITY_PARTITIONS: Final = 4
"""Not as many as the others: one person's events then come to different instances at the same time."""


@dataclass(slots=True)
class Site:
    """Where some instances of the toy run beside each other, and a door before them.

    Attributes:
        kafka: bootstrap address.
        database: the toy's database.
        door_database: the door's database.
        folder: for logs.
        programs: all that was made here, to be ended afterwards.
    """

    kafka: str
    database: str
    door_database: str
    topics: Topics
    folder: Path
    programs: list[Program]

    def toy(self, name: str = "toy", **variables: str) -> Program:
        """An instance of the toy, not started."""
        settings = {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "TOPIC_PREFIX": self.topics.prefix,
            # By this name the database can tell the instances apart.
            "DATABASE_URL": f"{self.database}?application_name={name}",
            "OPERATOR": GUIDE,
            "CONSUMER_GROUP": self.group,
            **variables,
        }
        return self._program(name, "tests.delivery.toy", settings)

    def door(self, **variables: str) -> Program:
        """The door of all partners, not started."""
        names = [file.record.partner for file in PARTNERS]
        settings = {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "TOPIC_PREFIX": self.topics.prefix,
            "DATABASE_URL": self.door_database,
            "DOORS": ",".join(names),
            "DOOR_TOKENS": orjson.dumps({name: token_of(name) for name in names}).decode(),
            **variables,
        }
        return self._program("door", "services.intake", settings)

    def _program(self, name: str, module: str, settings: Mapping[str, str]) -> Program:
        program = Program(name, module, settings, self.folder)
        self.programs.append(program)
        return program

    async def prepare(self) -> None:
        """Make the topics, and enter the partners of Emmen in the registry."""
        await provision(
            self.kafka,
            PARTNERS,
            topics=self.topics,
            layout=Layout(partitions=_PARTITIONS, replication=1, min_insync=1),
        )
        async with self._admin() as admin:
            more = NewPartitions(total_count=_MUNICIPALITY_PARTITIONS)
            await admin.create_partitions({self._municipality_topic: more})

    @property
    def group(self) -> str:
        """The consumer group of all its instances."""
        return f"{self.topics.prefix}.toy"

    @property
    def stated_topic(self) -> str:
        """Where the toy states."""
        return self.topics.of(GUIDE, Stream.MATCHING)

    async def send(self, events: Iterable[Event]) -> None:
        """Send events in order and wait until the broker has them all."""
        await send(self.kafka, self.topics, events)

    async def rows(self, query: str, *arguments: Any, of: str = "") -> list[asyncpg.Record]:
        """Rows of the toy's database, or `of` another."""
        connection = await asyncpg.connect(of or self.database)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    async def value(self, query: str, *arguments: Any, of: str = "") -> Any:
        """One value of the toy's database, or `of` another."""
        return (await self.rows(query, *arguments, of=of))[0][0]

    async def backlog(self) -> int:
        """Records of its input whose offsets the group has not committed."""
        async with self._admin() as admin:
            committed = await admin.list_consumer_group_offsets(self.group)
        inputs = [
            partition
            for file in PARTNERS
            if Stream.INTAKE in file.streams
            for partition in self._partitions(self.topics.of(file.record.partner, Stream.INTAKE))
        ]
        async with self._reader([*self._partitions(self.topics.registry), *inputs]) as reader:
            ends = await reader.end_offsets(reader.assignment())
        done = {partition: max(0, known.offset) for partition, known in committed.items()}
        return sum(end - done.get(partition, 0) for partition, end in ends.items())

    async def records(self, topic: str) -> list[ConsumerRecord]:
        """Everything on a topic, partition by partition in order."""
        found: list[ConsumerRecord] = []
        partitions = self._partitions(topic)
        async with self._reader(partitions) as reader:
            ends = await reader.end_offsets(partitions)
            await reader.seek_to_beginning(*partitions)
            for partition in partitions:
                while await reader.position(partition) < ends[partition]:
                    found += (await reader.getmany(partition, timeout_ms=500)).get(partition, [])
        return found

    async def stated(self) -> list[dict[str, Any]]:
        """The toy's own events as they lie on the topic, repeats included; in order per key."""
        return await self.events(self.stated_topic)

    async def events(self, topic: str) -> list[dict[str, Any]]:
        """The events on a topic, repeats included; in order per key."""
        return [orjson.loads(record.value) for record in await self.records(topic)]

    @property
    def _municipality_topic(self) -> str:
        return self.topics.of(MUNICIPALITY, Stream.INTAKE)

    def _partitions(self, topic: str) -> list[TopicPartition]:
        count = {self.topics.registry: 1, self._municipality_topic: _MUNICIPALITY_PARTITIONS}.get(
            topic, _PARTITIONS
        )
        return [TopicPartition(topic, number) for number in range(count)]

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    @asynccontextmanager
    async def _reader(self, partitions: list[TopicPartition]) -> AsyncIterator[AIOKafkaConsumer]:
        reader = AIOKafkaConsumer(
            bootstrap_servers=self.kafka,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await reader.start()
        # Before anything is asked about them: asked for unassigned ones it looks them up one by one.
        reader.assign(partitions)
        try:
            yield reader
        finally:
            await reader.stop()


def token_of(partner: str) -> str:
    """A partner's bearer token at the door."""
    return f"token-of-{partner}"


@asynccontextmanager
async def prepared_site(
    kafka: str, postgres: str, folder: Path, programs: list[Program], *, provisioned: bool = True
) -> AsyncIterator[Site]:
    """A site of its own on these servers; what runs there is ended afterwards.

    Args:
        postgres: the address of the maintenance database.
        provisioned: whether topics and registry are made now.
    """
    topics = Topics(f"d{uuid.uuid4().hex[:12]}")
    async with empty_database(postgres) as database, empty_database(postgres) as door_database:
        site = Site(kafka, database, door_database, topics, folder, programs)
        if provisioned:
            await site.prepare()
        try:
            yield site
        finally:
            for program in programs:
                program.kill()
            await remove_topics(kafka, topics)


def firsts(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events without their repeats, as a reader with an inbox takes them."""
    seen: dict[tuple[str, str], dict[str, Any]] = {}
    for event in events:
        before = seen.setdefault((event["source"], event["id"]), event)
        assert before == event, f"the id {event['id']} was used for two different events"
    return list(seen.values())
