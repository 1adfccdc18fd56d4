"""Works through what is due: while some messages are sent, the next are prepared and the last are stated."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final

from services.notifications.delivery import Office, Prepared
from services.notifications.jobs import Due, JobBook
from services.notifications.notes import Try
from services.notifications.rules.sending import Sent, Verdict, settle
from services.notifications.stating import Ended, Statements
from shared.messaging.database import is_transient
from shared.messaging.faults import Place, passing

log = logging.getLogger(__name__)

_BATCH: Final = 100
"""Messages that are prepared, sent and stated together."""
_FRESH_S: Final = 10.0
"""How old what a vault said may be when the message goes: consent is withdrawn, people are erased."""


class Work:
    """The work of one sender, on its connection.

    Args:
        lines: messages under way to the mail server at the same time at most.
        stopping: true when no other message is to be begun.

    Attributes:
        away: the mail server took nothing from anybody when it was last tried.
        brought: messages that came to an end in the last step.
    """

    def __init__(
        self,
        book: JobBook,
        office: Office,
        statements: Statements,
        *,
        lines: int,
        stopping: Callable[[], bool],
    ) -> None:
        self._book = book
        self._office = office
        self._statements = statements
        self._lines = lines
        self._stopping = stopping
        self.away = False
        self.brought = 0
        self._batch: list[Prepared] = []
        self._ended: list[Ended] = []

    async def step(self) -> bool:
        """Send what is prepared, prepare what is due next, state what has ended; False when all is done.

        Raises:
            Exception: the first of the faults there were. What was under way came to its end before.
        """
        batch, ended = self._batch, self._ended
        self._batch, self._ended = [], []
        if not batch and not ended:
            self.away = False
        in_hand = [due for due, _ in ended] + [each.due for each in batch]
        # All three to their end, whatever becomes of one: a message under way must not be broken off.
        following, sent, stated = await asyncio.gather(
            self._prepare(in_hand), self._send(batch), self._state(ended), return_exceptions=True
        )
        for result in (following, sent, stated):
            if isinstance(result, BaseException):
                raise result
        assert isinstance(following, list)  # noqa: S101 - or it was raised
        assert isinstance(sent, list)  # noqa: S101 - the same
        self._batch, self._ended, self.brought = following, sent, len(sent)
        return bool(following or sent)

    async def _prepare(self, in_hand: Sequence[Due]) -> list[Prepared]:
        if self._stopping() or self.away:
            return []
        dues = await self._book.due(_BATCH, [due.message.notification for due in in_hand])
        if not dues:
            return []
        return await self._office.prepare(dues, await self._book.registry(), self._statements.now)

    async def _send(self, batch: Sequence[Prepared]) -> list[Ended]:
        """Try each; what is left untouched, since the server is away or we stop, has its turn again."""
        known = [(each.due, each.due.earlier) for each in batch if each.due.earlier is not None]
        left = deque(each for each in batch if each.due.earlier is None)
        faults: list[Exception] = []

        async def line() -> list[Ended]:
            ended: list[Ended] = []
            while left and not (self._stopping() or self.away):
                prepared = left.popleft()
                if prepared.at < asyncio.get_running_loop().time() - _FRESH_S:
                    continue
                try:
                    ended.append((prepared.due, await self._try(prepared)))
                except Exception as error:  # noqa: BLE001 - raised below; a fault of one is none of the others
                    faults.append(error)
                    if is_transient(error):
                        break
            return ended

        ended = known + list(chain.from_iterable(await asyncio.gather(*(line() for _ in range(self._lines)))))
        await self._book.notes.written()
        if faults:
            raise faults[0]
        return ended

    async def _try(self, prepared: Prepared) -> Verdict:
        """One try of one message, noted as soon as its outcome is known."""
        due = prepared.due
        tried = Try(due.message.notification, due.message.participant, due.attempt)
        delivery = await self._office.bring(prepared, lambda: self._book.notes.hand_over(tried))
        if isinstance(delivery.verdict, Sent):
            passing(Place.AFTER_SEND)
        self.away = self.away or delivery.away
        verdict = settle(delivery.verdict, tried_for=due.tried_for)
        self._book.notes.outcome(tried, verdict, delivery.reply)
        if not isinstance(verdict, Sent):
            log.info("notification %s, try %d: %s", due.message.notification, due.attempt, verdict)
        return verdict

    async def _state(self, ended: Sequence[Ended]) -> None:
        if ended:
            await self._statements.state(ended, await self._book.registry())
