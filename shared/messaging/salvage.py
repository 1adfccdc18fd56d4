"""A batch that cannot be saved: find the one record at fault, set it aside, let all others take effect.

Nothing tells which row of a statement the database would not take, so it is found by trying less.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg

from shared.messaging import dead_letters, inbox, parking
from shared.messaging.database import is_transient
from shared.messaging.service import Connection, Outcome, Record, Service, Status
from shared.messaging.transaction import Together
from shared.telemetry import metrics

log = logging.getLogger(__name__)


class Salvage:
    """Halves a batch until the record at fault is alone, and makes that one a dead letter.

    Args:
        run: processes records in one transaction.
        rehearse: does the same with one record and the events parked up to a number, and rolls back.
    """

    def __init__(
        self,
        service: Service[Any],
        pool: asyncpg.Pool[Any],
        *,
        run: Callable[[Sequence[Record]], Awaitable[list[Outcome]]],
        rehearse: Callable[[Record, int], Awaitable[None]],
    ) -> None:
        self._service = service
        self._pool = pool
        self._run = run
        self._rehearse = rehearse

    async def process(self, records: Sequence[Record]) -> list[Outcome]:
        """Process records in order; an outcome a record, in the same order.

        Raises:
            Exception: only what passes (`is_transient`).
        """
        try:
            return await self._run(records)
        except Exception as error:
            if is_transient(error) or not records:
                raise
            if len(records) == 1:
                return [await self._alone(records[0], error)]
            middle = len(records) // 2
            first = await self.process(records[:middle])
            return first + await self.process(records[middle:])

    async def _alone(self, record: Record, error: Exception) -> Outcome:
        """It is at fault itself, or a parked event that it releases; there may be several of those.

        What is parked is set aside before the record takes effect, never after: it is released once, so
        what it left behind would wait for ever.
        """
        while True:
            if await self._fault(record, 0) is not None:
                return await self._bury(record, error)
            await self._bury_parked(record, error)
            try:
                (outcome,) = await self._run([record])
            except Exception as again:
                if is_transient(again):
                    raise
                error = again
            else:
                return outcome

    async def _fault(self, record: Record, upto: int) -> Exception | None:
        try:
            await self._rehearse(record, upto)
        except Exception as error:
            if is_transient(error):
                raise
            return error
        return None

    async def _bury_parked(self, record: Record, error: Exception) -> None:
        """The first parked event with which the record cannot be saved, and without which it can."""
        async with self._pool.acquire() as connection:
            seqs = await parking.seqs(connection)
        sound, faulty = -1, len(seqs)
        while faulty - sound > 1:
            middle = (sound + faulty) // 2
            found = await self._fault(record, seqs[middle])
            if found is None:
                sound = middle
            else:
                faulty, error = middle, found
        if faulty == len(seqs):
            return  # another instance was quicker, or it has passed
        async with self._pool.acquire() as connection, connection.transaction():
            taken = await parking.take(connection, seqs[faulty])
            if taken is not None:
                name, parked = taken
                await inbox.forget(connection, [name])
                await self._set_aside(connection, parked, error)

    async def _bury(self, record: Record, error: Exception) -> Outcome:
        async with self._pool.acquire() as connection, connection.transaction():
            return await self._set_aside(connection, record, error)

    async def _set_aside(self, connection: Connection, record: Record, error: Exception) -> Outcome:
        log.error("a record of %s cannot be saved and becomes a dead letter", record.topic, exc_info=error)
        letter = dead_letters.DeadLetter(
            record, type(error).__name__, str(error), holds=record.key is not None
        )
        await dead_letters.bury(connection, [letter])
        outcome = Outcome(record, Status.DEAD)
        try:
            async with connection.transaction():
                writes = Together(connection)
                await self._service.record_outcomes(writes, [outcome])
                await writes.done()
        except Exception as unkept:
            if is_transient(unkept):
                raise
            log.exception("what became of it cannot be kept either")
        metrics.outcomes(self._service.name, [outcome])
        return outcome
