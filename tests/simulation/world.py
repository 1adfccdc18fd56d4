"""A region put together: its services and their stores, the log, and partners who state things."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Final

import orjson

from services.intake.handlers import Intake
from services.matching.handlers import Matching
from services.notifications.handlers import Notifications
from services.quota.handlers import Quota
from shared.contracts.base import Stream
from shared.messaging.event import Event, encode
from shared.messaging.service import Record, Service
from shared.messaging.topics import Topics
from tests.simulation import stores
from tests.simulation.broker import Broker, Group
from tests.simulation.chance import Chance
from tests.simulation.database import Database
from tests.simulation.history import History
from tests.simulation.partners import DOORS, PARTNERS, registrations, tick
from tests.simulation.process import Process, owned
from tests.simulation.statements import Book

TOPICS: Final = Topics()
_REST_S: Final = 30.0
"""Seconds of the region's own time after which what still moves will never come to rest."""
_LOOK_S: Final = 0.01
_AHEAD: Final = timedelta(days=1)
_SERVICES: Final = ("intake", "matching", "quota", "notifications", "toy")
_SKEW: Final = timedelta(hours=14)


class Violation(Exception):  # noqa: N818 - what a run found
    """Something that must hold does not."""


@dataclass(frozen=True, slots=True)
class Part:
    """A service as it is run here.

    Attributes:
        kind: whose statements its database understands.
        own: partners for whom it writes; those whose inboxes it reads, too, where it is a door.
    """

    name: str
    kind: str
    make: Callable[[], Service[Any]]
    operator: str
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """How a region is laid out, drawn from the seed."""

    partitions: int
    instances: Mapping[str, int]
    split_doors: bool
    scenario: bool

    @classmethod
    def of(cls, seed: int) -> Shape:
        """The shape of a seed."""
        random = Random(f"{seed}/shape")
        return cls(
            partitions=random.choice((1, 2, 3)),
            instances={name: random.choice((1, 2)) for name in _SERVICES},
            split_doors=random.random() < 0.3,
            scenario=random.random() < 0.75,
        )  # fmt: skip


def parts_of(shape: Shape) -> list[Part]:
    """The four services; sometimes two doors, each with a store of its own."""
    doors = [DOORS[:2], DOORS[2:]] if shape.split_doors else [DOORS]
    parts = [
        Part(f"intake-{number}", "intake", _door(names), "", tuple(names))
        for number, names in enumerate(doors)
    ]
    return [
        *parts,
        Part("matching", "matching", lambda: Matching("menso"), "menso"),
        Part("quota", "quota", lambda: Quota("gemeente-emmen"), "gemeente-emmen"),
        Part("notifications", "notifications", lambda: Notifications("gemeente-emmen"), "gemeente-emmen"),
    ]


def _door(names: Sequence[str]) -> Callable[[], Service[Any]]:
    return lambda: Intake(TOPICS, doors=names, public_url="http://door", ahead=_AHEAD)


@cache
def book(kind: str) -> Book:
    """What a service of this kind may say; made once, since nothing of a run is in it."""
    return stores.book_of(kind)


@dataclass(slots=True)
class World:
    """Everything that runs in one run.

    Attributes:
        sent: what partners stated, in the order in which each of their topics has it.
        repeated: ids of what a partner put in its inbox more than once.
        poisoned: what was put on a partner's stream and is no event of its own.
        moment: where the sun stands; the clocks of the processes differ from it.
    """

    chance: Chance
    shape: Shape
    parts: Sequence[Part]
    moment: datetime
    history: History = field(default_factory=History)
    broker: Broker = field(init=False)
    databases: dict[str, Database] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    sent: list[Event] = field(default_factory=list)
    repeated: set[str] = field(default_factory=set)
    failures: list[BaseException] = field(default_factory=list)
    entering: bool = True
    poisoned: list[Record] = field(default_factory=list)
    _told: dict[tuple[str, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the topics, the stores and the processes; nothing runs yet."""
        asyncio.get_running_loop().set_task_factory(owned)
        self.chance.heard = lambda fault: self.history.note("chance", "STRIKES:", fault)
        self.broker = Broker(self.shape.partitions, self.chance, self.history)
        self.broker.create(TOPICS.registry, 1)
        for file in PARTNERS:
            for stream in file.streams:
                self.broker.create(TOPICS.of(file.record.partner, stream))
        for part in self.parts:
            self._add(part)

    def _add(self, part: Part) -> None:
        service = part.make()
        database = self.databases[part.name] = Database(part.name, book(part.kind), self.chance)
        wanted = _subscription(service, part)
        group = self.groups[part.name] = Group(part.name, self.broker, wanted, self.history)
        for number in range(self.shape.instances.get(part.kind, 1)):
            skew = timedelta(0) if self.shape.scenario else self.chance.between(-1, 1) * _SKEW
            self.processes.append(
                Process(
                    f"{part.name}/{number + 1}",
                    part.make,
                    database,
                    group,
                    TOPICS,
                    operator=part.operator,
                    own=part.own,
                    scenario=self.shape.scenario,
                    now=lambda skew=skew: self.moment + skew,  # type: ignore[misc]
                    history=self.history,
                    broken=self.failures.append,
                )
            )

    def start(self) -> None:
        """Start every process."""
        for process in self.processes:
            process.start()

    async def provision(self) -> None:
        """Enter the partners in the registry; some of them late."""
        for event in registrations():
            await asyncio.sleep(self.chance.hesitation() * 20)
            self._publish(event)
        self.entering = False

    async def say(self, events: Iterable[Event]) -> None:
        """Partners put these in their inboxes; now and then one twice, or one of long ago again."""
        for event in events:
            self.sent.append(event)
            self._publish(event)
            if self.chance.odds(0.05):
                self._repeat(event)
            if self.chance.odds(0.03):
                self._repeat(self.chance.pick(self.sent))
            if self.chance.odds(0.3):
                await asyncio.sleep(self.chance.between(0.0, 0.02))

    def _repeat(self, event: Event) -> None:
        self.repeated.add(event.id)
        self._publish(event)

    def poison(self, values: Iterable[tuple[str, bytes]]) -> None:
        """A partner puts on its own stream what is no event, or none of its own."""
        for number, (partner, value) in enumerate(values):
            topic = TOPICS.of(partner, Stream.INTAKE)
            self.poisoned.append(self.broker.append(partner, topic, f"poison-{number}".encode(), value))

    def _publish(self, event: Event) -> None:
        topic = TOPICS.of(event.partner, event.stream)
        self.broker.append(event.partner or "regie", topic, event.key.encode(), encode(event))

    async def tick(self, at: datetime) -> None:
        """The clock moves on: over the registry, or in each process by itself and as it sees it."""
        self.moment = at
        self.history.note("clock", "ticks", at.isoformat())
        if self.shape.scenario:
            self._publish(tick(at))
            return
        jumped = at + self.chance.between(-1, 1) * _SKEW
        for process in self.chance.shuffled(list(self.processes)):
            if process.alive:
                seen = (jumped if self.chance.odds(0.5) else at).replace(minute=0, second=0, microsecond=0)
                process.within(lambda process=process, seen=seen: process.runner.tick(seen))

    async def rest(self) -> None:
        """Wait until nothing moves any more.

        Raises:
            Violation: something broke, or it never comes to rest.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + _REST_S
        while next(moving := self._moving(), None) and not self.failures:
            if loop.time() > until:
                raise Violation(f"never comes to rest: {', '.join(moving)}")
            await asyncio.sleep(_LOOK_S)
        if self.failures:
            raise Violation(
                f"an error that is no fault of the moment: {self.failures[0]!r}"
            ) from self.failures[0]

    def _moving(self) -> Iterator[str]:
        if self.entering:
            yield "partners are being entered"
        for process in self.processes:
            if process.busy or not process.alive:
                yield f"{process.name} is {'busy' if process.alive else 'down'}"
        for name, database in self.databases.items():
            if database.table("outbox"):
                yield f"{name} has an outbox"
        for name, group in self.groups.items():
            if lag := group.lag:
                yield f"{name} is {lag} behind"

    def told(self) -> list[dict[str, Any]]:
        """What services stated since this was last asked, each event once."""
        found: dict[str, dict[str, Any]] = {}
        for place, log in sorted(self.broker.log.items()):
            if TOPICS.parse(place[0])[1] in {Stream.MATCHING, Stream.QUOTA}:
                start = self._told.get(place, 0)
                known = {record.value for record in log[:start]}
                for record in log[start:]:
                    if record.value is not None and record.value not in known:
                        event = orjson.loads(record.value)
                        found[event["id"]] = event
                self._told[place] = len(log)
        return list(found.values())

    def stated(self, stream: Stream) -> list[Record]:
        """Every record on the topics of a stream, partition by partition in order."""
        found: list[Record] = []
        for place, log in sorted(self.broker.log.items()):
            if TOPICS.parse(place[0])[1] is stream:
                found += log
        return found


def _subscription(service: Service[Any], part: Part) -> Callable[[str], bool]:
    pattern = re.compile(TOPICS.pattern(service.streams, part.own))
    return lambda topic: pattern.match(topic) is not None
