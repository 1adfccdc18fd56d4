"""Locks by name, and not by row, since what is created has no row yet.

Each is a transaction's advisory lock. Those of the whole are shared by every batch, and exclusive for what
changes all of it. What is read under a lock must be read by a later statement, which sees what was committed
before the lock was got; so these have no answer, and can go with the `BEGIN` of a transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

_REGISTRY: Final = 1
_STATE: Final = 2


def of_registry(*, alone: bool) -> str:
    """The statement to hold the registry: alone by who changes it, together by all others."""
    return f"SELECT pg_advisory_xact_lock{'' if alone else '_shared'}({_REGISTRY}, 0)"


def of_everything() -> str:
    """The statement to hold all of the service's state alone."""
    return f"SELECT pg_advisory_xact_lock({_STATE}, 0)"


def of_named(names: Iterable[str]) -> str:
    """The statements to hold what has these names alone, and the whole together with others who hold names.

    The names are taken in one order by everybody: two batches that overlap would deadlock otherwise.
    """
    numbers = ",".join(map(str, sorted({_number(name) for name in names})))
    return (
        f"SELECT pg_advisory_xact_lock_shared({_STATE}, 0); "
        f"SELECT count(pg_advisory_xact_lock(n)) FROM unnest('{{{numbers}}}'::bigint[]) AS t (n)"
    )


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
