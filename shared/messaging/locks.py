"""Locks by name, and not by row, since what is created has no row yet.

Each is a transaction's advisory lock. Those of the whole are shared by every batch, and exclusive for what
changes all of it. What is read under a lock must be read by a later statement, which sees what was committed
before the lock was got; so these have no answer, and can go with the `BEGIN` of a transaction.

They are waited for in one order, at the beginning of a transaction. What turns out to be touched later, since
an event releases what was parked, is taken only if it is free; else all is begun anew, under all of them. Who
held some and waited for more could wait for somebody who waits for it; PostgreSQL finds that after a second,
by a clock that can be set back (docs/fault-campaign-long.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, Final, TypeVar

from shared.messaging.service import EVERYTHING

T = TypeVar("T")

_REGISTRY: Final = 1
_STATE: Final = 2


def of_registry(*, alone: bool) -> str:
    """The statement to hold the registry: alone by who changes it, together by all others."""
    return f"SELECT pg_advisory_xact_lock{'' if alone else '_shared'}({_REGISTRY}, 0)"


def of(names: Collection[str]) -> str:
    """The statements to hold what has these names alone, and the whole together with others who hold names.

    The names are taken in one order by everybody. `EVERYTHING` is the whole, held alone.
    """
    if EVERYTHING in names:
        return f"SELECT pg_advisory_xact_lock({_STATE}, 0)"
    numbers = ",".join(map(str, _numbers(names)))
    return (
        f"SELECT pg_advisory_xact_lock_shared({_STATE}, 0); "
        f"SELECT count(pg_advisory_xact_lock(n)) FROM unnest('{{{numbers}}}'::bigint[]) AS t (n)"
    )


class NotFree(Exception):  # noqa: N818 - what was found
    """Somebody else holds one of these names, so the transaction is to be begun anew under all of them."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__(f"one of {len(names)} names is held by somebody else")
        self.names = names


async def take_if_free(connection: Any, names: Collection[str]) -> None:
    """Hold these names as well, without waiting for anybody.

    Raises:
        NotFree: somebody else holds one of them.
    """
    if EVERYTHING in names:
        free = await connection.fetchval("SELECT pg_try_advisory_xact_lock($1, 0)", _STATE)
    else:
        free = await connection.fetchval(
            "SELECT pg_try_advisory_xact_lock_shared($1, 0) AND bool_and(pg_try_advisory_xact_lock(n)) "
            "FROM unnest($2::bigint[]) AS t (n)",
            _STATE,
            _numbers(names),
        )
    if not free:
        raise NotFree(names)


async def in_order(attempt: Callable[[frozenset[str]], Awaitable[T]]) -> T:
    """Try, each time under the names as well that were not free, until all are held from the beginning."""
    names: frozenset[str] = frozenset()
    while True:
        try:
            return await attempt(names)
        except NotFree as held:
            names |= frozenset(held.names)


def _numbers(names: Iterable[str]) -> list[int]:
    return sorted({_number(name) for name in names})


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
