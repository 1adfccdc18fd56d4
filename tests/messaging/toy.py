"""A toy service: small enough to read, with every way in which an event can fare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from msgspec.structs import replace

from shared.contracts import (
    Agreement,
    BridgeDue,
    Data,
    ParticipantErased,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantPaused,
    ParticipantRegistered,
    ParticipantResumed,
    ParticipantStepped,
    PartnerRegistered,
    PartnerService,
    PlaceOffered,
    RefusalCode,
    Role,
    ServiceName,
    Stream,
)
from shared.messaging.batch import Arrival, Batch, Result
from shared.messaging.dead_letters import Hold
from shared.messaging.event import Event
from shared.messaging.refusal import Refusal, Refused
from shared.messaging.registry import Registry
from shared.messaging.service import Connection, Draft, Emit, PassOn, Record, Service
from shared.messaging.topics import Topics
from shared.messaging.transaction import Together

TOPICS = Topics()
NOON = datetime(2021, 3, 1, 12, tzinfo=UTC)
OPERATOR = "menso"


def partner(
    name: str, urn: str, roles: Sequence[Role], services: Sequence[ServiceName] = (), **more: Any
) -> PartnerRegistered:
    """A partner of Emmen whose agreement has been in force since 2017."""
    fields: dict[str, Any] = {
        "partner": name,
        "display_name": name,
        "urn": urn,
        "roles": tuple(roles),
        "municipalities": ("0114",),
        "services": tuple(
            PartnerService(service=service, for_municipalities=("0114",)) for service in services
        ),
        "agreement": Agreement(name="test", effective_on=date(2017, 1, 1)),
    }
    return PartnerRegistered(**(fields | more))


EMMEN = partner(
    "gemeente-emmen", "urn:nld:oin:00000099000000114000", [Role.MUNICIPALITY, Role.REGIE], [ServiceName.QUOTA]
)
MENSO = partner("menso", "urn:nld:kvknr:90000002", [Role.GUIDE], [ServiceName.INTAKE, ServiceName.MATCHING])
EMCO = partner("emco", "urn:nld:kvknr:90000001", [Role.HOST], [ServiceName.INTAKE])
REGISTRY = Registry.of([EMMEN, MENSO, EMCO])


@dataclass(slots=True)
class World:
    """What the toy knows, and what took effect, in order."""

    known: set[str] = field(default_factory=set)
    effects: list[tuple[str, str]] = field(default_factory=list)


class Toy(Service[World]):
    """Registered states a bridge; stepped waits; moved is refused; erased breaks the rule."""

    name: ClassVar = ServiceName.MATCHING
    streams: ClassVar = frozenset({Stream.INTAKE})
    tables: ClassVar = ()
    types = frozenset(
        data.TYPE
        for data in (
            ParticipantRegistered,
            ParticipantStepped,
            ParticipantPaused,
            ParticipantResumed,
            ParticipantMoved,
            ParticipantErased,
            ParticipantLeft,
            PlaceOffered,
            BridgeDue,
        )
    )

    def __init__(self, *, answers: bool = False) -> None:
        self.answers = answers

    def touches(self, event: Event) -> Iterable[str]:
        return (event.key,)

    def provides(self, event: Event) -> Iterable[str]:
        match event.data:
            case ParticipantRegistered() as data:
                return (f"participant:{data.participant}",)
            case PlaceOffered() as data:
                return (f"place:{data.place}",)
            case ParticipantPaused() as data:
                return (f"pause:{data.participant}",)
        return ()

    def missing(self, world: World, event: Event) -> Sequence[str]:
        match event.data:
            case ParticipantStepped() as data:
                wanted = [f"participant:{data.participant}", *([f"place:{data.place}"] if data.place else [])]
            case ParticipantPaused() as data:
                wanted = [f"participant:{data.participant}"]
            case ParticipantResumed() as data:
                wanted = [f"pause:{data.participant}"]
            case _:
                wanted = []
        return [name for name in wanted if name not in world.known]

    async def load(self, connection: Connection, events: Sequence[Event], registry: Registry) -> World:
        return World()

    def decide(self, world: World, event: Event) -> Sequence[Draft]:
        match event.data:
            case ParticipantMoved():
                raise Refused(RefusalCode.STATE_CONFLICT, "nobody moves here")
            case ParticipantErased():
                raise ZeroDivisionError("a rule is broken")
            case ParticipantRegistered() as data:
                return [bridge(data.participant)]
            case ParticipantLeft() as data:
                return [bridge(data.participant), Emit(bridge(data.participant), "emco"), PassOn(event)]
        return ()

    def evolve(self, world: World, event: Event) -> None:
        world.known.update(self.provides(event))
        world.effects.append((event.type.split(".")[-2], event.id))

    async def save(self, connection: Together, world: World) -> None:
        return

    def refused(self, record: Record, event: Event | None, refusal: Refusal) -> Sequence[Emit] | None:
        return [Emit(bridge("p-answer"), "menso")] if self.answers else None

    def dataref(self, event: Event) -> str | None:
        return f"https://menso.test/{event.key}"


def bridge(participant: str) -> BridgeDue:
    """Something to state."""
    return BridgeDue(
        participant=participant, municipality="0114", since=date(2021, 3, 1), due_on=date(2021, 3, 29)
    )


@dataclass(slots=True)
class Bench:
    """Batches one after the other, with what stays parked or held between them."""

    service: Toy = field(default_factory=Toy)
    registry: Registry = REGISTRY
    replaying: bool = False
    world: World = field(default_factory=World)
    parked: list[Arrival] = field(default_factory=list)
    held: list[Hold] = field(default_factory=list)

    def run(self, *arrivals: Arrival, news: Iterable[str] = ()) -> Result:
        """Run one batch."""
        waiting = [replace(arrival, parked=n) for n, arrival in enumerate(self.parked)]
        batch = Batch(self.service, self.registry, OPERATOR, self.world, replaying=self.replaying)
        batch.hold(self.held)
        result = batch.run(arrivals, waiting, news)
        gone = set(result.unparked) | {a.parked for a in result.parked.values() if a.parked is not None}
        left = [arrival for n, arrival in enumerate(self.parked) if n not in gone]
        self.parked = left + [replace(arrival, parked=None) for arrival in result.parked.values()]
        self.held += [letter.hold for letter in result.letters if letter.hold]
        return result


def event(data: Data, name: str = "e-1", by: PartnerRegistered = MENSO, **more: Any) -> Event:
    """The data as an event of a partner."""
    fields: dict[str, Any] = {
        "id": name,
        "source": f"{by.urn}:systeem:kantoor",
        "time": NOON,
        "key": data.kafka_key,
        "data": data,
        "partner": by.partner,
        "stream": data.STREAM,
    }
    return Event(**(fields | more))


def arrival(data: Data, name: str, offset: int = 0, **more: Any) -> Arrival:
    """The data as a sound record of Menso's own topic."""
    each = event(data, name, **more)
    topic = TOPICS.of(each.partner, each.stream)
    return Arrival(Record(topic, b"{}", each.key.encode(), 0, offset, 1000), each)


def registered(participant: str = "p-1") -> ParticipantRegistered:
    return ParticipantRegistered.sample().model_copy(update={"participant": participant})


def stepped(participant: str = "p-1", place: str | None = None) -> ParticipantStepped:
    return ParticipantStepped.sample().model_copy(update={"participant": participant, "place": place})


def paused(participant: str = "p-1") -> ParticipantPaused:
    return ParticipantPaused.sample().model_copy(update={"participant": participant})


def resumed(participant: str = "p-1") -> ParticipantResumed:
    return ParticipantResumed.sample().model_copy(update={"participant": participant})


def moved(participant: str = "p-1") -> ParticipantMoved:
    return ParticipantMoved.sample().model_copy(update={"participant": participant})


def erased(participant: str = "p-1") -> ParticipantErased:
    return ParticipantErased.sample().model_copy(update={"participant": participant})


def left(participant: str = "p-1") -> ParticipantLeft:
    return ParticipantLeft.sample().model_copy(update={"participant": participant})


def offered(place: str) -> PlaceOffered:
    return PlaceOffered.sample().model_copy(update={"place": place})
