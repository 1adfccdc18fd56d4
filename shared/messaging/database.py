"""A service's own PostgreSQL: its pool, its migrations, and how long to wait for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
import orjson
import stamina

log = logging.getLogger(__name__)

T = TypeVar("T")

_AWAY: Final = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.QueryCanceledError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
)
"""The server is away, overloaded, or has broken off what would have been done."""

TRANSIENT: Final = (
    *_AWAY,
    # The code is ahead of its migration or of its rights: no record is at fault, and every one would be
    # set aside.
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.InsufficientPrivilegeError,
)
"""Faults of the moment: the same batch may succeed later. Anything else is the batch's own fault."""


def is_transient(error: BaseException) -> bool:
    """True when the same work may succeed later; a value that the client cannot encode never will."""
    return isinstance(error, TRANSIENT) and not isinstance(error, ValueError)


_MIGRATIONS_LOCK: Final = 0x77657262  # any constant; all services' instances must agree on it
_COMMAND_TIMEOUT_S: Final = 60
_KEEPALIVE: Final = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": "5s",
}
"""A machine that vanished without a word must not keep its locks for the system's default of two hours, nor a
process that was killed its place among those who wait for one."""
BY_INDEX: Final[Mapping[str, str]] = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_material": "off",
}
"""For batches, which look up their rows by index, one by one, however large a table is.

A statement's plan is kept from its first uses. Those may have met an empty table, which is soonest read from
end to end, and it was then read so until PostgreSQL analysed it, a minute and ten thousand rows later
(docs/measurements.md).
"""


class Unreachable(Exception):  # noqa: N818 - the outcome of waiting
    """A server did not answer within the time given; the process ends with exit code 1."""


class NotMigrated(Exception):  # noqa: N818 - the outcome of a migration
    """A migration looked at the data and will not have it; the message says why and what to do."""


async def connect(dsn: str, **settings: str) -> asyncpg.Connection[Any]:
    """One connection outside the pool, for locks that live as long as the session.

    Args:
        settings: of the server, for this session.
    """
    connection: asyncpg.Connection[Any] = await asyncpg.connect(
        dsn, command_timeout=_COMMAND_TIMEOUT_S, server_settings=_KEEPALIVE | settings
    )
    return connection


async def patiently(work: Callable[[], Awaitable[T]], *, wait_s: float) -> T:
    """Do what needs the server, trying again for up to `wait_s` seconds while it does not answer.

    Raises:
        Unreachable: the server did not answer in time.
    """
    try:
        async for attempt in stamina.retry_context(
            on=(*_AWAY, asyncpg.InvalidCatalogNameError),
            attempts=None,
            timeout=wait_s,
            wait_initial=0.1,
            wait_max=2.0,
        ):
            with attempt:
                if attempt.num > 1:
                    log.warning("PostgreSQL does not answer yet, attempt %d", attempt.num)
                return await work()
    except (*_AWAY, asyncpg.InvalidCatalogNameError) as error:
        raise Unreachable(f"PostgreSQL did not answer within {wait_s:.0f} s: {error}") from error
    raise Unreachable("PostgreSQL was never tried")  # pragma: no cover


async def open_pool(dsn: str, *, size: int, wait_s: float, **settings: str) -> asyncpg.Pool[Any]:
    """A pool of at most `size` connections, waiting up to `wait_s` seconds for the server.

    Args:
        settings: of the server, for these connections.

    Raises:
        Unreachable: the server did not answer in time.
    """

    async def create() -> asyncpg.Pool[Any]:
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            command_timeout=_COMMAND_TIMEOUT_S,
            timeout=5,
            init=_codecs,
            reset=_nothing_to_reset,
            # Decisions read what others committed: never a stale replica, never a lost write.
            server_settings={
                "synchronous_commit": "on",
                "idle_in_transaction_session_timeout": "60s",
                "jit": "off",
                **_KEEPALIVE,
                **settings,
            },
        )

    return await patiently(create, wait_s=wait_s)


async def close_pool(pool: asyncpg.Pool[Any]) -> None:
    """Close, and cut off what will not be closed in five seconds."""
    try:
        await asyncio.wait_for(pool.close(), 5)
    except TimeoutError:
        pool.terminate()


async def migrate(pool: asyncpg.Pool[Any], package: str) -> list[str]:
    """Apply what is new of messaging's and the service's own migrations; forward only.

    Args:
        package: the service's package, for example `services.quota`.

    Returns:
        Names of the migrations that were applied now.

    Raises:
        NotMigrated: a migration refuses the data that it found (`RAISE EXCEPTION`); nothing was applied.
    """
    applied: list[str] = []
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATIONS_LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, at timestamptz DEFAULT now())"
        )
        known = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")}
        for name, sql in _scripts(package):
            if name not in known:
                try:
                    await connection.execute(sql)
                except asyncpg.RaiseError as error:
                    raise NotMigrated(f"{name}: {error}") from error
                await connection.execute("INSERT INTO migrations (name) VALUES ($1)", name)
                applied.append(name)
    return applied


async def pending_migrations(pool: asyncpg.Pool[Any], package: str) -> list[str]:
    """Migrations of this version that the database has not seen; readiness asks."""
    known = {row["name"] for row in await pool.fetch("SELECT name FROM migrations")}
    return [name for name, _ in _scripts(package) if name not in known]


def _scripts(package: str) -> list[tuple[str, str]]:
    scripts = []
    for owner in ("shared.messaging", package):
        folder = Path(str(resources.files(owner))) / "migrations"
        scripts += [(f"{owner}/{path.name}", path.read_text()) for path in sorted(folder.glob("*.sql"))]
    return scripts


async def _nothing_to_reset(_connection: Any) -> None:
    # What a batch sets ends with its transaction; the default is a question to the server a batch more.
    return


async def _codecs(connection: asyncpg.Connection[Any]) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: orjson.dumps(value).decode(),
        decoder=orjson.loads,
        format="text",
    )
