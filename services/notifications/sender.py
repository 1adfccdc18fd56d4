"""Sends what is queued, and states what became of it.

One sender at a time in a database; instances beside it stand by. Nothing is handed over that was not
noted first, and what was handed over is never handed over again: when a process dies at the worst
moment somebody may get no message, and staff see that, but nobody gets the same letter twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg

from services.notifications.delivery import Office
from services.notifications.jobs import Due, JobBook
from services.notifications.reports import report
from services.notifications.rules.messages import Message
from services.notifications.rules.sending import Later, Sent, Suppressed, Verdict, settle
from services.notifications.store import World
from shared.contracts import ServiceName, Stream, SuppressReason
from shared.messaging.database import connect, is_transient
from shared.messaging.event import encode
from shared.messaging.faults import Place, passing
from shared.messaging.registry import Registry, load_registry
from shared.messaging.runner import Runner
from shared.messaging.service import Record, Status
from shared.messaging.topics import Topics
from shared.telemetry import metrics

log = logging.getLogger(__name__)

_ROUND: Final = 32
"""Messages in a round; what became of them is stated at its end, in one batch."""
_IDLE_S: Final = 0.25
_AFTER_WAKE_S: Final = 0.01
"""A wake-up comes just before the commit that it tells of."""
_STANDBY_S: Final = 1.0
_BACK_OFF_S: Final = (0.2, 1.0, 3.0, 10.0)


class Sender:
    """The sender of one database.

    Args:
        lines: messages under way at the same time at most.
        scenario: True when time is told by events; what is stated then bears the time of its cause.
    """

    def __init__(
        self,
        dsn: str,
        runner: Runner[World],
        office: Office,
        *,
        topics: Topics,
        lines: int,
        scenario: bool,
    ) -> None:
        self._dsn = dsn
        self._runner = runner
        self._office = office
        self._topic = topics.of(office.operator, Stream.NOTIFICATIONS)
        self._lines = lines
        self._scenario = scenario
        self._news = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._failures = 0

    def wake(self) -> None:
        """Something is about to be queued."""
        self._news.set()

    def start(self) -> None:
        """Run in the background until `stop`."""
        self._task = asyncio.create_task(self._run(), name="sender")

    async def stop(self) -> None:
        """Finish the messages in hand; the rest waits for the next start."""
        self._stopping = True
        self._news.set()
        if self._task is not None:
            await self._task
        await self._office.mailer.rest()
        await self._office.vaults.close()

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._serve()
            except Exception as error:
                passes = is_transient(error)
                log.warning("the sender starts anew: %s", type(error).__name__, exc_info=not passes)
                await self._pause(_BACK_OFF_S[min(self._failures, len(_BACK_OFF_S) - 1)])
                self._failures += 1

    async def _serve(self) -> None:
        connection = await connect(self._dsn)
        try:
            book = JobBook(connection)
            while not await book.become_the_sender():
                await self._pause(_STANDBY_S)
                if self._stopping:
                    return
            await self._recover(book, connection)
            while not self._stopping:
                if await self._round(book, connection):
                    self._failures = 0
                    continue
                await self._office.mailer.rest()
                await self._pause(_IDLE_S)
        finally:
            with contextlib.suppress(Exception):
                await connection.close(timeout=2)

    async def _pause(self, seconds: float) -> None:
        # Not `wait_for`: in Python 3.11 it can swallow a cancellation that comes with the news.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
            await asyncio.sleep(_AFTER_WAKE_S)
        self._news.clear()

    async def _recover(self, book: JobBook, connection: asyncpg.Connection[Any]) -> None:
        """Settle what an earlier sender left: what nobody can know, and what was handed over."""
        registry = await load_registry(connection)
        source = registry.source_of(self._office.operator, ServiceName.NOTIFICATIONS)
        if source is None:
            return  # nothing can have been queued yet
        rebuilt = await book.rebuilt(source)
        if rebuilt:
            log.warning("%d messages are known from the log alone and are not sent", len(rebuilt))
        await self._state([(due, Suppressed(SuppressReason.REBUILT)) for due in rebuilt], registry)
        await self._state(await book.interrupted(), registry)

    async def _round(self, book: JobBook, connection: asyncpg.Connection[Any]) -> bool:
        """Try what is due; False when nothing is."""
        dues = await book.due(_ROUND)
        if not dues:
            return False
        registry = await load_registry(connection)
        line = asyncio.Semaphore(self._lines)

        async def attempt(due: Due) -> tuple[Due, Verdict]:
            async with line:
                if self._stopping:
                    raise asyncio.CancelledError
                return due, await self._attempt(book, due, registry)

        tried = await asyncio.gather(*map(attempt, dues), return_exceptions=True)
        await self._state([each for each in tried if not isinstance(each, BaseException)], registry)
        for each in tried:
            if isinstance(each, Exception):
                raise each
        return True

    async def _attempt(self, book: JobBook, due: Due, registry: Registry) -> Verdict:
        """One try of one message, noted as soon as its outcome is known."""
        delivery = await self._office.bring(
            due, registry, now=self._now(due.message), hand_over=lambda: book.note_hand_over(due)
        )
        if isinstance(delivery.verdict, Sent):
            passing(Place.AFTER_SEND)
        verdict = settle(delivery.verdict, tried_for=due.tried_for)
        await book.note(due, verdict, delivery.reply)
        if not isinstance(verdict, Sent):
            log.info("notification %s, try %d: %s", due.message.notification, due.attempt, verdict)
        return verdict

    async def _state(self, ended: Sequence[tuple[Due, Verdict]], registry: Registry) -> None:
        """State what became of messages; it is noted already, so where this fails the next start does it."""
        operator = self._office.operator
        source = registry.source_of(operator, ServiceName.NOTIFICATIONS)
        if source is None:
            raise LookupError(f"{operator} is not in the registry")
        events = [
            report(
                due.message,
                verdict,
                attempt=due.attempt,
                at=self._now(due.message),
                operator=operator,
                source=source,
            )
            for due, verdict in ended
            if not isinstance(verdict, Later)
        ]
        if not events:
            return
        records = [Record(self._topic, encode(event), trusted=event) for event in events]
        for event, outcome in zip(events, await self._runner.process(records), strict=True):
            if outcome.status not in {Status.ACCEPTED, Status.DUPLICATE}:
                log.error("the outcome of a message could not be stated: %s", outcome.status)
                continue
            became = event.type.split(".")[-2]
            metrics.MESSAGES.labels(getattr(event.data, "template", ""), became).inc()

    def _now(self, message: Message) -> datetime:
        return message.queued_at if self._scenario else datetime.now(UTC)
