"""A door in memory, and the partners of a small region who state things at it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from services.intake.handlers import Intake
from services.intake.rules.guidance import guidance
from services.intake.world import World
from shared.contracts import (
    AdviceOutcome,
    Agreement,
    AskedBy,
    ClockTicked,
    ContractKind,
    Data,
    DecisionOutcome,
    ParticipantAdvised,
    ParticipantDecided,
    ParticipantRegistered,
    PartnerRegistered,
    PartnerService,
    PlacementStarted,
    PlaceOffered,
    Role,
    Rung,
    ServiceName,
    Stream,
)
from shared.messaging.batch import Arrival, Batch, Result
from shared.messaging.event import Event, encode
from shared.messaging.registry import Registry
from shared.messaging.service import Outcome, Record, Status
from shared.messaging.topics import Topics

EMMEN: Final = "0114"
COEVORDEN: Final = "0109"
TOPICS: Final = Topics()
START: Final = datetime(2020, 1, 6, 9, 0, tzinfo=UTC)


def partner(name: str, number: int, *roles: Role, municipality: str = EMMEN) -> PartnerRegistered:
    """A partner, with a made-up number."""
    return PartnerRegistered(
        partner=name,
        display_name=name,
        urn=f"urn:nld:kvknr:{number:08d}",
        roles=roles,
        municipalities=(municipality,),
        services=(PartnerService(service=ServiceName.INTAKE),),
        agreement=Agreement(name="test", effective_on=date(2017, 1, 1)),
    )


REGION: Final = Registry.of(
    [
        partner("menso", 90000002, Role.GUIDE),
        partner("buurtsupport", 90000003, Role.GUIDE, Role.HOST),
        partner("school", 90000004, Role.GUIDE),
        partner("emco", 90000001, Role.HOST),
        partner("uwv", 90000005, Role.ADVISOR),
        partner("gemeente-emmen", 90000006, Role.MUNICIPALITY, Role.REGIE),
        partner("gemeente-coevorden", 90000007, Role.MUNICIPALITY, municipality=COEVORDEN),
    ]
)


def at(minutes: float) -> datetime:
    """A moment, counted from the start of the test's day."""
    return START + timedelta(minutes=minutes)


def event(
    name: str, data: Data, time: datetime, *, stream: Stream = Stream.INBOX, number: str | None = None
) -> Event:
    """What a partner states, as it comes to the door or as it stands on the partner's stream."""
    return Event(
        id=number or f"{name}-{data.TYPE}-{data.kafka_key}-{time.isoformat()}",
        source=f"{REGION.partners[name].urn}:systeem:test",
        time=time,
        key=data.kafka_key,
        data=data,
        partner=name,
        stream=stream,
    )


def arrival(given: Event) -> Arrival:
    """An event as a record that passed the doorkeeper."""
    return Arrival(Record(TOPICS.of(given.partner, given.stream), encode(given), given.key.encode()), given)


@dataclass(slots=True)
class Door:
    """The door with its state in memory; what is parked waits, as it does in the database."""

    serves: Collection[str] = tuple(REGION.partners)
    world: World = field(default_factory=lambda: World(REGION))
    parked: dict[int, Arrival] = field(default_factory=dict)
    stated: list[Event] = field(default_factory=list)
    later: list[Outcome] = field(default_factory=list)

    @property
    def service(self) -> Intake:
        """The service whose door it is."""
        return Intake(
            TOPICS, doors=self.serves, public_url="http://door.example/", ahead=timedelta(minutes=5)
        )

    def take(self, events: Sequence[Event]) -> list[Outcome]:
        """Take events as one batch; what became of each."""
        arrivals = [arrival(each) for each in events]
        result = self._run(arrivals)
        return result.outcomes([each.record for each in arrivals])

    def say(self, name: str, data: Data, time: datetime) -> Outcome:
        """A partner states something at the door."""
        (outcome,) = self.take([event(name, data, time)])
        return outcome

    def hear(self, name: str, data: Data, time: datetime) -> Outcome:
        """A fact comes from the stream of a partner that has another door."""
        (outcome,) = self.take([event(name, data, time, stream=data.STREAM)])
        return outcome

    def tick(self, moment: datetime) -> list[Event]:
        """It is that late now; what the door states because of it."""
        given = Event(
            moment.isoformat(), "urn:test:clock", moment, "-", ClockTicked(at=moment), "", Stream.REGISTRY
        )
        return self._run([Arrival(Record(TOPICS.registry, b"", trusted=given), given)]).stated

    def guide_of(self, participant: str) -> str | None:
        """Who guides a person, as far as this door knows."""
        return guidance(self.world.facts(f"participant:{participant}")).guide

    @property
    def state(self) -> tuple[dict[str, Any], dict[Any, Any]]:
        """All that a replay must rebuild."""
        return (
            {row.subject: row.facts for row in self.world.known},
            {(row.about, row.kind): row for row in self.world.deadlines},
        )

    def _run(self, arrivals: Sequence[Arrival]) -> Result:
        batch = Batch(self.service, REGION, "", self.world)
        result = batch.run(arrivals, [self.parked[number] for number in sorted(self.parked)])
        for number in result.unparked:
            del self.parked[number]
        for waiting in result.parked.values():
            number = waiting.parked or max(self.parked, default=0) + 1
            self.parked[number] = replace(waiting, parked=number)
        self.stated += result.stated
        self.later += result.later
        assert not result.letters, result.letters
        return result


def accepted(outcome: Outcome) -> bool:
    """Whether an event was taken."""
    return outcome.status is Status.ACCEPTED


def registered(
    participant: str = "p-1",
    *,
    municipality: str = EMMEN,
    rung: Rung = Rung.DAY_ACTIVITY,
    on: date = date(2020, 1, 6),
) -> ParticipantRegistered:
    """Somebody is guided from now on."""
    return ParticipantRegistered(
        participant=participant,
        municipality=municipality,
        rung=rung,
        registered_on=on,
        school_leaver=False,
    )


def advised(participant: str = "p-1") -> ParticipantAdvised:
    """UWV advises."""
    return ParticipantAdvised(
        participant=participant,
        outcome=AdviceOutcome.POSITIVE,
        requested_on=date(2020, 1, 6),
        received_on=date(2020, 1, 6),
        advised_on=date(2020, 1, 7),
        asked_by=AskedBy.MUNICIPALITY,
    )


def decided(
    participant: str = "p-1",
    outcome: DecisionOutcome = DecisionOutcome.GRANTED,
    *,
    municipality: str = EMMEN,
    on: date = date(2020, 2, 3),
) -> ParticipantDecided:
    """A municipality decides."""
    return ParticipantDecided(
        participant=participant,
        municipality=municipality,
        outcome=outcome,
        decided_on=on,
        decided_by="team-1",
    )


def place(name: str = "emco-1") -> PlaceOffered:
    """A host offers a place."""
    return PlaceOffered.sample().model_copy(update={"place": name})


def started(
    placement: str = "pl-1",
    participant: str = "p-1",
    place_: str = "emco-1",
    *,
    on: date = date(2020, 3, 2),
    ends_on: date | None = date(2021, 3, 1),
    contract: ContractKind = ContractKind.TEMPORARY,
    rung: Rung = Rung.SHELTERED_WORK,
) -> PlacementStarted:
    """Somebody starts at a place."""
    return PlacementStarted(
        placement=placement,
        participant=participant,
        place=place_,
        rung=rung,
        starts_on=on,
        ends_on=ends_on,
        hours=Decimal(28),
        contract=contract,
    )
