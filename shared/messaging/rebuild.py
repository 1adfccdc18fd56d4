"""A service's state from the log alone, into an empty database, and the comparison with the live one.

Others' facts and the service's own events are read from offset 0, merged over all partitions by the
broker's timestamp, so that an effect never comes before its cause; nothing is decided and nothing sent.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
from collections.abc import AsyncIterator, Callable, Container, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from shared.messaging import database
from shared.messaging.log import Log
from shared.messaging.reader import reading
from shared.messaging.runner import Runner
from shared.messaging.service import Record, Service
from shared.messaging.topics import Topics

_BATCH: Final = 8_000
"""Nobody waits for an answer, so a batch may be large: what it costs in statements is shared by more, and
somebody with several events in it is loaded and saved once. Two of them are in memory."""
_NOT_KEPT: Final = {"synchronous_commit": "off"}
"""What a crash takes away is read from the log again."""
_LOGGED: Final = (
    "SELECT oid::regclass::text AS name FROM pg_class "
    "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY oid DESC"
)
"""Tables of which PostgreSQL writes every change twice, so that a crash takes nothing away; newest first."""
_SEARCHES: Final = 50_000, 20, 100
_SLICE: Final = 100
"""Records read before the database is looked after again."""


@dataclass(slots=True)
class Report:
    """What a rebuild found.

    Attributes:
        events: records read.
        differs: tables whose contents are not the same, with rows only here and only there.
    """

    events: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    differs: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """True when the rebuilt state is identical to the live one."""
        return not self.differs


async def rebuild(
    service: Service[Any],
    *,
    package: str,
    bootstrap: str,
    topics: Topics,
    operator: str,
    into: str,
    live: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Read the log into the empty database `into`; returns the number of records read.

    Args:
        into: is to be compared and dropped: a crash of the server leaves its tables empty.
        live: the database in use; what waits there as a dead letter has not taken effect, and is
            left out here too.

    Raises:
        ValueError: the database is not empty.
        LogUnread: the log could not be read to its end; what is in the database is not all.
    """
    async with (
        reading(Log.of(service, bootstrap, topics, operator)) as log,
        _empty(into, package) as pool,
    ):
        runner = Runner(service, pool, topics, operator=operator, scenario=True, replaying=True)
        waiting = await _dead(live) if live else set()
        with _rarely_searched():
            return await replay(runner, log, waiting, progress)


@asynccontextmanager
async def _empty(dsn: str, package: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    """An empty database with the service's tables, for state that can be had again from the log."""
    pool = await database.open_pool(dsn, size=2, wait_s=10, **_NOT_KEPT, **database.BY_INDEX)
    try:
        await database.migrate(pool, package)
        if await pool.fetchval("SELECT EXISTS (SELECT FROM inbox)"):
            raise ValueError("the database to rebuild into is not empty")
        # Who refers to another table goes first: what is logged cannot refer to what is not.
        for row in await pool.fetch(_LOGGED):
            await pool.execute(f"ALTER TABLE {row['name']} SET UNLOGGED")
        yield pool
    finally:
        await database.close_pool(pool)


@contextmanager
def _rarely_searched() -> Iterator[None]:
    """Let Python search for circular garbage less often.

    It would look through all that is being read again and again, a third of the whole time, and find nothing.
    """
    before = gc.get_threshold()
    gc.set_threshold(*_SEARCHES)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def replay(
    runner: Runner[Any],
    log: AsyncIterator[list[Record]],
    without: Container[tuple[str, int, int]],
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Process a log; returns the number of records in it.

    While the database works on one batch, the next one is read.

    Args:
        without: topic, partition and offset of records that are left out.
    """
    events = 0
    batches = _read_ahead(runner, log, without)
    following = asyncio.ensure_future(anext(batches, None))
    try:
        while (batch := await following) is not None:
            following = asyncio.ensure_future(anext(batches, None))
            count, records = batch
            await runner.process(records)
            events += count
            progress(events)
    finally:
        following.cancel()
        # It must have let go of the log before who gave it that takes it back.
        await asyncio.gather(following, return_exceptions=True)
    return events


async def _read_ahead(
    runner: Runner[Any], log: AsyncIterator[list[Record]], without: Container[tuple[str, int, int]]
) -> AsyncIterator[tuple[int, list[Record]]]:
    """Batches that are read already, each with the number of records that were in the log."""
    count = 0
    batch: list[Record] = []
    async for piece in log:
        for start in range(0, len(piece), _SLICE):
            found = piece[start : start + _SLICE]
            records = [r for r in found if (r.topic, r.partition, r.offset) not in without]
            runner.read_ahead(records)
            count, batch = count + len(found), batch + records
            if count >= _BATCH:
                yield count, batch
                count, batch = 0, []
            # The database may have answered.
            await asyncio.sleep(0)
    yield count, batch


async def compare(service: Service[Any], live: str, rebuilt: str) -> Report:
    """Compare the service's tables row by row."""
    report = Report()
    left = await database.connect(live)
    right = await database.connect(rebuilt)
    try:
        for table in service.tables:
            here, there = await _digests(left, table), await _digests(right, table)
            report.rows[table] = len(here)
            if here != there:
                report.differs[table] = (len(here - there), len(there - here))
    finally:
        await left.close()
        await right.close()
    return report


async def _dead(dsn: str) -> set[tuple[str, int, int]]:
    connection = await database.connect(dsn)
    try:
        rows = await connection.fetch('SELECT topic, partition, "offset" FROM dead_letters')
        return {(row["topic"], row["partition"], row["offset"]) for row in rows}
    finally:
        await connection.close()


async def _digests(connection: asyncpg.Connection[Any], table: str) -> set[bytes]:
    digests = set()
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(f"SELECT t::text AS row FROM {table} t"):
            digests.add(hashlib.blake2b(row["row"].encode(), digest_size=16).digest())
    return digests
