"""What the services state, read once and in an order that does not depend on partitions."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging.event import Event, decode
from shared.messaging.refusal import Refusal
from shared.messaging.topics import Topics

_POLL_MS: Final = 200


class Listener:
    """Reads some topics from their beginning, without a group: nobody else is disturbed."""

    def __init__(self, bootstrap: str, topics: Topics, names: Sequence[str]) -> None:
        self._bootstrap = bootstrap.split(",")
        self._topics = topics
        self._names = frozenset(names)
        self._consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False)
        self._partitions: list[TopicPartition] = []

    async def __aenter__(self) -> Self:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await admin.start()
        try:
            described = await admin.describe_topics()
        finally:
            await admin.close()
        self._partitions = [
            TopicPartition(topic["topic"], each["partition"])
            for topic in described
            if topic["topic"] in self._names
            for each in topic["partitions"]
        ]
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_beginning()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def news(self) -> list[Event]:
        """What was stated since the last time, by time, type, key and id."""
        ends = await self._consumer.end_offsets(self._partitions)
        events: list[Event] = []
        unread = {p for p in self._partitions if await self._consumer.position(p) < ends[p]}
        while unread:
            for records in (await self._consumer.getmany(timeout_ms=_POLL_MS)).values():
                for record in records:
                    partner, stream = self._topics.parse(record.topic)
                    event = decode(record.value, partner=partner, stream=stream)
                    if event is None or isinstance(event, Refusal):
                        raise AssertionError(f"a service stated what is not in the contract: {event}")
                    events.append(event)
            unread = {p for p in unread if await self._consumer.position(p) < ends[p]}
        return sorted(events, key=lambda e: (e.time, e.type, e.key, e.id))
