"""A transaction in few questions: what needs no answer of its own goes with what comes before or after it.

A question costs the two processes 0.04 ms however small it is, and on a busy machine a wait for each other;
that is most of what a small batch costs (docs/measurements.md).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache
from typing import Any, Final

_PARAMETER: Final = re.compile(r"\$(\d+)")
_WRITES: Final = re.compile(r"\s*(?:INSERT INTO|DELETE FROM|UPDATE) (\w+)")


@contextlib.asynccontextmanager
async def begun(connection: Any, *first: str, keep: bool = True) -> AsyncIterator[None]:
    """A transaction, committed at the end.

    Args:
        first: its first statements, whose answers nobody needs; they go with the `BEGIN`.
        keep: False to roll it back at the end.
    """
    try:
        await _begin(connection, first)
        yield
        await (_commit if keep else _undo)(connection)
    except BaseException:
        await _undo(connection)
        raise


async def _begin(connection: Any, first: Sequence[str]) -> None:
    await connection.execute("; ".join(("BEGIN", *first)))


async def _commit(connection: Any) -> None:
    await connection.execute("COMMIT")


async def _undo(connection: Any) -> None:
    """Roll back; a connection with which that cannot be done is not used again."""
    try:
        await connection.execute("ROLLBACK")
    except Exception:  # noqa: BLE001 - what went wrong first is what counts
        connection.terminate()


class Together:
    """Writes of one transaction, kept until `done` and then said as one statement.

    What is kept does not see what is kept beside it, so two writes to one table are said one after the other.
    Whatever else is asked of the connection is asked after all that is kept.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._kept: dict[str, tuple[str, Sequence[Any]]] = {}

    async def execute(self, sql: str, *arguments: Any) -> None:
        """Keep a write, or say at once what is not a plain one."""
        found = _WRITES.match(sql)
        if found is None or found[1] in self._kept:
            await self.done()
        if found is None:
            await self._connection.execute(sql, *arguments)
        else:
            self._kept[found[1]] = sql, arguments

    async def executemany(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        """Say all that is kept, and this."""
        await self.done()
        await self._connection.executemany(sql, arguments)

    async def copy_records_to_table(self, table: str, **named: Any) -> None:
        """Say all that is kept, and append rows."""
        await self.done()
        await self._connection.copy_records_to_table(table, **named)

    async def done(self) -> None:
        """Say what is kept; what is written after this sees what others committed meanwhile."""
        if self._kept:
            kept, self._kept = list(self._kept.values()), {}
            statements = tuple(sql for sql, _ in kept)
            counts = tuple(len(arguments) for _, arguments in kept)
            await self._connection.execute(
                _joined(statements, counts), *[each for _, arguments in kept for each in arguments]
            )


@lru_cache(maxsize=1024)
def _joined(statements: tuple[str, ...], counts: tuple[int, ...]) -> str:
    """One statement of several, each with its own part of the parameters."""
    parts, before = [], 0
    for sql, count in zip(statements, counts, strict=True):
        parts.append(_moved(sql, before))
        before += count
    *others, last = parts
    if not others:
        return last
    named = ",\n".join(f"w{n} AS (\n{sql}\n)" for n, sql in enumerate(others))
    return f"WITH {named}\n{last}"


def _moved(sql: str, by: int) -> str:
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", sql)
