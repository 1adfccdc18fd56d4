"""A batch, once: inbox, locks, load, decide, evolve, save, outbox and dead letters in one transaction.

What arrives over HTTP, over Kafka or from the clock takes this one road. Kafka offsets are committed
after the transaction, so a crash anywhere repeats a batch at most, and the inbox makes that harmless.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, TypeVar

import asyncpg
from msgspec.structs import replace

from shared.contracts import ClockTicked, PartnerChanged, PartnerRegistered
from shared.messaging import dead_letters, inbox, locks, outbox, parking
from shared.messaging.batch import Arrival, Batch, Result
from shared.messaging.doorkeeping import Doorkeeper
from shared.messaging.event import Event, encode
from shared.messaging.faults import Place, passing
from shared.messaging.registry import Registry, save_partner, save_tick
from shared.messaging.salvage import Salvage
from shared.messaging.service import Connection, Outcome, Record, Service, Status
from shared.messaging.standing import Standing, standing
from shared.messaging.topics import Topics
from shared.messaging.transaction import Together, begun
from shared.telemetry import metrics

W = TypeVar("W")


class Runner(Generic[W]):
    """Runs a service's batches against its database.

    Args:
        operator: the partner in whose name the service speaks.
        own: partners for whom this process writes; intake may be the door of several.
        committed: called after every commit that left something in the outbox.
        replaying: True to rebuild state from the log: nothing is decided, stated, answered or buried.
        scenario: True when ticks come over the registry topic and the wall clock is not looked at.
        now: the wall clock.
    """

    def __init__(
        self,
        service: Service[W],
        pool: asyncpg.Pool[Any],
        topics: Topics,
        *,
        operator: str,
        own: Collection[str] = (),
        committed: Callable[[], None] = lambda: None,
        scenario: bool = False,
        replaying: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._replaying = replaying
        self._wall_clock = now
        self.service = service
        self._pool = pool
        self._topics = topics
        self._operator = operator
        self._doorkeeper = Doorkeeper(service, topics, _own(operator, own, replaying))
        self._committed = committed
        self._scenario = scenario
        self._ahead: dict[int, Arrival] = {}
        self._salvage = Salvage(service, pool, run=self._process, rehearse=self._rehearse)

    async def process(self, records: Sequence[Record]) -> list[Outcome]:
        """Process records in order, each exactly once in effect.

        A batch that cannot be saved is halved until the record at fault is found; that one becomes a
        dead letter and the rest goes on.

        Returns:
            An outcome a record, in the same order.

        Raises:
            Exception: only what passes (`is_transient`); nothing of the batch took effect.
        """
        return await self._salvage.process(records)

    def read_ahead(self, records: Iterable[Record]) -> None:
        """Read records that `process` will be given soon, while it waits for the database."""
        for record in records:
            self._ahead[id(record)] = self._doorkeeper.read(record)

    def forget_ahead(self) -> None:
        """What was read ahead will not be processed."""
        self._ahead.clear()

    async def redrive(
        self, ids: Sequence[int] | None, *, reason: str, dry_run: bool = False
    ) -> list[Outcome]:
        """Process dead letters again: those named and all that wait behind them, or all.

        Args:
            reason: why now; kept with those that are processed after all.
            dry_run: decide and then roll back; the outcomes say what would have happened.
        """

        async def attempt(names: frozenset[str]) -> list[Outcome]:
            async with self._pool.acquire() as connection, begun(connection, keep=not dry_run):
                letters = await dead_letters.take(connection, ids)
                read = [self._doorkeeper.read(record) for _, record in letters]
                await connection.execute(self._holding(read, names))
                result = await self._batch(connection, read, redriving=True)
                # What fails again stays in its row, with one attempt more.
                again = {id(letter.record) for letter in result.letters if not letter.record.over_http}
                done = [number for number, record in letters if id(record) not in again]
                await dead_letters.redriven(connection, done, reason)
            return result.outcomes([record for _, record in letters])

        outcomes = await locks.in_order(attempt)
        self._committed()
        return outcomes

    async def tick(self, at: datetime) -> None:
        """Let the wall clock tick; several instances may, one tick is processed."""
        source = f"urn:werkbedrijf:clock:{self.service.name}"
        event = Event(
            id=at.astimezone(UTC).isoformat(),
            source=source,
            time=at,
            key="-",
            data=ClockTicked(at=at),
            partner="",
            stream=ClockTicked.STREAM,
        )
        await self.process([Record(self._topics.registry, encode(event), trusted=event)])

    async def _rehearse(self, record: Record, upto: int) -> None:
        """Process one record with what was parked up to a number, and undo it: does the database take it?"""

        async def attempt(names: frozenset[str]) -> None:
            read = [self._doorkeeper.read(record)]
            holding = self._holding(read, names)
            async with self._pool.acquire() as connection, begun(connection, holding, keep=False):
                await self._batch(connection, read, upto=upto)
                await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")

        await locks.in_order(attempt)

    async def _process(self, records: Sequence[Record]) -> list[Outcome]:
        started = time.perf_counter()
        ahead, read_now = self._ahead, self._doorkeeper.read
        read = [ahead.pop(id(r)) if id(r) in ahead else read_now(r) for r in records]
        outcomes = _passed_over(read)
        if outcomes is None:
            result = await locks.in_order(partial(self._commit, read))
            self._committed()
            outcomes = result.outcomes(records)
        metrics.outcomes(self.service.name, outcomes)
        metrics.batch(self.service.name, len(records), time.perf_counter() - started)
        return outcomes

    async def _commit(self, read: Sequence[Arrival], names: frozenset[str]) -> Result:
        async with self._pool.acquire() as connection:
            async with begun(connection, self._holding(read, names)):
                result = await self._batch(connection, read)
                passing(Place.BEFORE_COMMIT)
            passing(Place.AFTER_COMMIT)
        return result

    async def _batch(
        self,
        connection: Connection,
        read: Sequence[Arrival],
        *,
        redriving: bool = False,
        upto: int | None = None,
    ) -> Result:
        """One batch, under the locks of `_holding`.

        Args:
            upto: release what is parked up to this number only; all by default.

        Raises:
            NotFree: it releases what touches more than is held.
        """
        now = await standing(connection)
        registry, arrivals, news = await self._at_the_door(connection, read, now)
        arrivals = await inbox.once(connection, arrivals, anew=redriving)
        fresh = [a.event for a in arrivals if a.event is not None and a.settled is None]
        names = {n for event in fresh for n in self.service.provides(event)} | news if now.waits else set()
        parked = await self._parked(connection, names, registry, now, upto) if now.waits else []
        released = [a.event for a in parked if a.event is not None]
        if more := self._touched(released):
            await locks.take_if_free(connection, more)
        events = fresh + released

        world = await self.service.load(connection, events, registry)
        batch = Batch(self.service, registry, self._operator, world, replaying=self._replaying)
        # Who sets a parked event aside holds no lock, so of what was released it must be asked after that.
        if (now.holds or parked) and not redriving and not self._replaying:
            unsettled = [a.record for a in (*arrivals, *parked) if a.settled is None]
            batch.hold(await dead_letters.holds_on(connection, unsettled))
        result = batch.run(arrivals, parked, news)
        writes = Together(connection)
        await self.service.save(writes, world)
        if not self._replaying:
            outcomes = result.outcomes([arrival.record for arrival in read])
            await self.service.record_outcomes(writes, outcomes + result.later)
        await self._write(writes, result, read)
        await writes.done()
        return result

    def _holding(self, read: Sequence[Arrival], more: Iterable[str] = ()) -> str:
        """The locks of a batch: of the registry, and of all that its events name."""
        # An event of an unknown partner is parked under this lock, so the entry it waits for cannot slip by.
        registry = locks.of_registry(alone=self._enters(read))
        names = self._touched([a.event for a in read if a.event is not None and a.settled is None])
        names.update(more)
        return f"{registry}; {locks.of(names)}" if names else registry

    def _touched(self, events: Sequence[Event]) -> set[str]:
        # A replay is alone in its database, and takes larger batches than there is room for locks.
        if self._replaying:
            return set()
        return {name for event in events for name in self.service.touches(event)}

    def _enters(self, read: Sequence[Arrival]) -> bool:
        return any(self._for_the_registry(a) and a.record.trusted is None for a in read)

    async def _at_the_door(
        self, connection: Connection, read: Sequence[Arrival], standing: Standing
    ) -> tuple[Registry, list[Arrival], set[str]]:
        """The registry, with the entries in this batch, and every record checked against it."""
        registry, now = standing.registry, self._now(standing)
        if not self._enters(read):
            return registry, [self._doorkeeper.judge(a, registry, now) for a in read], set()
        news: set[str] = set()
        sorted_: list[Arrival] = []
        for each in sorted(read, key=lambda a: not self._for_the_registry(a)):
            arrival = self._doorkeeper.judge(each, registry, now)
            sorted_.append(arrival)
            data = arrival.event.data if arrival.event is not None and arrival.settled is None else None
            if isinstance(data, PartnerRegistered | PartnerChanged):
                registry = Registry.of([*registry.partners.values(), data])
                await save_partner(connection, data)
                news.add(f"partner:{data.partner}")
            elif isinstance(data, ClockTicked) and self._scenario:
                await save_tick(connection, data)
            elif isinstance(data, ClockTicked):
                # This process ticks by itself; somebody else's idea of the time must not make things due.
                sorted_[-1] = Arrival(each.record, settled=Outcome(each.record, Status.SKIPPED))
        return registry, sorted_, news

    def _for_the_registry(self, arrival: Arrival) -> bool:
        return arrival.record.topic == self._topics.registry

    def _now(self, standing: Standing) -> datetime:
        return (standing.ticked_at if self._scenario else None) or self._wall_clock()

    async def _parked(
        self,
        connection: Connection,
        names: set[str],
        registry: Registry,
        standing: Standing,
        upto: int | None,
    ) -> list[Arrival]:
        """Parked events that something in this batch may release, and those that these may release."""
        found: dict[int, Arrival] = {}
        while names:
            rows = [p for p in await parking.waiting_for(connection, names, upto) if p.seq not in found]
            names = set()
            if not rows:
                break
            for row in rows:
                (arrival,) = self._doorkeeper.sort([row.record], registry, self._now(standing))
                found[row.seq] = replace(arrival, parked=row.seq, waits_for=row.waits_for)
                if arrival.event is not None:
                    names.update(self.service.provides(arrival.event))
        return [found[seq] for seq in sorted(found)]

    async def _write(self, connection: Together, result: Result, read: Sequence[Arrival]) -> None:
        await parking.unpark(connection, result.unparked)
        if result.parked:
            await parking.park(
                connection,
                [(a.event, a.record, a.waits_for) for a in result.parked.values() if a.event is not None],
            )
        if result.letters and not self._replaying:
            await dead_letters.bury(connection, result.letters)
        await inbox.forget(connection, [inbox.name_of(event) for event in result.forgotten])
        came = [(arrival.event, arrival.record) for arrival in read if arrival.event is not None]
        await inbox.refuse(connection, [event for event, _ in result.refused], [*result.refused, *came])
        # Last, and under the locks taken above: ids must grow in commit order per key.
        await outbox.add(connection, self._topics, result.stated)


def _passed_over(read: Sequence[Arrival]) -> list[Outcome] | None:
    """The outcomes of a batch in which there is nothing for this service; the database is not asked.

    A door that hears its own statements again, and a service that wants few of the types on a topic,
    would else open a transaction a batch for nothing (docs/measurements.md).
    """
    outcomes = [a.settled for a in read if a.settled is not None and a.settled.status is Status.SKIPPED]
    return outcomes if len(outcomes) == len(read) else None


def _own(operator: str, own: Collection[str], replaying: bool) -> frozenset[str]:  # noqa: FBT001
    """Whose own topics are passed over; a replay reads them, since they say what was decided."""
    return frozenset() if replaying else frozenset(own) or frozenset({operator})
