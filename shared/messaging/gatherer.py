"""Many callers, one transaction: what comes in over HTTP at the same time is processed as one batch."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from shared.messaging.faults import Place, passing
from shared.messaging.service import Outcome, Record

_MAX_RECORDS: Final = 500
_PACE_S: Final = 0.015
"""From the beginning of one batch to that of the next at least, where several call; see `ahead`."""


class Full(Exception):  # noqa: N818 - an answer to the caller
    """More is waiting than will be processed soon; the caller is asked to come back."""


class Gatherer:
    """Gathers submissions while a batch is being processed, and makes them the next batch.

    An idle door processes a single event at once, a busy one in large batches. Who calls alone, and calls
    again as soon as there is an answer, is not made to wait.

    Args:
        process: processes records in order and returns an outcome for each.
        room: records that may wait before callers are turned away.
    """

    def __init__(
        self, process: Callable[[Sequence[Record]], Awaitable[list[Outcome]]], *, room: int = 20_000
    ) -> None:
        self._process = process
        self._room = room
        self._waiting: list[tuple[Sequence[Record], asyncio.Future[list[Outcome]]]] = []
        self._in_hand: list[tuple[Sequence[Record], asyncio.Future[list[Outcome]]]] = []
        self._records = 0
        self._began = 0.0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Run in the background until `stop`."""
        self._task = asyncio.create_task(self._run(), name="gatherer")

    async def stop(self) -> None:
        """Finish what was submitted, then stop."""
        await asyncio.gather(*[future for _, future in self._in_hand + self._waiting], return_exceptions=True)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def submit(self, records: Sequence[Record]) -> list[Outcome]:
        """Have records processed, in order; returns when their effect is durable.

        Raises:
            Full: too much is waiting.
            Exception: the database did not answer; nothing took effect.
        """
        if not records:
            return []
        if self._records + len(records) > self._room:
            raise Full
        future: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._waiting.append((records, future))
        self._records += len(records)
        self._news.set()
        outcomes = await future
        passing(Place.BEFORE_ANSWER)
        return outcomes

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                await self._next()

    async def _next(self) -> None:
        if len(self._in_hand) > 1 or len(self._waiting) > 1:
            await asyncio.sleep(self._began + _PACE_S - time.monotonic())
        self._began = time.monotonic()
        taken = [self._waiting.pop(0)]
        size = len(taken[0][0])
        while self._waiting and size + len(self._waiting[0][0]) <= _MAX_RECORDS:
            taken.append(self._waiting.pop(0))
            size += len(taken[-1][0])
        self._in_hand = taken
        try:
            outcomes = await self._process([record for records, _ in taken for record in records])
        except Exception as error:  # noqa: BLE001 - each caller gets it
            for _, future in taken:
                if not future.done():
                    future.set_exception(error)
        else:
            start = 0
            for records, future in taken:
                if not future.done():
                    future.set_result(outcomes[start : start + len(records)])
                start += len(records)
        finally:
            self._records -= size
