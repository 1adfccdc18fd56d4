"""Locks by name, and not by row, since what is created has no row yet. They are taken in order.

Each is a transaction's advisory lock. Those of the whole are shared by every batch, and exclusive for what
changes all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Final

from shared.messaging.arrays import array

_REGISTRY: Final = 1
_STATE: Final = 2
NAMED: Final = (
    "SELECT pg_advisory_xact_lock_shared($2, 0)::text UNION ALL "
    "SELECT pg_advisory_xact_lock(n)::text "
    "FROM (SELECT n FROM unnest($1::text::bigint[]) AS t (n) ORDER BY n) AS ordered"
)
"""The whole, shared, then the names in order. It reads no table, so both can be one statement: what is read
under a lock must be read by a later one, which sees what was committed before the lock was got."""


async def registry(connection: Any, *, exclusive: bool) -> None:
    """Hold the registry: alone by who changes it, together by all others."""
    shared = "" if exclusive else "_shared"
    await connection.execute(f"SELECT pg_advisory_xact_lock{shared}($1, 0)", _REGISTRY)


async def everything(connection: Any) -> None:
    """Hold all of the service's state alone."""
    await connection.execute("SELECT pg_advisory_xact_lock($1, 0)", _STATE)


async def named(connection: Any, names: Iterable[str]) -> None:
    """Hold what has these names alone, and the whole together with others who hold names."""
    await connection.execute(NAMED, array(sorted({_number(name) for name in names})), _STATE)


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
