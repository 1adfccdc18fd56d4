"""What is fetched before its turn is no more done than what still lies in Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

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
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    await asyncio.gather(*[await producer.send(topic, str(n).encode()) for n in range(count)])
    await producer.stop()
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
    ahead = Ahead(read.extend, read.clear)
    async with _filled(kafka, topic_prefix, _MANY), _reader(kafka, topic_prefix) as reader:
        first = await _next(ahead, reader)
        await _full(ahead)
        beyond = len(first) + MAX_RECORDS
        assert _numbers(read)[-MAX_RECORDS:] == list(range(len(first), beyond))
        assert ahead.first() == {TopicPartition(topic_prefix, 0): len(first)}
        assert await _next(ahead, reader) == list(range(len(first), beyond))
        ahead.rewind(reader)


async def test_what_is_given_back_comes_again_and_in_order(kafka: str, topic_prefix: str):
    ahead = Ahead(lambda _: None, lambda: None)
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
    ahead = Ahead(lambda _: None, lambda: None)
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

    ahead = Ahead(lambda _: None, lambda: None)
    topic = f"{topic_prefix}.all"
    async with _filled(kafka, topic, 4 * MAX_RECORDS):
        broker = consumer.make_broker(kafka, "test")
        member = consumer.subscribe(
            broker,
            group=topic,
            pattern=f"{topic_prefix}\\..*",
            session_timeout_s=10,
            process=process,
            ahead=ahead,
        )
        await consumer.start(broker, kafka, wait_s=30)

        async def all_done() -> bool:
            return len(done) >= 4 * MAX_RECORDS

        await eventually(all_done, "every record is processed")
        await consumer.stop(broker, member)
    assert failed
    assert done == list(range(4 * MAX_RECORDS))
