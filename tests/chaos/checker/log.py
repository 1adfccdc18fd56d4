"""Every record of every topic, as a reader of the contract sees it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging.topics import Topics

_NAMESPACE = "nl.werkbedrijf."

Place = tuple[str, int, int]
"""Topic, partition and offset."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event on a topic.

    Attributes:
        type: without namespace and version, as `proposals.made`.
        at_ms: when the broker took it.
        first: False for a repeat of a record with the same source and id on the same topic.
        digest: of all that it says.
    """

    topic: str
    partner: str
    stream: str
    partition: int
    offset: int
    at_ms: int
    key: str
    id: str
    source: str
    type: str
    cause: str
    time: str
    data: dict[str, Any]
    first: bool
    digest: bytes

    @property
    def place(self) -> Place:
        """Where it lies."""
        return self.topic, self.partition, self.offset

    def __str__(self) -> str:
        """One line of a history."""
        again = "" if self.first else "  (again)"
        shown = {
            k: v for k, v in self.data.items() if k not in {"draft", "reasons", "alternatives", "detail"}
        }
        return (
            f"{self.at_ms / 1000:.3f} {self.topic}[{self.partition}]@{self.offset} {self.type}{again}"
            f"  id={self.id} cause={self.cause}  {orjson.dumps(shown).decode()}"
        )


async def read(
    kafka: str, topics: Topics, poisoned: set[bytes], found: dict[Place, str] | None = None
) -> AsyncIterator[Told]:
    """The whole log but for the registry and poison; in order within a partition.

    Args:
        poisoned: keys of poison.
        found: gets where poison lies.
    """
    poison = {} if found is None else found
    partitions = await partitions_of(kafka, topics)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.assign([partition])
            consumer.seek(partition, 0)
            seen: set[bytes] = set()
            while await consumer.position(partition) < ends[partition]:
                for record in (await consumer.getmany(partition, timeout_ms=500)).get(partition, []):
                    if record.key in poisoned:
                        place = record.topic, record.partition, record.offset
                        poison[place] = record.key.decode()
                    else:
                        yield _told(record, topics, seen)
    finally:
        await consumer.stop()


async def histories(
    kafka: str, topics: Topics, poisoned: set[bytes], subjects: set[str], *, most: int = 40
) -> dict[str, list[str]]:
    """All that names these people, proposals or reservations, in order of the broker's time.

    The log is read once for all of them: it may hold a million events.
    """
    found: dict[str, list[Told]] = {subject: [] for subject in subjects}
    async for told in read(kafka, topics, poisoned):
        if told.stream != "inbox":
            named = {told.key, told.id, told.cause, *(v for v in told.data.values() if isinstance(v, str))}
            for subject in subjects & named:
                found[subject].append(told)
    return {subject: _lines(events, most) for subject, events in found.items()}


def _lines(events: list[Told], most: int) -> list[str]:
    lines = [str(told) for told in sorted(events, key=lambda t: (t.at_ms, t.topic, t.offset))]
    return lines if len(lines) <= most else [*lines[: most // 2], "...", *lines[-most // 2 :]]


async def partitions_of(kafka: str, topics: Topics) -> list[TopicPartition]:
    """Every partition of the region's topics but for the registry's."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        described = await admin.describe_topics()
    finally:
        await admin.close()
    return sorted(
        TopicPartition(topic["topic"], each["partition"])
        for topic in described
        if topic["topic"].startswith(f"{topics.prefix}.") and topic["topic"] != topics.registry
        for each in topic["partitions"]
    )


def _told(record: Any, topics: Topics, seen: set[bytes]) -> Told:
    partner, stream = topics.parse(record.topic)
    event = orjson.loads(record.value)
    name = hashlib.blake2b(f"{event['source']}\x1f{event['id']}".encode(), digest_size=12).digest()
    first = name not in seen
    seen.add(name)
    said = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
    return Told(
        topic=record.topic,
        partner=partner,
        stream=str(stream),
        partition=record.partition,
        offset=record.offset,
        at_ms=record.timestamp,
        key=event.get("partitionkey", ""),
        id=event["id"],
        source=event["source"],
        type=event["type"].removeprefix(_NAMESPACE).rpartition(".v")[0],
        cause=event.get("causationid", ""),
        time=event["time"],
        data=event["data"],
        first=first,
        digest=hashlib.blake2b(said, digest_size=12).digest(),
    )
