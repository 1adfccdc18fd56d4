"""A service's state from the log alone: the real merge and the real runner, into an empty store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition

from shared.contracts.base import Stream
from shared.messaging.merge import by_time
from shared.messaging.rebuild import replay
from shared.messaging.runner import Runner
from shared.messaging.service import Record
from tests.simulation.broker import Broker
from tests.simulation.chance import Chance
from tests.simulation.connection import Pool
from tests.simulation.database import Database
from tests.simulation.world import TOPICS, Part, World


class _Reader:
    """What a rebuild sees of aiokafka's consumer."""

    def __init__(self, broker: Broker, partitions: Iterable[TopicPartition]) -> None:
        self._log = {place: broker.log[place.topic, place.partition] for place in partitions}
        self._at = dict.fromkeys(self._log, 0)

    def pause(self, *_partitions: TopicPartition) -> None:
        """It reads everything at once anyway."""

    def resume(self, *_partitions: TopicPartition) -> None:
        """The same."""

    async def getmany(self, **_options: Any) -> Mapping[TopicPartition, list[Any]]:
        """All that is left."""
        found = {
            place: [_Raw(record) for record in log[self._at[place] :]]
            for place, log in self._log.items()
            if self._at[place] < len(log)
        }
        self._at = {place: len(log) for place, log in self._log.items()}
        return found

    async def position(self, partition: TopicPartition) -> int:
        """How far it has read."""
        return self._at[partition]


class _Raw:
    """A record under aiokafka's names."""

    def __init__(self, record: Record) -> None:
        self.topic, self.partition, self.offset = record.topic, record.partition, record.offset
        self.key, self.value, self.timestamp = record.key, record.value, record.timestamp_ms


class _Steady:
    """A client that nothing happens to."""

    async def ready(self) -> None:
        """Always."""

    def crash(self) -> None:
        """Never."""

    def pause(self) -> None:
        """Never."""


def pool_on(database: Database) -> Any:
    """Connections to a store, for somebody who is never killed."""
    return Pool(database, _Steady(), lambda _: None)


async def rebuilt(world: World, part: Part) -> Database:
    """A store that was told nothing but the log.

    What waits as a dead letter in the live one has not taken effect, and is left out here too.
    """
    service = part.make()
    statements = world.databases[part.name].statements
    database = Database(f"{part.name} rebuilt", statements, Chance(0, calm=True))
    runner = Runner(service, pool_on(database), TOPICS, operator=part.operator, scenario=True, replaying=True)
    read, own = service.streams | {Stream.REGISTRY}, service.own_streams()
    partitions = []
    for topic, number in sorted(world.broker.log):
        partner, stream = TOPICS.parse(topic)
        if stream in read or (stream in own and partner == part.operator):
            partitions.append(TopicPartition(topic, number))
    dead = {
        (letter["topic"], letter["partition"], letter["offset"])
        for letter in world.databases[part.name].table("dead_letters").values()
    }
    starts = dict.fromkeys(partitions, 0)
    ends = {place: len(world.broker.log[place.topic, place.partition]) for place in partitions}
    reader: Any = _Reader(world.broker, partitions)
    await replay(runner, by_time(reader, starts, ends, TOPICS, own), dead)
    return database
