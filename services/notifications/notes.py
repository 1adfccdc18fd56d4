"""What is noted of each try: that a message is about to be handed over, and what came of it.

A try is noted before its message is handed over, and its outcome as soon as the mail server has answered.
What a crash leaves in between is seen when the message's turn comes again (`jobs.Due.earlier`).

Lines note at the same time, and a commit waits for the disk: so what comes while one is under way goes
into the next, together. A line's next message is noted in the same commit as the outcome of the one
before it or in a later one, so that never more messages are in doubt than there are lines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from services.notifications.rules.sending import Failed, Later, Sent, Verdict, pause_before

_ENDED: Final = """
    WITH ended AS (
        INSERT INTO attempts (notification, attempt, ended_at, outcome, code, reply)
        SELECT notification, attempt, now(), outcome, code, reply
        FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::int[])
            AS e (notification, attempt, outcome, code, reply)
        ON CONFLICT (notification, attempt) DO UPDATE
        SET ended_at = now(), outcome = excluded.outcome, code = excluded.code, reply = excluded.reply
    ), put_off AS (
        UPDATE jobs j
        SET attempts = CASE WHEN j.notification = l.notification THEN l.attempt ELSE j.attempts END,
            first_tried_at = CASE WHEN j.notification = l.notification
                THEN coalesce(j.first_tried_at, now()) ELSE j.first_tried_at END,
            next_at = greatest(j.next_at, now() + l.pause)
        FROM unnest($6::text[], $7::text[], $8::int[], $9::interval[])
            AS l (notification, participant, attempt, pause)
        WHERE j.participant = l.participant
    )
"""
# What a line has in hand next waits for the disk, and takes with it what was noted until then. So an outcome
# alone need not wait: it survives this process at once, and a crash of the server as well as if it had.
_WRITE_ENDED: Final = f"{_ENDED} SELECT set_config('synchronous_commit', 'off', true)"
_WRITE: Final = f"""
    {_ENDED}
    INSERT INTO attempts (notification, attempt, handed_over_at)
    SELECT notification, attempt, now() FROM unnest($10::text[], $11::int[]) AS h (notification, attempt)
    ON CONFLICT DO NOTHING RETURNING notification
"""


class Note(StrEnum):
    """What is noted of a try that was handed over or failed."""

    SENT = "sent"
    FAILED = "failed"
    LATER = "later"


class HandedOverBefore(Exception):  # noqa: N818 - what was found
    """This try was handed over before; somebody else sends at the same time."""


@dataclass(frozen=True, slots=True)
class Try:
    """One try of one message.

    Attributes:
        attempt: its number, 1 is the first.
    """

    notification: str
    participant: str
    attempt: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    tried: Try
    note: Note
    code: str | None
    reply: int | None


class Notes:
    """Writes notes, as many as there are in one commit.

    Args:
        fetch: runs one statement on the sender's connection.
    """

    def __init__(self, fetch: Callable[..., Awaitable[Sequence[Any]]]) -> None:
        self._fetch = fetch
        self._hand_overs: dict[str, tuple[Try, asyncio.Future[None]]] = {}
        self._outcomes: list[_Outcome] = []
        self._writing: asyncio.Task[None] | None = None
        self._broken: BaseException | None = None

    async def hand_over(self, tried: Try) -> None:
        """Wait until it is noted that the message goes now; from then on its fate is unknown.

        Raises:
            HandedOverBefore: this try was handed over before.
            Exception: it could not be written.
        """
        if self._broken is not None:
            raise self._broken
        noted = asyncio.get_running_loop().create_future()
        self._hand_overs[tried.notification] = tried, noted
        self._write_soon()
        await noted

    def outcome(self, tried: Try, verdict: Verdict, reply: int | None) -> None:
        """Note the outcome of a try; what is to be tried again is put off, and with it what follows it.

        Args:
            reply: the number of the answer, of the vault or of the mail server.
        """
        note = {Sent: Note.SENT, Failed: Note.FAILED, Later: Note.LATER}.get(type(verdict))
        if note is None:
            return  # what is suppressed was never tried
        code = verdict.code if isinstance(verdict, Failed | Later) else None
        self._outcomes.append(_Outcome(tried, note, code, reply))
        self._write_soon()

    async def written(self) -> None:
        """Wait until all that was noted is committed.

        Raises:
            Exception: something could not be written, be it earlier; nothing is noted here any more.
        """
        if self._writing is not None:
            await self._writing
        if self._broken is not None:
            raise self._broken

    def _write_soon(self) -> None:
        if self._broken is None and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write(), name="notes")

    async def _write(self) -> None:
        while self._hand_overs or self._outcomes:
            hand_overs, self._hand_overs = self._hand_overs, {}
            outcomes, self._outcomes = self._outcomes, []
            tries = [tried for tried, _ in hand_overs.values()]
            ended = *_ended(outcomes), *_put_off(outcomes)
            try:
                if not tries:
                    await self._fetch(_WRITE_ENDED, *ended)
                    continue
                rows = await self._fetch(_WRITE, *ended, *_tried(tries))
            except Exception as error:  # noqa: BLE001 - it is raised where somebody waits
                self._broken = error
                for _, noted in (*hand_overs.values(), *self._hand_overs.values()):
                    _fail(noted, error)
                return
            for row in rows:
                _, noted = hand_overs.pop(row["notification"])
                if not noted.done():
                    noted.set_result(None)
            for tried, noted in hand_overs.values():
                _fail(noted, HandedOverBefore(f"{tried.notification}, try {tried.attempt}"))


def _fail(noted: asyncio.Future[None], error: BaseException) -> None:
    if not noted.done():
        noted.set_exception(error)


def _ended(outcomes: Sequence[_Outcome]) -> tuple[list[Any], ...]:
    return (
        [each.tried.notification for each in outcomes],
        [each.tried.attempt for each in outcomes],
        [each.note for each in outcomes],
        [each.code for each in outcomes],
        [each.reply for each in outcomes],
    )


def _put_off(outcomes: Sequence[_Outcome]) -> tuple[list[Any], ...]:
    tries = [each.tried for each in outcomes if each.note is Note.LATER]
    return (
        [each.notification for each in tries],
        [each.participant for each in tries],
        [each.attempt for each in tries],
        [pause_before(each.attempt) for each in tries],
    )


def _tried(tries: Sequence[Try]) -> tuple[list[Any], ...]:
    return [each.notification for each in tries], [each.attempt for each in tries]
