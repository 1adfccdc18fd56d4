"""What is decided leaves with the decision: rows in the same transaction, published by the relay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from shared.messaging.arrays import array, binary
from shared.messaging.event import Event, encode
from shared.messaging.topics import Topics

_FEW: Final = 64
"""So many are soonest written with the rest of the batch; more are by COPY (docs/measurements.md)."""
_ADD: Final = (
    "INSERT INTO outbox (topic, key, payload) SELECT topic, key, payload "
    "FROM unnest($1::text::text[], $2::text::bytea[], $3::text::bytea[]) "
    "WITH ORDINALITY AS new (topic, key, payload, place) ORDER BY place"
)


async def add(connection: Any, topics: Topics, events: Sequence[Event]) -> None:
    """Append events in decision order.

    The caller holds the locks of what they are about, so that ids grow in commit order per key.
    """
    rows = [(topics.of(e.partner, e.stream), e.key.encode(), encode(e)) for e in events]
    if len(rows) > _FEW:
        await connection.copy_records_to_table("outbox", columns=["topic", "key", "payload"], records=rows)
    elif rows:
        of_topic, keys, payloads = zip(*rows, strict=True)
        await connection.execute(_ADD, array(of_topic), binary(keys), binary(payloads))


async def pending(connection: Any) -> tuple[int, float]:
    """How many rows wait for the relay, and the age of the oldest in seconds."""
    row = await connection.fetchrow(
        "SELECT count(*) AS n, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float AS age "
        "FROM outbox"
    )
    return row["n"], row["age"]
