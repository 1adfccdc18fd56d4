"""The part of the log that a service's state follows from, as one log in order of the broker's time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.base import Stream
from shared.messaging.merge import by_time
from shared.messaging.service import Record, Service
from shared.messaging.topics import Topics

_FETCH_BYTES: Final = 256 * 1024
"""Of one partition at a time: it is in memory for every one of them, be there hundreds."""


@dataclass(frozen=True, slots=True)
class Log:
    """Where the log is and what of it is read; plain values, so that another process can be told.

    Attributes:
        prefix: of the topics.
        streams: others' facts, read of every partner.
        own: streams on which the service states its own events, read of the operator alone: what another
            operator's instance stated in its own name is not this one's state.
    """

    bootstrap: str
    prefix: str
    operator: str
    streams: tuple[str, ...]
    own: tuple[str, ...]

    @classmethod
    def of(cls, service: Service[Any], bootstrap: str, topics: Topics, operator: str) -> Log:
        """What a service's state follows from."""
        read = service.streams | {Stream.REGISTRY}
        own = service.own_streams()
        return cls(
            bootstrap, topics.prefix, operator, tuple(sorted(map(str, read))), tuple(sorted(map(str, own)))
        )

    async def pieces(self) -> AsyncIterator[list[Record]]:
        """All that is in the log now, in pieces, in order of the broker's time.

        Raises:
            KafkaError: as the client raises it.
        """
        topics, own = Topics(self.prefix), frozenset(map(Stream, self.own))
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap.split(","),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        await consumer.start()
        try:
            partitions = await _partitions(self.bootstrap, topics, self._reads)
            if not partitions:
                return
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            starts = await consumer.beginning_offsets(partitions)
            await consumer.seek_to_beginning(*partitions)
            async for piece in by_time(consumer, starts, ends, topics, own):
                yield piece
        finally:
            await consumer.stop()

    def _reads(self, partner: str, stream: Stream) -> bool:
        return stream in self.streams or (stream in self.own and partner == self.operator)


async def _partitions(
    bootstrap: str, topics: Topics, wanted: Callable[[str, Stream], bool]
) -> list[TopicPartition]:
    """Every partition of the topics whose partner and stream are wanted."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap.split(","))
    await admin.start()
    try:
        described = await admin.describe_topics()
    finally:
        await admin.close()
    found = []
    for topic in sorted(described, key=lambda each: str(each["topic"])):
        try:
            partner, stream = topics.parse(topic["topic"])
        except ValueError:
            continue  # somebody else's topic on the same cluster
        if wanted(partner, stream):
            numbers = sorted(each["partition"] for each in topic["partitions"])
            found += [TopicPartition(topic["topic"], number) for number in numbers]
    return found
