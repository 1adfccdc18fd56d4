"""One instance of a service: the real runner and relay, and an end that may come at any await."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final

from shared.contracts.base import Stream
from shared.messaging.database import is_transient
from shared.messaging.relay import Relay
from shared.messaging.runner import Runner
from shared.messaging.service import Outcome, Record, Service, Status
from shared.messaging.topics import Topics
from tests.simulation.broker import Group, Member, Producer
from tests.simulation.chance import Chance, Fault, Place
from tests.simulation.connection import Connection, Pool
from tests.simulation.database import Database
from tests.simulation.history import History

_owner: ContextVar[Life | None] = ContextVar("owner", default=None)

_DOWN_S: Final = 0.3
_PAUSE_S: Final = 0.3
_SESSION_S: Final = 0.15
"""After this long without a sign of life a member is taken out of its group."""
_BACK_OFF_S: Final = 0.1
_MOST: Final = 40
"""Records in a batch at most."""


class Life:
    """From one start to one end; whoever belongs to it goes with it."""

    def __init__(self, ended: Callable[[], None], paused: Callable[[float], None], chance: Chance) -> None:
        self.alive = True
        self.tasks: list[asyncio.Task[Any]] = []
        self.connections: list[Connection] = []
        self._until = 0.0
        self._ended = ended
        self._paused = paused
        self._chance = chance

    async def ready(self) -> None:
        """Wait while the process stands still; a killed one does nothing more."""
        if not self.alive:
            raise asyncio.CancelledError
        if self._until:
            await self._stand_still()

    async def _stand_still(self) -> None:
        loop = asyncio.get_running_loop()
        # It may be stopped again, or killed, while it stands still.
        while self.alive and (left := self._until - loop.time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)
        self._until = 0.0
        if not self.alive:
            raise asyncio.CancelledError

    def crash(self) -> None:
        """`kill -9`: nothing is finished, nothing is cleaned up."""
        if not self.alive:
            return
        self.alive = False
        for connection in self.connections:
            connection.abandon()
        for task in self.tasks:
            task.cancel()
        self._ended()

    def pause(self) -> None:
        """SIGSTOP, and SIGCONT some time later."""
        late = self._chance.between(0.0, _PAUSE_S)
        self._until = asyncio.get_running_loop().time() + late
        self._paused(late)


def owned(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    """Make a task, and remember whose it is: it ends with its process."""
    task = asyncio.Task(coroutine, loop=loop, **options)
    life = _owner.get()
    if life is not None:
        life.tasks.append(task)
    return task


class Process:
    """One instance, started as often as it was killed.

    Args:
        make: makes the service anew at every start; nothing of the life before is left in it.
        member: how a reader is made; a planted bug is one that reads otherwise.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], Service[Any]],
        database: Database,
        group: Group,
        topics: Topics,
        *,
        operator: str,
        own: Sequence[str],
        scenario: bool,
        now: Callable[[], datetime],
        history: History,
        broken: Callable[[BaseException], None],
    ) -> None:
        self.name = name
        self.runner: Runner[Any]
        self.busy = False
        self._make = make
        self._database = database
        self._group = group
        self._topics = topics
        self._operator, self._own = operator, own
        self._scenario, self._now = scenario, now
        self._history = history
        self._broken = broken
        self._chance = database.chance
        self._life: Life | None = None
        self._member: Member | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return self._life is not None and self._life.alive

    def start(self) -> None:
        """Begin a life."""
        life = Life(self._ended, self._paused, self._chance)
        self._life = life
        self._history.note(self.name, "starts")
        token = _owner.set(life)
        try:
            pool = Pool(self._database, life, life.connections.append)
            relay = Relay(
                self._database.name,
                lambda: Producer(self._group.broker, life, self.name),
                connect=lambda _dsn, **_settings: pool.connect(),  # type: ignore[arg-type]
            )
            self.runner = Runner(
                self._make(),
                pool,  # type: ignore[arg-type]
                self._topics,
                operator=self._operator,
                own=self._own,
                committed=relay.wake,
                scenario=self._scenario,
                now=self._now,
            )
            relay.start()
            asyncio.get_running_loop().create_task(self._read(life))
        finally:
            _owner.reset(token)

    def restart(self) -> None:
        """Be replaced by the next version."""
        if self._life is not None:
            self._life.crash()

    def within(self, what: Callable[[], Any]) -> None:
        """Run something beside the batches, as part of this life."""
        assert self._life is not None
        token = _owner.set(self._life)
        try:
            asyncio.get_running_loop().create_task(self._watched(what))
        finally:
            _owner.reset(token)

    async def _watched(self, what: Callable[[], Any]) -> None:
        try:
            await what()
        except Exception as error:  # noqa: BLE001 - what passes is tried again by whoever asked
            if not is_transient(error):
                self._broken(error)

    async def _read(self, life: Life) -> None:
        """Take batches, as FastStream's subscriber does for the real one."""
        member = self._member = Member(self.name, self._group)
        self._group.join(member)
        while True:
            await life.ready()
            if member not in self._group.members:
                self._group.join(member)
            self._strike_at_poll(member)
            records, reached = member.poll(self._chance.at_most(_MOST))
            if not records:
                member.news.clear()
                await member.news.wait()
                await asyncio.sleep(self._chance.linger())
                continue
            self.busy = True
            try:
                await self.take(life, member, records, reached)
            finally:
                self.busy = False

    async def take(self, life: Life, member: Member, records: list[Record], reached: dict[Any, int]) -> None:
        """Process a batch, and only then say how far we have come."""
        generation = member.generation
        if await self._process(life, member, records) and generation == member.generation:
            self._commit(member, reached)

    async def _process(self, life: Life, member: Member, records: list[Record]) -> bool:
        try:
            outcomes = await self.runner.process(records)
        except Exception as error:  # noqa: BLE001 - what passes is read again, what does not is a bug
            await life.ready()
            self._history.note(self.name, "batch failed", type(error).__name__)
            if not is_transient(error):
                self._broken(error)
            await asyncio.sleep(self._chance.between(0.0, _BACK_OFF_S))
            member.seek_back()
            return False
        self._history.note(self.name, "took", _Taken(outcomes))
        self._history.parked |= {
            outcome.event.id
            for outcome in outcomes
            if outcome.status is Status.PARKED and outcome.event and outcome.event.stream is Stream.INBOX
        }
        await self._strike_when_processed(life, member)
        return True

    def _commit(self, member: Member, reached: dict[Any, int]) -> None:
        fault = self._chance.fault(Place.PROCESSED)
        if fault is Fault.OFFSETS_LOST or not self._group.broker.up:
            # FastStream logs a commit that failed and goes on; the next one covers it.
            self._history.note(self.name, "offsets not committed")
        elif not self._group.commit(member, reached):
            self._history.note(self.name, "no longer owns what it read")

    async def _strike_when_processed(self, life: Life, _member: Member) -> None:
        fault = self._chance.fault(Place.PROCESSED)
        if fault is Fault.CRASH:
            life.crash()
        elif fault is Fault.PAUSE:
            life.pause()
        elif fault is Fault.REBALANCE:
            self._group.rebalance()
        await life.ready()

    def _strike_at_poll(self, member: Member) -> None:
        fault = self._chance.fault(Place.POLL)
        if fault is Fault.REBALANCE:
            self._group.rebalance()
        elif fault is Fault.BROKER_RESTART:
            self._group.broker.restart()
        elif fault is Fault.REWIND:
            self._group.rewind(member)

    def _ended(self) -> None:
        self._history.note(self.name, "KILLED")
        self.busy = False
        loop = asyncio.get_running_loop()
        member = self._member
        if member is not None:
            loop.call_later(self._chance.between(0.0, _SESSION_S), self._group.leave, member)
        loop.call_later(self._chance.between(0.0, _DOWN_S), self.start)

    def _paused(self, seconds: float) -> None:
        self._history.note(self.name, "STOPPED for", f"{seconds * 1000:.0f} ms")
        if seconds > _SESSION_S and self._member is not None:
            asyncio.get_running_loop().call_later(_SESSION_S, self._group.leave, self._member)


class _Taken:
    """What became of a batch, in words; most are never asked for."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._outcomes = outcomes

    def __str__(self) -> str:
        skipped = sum(outcome.status is Status.SKIPPED for outcome in self._outcomes)
        told = [
            f"{each.event.id if each.event else each.record.topic}@{each.record.partition}:"
            f"{each.record.offset} {each.status}"
            for each in self._outcomes
            if each.status is not Status.SKIPPED
        ]
        return ", ".join([*told, *([f"{skipped} skipped"] if skipped else [])])
