"""The door's whole behaviour: which statement meets which rule, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from services.intake import receipts, refusals, store
from services.intake.rules import deadlines, municipalities, people, placements, places
from services.intake.rules.facts import KEPT, facts_of, subjects
from services.intake.rules.statement import Check, Objection, Statement
from services.intake.world import DEADLINES, KNOWN, World, is_known, promised, reckon, statement
from shared.contracts import (
    AnsweredBy,
    ClockTicked,
    Data,
    DeadlineDue,
    DeviationDecided,
    FundAssigned,
    MunicipalitiesMerged,
    ParticipantAdvised,
    ParticipantDecided,
    ParticipantErased,
    ParticipantLeft,
    ParticipantMoved,
    ParticipantPaused,
    ParticipantRegistered,
    ParticipantResumed,
    ParticipantStepped,
    ParticipantTransferAccepted,
    ParticipantTransferDeclined,
    ParticipantTransferOffered,
    PlaceChanged,
    PlacementChanged,
    PlacementEnded,
    PlacementStarted,
    PlaceOffered,
    PlaceWithdrawn,
    PolicyAdopted,
    ProfileStated,
    ProposalAnswered,
    RefusalCode,
    Role,
    ServiceName,
    Stream,
    TargetSet,
)
from shared.messaging.event import MAX_BYTES, Event, encode, passed_on
from shared.messaging.refusal import Refusal, Refused
from shared.messaging.registry import Registry, amsterdam_date
from shared.messaging.service import (
    EVERYTHING,
    Connection,
    Draft,
    Emit,
    Outcome,
    PassOn,
    Record,
    Service,
)
from shared.messaging.topics import Topics
from shared.messaging.transaction import Together


def _any(_said: Statement[Any]) -> Objection | None:
    """Who may state this type at all, the registry says; there is nothing more to it."""
    return None


CHECKS: Final[Mapping[type[Data], Check]] = {
    ParticipantRegistered: people.registered,
    ParticipantStepped: people.held,
    ParticipantPaused: people.paused,
    ParticipantResumed: people.resumed,
    ParticipantMoved: people.held,
    ParticipantLeft: people.left,
    ParticipantErased: people.erased,
    ParticipantTransferOffered: people.transfer_offered,
    ParticipantTransferAccepted: people.transfer_accepted,
    ParticipantTransferDeclined: people.transfer_declined,
    ProfileStated: people.held,
    ProposalAnswered: people.answered,
    ParticipantAdvised: _any,
    ParticipantDecided: municipalities.decided,
    TargetSet: municipalities.its_own,
    DeviationDecided: municipalities.its_own,
    PolicyAdopted: municipalities.its_own,
    FundAssigned: municipalities.its_own,
    MunicipalitiesMerged: _any,
    PlaceOffered: places.offered,
    PlaceChanged: places.its_own,
    PlaceWithdrawn: places.its_own,
    PlacementStarted: placements.started,
    PlacementChanged: placements.changed,
    PlacementEnded: placements.ended,
}
"""DECIDE: what is held against a statement at the door. What passes goes on to the partner's stream."""

_ROOM_TO_GROW: Final = 2048
"""Bytes; what is written on an event when it is passed on (journey, trace, vault) is well below."""

_OF_A_PERSON: Final = ("participant",)
BUILDS_ON: Final[Mapping[type[Data], Sequence[str]]] = {
    **dict.fromkeys(
        (
            ParticipantStepped,
            ParticipantPaused,
            ParticipantResumed,
            ParticipantMoved,
            ParticipantLeft,
            ParticipantErased,
            ParticipantTransferOffered,
            ParticipantAdvised,
            ParticipantDecided,
            DeviationDecided,
            ProfileStated,
            ProposalAnswered,
        ),
        _OF_A_PERSON,
    ),
    ParticipantTransferAccepted: ("participant", "transfer"),
    ParticipantTransferDeclined: ("participant", "transfer"),
    PlaceChanged: ("place",),
    PlaceWithdrawn: ("place",),
    PlacementStarted: ("participant", "place"),
    PlacementChanged: ("placement",),
    PlacementEnded: ("placement",),
}
"""What must be known before a statement can be judged; until then it is parked."""

PROVIDES: Final[Mapping[type[Data], str]] = {
    ParticipantRegistered: "participant",
    ParticipantTransferOffered: "transfer",
    PlaceOffered: "place",
    PlacementStarted: "placement",
}
"""What becomes known by a statement."""


_REMEMBERED: Final[Sequence[type[Data]]] = (*KEPT, DeadlineDue)


class Intake(Service[World]):
    """The door of one or more partners.

    Args:
        doors: partners whose door this process is.
        public_url: how others reach this process; the vault's address is made of it.
        ahead: how far a statement's time may lie in the future.
    """

    name: ClassVar[ServiceName] = ServiceName.INTAKE
    streams: ClassVar[frozenset[Stream]] = frozenset({Stream.INTAKE})
    tables: ClassVar[tuple[str, ...]] = (KNOWN.name, DEADLINES.name)
    types = frozenset(model.TYPE for model in _REMEMBERED)

    def __init__(self, topics: Topics, *, doors: Collection[str], public_url: str, ahead: timedelta) -> None:
        self._topics = topics
        self._doors = frozenset(doors)
        self._public_url = public_url.rstrip("/")
        self._ahead = ahead

    def touches(self, event: Event) -> Iterable[str]:
        """The person, place and placement it names; a tick looks at everybody's deadlines."""
        if isinstance(event.data, ClockTicked):
            return (EVERYTHING,)
        # The key's own name too, so that the outbox has one key's events in the order of their commits.
        return {*subjects(event.data).values(), f"{event.data.KEY}:{event.key}"}

    def provides(self, event: Event) -> Iterable[str]:
        """What parked statements may build on."""
        field = PROVIDES.get(type(event.data))
        return () if field is None else (f"{field}:{getattr(event.data, field)}",)

    def missing(self, world: World, event: Event) -> Sequence[str]:
        """What a statement at the door builds on and is not known; facts on others' streams were judged."""
        if event.stream is not Stream.INBOX:
            return ()
        data: Any = event.data
        if isinstance(data, ProposalAnswered) and data.by is AnsweredBy.HOST:
            return ()
        fields = BUILDS_ON.get(type(data), ())
        missing = [f"{field}:{getattr(data, field)}" for field in fields if not is_known(world, event, field)]
        if isinstance(data, ParticipantTransferOffered) and data.to not in world.registry.partners:
            missing.append(f"partner:{data.to}")
        if isinstance(data, ParticipantTransferAccepted):
            world.promise(event.partner, data.participant, missing)
        elif not missing and Role.GUIDE in data.ROLES and not isinstance(data, ParticipantTransferDeclined):
            missing = promised(world, event)
        return missing

    async def load(self, connection: Connection, events: Sequence[Event], registry: Registry) -> World:
        """What is known of the subjects that the events name, and on a tick what falls due."""
        return await store.load(connection, events, registry, self._topics)

    def decide(self, world: World, event: Event) -> Sequence[Draft]:
        """Pass on what a partner may state; on a tick state what falls due for the guides served here."""
        if isinstance(event.data, ClockTicked):
            return self._due(world, event.data)
        if event.stream is not Stream.INBOX:
            return ()
        objection = CHECKS[type(event.data)](statement(world, event))
        if objection is not None:
            raise Refused(objection.code, objection.detail, objection.field)
        return (PassOn(event),)

    def evolve(self, world: World, event: Event) -> None:
        """EVOLVE: remember the facts that the rules look at. What is at the door has not happened yet."""
        if event.stream is Stream.INBOX:
            return
        if isinstance(event.data, DeadlineDue):
            about = event.data.placement or event.data.participant
            world.keep(world.deadline(about, event.data.kind).told_of(event.data.due_on))
            return
        for subject, fact in facts_of(event.data, event.time, event.partner, event.key).items():
            world.learn(subject, fact)
            reckon(world, subject, event)

    async def save(self, connection: Together, world: World) -> None:
        """Write what changed, and empty the vault of who was erased."""
        await store.save(connection, world)

    def objection(self, event: Event, record: Record, now: datetime) -> Refusal | None:
        """What no partner may hand in, whatever is known."""
        if event.stream is not Stream.INBOX:
            return None
        return self._too_large(event, record) or refusals.objection(event, now + self._ahead)

    def dataref(self, event: Event) -> str | None:
        """The vault's address for a person, on what the guide states."""
        if {Role.GUIDE} != event.data.ROLES or not self._public_url:
            return None
        return f"{self._public_url}/v1/people/{event.key}"

    def refused(self, record: Record, event: Event | None, refusal: Refusal) -> Sequence[Emit] | None:
        """Over Kafka a refusal comes back as an event; over HTTP the receipt says it."""
        partner = refusals.at_the_door_of(self._topics, record)
        if partner is None:
            return None
        return () if record.over_http else (Emit(refusals.answer(record, event, refusal), partner),)

    async def record_outcomes(self, connection: Together, outcomes: Sequence[Outcome]) -> None:
        """Keep a receipt of everything that came to the door."""
        await receipts.keep(connection, self._topics, outcomes)

    def _too_large(self, event: Event, record: Record) -> Refusal | None:
        """What fits the door must also fit when its journey and address are written on it."""
        if len(record.value or b"") < MAX_BYTES - _ROOM_TO_GROW:
            return None
        leaves = passed_on(event, stream=event.data.STREAM, dataref=self.dataref(event))
        size = len(encode(leaves))
        if size <= MAX_BYTES:
            return None
        return Refusal(RefusalCode.SIZE_TOO_LARGE, f"{size} bytes when it is passed on; {MAX_BYTES} at most")

    def _due(self, world: World, tick: ClockTicked) -> list[Draft]:
        today = amsterdam_date(tick.at)
        due = []
        for deadline in sorted(world.deadlines, key=lambda row: (row.about, row.kind)):
            told = deadlines.falls_due(deadline, world.facts(f"participant:{deadline.participant}"), today)
            if told is not None and told[0] in self._doors:
                due.append(Emit(told[1], told[0]))
        return list(due)
