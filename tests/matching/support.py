"""Matching in memory, and the people who state things to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from msgspec.structs import replace

from services.matching.handlers import Matching, served, speaks_for
from services.matching.rules.explaining import Explanation, Own, Served, why_not
from services.matching.rules.order import ranked
from services.matching.rules.policies import in_force
from services.matching.world import TABLES, World
from shared.contracts import (
    Agreement,
    ClockTicked,
    Data,
    PartnerRegistered,
    PartnerService,
    PolicyKind,
    ProposalMade,
    ReservationRequested,
    Role,
    ServiceName,
    Stream,
)
from shared.messaging.batch import Arrival, Batch
from shared.messaging.dead_letters import DeadLetter
from shared.messaging.event import Event
from shared.messaging.registry import Registry
from shared.messaging.service import Record
from shared.messaging.topics import Topics
from tests.matching.statements import COEVORDEN, EMMEN, advised, decided, granted, registered

OPERATOR = "menso"
TOPICS = Topics()
MUNICIPALITIES = {EMMEN: "gemeente-emmen", COEVORDEN: "gemeente-coevorden"}


def partner(
    name: str,
    number: int,
    roles: Sequence[Role],
    municipalities: Sequence[str] = (EMMEN, COEVORDEN),
    service: ServiceName | None = None,
) -> PartnerRegistered:
    """A partner of the region, with a made-up number."""
    runs = [PartnerService(service=service, for_municipalities=tuple(municipalities))] if service else []
    return PartnerRegistered(
        partner=name,
        display_name=name,
        urn=f"urn:nld:kvknr:{number:08d}",
        roles=tuple(roles),
        municipalities=tuple(municipalities),
        services=tuple(runs),
        agreement=Agreement(name="test", effective_on=date(2015, 1, 1)),
    )


REGISTRY = Registry.of(
    [
        partner("gemeente-emmen", 1, [Role.MUNICIPALITY, Role.REGIE], [EMMEN], service=ServiceName.QUOTA),
        partner("gemeente-coevorden", 2, [Role.MUNICIPALITY], [COEVORDEN], service=ServiceName.QUOTA),
        partner("menso", 3, [Role.GUIDE], service=ServiceName.MATCHING),
        partner("buurtsupport", 4, [Role.GUIDE, Role.HOST]),
        partner("emco", 5, [Role.HOST]),
        partner("uwv", 6, [Role.ADVISOR]),
    ]
)


def at(day: date, hour: int = 12) -> datetime:
    """A moment on that day."""
    return datetime.combine(day, time(hour), UTC)


@dataclass(slots=True)
class Speaker:
    """Makes events, each with an id of its own, as its partner would."""

    said: int = 0

    def event(self, data: Data, when: datetime, by: str | None = None) -> Event:
        """The data as an event that was recorded at `when`."""
        self.said += 1
        name = by or _whose(data)
        stated_by = REGISTRY.partners[name]
        return Event(
            id=f"{name}-{self.said}",
            source=f"{stated_by.urn}:systeem:test",
            time=when,
            key=data.kafka_key,
            data=data,
            partner="" if data.STREAM is Stream.REGISTRY else name,
            stream=data.STREAM,
        )


def _whose(data: Data) -> str:
    if Role.ADVISOR in data.ROLES:
        return "uwv"
    if Role.MUNICIPALITY in data.ROLES or data.SERVICE is ServiceName.QUOTA:
        return MUNICIPALITIES[data.model_dump()["municipality"]]
    if {Role.HOST} == data.ROLES:
        return "emco"
    return "menso" if Role.GUIDE in data.ROLES else "gemeente-emmen"


def empty_world(registry: Registry = REGISTRY) -> World:
    """Nothing known but the registry."""
    return World(serves=served(registry, OPERATOR), speaks_for=speaks_for(registry))


@dataclass(slots=True)
class Region:
    """The service with all its state in memory: inbox, parking and batches, and no server.

    Attributes:
        stated: what matching stated, in order.
        heard: what others stated, in order and without repeats.
    """

    replaying: bool = False
    world: World = field(default_factory=empty_world)
    stated: list[Event] = field(default_factory=list)
    heard: list[Event] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    parked: dict[tuple[str, str], Arrival] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    speaker: Speaker = field(default_factory=Speaker)
    service: Matching = field(default_factory=lambda: Matching(OPERATOR))

    def take(self, *events: Event) -> list[Data]:
        """Process events as one batch; returns what was stated because of it."""
        fresh = []
        for event in events:
            if (event.source, event.id) not in self.seen:
                self.seen.add((event.source, event.id))
                self.heard.append(event)
                fresh.append(Arrival(record_of(event), event))
        waiting = [replace(arrival, parked=n) for n, arrival in enumerate(self.parked.values())]
        names = list(self.parked)
        batch = Batch(self.service, REGISTRY, OPERATOR, self.world, replaying=self.replaying)
        result = batch.run(fresh, waiting)
        for n in result.unparked:
            del self.parked[names[n]]
        for arrival in result.parked.values():
            assert arrival.event is not None
            name = (arrival.event.source, arrival.event.id)
            self.parked[name] = replace(arrival, parked=None)
        self.stated += result.stated
        self.letters += result.letters
        return [event.data for event in result.stated]

    def stated_data(self) -> list[Data]:
        """All that matching stated so far."""
        return [event.data for event in self.stated]

    def hear(self, data: Data, when: datetime | date, by: str | None = None) -> list[Data]:
        """Process one event; returns what was stated because of it."""
        moment = when if isinstance(when, datetime) else at(when)
        return self.take(self.speaker.event(data, moment, by))

    def tick(self, when: datetime | date) -> list[Data]:
        """Let the clock tick."""
        moment = when if isinstance(when, datetime) else at(when, 6)
        return self.hear(ClockTicked(at=moment), moment)

    def join(self, participant: str, on: date, **more: Any) -> None:
        """Register somebody, have them advised on, and grant them sheltered work."""
        self.join_in(EMMEN, participant, on, **more)

    def join_in(self, municipality: str, participant: str, on: date, **more: Any) -> None:
        """The same, anywhere."""
        self.hear(registered(participant, on, municipality), on)
        self.hear(advised(participant, on), on)
        self.hear(decided(participant, on, municipality=municipality, **more), on)

    def grant_all(self, stated: Iterable[Data], on: date) -> list[Any]:
        """Quota has room for everything that was asked; returns the proposals."""
        made: list[Data] = []
        for request in of_type(stated, ReservationRequested):
            made += self.hear(granted(request, on), at(on, 7))
        return of_type(made, ProposalMade)

    def order(self, municipality: str, day: date) -> list[str]:
        """The list, the first in line first."""
        policy = in_force(self.world.policies, municipality, PolicyKind.ORDER, day)
        assert policy is not None
        waits = [wait for wait in self.world.waiting if wait.municipality == municipality]
        return [wait.participant for wait in ranked(waits, policy)]


def told_why(region: Region) -> dict[tuple[str, str, datetime], Explanation]:
    """What is told to everyone who still waits about each place in each round: by person, place, moment."""
    world = region.world
    found: dict[tuple[str, str, datetime], Explanation] = {}
    served: dict[tuple[str, datetime], list[Served]] = defaultdict(list)
    asked = [(p, p.requested_at) for p in world.proposals if p.requested_at is not None]
    for p, moment in asked:
        served[p.place, moment].append(Served(p.participant, p.municipality, p.rank))
    weighings = list(world.weighings)
    for wait in world.waiting:
        told = why_not(
            wait,
            weighings,
            [p for p in world.passings if p.participant == wait.participant],
            {p.version: p for p in world.profile_versions if p.participant == wait.participant},
            [
                Own(p.place, moment, p.closed_at, p.state, bridge=p.bridge)
                for p, moment in asked
                if p.participant == wait.participant
            ],
            served,
        )
        for weighing, each in zip(weighings, told, strict=True):
            found[wait.participant, weighing.place, weighing.weighed_at] = each
    return found


def record_of(event: Event) -> Record:
    """The event as a record that is not looked into any more."""
    return Record(TOPICS.of(event.partner, event.stream), b"", event.key.encode(), 0, 0, trusted=event)


def state_of(world: World) -> dict[str, list[Any]]:
    """Every row of every table, in a form that can be compared."""
    return {name: sorted(getattr(world, name), key=table.key_of) for name, table in TABLES.items()}


def of_type(data: Iterable[Data], *types: type[Data]) -> list[Any]:
    """Only these types."""
    return [d for d in data if isinstance(d, types)]


# What people state, with everything that a test does not care about filled in.
