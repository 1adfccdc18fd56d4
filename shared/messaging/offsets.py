"""How far a consumer has come, told to Kafka beside its work and not in the middle of it.

An offset is committed after the transaction of its record, so one that is late costs a repeat at most, and
the inbox absorbs that. Committing after every batch, and for every partition whether it moved or not, took
a good part of the broker's processor and some milliseconds of each event's way (docs/measurements.md).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError

from shared.messaging.ahead import Ahead
from shared.messaging.service import Record

log = logging.getLogger(__name__)

_PAUSE_S: Final = 0.1
"""Between two commits; who waits for rest reads them, so they must not lag."""
_LAST_S: Final = 5.0
"""How long the last commit may take before partitions are given up."""


class Offsets:
    """Commits what was processed, of one consumer at a time.

    Args:
        ahead: what that consumer has fetched and nobody works on yet.
    """

    def __init__(self, ahead: Ahead) -> None:
        self.ahead = ahead
        self._pending: dict[TopicPartition, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._committing = asyncio.Lock()
        self._anew = True

    async def processed(self, consumer: AIOKafkaConsumer, records: Sequence[Record]) -> None:
        """These are processed, and so is all that came before them on their partitions."""
        if self._anew:
            # The first time for all partitions, also where nothing lay: so it can be seen what is read.
            self._anew = False
            self._pending = self._of_all(consumer)
        for record in records:
            self._pending[TopicPartition(record.topic, record.partition)] = record.offset + 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(consumer), name="offsets")

    def _of_all(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        """How far each partition is processed: what is ahead is not.

        In one step, since a position that was read before what is ahead is forgotten covers it still.
        """
        assignment = consumer._subscription.subscription.assignment  # noqa: SLF001 - `position` may wait
        positions = assignment.all_consumed_offsets().items()
        return {each: found.offset for each, found in positions} | self.ahead.first()

    async def settle(self, consumer: AIOKafkaConsumer) -> None:
        """Commit what is left before the partitions are given up; then begin anew with others."""
        try:
            async with asyncio.timeout(_LAST_S):
                await self._commit(consumer)
        except TimeoutError:
            log.warning("the last offsets could not be committed; what they cover will be read again")
        self._pending.clear()
        self._anew = True

    async def _run(self, consumer: AIOKafkaConsumer) -> None:
        while self._pending:
            await self._commit(consumer)
            await asyncio.sleep(_PAUSE_S)

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        async with self._committing:
            pending, self._pending = self._pending, {}
            if pending:
                await _commit(consumer, pending)


async def _commit(consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
    try:
        await consumer.commit(offsets)
    except (KafkaError, ConsumerStoppedError) as error:
        # Somebody else has these partitions now, or they come back to us from the last commit.
        log.warning("offsets were not committed, what they cover is read again: %s", error)


class Batch:
    """What FastStream is given as the consumer of one batch: to commit and to rewind."""

    def __init__(self, offsets: Offsets, consumer: Any, records: Sequence[Record]) -> None:
        self._offsets = offsets
        self._consumer = consumer
        self._records = records

    async def commit(self) -> None:
        """The batch is processed."""
        await self._offsets.processed(self._consumer, self._records)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read again from here, and after it what was ahead."""
        self._offsets.ahead.rewind(self._consumer)
        self._consumer.seek(partition, offset)
