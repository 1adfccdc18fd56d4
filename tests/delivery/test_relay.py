"""The relay beside a slow broker: what is in hand is finished, what fails is sent anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError
from asyncpg.pool import PoolConnectionProxy

from shared.messaging import database as postgres
from shared.messaging.relay import Relay
from tests.delivery.toy.service import PACKAGE
from tests.delivery.waiting import eventually

_ROWS = 20
_BATCH = 10
_PARTITIONS = {0, 1, 2}


@dataclass(slots=True)
class Batch:
    """Takes some rows and then no more, as the client's own does."""

    values: list[bytes] = field(default_factory=list)

    def append(self, *, value: bytes, **_options: Any) -> object | None:
        """Take one record, unless it is full."""
        if len(self.values) == _BATCH:
            return None
        self.values.append(value)
        return value


@dataclass(slots=True)
class SlowBroker:
    """Takes everything at once, and acknowledges it when the test says so."""

    taken: list[bytes] = field(default_factory=list)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    fails: bool = False

    async def start(self) -> None:
        """There is nothing to connect to."""

    async def stop(self) -> None:
        """There is nothing to close."""

    async def partitions_for(self, topic: str) -> set[int]:
        """Every topic has some."""
        return _PARTITIONS

    def create_batch(self) -> Batch:
        """A batch to be filled."""
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[None]:
        """Take one batch."""
        assert partition in _PARTITIONS
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.fails and self.taken:
            self.fails = False
            acknowledged.set_exception(KafkaTimeoutError())
        self.taken += batch.values
        self.waiting.append(acknowledged)
        return acknowledged

    def acknowledge(self) -> None:
        """Answer all that was taken."""
        for each in self.waiting:
            if not each.done():
                each.set_result(None)


@pytest.fixture
async def outbox(database: str) -> AsyncIterator[PoolConnectionProxy[Any]]:
    """A database with rows that wait to be published."""
    pool = await postgres.open_pool(database, size=2, wait_s=10)
    await postgres.migrate(pool, PACKAGE)
    async with pool.acquire() as connection:
        await connection.copy_records_to_table(
            "outbox",
            columns=["topic", "key", "payload"],
            records=[("t", b"k", f"{n}".encode()) for n in range(_ROWS)],
        )
        yield connection
    await postgres.close_pool(pool)


async def test_a_stop_waits_for_the_acknowledgement_of_what_was_sent(
    outbox: PoolConnectionProxy[Any], database: str
) -> None:
    """Stopped between sending and deleting, it deletes first: nothing is sent again at the next start."""
    broker = SlowBroker()
    relay = Relay(database, lambda: broker)
    relay.start()
    await eventually(lambda: _took(broker, _ROWS), "all rows are sent")
    stopping = asyncio.create_task(relay.stop())
    await asyncio.sleep(0.2)
    broker.acknowledge()
    await stopping
    assert await outbox.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_failed_batch_is_sent_again_whole_and_in_order_by_a_new_producer(
    outbox: PoolConnectionProxy[Any], database: str
) -> None:
    """One batch of two fails: none is deleted, the producer is given up, all go out again from the first."""
    brokers: list[SlowBroker] = []

    def new() -> SlowBroker:
        brokers.append(SlowBroker(fails=not brokers))
        return brokers[-1]

    relay = Relay(database, new)
    relay.start()
    await eventually(lambda: _took(brokers[-1] if len(brokers) > 1 else None, _ROWS), "all are sent again")
    assert await outbox.fetchval("SELECT count(*) FROM outbox") == _ROWS
    brokers[-1].acknowledge()
    await relay.stop()
    assert brokers[-1].taken == [f"{n}".encode() for n in range(_ROWS)]
    assert await outbox.fetchval("SELECT count(*) FROM outbox") == 0


async def _took(broker: SlowBroker | None, rows: int) -> bool:
    return broker is not None and len(broker.taken) == rows
