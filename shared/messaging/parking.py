"""Facts that came before the fact they build on wait here, and take effect when that one comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.messaging.event import Event
from shared.messaging.inbox import name_of
from shared.messaging.service import Record

_SEPARATOR = "\x1f"
"""Between names: an array of arrays cannot be unnested, a joined text can."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked record as it came: should it prove poison in the end, it is known by its offset."""

    seq: int
    record: Record
    waits_for: tuple[str, ...]


async def waiting_for(connection: Any, names: Iterable[str]) -> list[Parked]:
    """Parked events that wait for any of these names, oldest first."""
    wanted = sorted(set(names))
    if not wanted:
        return []
    rows = await connection.fetch(
        'SELECT seq, topic, partition, "offset", timestamp_ms, key, value, waits_for FROM parked '
        "WHERE seq IN ("
        "SELECT seq FROM parked_names JOIN unnest($1::text[]) AS t (name) USING (name)) ORDER BY seq",
        wanted,
    )
    return [
        Parked(
            r["seq"],
            Record(r["topic"], r["value"], r["key"], r["partition"], r["offset"], r["timestamp_ms"]),
            tuple(r["waits_for"]),
        )
        for r in rows
    ]


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
