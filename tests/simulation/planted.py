"""Bugs to be planted, one of each kind that the promises are about: a run must be able to find them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from unittest import mock

from shared.messaging import inbox, relay
from shared.messaging.relay import Relay
from shared.messaging.runner import Runner
from tests.simulation.process import Process


async def _offsets_first(self: Any, life: Any, member: Any, records: list[Any], reached: Any) -> None:
    self._commit(member, reached)
    await self._process(life, member, records)


async def _delete_first(_self: Any, connection: Any, producer: Any) -> int:
    rows = await connection.fetch("SELECT id, topic, key, payload FROM outbox ORDER BY id LIMIT $1", 500)
    if rows:
        await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", [row["id"] for row in rows])
        await relay._send(producer, rows)
    return len(rows)


async def _everything_is_new(
    _connection: Any, arrivals: Sequence[tuple[Any, Any]], **_options: Any
) -> tuple[set[Any], set[Any]]:
    return {inbox.name_of(event) for event, _ in arrivals}, set()


async def _refusals_forgotten(connection: Any, refused: Sequence[Any], _arrivals: Any) -> None:
    await inbox.forget(connection, [inbox.name_of(event) for event in refused])


def _no_locks(_self: Any, _events: Any) -> set[str]:
    return set()


async def _nothing_parked(_self: Any, _connection: Any, _names: Any, _registry: Any, _upto: Any) -> list[Any]:
    return []


_BUGS: Final[dict[str, tuple[Any, str, Callable[..., Any]]]] = {
    "offsets committed before the transaction": (Process, "take", _offsets_first),
    "outbox deleted before the acknowledgement": (Relay, "_publish", _delete_first),
    "inbox check dropped": (inbox, "enter", _everything_is_new),
    "refusals forgotten": (inbox, "refuse", _refusals_forgotten),
    "lock left out": (Runner, "_touched", _no_locks),
    "parked facts forgotten": (Runner, "_parked", _nothing_parked),
}

BUGS: Final = tuple(_BUGS)
"""What can be planted."""


@contextlib.contextmanager
def planted(bug: str) -> Iterator[None]:
    """Let the code have this bug for a while."""
    owner, name, broken = _BUGS[bug]
    with mock.patch.object(owner, name, broken):
        yield
