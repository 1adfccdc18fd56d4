"""Sends what is queued: one sender at a time in a database; instances beside it stand by.

Nothing is handed over that was not noted first, and what was handed over is never handed over again: when
a process dies at the worst moment somebody may get no message, and staff see that, but nobody gets the
same letter twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final

from services.notifications.delivery import Office
from services.notifications.jobs import JobBook, connect_sender
from services.notifications.rules.sending import Suppressed
from services.notifications.stating import Statements
from services.notifications.work import Work
from shared.contracts import SuppressReason
from shared.messaging.database import is_transient

log = logging.getLogger(__name__)

_IDLE_S: Final = 0.25
_KEPT_S: Final = 10.0
"""How long lines to the mail server are kept while there is nothing to send."""
_AFTER_WAKE_S: Final = 0.01
"""A wake-up comes just before the commit that it tells of."""
_STANDBY_S: Final = 0.5
_BACK_OFF_S: Final = (0.2, 1.0, 3.0, 10.0)
"""After a fault of ours, and while the mail server takes nothing from anybody."""
_LEFT_BY_A_REBUILD: Final = 500
"""Messages that are suppressed in one batch."""


class Sender:
    """The sender of one database.

    Args:
        lines: messages under way at the same time at most.
    """

    def __init__(self, dsn: str, office: Office, statements: Statements, *, lines: int) -> None:
        self._dsn = dsn
        self._office = office
        self._statements = statements
        self._lines = lines
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()
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
        self._stopping.set()
        self._news.set()
        if self._task is not None:
            await self._task
        await self._office.mailer.rest()
        await self._office.vaults.close()

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._serve()
            except Exception as error:
                passes = is_transient(error)
                log.warning("the sender starts anew: %s", type(error).__name__, exc_info=not passes)
                await self._pause(self._back_off())

    async def _serve(self) -> None:
        connection = await connect_sender(self._dsn)
        try:
            book = JobBook(connection)
            while not await book.become_the_sender():
                await self._pause(_STANDBY_S)
                if self._stopping.is_set():
                    return
            await self._after_a_rebuild(book)
            await self._work(book)
        finally:
            with contextlib.suppress(Exception):
                await connection.close(timeout=2)

    async def _work(self, book: JobBook) -> None:
        work = Work(book, self._office, self._statements, lines=self._lines, stopping=self._stopping.is_set)
        clock = asyncio.get_running_loop().time
        busy = clock()
        while True:
            if await work.step():
                busy = clock()
                if work.brought and not work.away:
                    self._failures = 0
            elif self._stopping.is_set():
                return
            elif work.away:
                # What was not tried keeps its turn: a server that is away is no fault of a message.
                await self._wait(self._back_off())
            else:
                self._failures = 0
                if clock() - busy > _KEPT_S:
                    await self._office.mailer.rest()
                await self._pause(_IDLE_S)

    def _back_off(self) -> float:
        self._failures += 1
        return _BACK_OFF_S[min(self._failures, len(_BACK_OFF_S)) - 1]

    async def _wait(self, seconds: float) -> None:
        """Wait, unless it stops; news does not bring a server back."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _pause(self, seconds: float) -> None:
        # Not `wait_for`: in Python 3.11 it can swallow a cancellation that comes with the news.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
            await asyncio.sleep(_AFTER_WAKE_S)
        self._news.clear()

    async def _after_a_rebuild(self, book: JobBook) -> None:
        """Suppress messages that are known from the log alone; nobody can know whether they were sent."""
        registry = await book.registry()
        source = self._statements.source(registry)
        if source is None:
            return  # nothing can have been queued yet
        newest = await book.newest()
        while rebuilt := await book.rebuilt(source, newest, _LEFT_BY_A_REBUILD):
            log.warning("%d messages are known from the log alone and are not sent", len(rebuilt))
            reason = Suppressed(SuppressReason.REBUILT)
            await self._statements.state([(due, reason) for due in rebuilt], registry)
            await book.compared(rebuilt[-1].seq)
        await book.compared(newest)
