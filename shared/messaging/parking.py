"""Facts that came before the fact they build on wait here, and take effect when that one comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from shared.messaging.event import Event
from shared.messaging.inbox import Name, name_of
from shared.messaging.service import Record

_SEPARATOR = "\x1f"
"""Between names: an array of arrays cannot be unnested, a joined text can."""


class Parked(Struct, frozen=True):
    """A parked record as it came: should it prove poison in the end, it is known by its offset."""

    seq: int
    record: Record
    waits_for: tuple[str, ...]


async def waiting_for(connection: Any, names: Iterable[str], upto: int | None = None) -> list[Parked]:
    """Parked events that wait for any of these names, oldest first; up to a number only, if given."""
    wanted = sorted(set(names))
    if not wanted:
        return []
    rows = await connection.fetch(
        'SELECT seq, topic, partition, "offset", timestamp_ms, key, value, waits_for FROM parked '
        "WHERE seq IN ("
        "SELECT seq FROM parked_names JOIN unnest($1::text[]) AS t (name) USING (name)) "
        "AND ($2::bigint IS NULL OR seq <= $2) ORDER BY seq",
        wanted,
        upto,
    )
    return [Parked(row["seq"], _record(row), tuple(row["waits_for"])) for row in rows]


async def park(connection: Any, events: Sequence[tuple[Event, Record, Sequence[str]]]) -> None:
    """Set events aside: the event, the record it came as, and the names it waits for."""
    rows = [
        (
            *name_of(event),
            record.topic,
            record.partition,
            record.offset,
            record.timestamp_ms,
            record.key,
            record.value,
            _SEPARATOR.join(sorted(waits_for)),
        )
        for event, record, waits_for in events
    ]
    await connection.execute(
        "WITH new AS ("
        'INSERT INTO parked (source, id, topic, partition, "offset", timestamp_ms, key, value, waits_for) '
        'SELECT source, id, topic, partition, "offset", timestamp_ms, key, value, '
        f"string_to_array(names, '{_SEPARATOR}') "
        "FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::bigint[], "
        "$7::bytea[], $8::bytea[], $9::text[]) WITH ORDINALITY "
        'AS t (source, id, topic, partition, "offset", timestamp_ms, key, value, names, n) ORDER BY n '
        "ON CONFLICT (source, id) DO UPDATE SET waits_for = excluded.waits_for RETURNING seq, waits_for) "
        "INSERT INTO parked_names (seq, name) SELECT seq, unnest(waits_for) FROM new ON CONFLICT DO NOTHING",
        *[list(column) for column in zip(*rows, strict=True)],
    )


async def unpark(connection: Any, seqs: Sequence[int]) -> None:
    """They have taken effect, or were refused at last."""
    if seqs:
        await connection.execute("DELETE FROM parked WHERE seq = ANY($1)", list(seqs))


async def seqs(connection: Any) -> list[int]:
    """The numbers of all that is parked, oldest first."""
    return [row["seq"] for row in await connection.fetch("SELECT seq FROM parked ORDER BY seq")]


async def take(connection: Any, seq: int) -> tuple[Name, Record] | None:
    """Take one out, unless it is gone already."""
    row = await connection.fetchrow("DELETE FROM parked WHERE seq = $1 RETURNING *", seq)
    return None if row is None else ((row["source"], row["id"]), _record(row))


def _record(row: Any) -> Record:
    return Record(
        topic=row["topic"],
        value=row["value"],
        key=row["key"],
        partition=row["partition"],
        offset=row["offset"],
        timestamp_ms=row["timestamp_ms"],
    )
