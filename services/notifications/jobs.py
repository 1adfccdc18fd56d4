"""The sender's own SQL: which messages are due, and which of them somebody had in hand before."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import asyncpg
import orjson

from services.notifications.notes import Note, Notes
from services.notifications.rules.messages import Message
from services.notifications.rules.sending import Failed, Sent, Verdict
from services.notifications.store import MESSAGES
from shared.contracts import FailureCode
from shared.messaging.database import connect
from shared.messaging.registry import Registry, load_registry

_SENDER_LOCK: Final = 4
_HOW_TO_LOOK: Final = {
    # Each statement here looks up few rows of large tables. A plan that was made while they were small, or
    # without figures of them, reads them whole, and is kept; that took most of the time on a fresh database.
    "plan_cache_mode": "force_custom_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "synchronous_commit": "on",
}
_JOBS: Final = """
    SELECT j.notification, j.seq, j.attempts, now() - coalesce(j.first_tried_at, now()) AS tried_for,
           coalesce(t.params, '{}')::text AS params, p.guide, p.dataref, p.erased, p.deceased,
           a.notification IS NOT NULL AS tried, a.outcome, a.code
    FROM jobs j JOIN people p ON p.participant = j.participant
    LEFT JOIN tidings t ON t.notification = j.notification
    LEFT JOIN attempts a ON a.notification = j.notification AND a.attempt = j.attempts + 1
"""
# One walk over jobs_due, and for each row a look at jobs_participant: is there an earlier one of the person.
_DUE: Final = f"""
    {_JOBS}
    WHERE j.next_at <= now() AND NOT j.notification = ANY($2)
      AND NOT EXISTS (SELECT FROM jobs e WHERE e.participant = j.participant AND e.seq < j.seq)
    ORDER BY j.next_at, j.seq LIMIT $1
"""
_REBUILT: Final = f"""
    {_JOBS} JOIN messages m ON m.notification = j.notification
    WHERE j.seq > (SELECT upto FROM compared) AND j.seq <= $2
      AND EXISTS (SELECT FROM inbox i WHERE i.source = $1 AND i.id = m.queued_id)
    ORDER BY j.seq LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose turn it is, with what is known of the person.

    Attributes:
        attempt: number of this try, 1 is the first.
        tried_for: how long it has been tried already.
        earlier: what is known of this very try, when a sender had the message in hand before and ended.
    """

    message: Message
    params: dict[str, str]
    guide: str
    dataref: str | None
    erased: bool
    deceased: bool
    attempt: int
    tried_for: timedelta
    seq: int
    earlier: Verdict | None = None


async def connect_sender(dsn: str) -> asyncpg.Connection[Any]:
    """The connection of a sender, which looks things up by index and by nothing else."""
    return await connect(dsn, **_HOW_TO_LOOK)


class JobBook:
    """The jobs, on a connection of the sender's own.

    That connection holds the sender's lock: an instance that lost it loses the connection too, so it
    can note no try, and what is not noted is not sent.
    """

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()
        self.notes = Notes(self._fetch)

    async def become_the_sender(self) -> bool:
        """Take the lock; False while another instance is the sender of this database."""
        (row,) = await self._fetch("SELECT pg_try_advisory_lock($1, 0) AS taken", _SENDER_LOCK)
        return bool(row["taken"])

    async def due(self, limit: int, without: Collection[str] = ()) -> list[Due]:
        """Messages whose turn it is, the longest due first: one a person, so that steps come in order.

        Args:
            without: messages that are in hand already.
        """
        return await self._read(_DUE, limit, list(without))

    async def newest(self) -> int:
        """Number of the newest job; 0 without any."""
        (row,) = await self._fetch("SELECT coalesce(max(seq), 0) AS seq FROM jobs")
        return int(row["seq"])

    async def rebuilt(self, source: str, upto: int, limit: int) -> list[Due]:
        """Messages known from the log and not from a decision here, that were not found before.

        Nobody can say whether they were sent. A live service never receives its own events, so they
        are told by their entry in the inbox.

        Args:
            source: the `source` of this service's own events.
            upto: number of the last job to look at.
        """
        return await self._read(_REBUILT, source, upto, limit)

    async def compared(self, upto: int) -> None:
        """Jobs up to this number need not be looked at by `rebuilt` again."""
        await self._fetch("UPDATE compared SET upto = greatest(upto, $1)", upto)

    async def registry(self) -> Registry:
        """The partners at this moment."""
        async with self._turn:
            return await load_registry(self._connection)

    async def _read(self, sql: str, *arguments: Any) -> list[Due]:
        rows = await self._fetch(sql, *arguments)
        async with self._turn:
            told = await MESSAGES.fetch(
                self._connection, "notification", [row["notification"] for row in rows]
            )
        return [_due(row, told[row["notification"]]) for row in rows]

    async def _fetch(self, sql: str, *arguments: Any) -> Sequence[Any]:
        async with self._turn:
            rows: Sequence[Any] = await self._connection.fetch(sql, *arguments)
            return rows


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
        seq=row["seq"],
        earlier=_known(row) if row["tried"] else None,
    )


def _known(row: Any) -> Verdict:
    if row["outcome"] is None:
        return Failed(FailureCode.OUTCOME_UNKNOWN)
    if row["outcome"] == Note.SENT:
        return Sent()
    return Failed(FailureCode(row["code"]))
