"""What is fetched before its turn is no more done than what still lies in Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest

from shared.messaging import consumer
from shared.messaging.ahead import MAX_RECORDS, Ahead
from shared.messaging.offsets import Offsets
from shared.messaging.service import Outcome, Record
from tests.delivery.waiting import eventually

_MANY = 2 * MAX_RECORDS + 200


@asynccontextmanager
async def _filled(kafka: str, topic: str, count: int) -> AsyncIterator[None]:
    """A topic of one partition with numbered records."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    async with _sender(kafka) as producer:
        await asyncio.gather(*[await producer.send(topic, str(n).encode()) for n in range(count)])
    yield


def _numbers(records: Sequence[Record]) -> list[int]:
    return [int(record.value or b"") for record in records]


@asynccontextmanager
async def _reader(kafka: str, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    reader = AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id=topic, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await reader.start()
    reader.assign([TopicPartition(topic, 0)])
    try:
        yield reader
    finally:
        await reader.stop()


@asynccontextmanager
async def _consuming(
    kafka: str, topic_prefix: str, process: consumer.Process, ahead: Ahead | None = None
) -> AsyncIterator[None]:
    """A service's consumer at work on all topics of the prefix."""
    broker = consumer.make_broker(kafka, "test")
    member = consumer.subscribe(
        broker,
        group=f"{topic_prefix}.all",
        pattern=f"{topic_prefix}\\..*",
        session_timeout_s=10,
        process=process,
        ahead=ahead or Ahead(lambda _: None, lambda: None, pace_s=0.02),
    )
    await consumer.start(broker, kafka, wait_s=30)
    yield
    await consumer.stop(broker, member)


@asynccontextmanager
async def _sender(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def _next(ahead: Ahead, reader: AIOKafkaConsumer) -> list[int]:
    while not (batch := await ahead.batch(reader)):
        pass
    return _numbers(batch)


async def _full(ahead: Ahead) -> None:
    async def full() -> bool:
        return len(ahead._records) == MAX_RECORDS

    await eventually(full, "a whole batch is ahead")


async def test_the_next_batch_is_there_and_read_while_one_is_worked_on(kafka: str, topic_prefix: str):
    read: list[Record] = []
    ahead = Ahead(read.extend, read.clear, pace_s=0.02)
    async with _filled(kafka, topic_prefix, _MANY), _reader(kafka, topic_prefix) as reader:
        first = await _next(ahead, reader)
        await _full(ahead)
        beyond = len(first) + MAX_RECORDS
        assert _numbers(read)[-MAX_RECORDS:] == list(range(len(first), beyond))
        assert ahead.first() == {TopicPartition(topic_prefix, 0): len(first)}
        assert await _next(ahead, reader) == list(range(len(first), beyond))
        ahead.rewind(reader)


async def test_what_is_given_back_comes_again_and_in_order(kafka: str, topic_prefix: str):
    ahead = Ahead(lambda _: None, lambda: None, pace_s=0.02)
    async with _filled(kafka, topic_prefix, 2 * _MANY), _reader(kafka, topic_prefix) as reader:
        came: list[int] = []
        for _ in range(3):
            came += await _next(ahead, reader)
            await _full(ahead)
            ahead.rewind(reader)
        while len(came) < 2 * _MANY:
            came += await _next(ahead, reader)
        assert came == list(range(2 * _MANY))
        ahead.rewind(reader)


async def test_kafka_is_not_told_that_what_is_ahead_is_done(kafka: str, topic_prefix: str):
    """The first commit is for all partitions, and the client's own idea of how far it came is too far."""
    ahead = Ahead(lambda _: None, lambda: None, pace_s=0.02)
    partition = TopicPartition(topic_prefix, 0)
    async with _filled(kafka, topic_prefix, _MANY), _reader(kafka, topic_prefix) as reader:
        offsets = Offsets(ahead)
        while not (batch := await ahead.batch(reader)):
            pass
        await _full(ahead)
        assert await reader.position(partition) == len(batch) + MAX_RECORDS
        await offsets.processed(reader, [])
        await offsets.settle(reader)
        assert await reader.committed(partition) == len(batch)
        ahead.rewind(reader)


async def test_a_batch_that_fails_comes_again_before_what_was_ahead_of_it(kafka: str, topic_prefix: str):
    done: list[int] = []
    failed: list[int] = []

    async def process(records: Sequence[Record]) -> list[Outcome]:
        numbers = _numbers(records)
        if len(failed) < 3 * MAX_RECORDS and len(done) >= MAX_RECORDS:
            await _full(ahead)
            failed.extend(numbers)
            raise RuntimeError("the third way to fail: not of the moment, and not one record's")
        done.extend(numbers)
        return []

    ahead = Ahead(lambda _: None, lambda: None, pace_s=0.02)
    topic = f"{topic_prefix}.all"
    async with _filled(kafka, topic, 4 * MAX_RECORDS):

        async def all_done() -> bool:
            return len(done) >= 4 * MAX_RECORDS

        async with _consuming(kafka, topic_prefix, process, ahead):
            await eventually(all_done, "every record is processed")
    assert failed
    assert done == list(range(4 * MAX_RECORDS))


async def test_what_trickles_in_is_fetched_once_a_batch(
    kafka: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
):
    """Kafka answers as soon as there is one record; asked again at once, it is asked for each of them."""
    done: list[int] = []
    batches: list[int] = []
    fetches: list[FetchRequest] = []

    async def process(records: Sequence[Record]) -> list[Outcome]:
        done.extend(_numbers(records))
        batches.append(len(records))
        return []

    send = AIOKafkaClient.send

    async def counted(self: AIOKafkaClient, node: int, request: Any, **how: Any) -> Any:
        if isinstance(request, FetchRequest):
            fetches.append(request)
        return await send(self, node, request, **how)

    monkeypatch.setattr(AIOKafkaClient, "send", counted)
    topic = f"{topic_prefix}.all"
    async with _filled(kafka, topic, 1), _consuming(kafka, topic_prefix, process):

        async def all_done() -> bool:
            return len(done) >= sent

        sent = 1
        await eventually(all_done, "the first record is processed")
        before, asked = len(batches), len(fetches)
        async with _sender(kafka) as producer:
            for sent in range(1, 200):
                await producer.send(topic, str(sent).encode())
                await asyncio.sleep(0.004)
        sent = 200
        await eventually(all_done, "every record is processed")
    assert done == list(range(200))
    assert 0 < len(fetches) - asked <= 1.5 * (len(batches) - before) + 10
