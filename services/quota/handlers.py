"""What the ledger does with each event: the whole behaviour on one page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Final

from services.quota import deciding, learning, store
from services.quota.touched import Touched, touch
from services.quota.world import World
from shared.contracts import (
    BridgeEnded,
    BridgeOffered,
    CapacityChanged,
    ClockTicked,
    Data,
    FiguresReported,
    FundAssigned,
    MunicipalitiesMerged,
    ParticipantMoved,
    ParticipantRegistered,
    PlacementChanged,
    PlacementEnded,
    PlacementStarted,
    PolicyAdopted,
    ProposalDeclined,
    ProposalExpired,
    ProposalWithdrawn,
    ReservationExpired,
    ReservationGranted,
    ReservationRefused,
    ReservationReleased,
    ReservationRequested,
    ReservationUsed,
    ServiceName,
    Stream,
    TargetSet,
    WaitingJoined,
    WaitingLeft,
)
from shared.messaging.event import Event
from shared.messaging.registry import Registry
from shared.messaging.service import EVERYTHING, Connection, Draft, Service
from shared.messaging.transaction import Together

Decide = Callable[[World, Event, Any], Sequence[Draft]]
Evolve = Callable[[World, Event, Any], None]


class Quota(Service[World]):
    """The ledger of the municipalities that the operator runs it for.

    Args:
        operator: the partner in whose name it speaks.
    """

    name: ClassVar = ServiceName.QUOTA
    pace_s: ClassVar = 0.050
    """No caller or message waits for it, and those who are waited for have the machine meanwhile."""
    streams: ClassVar = frozenset({Stream.INTAKE, Stream.MATCHING})
    tables: ClassVar = (
        "targets",
        "policies",
        "mergers",
        "domiciles",
        "placements",
        "statements",
        "earmarks",
        "spells",
        "stock",
        "waits",
        "reservations",
        "capacities",
        "reports",
    )

    def __init__(self, operator: str) -> None:
        self._operator = operator
        self.types = frozenset(data.TYPE for data in DECIDE | EVOLVE)

    def touches(self, event: Event) -> Iterable[str]:
        """One ledger, one line: what is granted to one is not there for another."""
        if isinstance(event.data, ClockTicked):
            return (EVERYTHING,)
        return ("ledger",) if event.type in self.types else ()

    def provides(self, event: Event) -> Iterable[str]:
        """A person, a placement or a request is known from now on."""
        match event.data:
            case ParticipantRegistered() as data:
                return (f"participant:{data.participant}",)
            case PlacementStarted() as data:
                return (f"placement:{data.placement}",)
            case ReservationRequested() as data:
                return (f"reservation:{data.reservation}",)
        return ()

    def missing(self, world: World, event: Event) -> Sequence[str]:
        """Contracts wait for the person, what is said of a contract for it, and the rest for its request.

        A proposal and the request it rests on have different keys, so the proposal may fall before the
        request is known; a decision comes before its request in a replay only.
        """
        match event.data:
            case ParticipantMoved() | PlacementStarted() as data:
                known = bool(world.domiciles.of("participant", data.participant))
                return () if known else (f"participant:{data.participant}",)
            case PlacementChanged() | PlacementEnded() | FundAssigned() as data:
                return () if data.placement in world.placements else (f"placement:{data.placement}",)
            case ReservationRequested() if world.serves is None:
                return (f"partner:{self._operator}",)
            case ProposalDeclined() | ProposalExpired() | ProposalWithdrawn() as data:
                known = data.reservation is None or data.reservation in world.reservations
                return () if known else (f"reservation:{data.reservation}",)
            case (
                ReservationGranted()
                | ReservationRefused()
                | ReservationReleased()
                | ReservationExpired()
                | ReservationUsed()
            ) as data:
                known = data.reservation in world.reservations
                return () if known else (f"reservation:{data.reservation}",)
        return ()

    async def load(self, connection: Connection, events: Sequence[Event], registry: Registry) -> World:
        """Read what the events touch."""
        serves = served(registry, self._operator)
        touched = Touched()
        for event in events:
            touch(touched, event, serves or frozenset())
        return await store.load(connection, touched, serves)

    def decide(self, world: World, event: Event) -> Sequence[Draft]:
        """What is granted, refused, given back, used or expired because of this event."""
        rule = DECIDE.get(type(event.data))
        return () if rule is None else rule(world, event, event.data)

    def evolve(self, world: World, event: Event) -> None:
        """Enter the event in the ledger."""
        rule = EVOLVE.get(type(event.data))
        if rule is not None:
            rule(world, event, event.data)

    async def save(self, connection: Together, world: World) -> None:
        """Write what changed."""
        await store.save(connection, world)


def served(registry: Registry, operator: str) -> frozenset[str] | None:
    """The municipalities whose ledger the operator runs; None while the registry does not know it."""
    partner = registry.partners.get(operator)
    if partner is None:
        return None
    runs = [run for run in partner.services if run.service is ServiceName.QUOTA]
    return frozenset(m for run in runs for m in run.for_municipalities or partner.municipalities)


DECIDE: Final[dict[type[Data], Decide]] = {
    ReservationRequested: deciding.answer,
    ProposalDeclined: deciding.give_back,
    ProposalExpired: deciding.give_back,
    ProposalWithdrawn: deciding.give_back,
    WaitingLeft: deciding.left_the_list,
    PlacementStarted: deciding.use,
    PlacementChanged: deciding.use,
    PlacementEnded: deciding.refuse_contradiction,
    ClockTicked: deciding.on_tick,
}
"""What is stated because of an event."""

EVOLVE: Final[dict[type[Data], Evolve]] = {
    TargetSet: learning.target_set,
    PolicyAdopted: learning.policy_adopted,
    MunicipalitiesMerged: learning.merged,
    ParticipantRegistered: learning.lives,
    ParticipantMoved: learning.lives,
    PlacementStarted: learning.placement_stated,
    PlacementChanged: learning.placement_stated,
    PlacementEnded: learning.placement_stated,
    FundAssigned: learning.fund_assigned,
    WaitingJoined: learning.waits,
    BridgeOffered: learning.waits,
    BridgeEnded: learning.waits,
    WaitingLeft: learning.waits,
    ReservationRequested: learning.requested,
    ReservationGranted: learning.decided,
    ReservationRefused: learning.decided,
    ReservationReleased: learning.decided,
    ReservationExpired: learning.decided,
    ReservationUsed: learning.decided,
    CapacityChanged: learning.capacity_stated,
    FiguresReported: learning.figures_reported,
}
"""How an event, someone's or the ledger's own, changes what is known."""
