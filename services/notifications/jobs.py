"""The sender's own SQL: which messages are due, and what is noted of each try.

A try is noted before its message is handed over, and its outcome as soon as the mail server has
answered, each in a commit of its own. What a crash leaves in between is seen at the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import asyncpg
import orjson

from services.notifications.rules.messages import Message
from services.notifications.rules.sending import Failed, Later, Sent, Verdict, pause_before
from services.notifications.store import MESSAGES
from shared.contracts import FailureCode

_SENDER_LOCK: Final = 4
_DUE: Final = """
    SELECT j.notification, j.attempts, now() - coalesce(j.first_tried_at, now()) AS tried_for,
           coalesce(t.params, '{}')::text AS params, p.guide, p.dataref, p.erased, p.deceased
    FROM jobs j JOIN messages m USING (notification) JOIN people p ON p.participant = j.participant
    LEFT JOIN tidings t USING (notification)
"""


class Note(StrEnum):
    """What is noted of a try that was handed over or failed."""

    SENT = "sent"
    FAILED = "failed"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose turn it is, with what is known of the person.

    Attributes:
        attempt: number of this try, 1 is the first.
        tried_for: how long it has been tried already.
    """

    message: Message
    params: dict[str, str]
    guide: str
    dataref: str | None
    erased: bool
    deceased: bool
    attempt: int
    tried_for: timedelta


class JobBook:
    """The jobs, on a connection of the sender's own.

    That connection holds the sender's lock: an instance that lost it loses the connection too, so it
    can note no try, and what is not noted is not sent.
    """

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    async def become_the_sender(self) -> bool:
        """Take the lock; False while another instance is the sender of this database."""
        taken = await self._connection.fetchval("SELECT pg_try_advisory_lock($1, 0)", _SENDER_LOCK)
        return bool(taken)

    async def due(self, limit: int) -> list[Due]:
        """Messages to be tried now, oldest first: the first of each person, so that steps come in order.

        What was handed over already is not among them, whatever became of it.
        """
        return await self._read(
            "WHERE j.next_at <= now() AND NOT EXISTS (SELECT FROM jobs e "
            "WHERE e.participant = j.participant AND e.seq < j.seq) AND NOT EXISTS (SELECT FROM attempts a "
            "WHERE a.notification = j.notification AND a.attempt > j.attempts) ORDER BY j.seq LIMIT $1",
            limit,
        )

    async def rebuilt(self, source: str) -> list[Due]:
        """Messages known from the log and not from a decision here.

        Nobody can say whether they were sent. A live service never receives its own events, so they
        are told by their entry in the inbox.

        Args:
            source: the `source` of this service's own events.
        """
        return await self._read(
            "WHERE EXISTS (SELECT FROM inbox i WHERE i.source = $1 AND i.id = m.queued_id) ORDER BY j.seq",
            source,
        )

    async def interrupted(self) -> list[tuple[Due, Verdict]]:
        """Messages that were handed over before a crash, with what is known of the outcome."""
        found = await self._read(
            "WHERE EXISTS (SELECT FROM attempts a WHERE a.notification = j.notification "
            "AND a.attempt > j.attempts) ORDER BY j.seq"
        )
        rows = await self._fetch(
            "SELECT DISTINCT ON (notification) notification, outcome, code FROM attempts "
            "WHERE notification = ANY($1) ORDER BY notification, attempt DESC",
            [each.message.notification for each in found],
        )
        known = {row["notification"]: row for row in rows}
        return [(each, _verdict(known[each.message.notification])) for each in found]

    async def note_hand_over(self, due: Due) -> None:
        """From here on the outcome is unknown until an answer is noted.

        Raises:
            asyncpg.UniqueViolationError: this try was handed over before.
        """
        await self._execute(
            "INSERT INTO attempts (notification, attempt, handed_over_at) VALUES ($1, $2, now())",
            due.message.notification,
            due.attempt,
        )

    async def note(self, due: Due, verdict: Verdict, reply: int | None) -> None:
        """Note the outcome of a try.

        Args:
            reply: the number of the answer, of the vault or of the mail server.
        """
        outcome = {Sent: Note.SENT, Failed: Note.FAILED, Later: Note.LATER}.get(type(verdict))
        if outcome is None:
            return  # what is suppressed was never tried
        code = verdict.code if isinstance(verdict, Failed | Later) else None
        async with self._turn, self._connection.transaction():
            await self._connection.execute(
                "INSERT INTO attempts (notification, attempt, ended_at, outcome, code, reply) "
                "VALUES ($1, $2, now(), $3, $4, $5) ON CONFLICT (notification, attempt) "
                "DO UPDATE SET ended_at = now(), outcome = excluded.outcome, "
                "code = excluded.code, reply = excluded.reply",
                due.message.notification,
                due.attempt,
                outcome,
                code,
                reply,
            )
            if isinstance(verdict, Later):
                await self._connection.execute(
                    "UPDATE jobs SET attempts = $2, first_tried_at = coalesce(first_tried_at, now()), "
                    "next_at = now() + $3 WHERE notification = $1",
                    due.message.notification,
                    due.attempt,
                    pause_before(due.attempt),
                )

    async def _read(self, condition: str, *arguments: Any) -> list[Due]:
        rows = await self._fetch(f"{_DUE} {condition}", *arguments)
        async with self._turn:
            told = await MESSAGES.fetch(
                self._connection, "notification", [row["notification"] for row in rows]
            )
        return [_due(row, told[row["notification"]]) for row in rows]

    async def _fetch(self, sql: str, *arguments: Any) -> Sequence[Any]:
        async with self._turn:
            rows: Sequence[Any] = await self._connection.fetch(sql, *arguments)
            return rows

    async def _execute(self, sql: str, *arguments: Any) -> None:
        async with self._turn:
            await self._connection.execute(sql, *arguments)


async def count(connection: Any) -> int:
    """Messages still to be sent."""
    return int(await connection.fetchval("SELECT count(*) FROM jobs"))


def _due(row: Any, message: Message) -> Due:
    return Due(
        message=message,
        params=orjson.loads(row["params"]),
        guide=row["guide"],
        dataref=row["dataref"],
        erased=row["erased"],
        deceased=row["deceased"],
        attempt=row["attempts"] + 1,
        tried_for=row["tried_for"],
    )


def _verdict(row: Any) -> Verdict:
    if row["outcome"] is None:
        return Failed(FailureCode.OUTCOME_UNKNOWN)
    if row["outcome"] == Note.SENT:
        return Sent()
    return Failed(FailureCode(row["code"]))
