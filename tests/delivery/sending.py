"""Putting events on topics, in order and without loss; and removing the topics afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging.event import Event, encode
from shared.messaging.topics import Topics


@asynccontextmanager
async def producing(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that loses and reorders nothing."""
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, enable_idempotence=True, linger_ms=1, request_timeout_ms=60_000
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(kafka: str, topics: Topics, events: Iterable[Event]) -> None:
    """Send events in order and wait until the broker has them all."""
    async with producing(kafka) as producer:
        await send_with(producer, topics, events)


async def send_with(producer: AIOKafkaProducer, topics: Topics, events: Iterable[Event]) -> None:
    """The same, with a producer that is there already."""
    sent = [
        await producer.send(topics.of(e.partner, e.stream), encode(e), key=e.key.encode()) for e in events
    ]
    for each in sent:
        await each


async def remove_topics(kafka: str, topics: Topics) -> None:
    """Remove all topics of a test: a small broker carries only so many partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        names = await admin.list_topics()
        await admin.delete_topics([name for name in names if name.startswith(f"{topics.prefix}.")])
    finally:
        await admin.close()
