"""The next batch, fetched and read while the one before it is being worked on.

A batch spends half its time waiting for the database. Meanwhile records go on coming, and reading them costs
a tenth of what an event costs in all (docs/measurements.md). What is ahead has had no effect: it may be
forgotten at any moment, and is then fetched again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.service import Record

MAX_RECORDS: Final = 500
"""Records in a batch at most; beyond 500 the transaction gains nothing (docs/measurements.md)."""
_POLL_S: Final = 0.2
"""How long to wait for records before looking whether to stop; what comes is handed over at once."""
_FETCH_S: Final = 0.003
"""What a fetch takes: so long before a batch may begin is what came for it asked for."""
_MANY: Final = 100
"""So many records waiting are no small batch: what comes in such helpings is fetched without a pause."""
_SLICE: Final = 50
"""Records read without a pause, so that an answer of the database does not wait."""


class Ahead:
    """What one consumer has fetched and nobody works on yet.

    Args:
        read: reads records that will be processed soon.
        forget: what was read and not processed will not be.
        pace_s: from the beginning of one batch to that of the next at least, in seconds; see `Service`.
    """

    def __init__(
        self, read: Callable[[Sequence[Record]], None], forget: Callable[[], None], *, pace_s: float
    ) -> None:
        self._read = read
        self._forget = forget
        self._pace_s = pace_s
        self._records: list[Record] = []
        self._reading = 0
        self._came = asyncio.Event()
        self._taken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._began = 0.0
        self._last_came = 0.0

    async def batch(self, consumer: AIOKafkaConsumer) -> tuple[Record, ...]:
        """All that has come, or what comes first; nothing if that takes too long.

        Raises:
            KafkaError: as the client raises it.
        """
        await asyncio.sleep(self._began + self._pace_s - time.monotonic())
        task = self._collecting(consumer)
        if not self._records and not task.done():
            self._came.clear()
            # Not `wait_for`: in Python 3.11 it can swallow a cancellation that comes with the news.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await self._came.wait()
        if not self._records and task.done() and not task.cancelled():
            self._task = None
            task.result()
        taken, self._records, self._reading = tuple(self._records), [], 0
        self._taken.set()
        if taken:
            self._began = time.monotonic()
        return taken

    async def turn(self) -> None:
        """Wait until Kafka is to be asked again.

        It answers as soon as there is one record, and the client library asks again at once: two or three
        times a batch, and each question names every partition.
        """
        while (wait := max(self._began, self._last_came) + self._pace_s - _FETCH_S - time.monotonic()) > 0:
            if len(self._records) >= _MANY:
                return
            await asyncio.sleep(wait)

    def first(self) -> dict[TopicPartition, int]:
        """By partition, the offset of the first record that is ahead."""
        found: dict[TopicPartition, int] = {}
        for record in self._records:
            found.setdefault(TopicPartition(record.topic, record.partition), record.offset)
        return found

    def rewind(self, consumer: Any) -> None:
        """Forget what is ahead, so that it is fetched again: by us, or by who has the partitions then."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        for partition, offset in self.first().items():
            if partition in consumer.assignment():
                consumer.seek(partition, offset)
        self._records, self._reading = [], 0
        self._forget()

    def _collecting(self, consumer: AIOKafkaConsumer) -> asyncio.Task[None]:
        if self._task is None:
            self._task = asyncio.create_task(self._collect(consumer), name="ahead")
            self._task.add_done_callback(self._ended)
        return self._task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # raised where the next batch is asked for, if anybody does
        self._came.set()

    async def _collect(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            room = MAX_RECORDS - len(self._records)
            if room > 0:
                found = await consumer.getmany(timeout_ms=round(_POLL_S * 1000), max_records=room)
                self._records += map(_record, chain.from_iterable(found.values()))
                if found:
                    self._last_came = time.monotonic()
            else:
                self._taken.clear()
                await self._taken.wait()
            if self._records:
                self._came.set()
            while self._reading < len(self._records):
                records = self._records[self._reading : self._reading + _SLICE]
                self._reading += len(records)
                self._read(records)
                await asyncio.sleep(0)


def _record(raw: Any) -> Record:
    return Record(
        topic=raw.topic,
        value=raw.value,
        key=raw.key,
        partition=raw.partition,
        offset=raw.offset,
        timestamp_ms=raw.timestamp,
    )
