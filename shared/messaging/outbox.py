"""What is decided leaves with the decision: rows in the same transaction, published by the relay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.messaging.event import Event, encode
from shared.messaging.topics import Topics


async def add(connection: Any, topics: Topics, events: Sequence[Event]) -> None:
    """Append events in decision order.

    The caller holds the locks of what they are about, so that ids grow in commit order per key.
    """
    if events:
        await connection.copy_records_to_table(
            "outbox",
            columns=["topic", "key", "payload"],
            records=[(topics.of(e.partner, e.stream), e.key.encode(), encode(e)) for e in events],
        )


async def pending(connection: Any) -> tuple[int, float]:
    """How many rows wait for the relay, and the age of the oldest in seconds."""
    row = await connection.fetchrow(
        "SELECT count(*) AS n, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float AS age "
        "FROM outbox"
    )
    return row["n"], row["age"]
