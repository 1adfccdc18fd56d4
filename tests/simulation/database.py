"""PostgreSQL in memory, as far as the services can tell: tables, sessions, transactions, locks.

The seam is the connection. Everything above it is the real thing; below it a statement is not parsed but
looked up (`statements`, `stores`), and one that is not known is an error. What is kept is READ COMMITTED:
a transaction sees what was committed before each statement, and its own writes; who writes a row that
another transaction has written waits for its end. `test_conformance.py` holds it to the real one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Final

import asyncpg

from tests.simulation.chance import Chance
from tests.simulation.locks import Locks

Row = dict[str, Any]
Key = Any
"""A row's key: one value or a tuple of them."""
Statement = Callable[..., Awaitable[Any]]
"""`async (session, *arguments) -> rows`."""

_RESTART_S: Final = 0.2


class Database:
    """One database: tables of rows by key.

    Args:
        statements: what can be said to it.
        chance: what goes wrong; None for nothing.
    """

    def __init__(self, name: str, statements: Mapping[str, Statement], chance: Chance) -> None:
        self.name = name
        self.statements = statements
        self.chance = chance
        self.tables: dict[str, dict[Key, Row]] = {}
        self.locks = Locks()
        self.sequences: dict[str, int] = {}
        self.up = True
        self._sessions: set[Session] = set()

    def table(self, name: str) -> dict[Key, Row]:
        """The rows that are committed."""
        return self.tables.setdefault(name, {})

    def next_of(self, sequence: str) -> int:
        """The next number; it is not given back when the transaction ends in nothing."""
        number = self.sequences[sequence] = self.sequences.get(sequence, 0) + 1
        return number

    def open(self) -> Session:
        """A session, while the server is there.

        Raises:
            ConnectionRefusedError: it is not.
        """
        if not self.up:
            raise ConnectionRefusedError("the database is restarting")
        session = Session(self)
        self._sessions.add(session)
        return session

    def close(self, session: Session) -> None:
        """End a session and all it holds."""
        self._sessions.discard(session)
        session.end()

    def restart(self) -> None:
        """Lose every connection, and answer nobody for a while."""
        self.up = False
        for session in list(self._sessions):
            self.close(session)
        asyncio.get_running_loop().call_later(self.chance.between(0.0, _RESTART_S), self._come_up)

    def _come_up(self) -> None:
        self.up = True


class Session:
    """The server's side of a connection."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.open = True
        self.failed = False
        self._written: dict[str, dict[Key, Row | None]] | None = None
        self._locks: set[Hashable] = set()
        self._session_locks: set[Hashable] = set()
        self._savepoints: list[tuple[dict[str, dict[Key, Row | None]], set[Hashable]]] = []

    @property
    def nested(self) -> bool:
        """Whether there is a savepoint to go back to."""
        return bool(self._savepoints)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._written is not None

    def begin(self) -> None:
        """Open a transaction, or a savepoint in the one that is open."""
        if self._written is None:
            self._written, self.failed = {}, False
        else:
            before = {table: dict(rows) for table, rows in self._written.items()}
            self._savepoints.append((before, set(self._locks)))

    def release(self) -> None:
        """Keep what was written since the savepoint, as far as the transaction is kept."""
        self._savepoints.pop()

    def back(self) -> None:
        """Forget what was written since the savepoint, and let go of the locks taken since."""
        self._written, held = self._savepoints.pop()
        self.failed = False
        since, self._locks = self._locks - held, held
        self.database.locks.drop(self, since)

    def commit(self) -> None:
        """Let what was written be seen, and let go of the locks."""
        for name, rows in (self._written or {}).items():
            table = self.database.table(name)
            for key, row in rows.items():
                if row is None:
                    table.pop(key, None)
                else:
                    table[key] = row
        self.rollback()

    def rollback(self) -> None:
        """Forget what was written, and let go of the locks."""
        self._written, self.failed = None, False
        self._savepoints.clear()
        held, self._locks = self._locks, set()
        self.database.locks.drop(self, held)

    def end(self) -> None:
        """The connection is gone."""
        self.open = False
        self.rollback()
        self.database.locks.drop(self, self._session_locks)

    async def lock(self, name: Hashable, *, exclusive: bool = True) -> None:
        """Take a lock until the end of the transaction."""
        self._locks.add(name)
        await self.database.locks.take(self, name, exclusive=exclusive)
        if not self.open:
            self.database.locks.drop(self, [name])
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    def try_lock(self, name: Hashable, *, exclusive: bool = True) -> bool:
        """Take a lock until the end of the transaction, if nobody need be waited for."""
        taken = self.database.locks.take_now(self, name, exclusive=exclusive)
        if taken:
            self._locks.add(name)
        return taken

    def try_session_lock(self, name: Hashable) -> bool:
        """Take a lock until the end of the session, unless somebody has it."""
        taken = self.database.locks.take_now(self, name, exclusive=True)
        if taken:
            self._session_locks.add(name)
        return taken

    def rows(self, table: str) -> dict[Key, Row]:
        """The rows that this session sees; not to be changed."""
        committed = self.database.table(table)
        written = self._written.get(table) if self._written else None
        if not written:
            return committed
        seen = committed | written
        return {key: row for key, row in seen.items() if row is not None}

    def row(self, table: str, key: Key) -> Row | None:
        """One row that this session sees."""
        if self._written and key in (written := self._written.get(table, {})):
            return written[key]
        return self.database.table(table).get(key)

    async def put(self, table: str, key: Key, row: Row) -> None:
        """Write a row; whoever has written it waits to see what becomes of that."""
        await self.lock((table, key))
        assert self._written is not None
        self._written.setdefault(table, {})[key] = row

    async def remove(self, table: str, key: Key) -> None:
        """Take a row out."""
        await self.lock((table, key))
        assert self._written is not None
        self._written.setdefault(table, {})[key] = None
