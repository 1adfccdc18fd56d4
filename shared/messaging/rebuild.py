"""A service's state from the log alone, into an empty database, and the comparison with the live one.

Others' facts and the service's own events are read from offset 0, merged over all partitions by the
broker's timestamp, so that an effect never comes before its cause; nothing is decided and nothing sent.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.base import Stream
from shared.messaging import database
from shared.messaging.runner import Runner
from shared.messaging.service import Record, Service
from shared.messaging.topics import Topics

_BATCH: Final = 500
_POLL_MS: Final = 500
_BUFFER: Final = 2_000
"""Records of one partition in memory at most; the merge waits for the slowest partition."""


@dataclass(slots=True)
class Report:
    """What a rebuild found.

    Attributes:
        events: records read.
        differs: tables whose contents are not the same, with rows only here and only there.
    """

    events: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    differs: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """True when the rebuilt state is identical to the live one."""
        return not self.differs


async def rebuild(
    service: Service[Any],
    *,
    package: str,
    bootstrap: str,
    topics: Topics,
    operator: str,
    into: str,
    live: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Read the log into the empty database `into`; returns the number of records read.

    Args:
        live: the database in use; what waits there as a dead letter has not taken effect, and is
            left out here too.

    Raises:
        ValueError: the database is not empty.
    """
    pool = await database.open_pool(into, size=2, wait_s=10)
    try:
        await database.migrate(pool, package)
        if await pool.fetchval("SELECT EXISTS (SELECT FROM inbox)"):
            raise ValueError("the database to rebuild into is not empty")
        runner = Runner(service, pool, topics, operator=operator, scenario=True, replaying=True)
        events = 0
        waiting = await _dead(live) if live else set()
        async for batch in _merged(service, bootstrap, topics, operator):
            await runner.process([r for r in batch if (r.topic, r.partition, r.offset) not in waiting])
            events += len(batch)
            progress(events)
        return events
    finally:
        await database.close_pool(pool)


async def compare(service: Service[Any], live: str, rebuilt: str) -> Report:
    """Compare the service's tables row by row."""
    report = Report()
    left = await database.connect(live)
    right = await database.connect(rebuilt)
    try:
        for table in service.tables:
            here, there = await _digests(left, table), await _digests(right, table)
            report.rows[table] = len(here)
            if here != there:
                report.differs[table] = (len(here - there), len(there - here))
    finally:
        await left.close()
        await right.close()
    return report


async def _dead(dsn: str) -> set[tuple[str, int, int]]:
    connection = await database.connect(dsn)
    try:
        rows = await connection.fetch('SELECT topic, partition, "offset" FROM dead_letters')
        return {(row["topic"], row["partition"], row["offset"]) for row in rows}
    finally:
        await connection.close()


async def _digests(connection: asyncpg.Connection[Any], table: str) -> set[bytes]:
    digests = set()
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(f"SELECT t::text AS row FROM {table} t"):
            digests.add(hashlib.blake2b(row["row"].encode(), digest_size=16).digest())
    return digests


async def _merged(
    service: Service[Any], bootstrap: str, topics: Topics, operator: str
) -> AsyncIterator[list[Record]]:
    """All that is in the log now, in batches, in order of the broker's time."""
    own = service.own_streams()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap.split(","),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        read = service.streams | {Stream.REGISTRY}
        partitions = await _partitions(
            bootstrap,
            topics,
            # What another operator's instance stated in its own name is not this one's state.
            lambda partner, stream: stream in read or (stream in own and partner == operator),
        )
        if not partitions:
            return
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        starts = await consumer.beginning_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        async for batch in _by_time(consumer, starts, ends, topics, own):
            yield batch
    finally:
        await consumer.stop()


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


async def _by_time(
    consumer: AIOKafkaConsumer,
    starts: dict[TopicPartition, int],
    ends: dict[TopicPartition, int],
    topics: Topics,
    own: frozenset[Stream],
) -> AsyncIterator[list[Record]]:
    buffers: dict[TopicPartition, deque[Record]] = {p: deque() for p in ends if starts[p] < ends[p]}
    open_ = set(buffers)
    headless = set(buffers)
    heads: list[tuple[int, bool, str, int, int, Record]] = []
    batch: list[Record] = []

    def put_head(partition: TopicPartition) -> None:
        if buffers[partition]:
            r = buffers[partition].popleft()
            # At the same millisecond a cause goes before what this service stated because of it.
            stated = topics.parse(r.topic)[1] in own
            heapq.heappush(heads, (r.timestamp_ms, stated, r.topic, r.partition, r.offset, r))
        elif partition in open_:
            headless.add(partition)

    while headless or heads:
        while headless:
            await _fill(consumer, buffers, open_, ends, headless)
            waiting, headless = headless, set()
            for partition in sorted(waiting):
                put_head(partition)
        if not heads:
            break
        record = heapq.heappop(heads)[-1]
        batch.append(record)
        put_head(TopicPartition(record.topic, record.partition))
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def _fill(
    consumer: AIOKafkaConsumer,
    buffers: dict[TopicPartition, deque[Record]],
    open_: set[TopicPartition],
    ends: dict[TopicPartition, int],
    empty: set[TopicPartition],
) -> None:
    """Read on, from the partitions that the merge waits for and those that are not full yet."""
    full = [p for p in open_ if len(buffers[p]) >= _BUFFER]
    consumer.pause(*full)
    found = await consumer.getmany(timeout_ms=_POLL_MS)
    consumer.resume(*full)
    for partition, records in found.items():
        buffers[partition] += [
            Record(r.topic, r.value, r.key, r.partition, r.offset, r.timestamp)
            for r in records
            if r.offset < ends[partition]
        ]
    # The position, not the last record: compaction and transaction markers leave gaps.
    for partition in empty | set(found):
        if partition in open_ and await consumer.position(partition) >= ends[partition]:
            open_.discard(partition)
