"""A service as a running process: what is started, in which order, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

import asyncpg
from faststream.kafka import KafkaBroker

from shared.messaging import consumer, database, dead_letters, outbox
from shared.messaging.ahead import Ahead
from shared.messaging.clock import WallClock
from shared.messaging.gatherer import Gatherer
from shared.messaging.relay import Relay
from shared.messaging.runner import Runner
from shared.messaging.service import Service
from shared.messaging.settings import Clock, Settings
from shared.messaging.topics import Topics
from shared.telemetry import metrics

log = logging.getLogger(__name__)

W = TypeVar("W")

_PING_S: Final = 2.0


class Background(Protocol):
    """Something that runs beside the batches."""

    def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """Finish what is in hand."""


class Process(Generic[W]):
    """One service, running: pool, runner, relay, consumer, clock.

    Args:
        package: the service's package, where its migrations are.
        own: partners for whom this process writes; intake may be the door of several.
        inbox_of: partners whose inbox topics it reads.
        background: makes what else must run, once the pool is there.
    """

    pool: asyncpg.Pool[Any]
    """For questions; batches have connections of their own."""
    runner: Runner[W]
    gatherer: Gatherer

    def __init__(
        self,
        service: Service[W],
        settings: Settings,
        *,
        package: str,
        own: Collection[str] = (),
        inbox_of: Collection[str] = (),
        background: Callable[[Process[W]], Sequence[Background]] = lambda _: (),
    ) -> None:
        self.service = service
        self.settings = settings
        self.topics = Topics(settings.topic_prefix)
        self.group = settings.consumer_group or ".".join(
            (settings.topic_prefix, service.name, settings.operator or "+".join(sorted(own)))
        )
        self._package = package
        self._own = own
        self._inbox_of = inbox_of
        self._make_background = background
        self._broker: KafkaBroker | None = None
        self._member: consumer.Member | None = None
        self._pools: list[asyncpg.Pool[Any]] = []
        self._running: list[Background] = []
        self._starting: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]] | None = None
        self.failure: str | None = None
        """Why the start was given up, for the exit code."""

    async def start(self) -> None:
        """Start everything, the consumer last.

        Raises:
            Unreachable: Kafka or PostgreSQL did not answer in the time set, or it was told to give up.
            NotMigrated: the database holds what this version will not have.
        """
        starting = asyncio.current_task()
        assert starting is not None  # noqa: S101 - a coroutine runs in a task
        self._starting = asyncio.get_running_loop(), starting
        try:
            await self._start()
        except asyncio.CancelledError:
            self.failure = "stopped while it was starting"
            log.warning(self.failure)
            raise database.Unreachable(self.failure) from None
        finally:
            self._starting = None

    def give_up_starting(self) -> None:
        """Wait no longer for the servers; for a signal's handler, does nothing once started."""
        if self._starting is not None:
            loop, task = self._starting
            loop.call_soon_threadsafe(task.cancel)

    async def _start(self) -> None:
        settings = self.settings
        started = time.monotonic()
        try:
            await self._start_database()
            relay = Relay(
                settings.database_url.get_secret_value(),
                lambda: consumer.make_producer(settings.kafka_bootstrap_servers, self._client("relay")),
            )
            self.runner = Runner(
                self.service,
                self._batches,
                self.topics,
                operator=settings.operator,
                own=self._own,
                committed=relay.wake,
                scenario=settings.clock is Clock.SCENARIO,
            )
            self.gatherer = Gatherer(self.runner.process)
            self._broker = consumer.make_broker(settings.kafka_bootstrap_servers, self._client("consumer"))
            self._member = consumer.subscribe(
                self._broker,
                group=self.group,
                pattern=self._subscription(),
                session_timeout_s=settings.session_timeout_seconds,
                process=self.runner.process,
                ahead=Ahead(self.runner.read_ahead, self.runner.forget_ahead, pace_s=self.service.pace_s),
                instance=settings.consumer_instance,
            )
            await consumer.start(self._broker, settings.kafka_bootstrap_servers, wait_s=settings.wait_seconds)
        except (database.Unreachable, database.NotMigrated) as error:
            self.failure = str(error)
            log.error("%s; giving up", error)  # noqa: TRY400 - the sentence says it all
            raise
        self._running = [self.gatherer, relay, *self._make_background(self)]
        if settings.clock is Clock.WALL:
            self._running.append(WallClock(self.runner.tick, every_s=settings.tick_seconds))
        for part in self._running:
            part.start()
        log.info(
            "%s started in %.1f s as group %s", self.service.name, time.monotonic() - started, self.group
        )

    async def stop(self) -> None:
        """Finish what is in hand and stop; what is decided and not published waits in the outbox."""
        if self._broker is not None and self._member is not None:
            await consumer.stop(self._broker, self._member)
        for part in reversed(self._running):
            await part.stop()
        for pool in self._pools:
            await database.close_pool(pool)

    async def checks(self) -> dict[str, str]:
        """What readiness depends on, each `ok` or one sentence on what is wrong."""
        found = {"database": "ok", "migrations": "ok", "registry": "ok", "broker": "ok", "poll": "ok"}
        try:
            pending = await database.pending_migrations(self.pool, self._package)
            if pending:
                found["migrations"] = f"not applied: {', '.join(pending)}"
            unknown = await self._not_registered()
            if unknown:
                found["registry"] = f"no entry read yet for {', '.join(unknown)}"
        except Exception as error:  # noqa: BLE001 - whatever it is, the database is not well
            found |= dict.fromkeys(
                ("database", "migrations", "registry"), f"does not answer: {type(error).__name__}"
            )
        polled = consumer.last_poll(self._member)
        stale = polled is None or time.time() - polled > self.settings.poll_stale_seconds
        if polled is not None:
            metrics.LAST_POLL.set(polled)
        if stale and not (self._broker is not None and await self._broker.ping(_PING_S)):
            found["broker"] = "does not answer"
        if stale and polled is not None:
            found["poll"] = f"the last answer is {time.time() - polled:.0f} s old"
        metrics.READY.set(all(state == "ok" for state in found.values()))
        return found

    async def pending(self) -> dict[str, int]:
        """What is under way: events not yet published, and the service's own jobs."""
        async with self.pool.acquire() as connection:
            waiting, age = await outbox.pending(connection)
            metrics.OUTBOX_PENDING.set(waiting)
            metrics.OUTBOX_AGE.set(age)
            return {"outbox": waiting, "jobs": await self.service.jobs(connection)}

    async def measure(self) -> None:
        """Bring the gauges that come from the database up to date, before they are read."""
        await self.pending()
        metrics.DEAD_LETTERS.set(await dead_letters.count(self.pool))
        metrics.PARKED.set(await self.pool.fetchval("SELECT count(*) FROM parked"))
        polled = consumer.last_poll(self._member)
        if polled is not None:
            metrics.LAST_POLL.set(polled)

    async def migrate(self) -> list[str]:
        """Apply new migrations and stop; for a one-shot before the services start."""
        settings = self.settings
        dsn = settings.database_url.get_secret_value()
        pool = await database.open_pool(dsn, size=1, wait_s=settings.wait_seconds)
        try:
            return await self._migrated(pool)
        finally:
            await database.close_pool(pool)

    async def _start_database(self) -> None:
        settings = self.settings
        dsn = settings.database_url.get_secret_value()
        size, wait_s = settings.database_pool_size, settings.wait_seconds
        for its_own in ({}, database.BY_INDEX):
            self._pools.append(await database.open_pool(dsn, size=size, wait_s=wait_s, **its_own))
        self.pool, self._batches = self._pools
        if settings.migrate_at_start:
            for name in await self._migrated(self.pool):
                log.info("applied %s", name)

    async def _migrated(self, pool: asyncpg.Pool[Any]) -> list[str]:
        # The server may go away just after it answered.
        return await database.patiently(
            lambda: database.migrate(pool, self._package), wait_s=self.settings.wait_seconds
        )

    async def _not_registered(self) -> list[str]:
        """Whom it works for and does not know yet: what it is given on their behalf would be parked."""
        wanted = set(self._own) or {self.settings.operator}
        known = await self.pool.fetch("SELECT partner FROM partners WHERE partner = ANY($1)", list(wanted))
        return sorted(wanted - {row["partner"] for row in known} - {""})

    def _subscription(self) -> str:
        """What it reads: not what it has stated itself, which the runner would only pass over."""
        own = [
            self.topics.of(p, s) for p in self._own for s in self.service.streams if self.service.states_on(s)
        ]
        return self.topics.pattern(self.service.streams, self._inbox_of, but=own)

    def _client(self, part: str) -> str:
        return f"{self.service.name}-{part}-{socket.gethostname()}-{os.getpid()}"
