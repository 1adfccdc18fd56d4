"""The client's side of a connection: what asyncpg offers, our code uses, and may be lost at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import asyncpg

from shared.messaging.arrays import Array
from tests.simulation.chance import Fault, Place
from tests.simulation.database import Database, Session, Statement
from tests.simulation.spoken import parts

_NOTICED_S: Final = 0.05
"""How long the server may take to notice that its client is gone; until then the locks are held."""


class Client(Protocol):
    """The process at the other end of a connection."""

    async def ready(self) -> None:
        """Return when the process runs; never, when it was killed."""

    def crash(self) -> None:
        """End now."""

    def pause(self) -> None:
        """Stand still for a while."""


class Connection:
    """The client's side: what asyncpg offers and our code uses of it."""

    def __init__(self, session: Session, client: Client) -> None:
        self._session = session
        self._database = session.database
        self._chance = session.database.chance
        self._client = client

    async def fetch(self, sql: str, *arguments: Any) -> list[Any]:
        """Rows."""
        rows: list[Any] = await self._say(sql, arguments) or []
        return rows

    async def fetchrow(self, sql: str, *arguments: Any) -> Any:
        """The first row."""
        return next(iter(await self.fetch(sql, *arguments)), None)

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        """The first column of the first row."""
        row = await self.fetchrow(sql, *arguments)
        return None if row is None else next(iter(row.values()))

    async def execute(self, sql: str, *arguments: Any) -> None:
        """Say it, and what else is said in one go with it."""
        for text, its_own in parts(sql, arguments):
            ending = {"BEGIN": self.begin, "COMMIT": self.commit, "ROLLBACK": self.rollback}.get(text)
            await (ending() if ending is not None else self._say(text, its_own))

    async def executemany(self, sql: str, arguments: Iterable[Sequence[Any]]) -> None:
        """Say it for each; all take effect or none."""
        await self._say(sql, (list(arguments),))

    async def copy_records_to_table(
        self, table: str, *, columns: Sequence[str], records: Sequence[Any]
    ) -> None:
        """Append rows."""
        await self._say(f"COPY {table} ({', '.join(columns)})", (records,))

    def transaction(self) -> Transaction:
        """A transaction, to be started."""
        return Transaction(self)

    def terminate(self) -> None:
        """Leave without a word."""
        self.abandon()

    async def close(self, **_options: Any) -> None:
        """End the session; one of a killed process ends when the server notices."""
        await self._client.ready()
        self._database.close(self._session)

    async def begin(self) -> None:
        """Open a transaction, or a savepoint in the one that is open."""
        await self._arrive()
        if self._session.failed:
            raise asyncpg.InFailedSQLTransactionError("current transaction is aborted")
        self._session.begin()

    async def commit(self) -> None:
        """Commit; the client may never know it."""
        await self._arrive()
        if self._session.nested:
            if self._session.failed:
                raise asyncpg.InFailedSQLTransactionError("current transaction is aborted")
            self._session.release()
            return
        fault = self._chance.fault(Place.COMMIT)
        if fault is Fault.COMMIT_LOST:
            self._lose()
        if fault is Fault.CRASH:
            await self._die()
        if fault is Fault.PAUSE:
            self._client.pause()
        if self._session.failed:
            self._session.rollback()
        else:
            self._session.commit()
        if fault is Fault.COMMIT_UNKNOWN:
            self._lose()
        if self._chance.fault(Place.COMMITTED) is Fault.CRASH:
            await self._die()
        await self._client.ready()

    async def rollback(self) -> None:
        """Roll back."""
        await self._client.ready()
        if not self._session.open:
            raise asyncpg.InterfaceError("cannot roll back: the underlying connection is closed")
        if self._session.nested:
            self._session.back()
        else:
            self._session.rollback()

    async def _say(self, sql: str, arguments: Sequence[Any]) -> Any:
        await self._arrive()
        fault = self._chance.fault(Place.STATEMENT)
        if fault is not None:
            await self._struck_before(fault)
        session = self._session
        if session.failed:
            raise asyncpg.InFailedSQLTransactionError("current transaction is aborted")
        statement = self._database.statements.get(sql) or _unknown(sql)
        alone = not session.in_transaction
        if alone:
            session.begin()
        try:
            rows = await statement(session, *map(_values, arguments))
        except asyncpg.ConnectionDoesNotExistError:
            raise
        except Exception:
            if alone:
                session.rollback()
            else:
                session.failed = True
            raise
        if alone:
            session.commit()
        if fault is Fault.CONNECTION_LOST_AFTER:
            self._lose()
        await self._client.ready()
        return rows

    async def _arrive(self) -> None:
        await self._client.ready()
        late = self._chance.hesitation()
        if late:
            await asyncio.sleep(late)
            await self._client.ready()
        if not self._session.open:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    async def _struck_before(self, fault: Fault) -> None:
        if fault is Fault.CRASH:
            await self._die()
        elif fault is Fault.PAUSE:
            self._client.pause()
            await self._client.ready()
            if not self._session.open:
                raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        elif fault is Fault.CONNECTION_LOST_BEFORE:
            self._lose()
        elif fault is Fault.DATABASE_RESTART:
            self._database.restart()
            raise asyncpg.AdminShutdownError("terminating connection due to administrator command")

    def _lose(self) -> None:
        """The client knows at once; the server only later, and holds on to the locks until then."""
        self.abandon()
        self._session = _lost(self._database)
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    def abandon(self) -> None:
        """Nobody is at this end any more."""
        if not self._session.open:
            return
        late = self._chance.between(0.0, _NOTICED_S)
        asyncio.get_running_loop().call_later(late, self._database.close, self._session)

    async def _die(self) -> None:
        self._client.crash()
        await self._client.ready()


class Transaction:
    """A transaction, as a context or by hand."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.start, self.commit, self.rollback = connection.begin, connection.commit, connection.rollback

    async def __aenter__(self) -> None:
        await self.start()

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            await self.commit()
        else:
            await self.rollback()


class Pool:
    """Connections of one process to one database."""

    def __init__(self, database: Database, client: Client, opened: Callable[[Connection], None]) -> None:
        self._database = database
        self._client = client
        self._opened = opened

    @asynccontextmanager
    async def acquire(self) -> Any:
        """A connection, for a while."""
        connection = await self.connect()
        try:
            yield connection
        finally:
            await connection.close()

    async def connect(self) -> Connection:
        """A connection, for as long as it lasts."""
        await self._client.ready()
        connection = Connection(self._database.open(), self._client)
        self._opened(connection)
        return connection


def _lost(database: Database) -> Session:
    session = Session(database)
    session.open = False
    return session


def _values(argument: Any) -> Any:
    return argument.values if isinstance(argument, Array) else argument


def _unknown(sql: str) -> Statement:
    # Loud on purpose: a statement that a store has come to ask belongs in `statements.py` or `stores.py`.
    raise LookupError(f"the simulation does not know this statement: {sql}")
