"""One relay per database publishes the outbox in order and deletes what the broker acknowledged.

Delete after acknowledgement, read from the lowest id: a gap or a late commit is never "behind" a
cursor, because there is none. A crash in between sends rows twice, with the same id, and the inbox of
every consumer absorbs that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from shared.messaging.database import BY_INDEX, connect, is_transient
from shared.messaging.event import CONTENT_TYPE
from shared.messaging.faults import Place, passing
from shared.telemetry import metrics

log = logging.getLogger(__name__)

_RELAY_LOCK: Final = 3
_BATCH: Final = 500
_IDLE_S: Final = 0.25
"""Longest wait without a word from a commit here; other instances' commits are found by looking."""
_STANDBY_S: Final = 1.0
_BACK_OFF_S: Final = (0.1, 0.5, 1.0, 2.0)
_DRAIN_S: Final = 10.0
"""How long the rows in hand may take at the end; broken off, they would be sent again at the next start."""
_PARTITIONER: Final = DefaultPartitioner()
_HEADERS: Final = [("content-type", CONTENT_TYPE.encode())]


class Relay:
    """Publishes one database's outbox; instances beside it stand by for its lock.

    The lock is a session's advisory lock on a connection of its own: a pool would reset it. When that
    connection is lost another relay may run, so this one stops sending at once.

    Args:
        producer: makes a new idempotent producer; one that failed is not used again, since a lost
            batch leaves it out of sequence for good.
        connect: opens the connection that holds the lock.
    """

    def __init__(
        self,
        dsn: str,
        producer: Callable[[], AIOKafkaProducer],
        *,
        connect: Callable[..., Awaitable[asyncpg.Connection[Any]]] = connect,
    ) -> None:
        self._dsn = dsn
        self._producer = producer
        self._connect = connect
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._in_hand = asyncio.Lock()
        self._failures = 0

    def wake(self) -> None:
        """Something was committed."""
        self._news.set()

    def start(self) -> None:
        """Run in the background until `stop`."""
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self) -> None:
        """Stop after the rows in hand; what is left waits in the outbox for the next start."""
        if self._task is not None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._in_hand.acquire(), _DRAIN_S)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._serve()
            except Exception as error:
                passes = isinstance(error, KafkaError) or is_transient(error)
                log.warning("the relay starts anew: %s", error, exc_info=not passes)
            metrics.RELAY_FAILURES.inc()
            await asyncio.sleep(_BACK_OFF_S[min(self._failures, len(_BACK_OFF_S) - 1)])
            self._failures += 1

    async def _serve(self) -> None:
        # It deletes and nothing else: a delete lost in a crash sends a row twice, which readers absorb.
        # By index and planned once: else each fetch and delete is planned anew, a third or more of its cost.
        connection = await self._connect(self._dsn, synchronous_commit="off", **BY_INDEX)
        producer: AIOKafkaProducer | None = None
        try:
            await self._stand_by(connection)
            producer = self._producer()
            await producer.start()
            while True:
                self._news.clear()
                async with self._in_hand:
                    published = await self._publish(connection, producer)
                if published < _BATCH:
                    # Not `wait_for`: in Python 3.11 it can swallow a cancellation that comes with the news.
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_IDLE_S):
                            await self._news.wait()
        finally:
            await _quietly(connection.close(timeout=2))
            if producer is not None:
                await _quietly(producer.stop())

    async def _stand_by(self, connection: asyncpg.Connection[Any]) -> None:
        # Asking again and again, since a blocking lock would run into the command's time limit.
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1, 0)", _RELAY_LOCK):  # noqa: ASYNC110
            await asyncio.sleep(_STANDBY_S)

    async def _publish(self, connection: asyncpg.Connection[Any], producer: AIOKafkaProducer) -> int:
        rows = await connection.fetch(
            "SELECT id, topic, key, payload FROM outbox ORDER BY id LIMIT $1", _BATCH
        )
        if not rows:
            return 0
        await _send(producer, rows)
        passing(Place.AFTER_PUBLISH)
        await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", [row["id"] for row in rows])
        metrics.PUBLISHED.inc(len(rows))
        self._failures = 0
        return len(rows)


async def _send(producer: AIOKafkaProducer, rows: Sequence[Any]) -> None:
    """Send rows and wait until the broker has them all; those of one partition stay in order.

    In batches made here, since one at a time the client takes four times the processor
    (docs/measurements.md). The partition is the one that the client would choose for the key.
    """
    counts = {topic: len(await producer.partitions_for(topic)) for topic in {row["topic"] for row in rows}}
    open_: dict[tuple[str, int], BatchBuilder] = {}
    sent = []
    for row in rows:
        topic = row["topic"]
        where = topic, _partition(row["key"], counts[topic])
        batch = open_.get(where)
        if batch is None or not _fits(batch, row):
            if batch is not None:
                sent.append(await producer.send_batch(batch, topic, partition=where[1]))
            batch = open_[where] = producer.create_batch()
            _fits(batch, row)  # the first always does
    for (topic, partition), batch in open_.items():
        sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)


def _fits(batch: BatchBuilder, row: Any) -> bool:
    added = batch.append(timestamp=None, key=row["key"], value=row["payload"], headers=_HEADERS)
    return added is not None


@lru_cache(maxsize=65_536)
def _partition(key: bytes, partitions: int) -> int:
    chosen: int = _PARTITIONER(key, range(partitions), ())
    return chosen


async def _quietly(closing: Any) -> None:
    """Close what may be broken already, without holding up the next start."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(closing, 5)
