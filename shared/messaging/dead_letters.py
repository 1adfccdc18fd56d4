"""What could not be processed, kept whole and in order, until a person redrives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from shared.messaging.refusal import Refusal
from shared.messaging.service import Record

HELD: Final = "held"
"""Code of a letter that is itself sound, and waits behind another of its key."""

_MAX_DETAIL: Final = 2000


class Hold(Struct, frozen=True):
    """Where on a topic a key is held: what follows there waits, what lies before does not.

    What was parked may lie before: it comes late and must not wait behind what came after it.
    """

    topic: str
    key: bytes
    partition: int
    offset: int

    def holds(self, record: Record) -> bool:
        """Whether this record of the same topic and key waits; over HTTP there is no place, so it does."""
        return record.partition != self.partition or not 0 <= record.offset < self.offset


class DeadLetter(Struct, frozen=True):
    """One record to be kept.

    Attributes:
        holds: later records of the same topic and key wait behind it, so that order is kept. False
            for what its sender had no right to state: a stranger must not hold somebody's key.
    """

    record: Record
    code: str
    detail: str
    holds: bool

    @classmethod
    def of(cls, record: Record, refusal: Refusal, *, holds: bool) -> DeadLetter:
        """A letter for a refused record."""
        return cls(record, str(refusal.code), refusal.detail, holds)

    @property
    def hold(self) -> Hold | None:
        """Where it holds its key, if it does; a record without a key has no order to keep."""
        record = self.record
        if not self.holds or record.key is None:
            return None
        return Hold(record.topic, record.key, record.partition, record.offset)


async def bury(connection: Any, letters: Sequence[DeadLetter]) -> None:
    """Keep letters; the same record twice (it was read again) counts as one more attempt."""
    await connection.executemany(
        "INSERT INTO dead_letters "
        '(topic, partition, "offset", timestamp_ms, key, value, code, detail, holds) '
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
        'ON CONFLICT (topic, partition, "offset") WHERE "offset" >= 0 DO UPDATE SET '
        "attempts = dead_letters.attempts + 1, last_failed_at = now(), "
        "code = excluded.code, detail = excluded.detail, holds = excluded.holds",
        [
            (
                letter.record.topic,
                letter.record.partition,
                letter.record.offset,
                letter.record.timestamp_ms,
                letter.record.key,
                letter.record.value,
                letter.code,
                letter.detail.replace("\x00", "")[:_MAX_DETAIL],
                letter.holds,
            )
            for letter in letters
        ],
    )


async def holds_on(connection: Any, records: Sequence[Record]) -> list[Hold]:
    """Where dead letters hold the topics and keys of these records."""
    wanted = sorted({(r.topic, r.key) for r in records if r.key is not None})
    if not wanted:
        return []
    rows = await connection.fetch(
        'SELECT topic, key, partition, min("offset") AS "offset" '
        "FROM dead_letters JOIN unnest($1::text[], $2::bytea[]) AS t (topic, key) "
        "USING (topic, key) WHERE holds GROUP BY topic, key, partition",
        [topic for topic, _ in wanted],
        [key for _, key in wanted],
    )
    return [Hold(**row) for row in rows]


async def list_letters(connection: Any, *, after: int, limit: int) -> list[dict[str, Any]]:
    """Letters after a number, oldest first, without their contents."""
    rows = await connection.fetch(
        'SELECT id, topic, partition, "offset", key, code, detail, holds, attempts, '
        "first_failed_at, last_failed_at "
        "FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2",
        after,
        limit,
    )
    return [_shown(row) for row in rows]


async def show_letter(connection: Any, letter_id: int) -> dict[str, Any] | None:
    """One letter with its contents, for an operator."""
    row = await connection.fetchrow("SELECT * FROM dead_letters WHERE id = $1", letter_id)
    if row is None:
        return None
    value = row["value"]
    return _shown(row) | {"value": None if value is None else value.decode(errors="replace")}


async def take(connection: Any, ids: Sequence[int] | None) -> list[tuple[int, Record]]:
    """Letters to redrive, locked and in order: those named and all that wait behind them, or all."""
    rows = await connection.fetch(
        "SELECT * FROM dead_letters d "
        "WHERE $1::bigint[] IS NULL OR id = ANY($1) OR (holds AND EXISTS ("
        "SELECT 1 FROM dead_letters o WHERE o.id = ANY($1) AND o.holds "
        "AND o.topic = d.topic AND o.key = d.key"
        ")) ORDER BY id FOR UPDATE",
        None if ids is None else list(ids),
    )
    # What was parked may have become a letter after what followed on its key.
    first: dict[tuple[Any, ...], int] = {}
    for row in rows:
        first.setdefault(_lane(row), row["id"])
    rows.sort(key=lambda row: (first[_lane(row)], row["offset"], row["id"]))
    return [
        (
            row["id"],
            Record(
                topic=row["topic"],
                value=row["value"],
                key=row["key"],
                partition=row["partition"],
                offset=row["offset"],
                timestamp_ms=row["timestamp_ms"],
            ),
        )
        for row in rows
    ]


def _lane(row: Any) -> tuple[Any, ...]:
    # Without a key there is no order to keep.
    return (row["id"],) if row["key"] is None else (row["topic"], row["partition"], row["key"])


async def redriven(connection: Any, ids: Sequence[int], reason: str) -> None:
    """They have been processed after all."""
    await _settle(connection, ids, "redriven", reason)


async def discard(connection: Any, ids: Sequence[int], reason: str) -> list[int]:
    """Give letters up: they hold their key no longer, and are kept with the reason.

    What waits behind them stays a letter until it is redriven.

    Returns:
        Those of the numbers that there were.
    """
    return await _settle(connection, ids, "discarded", reason)


async def _settle(connection: Any, ids: Sequence[int], action: str, reason: str) -> list[int]:
    rows = await connection.fetch(
        "WITH gone AS (DELETE FROM dead_letters WHERE id = ANY($1) RETURNING *) "
        "INSERT INTO dead_letters_settled "
        '(id, action, reason, topic, partition, "offset", key, code, detail, attempts, first_failed_at, '
        "value) "
        'SELECT id, $2, $3, topic, partition, "offset", key, code, detail, attempts, first_failed_at, '
        "CASE WHEN $2 = 'discarded' THEN value END FROM gone RETURNING id",
        list(ids),
        action,
        reason,
    )
    return sorted(row["id"] for row in rows)


async def count(connection: Any) -> int:
    """How many letters there are."""
    return int(await connection.fetchval("SELECT count(*) FROM dead_letters"))


def _shown(row: Any) -> dict[str, Any]:
    shown = {name: row[name] for name in row.keys() if name not in {"value", "timestamp_ms"}}  # noqa: SIM118
    key = shown["key"]
    return shown | {"key": None if key is None else key.decode(errors="replace")}
