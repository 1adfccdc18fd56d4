"""What the ledger does with each event: the whole behaviour on one page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, ClassVar, Final

from services.quota import store
from services.quota.rules import capacity, contracts, numbers, policies, reservations
from services.quota.rules.domicile import Domicile
from services.quota.rules.room import Room, room
from services.quota.world import Touched, World, touch
from shared.contracts import (
    CapacityChanged,
    ClockTicked,
    Data,
    ParticipantMoved,
    ParticipantRegistered,
    PlacementChanged,
    PlacementEnded,
    PlacementStarted,
    PolicyAdopted,
    PolicyKind,
    ProposalDeclined,
    ProposalExpired,
    ProposalWithdrawn,
    RefusalCode,
    ReservationExpired,
    ReservationGranted,
    ReservationRefused,
    ReservationReleased,
    ReservationRequested,
    ReservationUsed,
    Rung,
    ServiceName,
    Stream,
    TargetSet,
    WaitingLeft,
)
from shared.contracts.placements import ContractKind
from shared.messaging.event import Event, derived_id
from shared.messaging.refusal import Refused
from shared.messaging.registry import Registry, amsterdam_date
from shared.messaging.service import EVERYTHING, Connection, Draft, Service

Decide = Callable[[World, Event, Any], Sequence[Draft]]
Evolve = Callable[[World, Event, Any], None]


class Quota(Service[World]):
    """The ledger of the municipalities that the operator runs it for.

    Args:
        operator: the partner in whose name it speaks.
    """

    name: ClassVar = ServiceName.QUOTA
    streams: ClassVar = frozenset({Stream.INTAKE, Stream.MATCHING})
    tables: ClassVar = (
        "targets",
        "policies",
        "domiciles",
        "placements",
        "statements",
        "stock",
        "reservations",
        "capacities",
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
        """Contracts wait for the person, changes for the contract, decisions for their request.

        The last happens in a replay only, where topics interleave otherwise than they did.
        """
        match event.data:
            case ParticipantMoved() | PlacementStarted() as data:
                known = bool(world.domiciles.of("participant", data.participant))
                return () if known else (f"participant:{data.participant}",)
            case PlacementChanged() | PlacementEnded() as data:
                return () if data.placement in world.placements else (f"placement:{data.placement}",)
            case ReservationRequested() if world.serves is None:
                return (f"partner:{self._operator}",)
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

    async def save(self, connection: Connection, world: World) -> None:
        """Write what changed."""
        await store.save(connection, world)


def served(registry: Registry, operator: str) -> frozenset[str] | None:
    """The municipalities whose ledger the operator runs; None while the registry does not know it."""
    partner = registry.partners.get(operator)
    if partner is None:
        return None
    runs = [run for run in partner.services if run.service is ServiceName.QUOTA]
    return frozenset(m for run in runs for m in run.for_municipalities or partner.municipalities)


# What others state, entered as it comes.


def _target_set(world: World, event: Event, data: TargetSet) -> None:
    known = world.targets.of("municipality", data.municipality)
    world.targets.put(numbers.recorded(data, event.time, known))


def _policy_adopted(world: World, event: Event, data: PolicyAdopted) -> None:
    if data.kind is PolicyKind.ORDER:
        return
    known = world.policies.of("municipality", data.municipality)
    world.policies.put(policies.recorded(data, event.time, known))


def _lives(world: World, event: Event, data: ParticipantRegistered | ParticipantMoved) -> None:
    before = world.periods_of(data.participant)
    from_on = data.registered_on if isinstance(data, ParticipantRegistered) else data.moved_on
    fact = derived_id(event, "domicile")
    world.domiciles.put(Domicile(data.participant, fact, data.municipality, from_on, event.time))
    world.stock.replace(before, world.periods_of(data.participant))


def _placement_stated(world: World, event: Event, data: contracts.Fact) -> None:
    known = world.placements.get(data.placement)
    if contracts.contradicts(data, event.partner, known):
        return
    before = world.periods_of(data.participant)
    if isinstance(data, PlacementStarted):
        world.placements.put(contracts.placed(data, event.partner))
    number = len(world.statements.of("placement", data.placement)) + 1
    world.statements.put(contracts.stated(data, number, event.time))
    world.stock.replace(before, world.periods_of(data.participant))


def _requested(world: World, event: Event, data: ReservationRequested) -> None:
    if data.reservation not in world.reservations:
        world.reservations.put(reservations.requested(data, event.time))


# What the ledger decides.


def _answer(world: World, event: Event, data: ReservationRequested) -> Sequence[Draft]:
    if data.municipality not in (world.serves or ()) or data.reservation in world.reservations:
        return ()
    today = amsterdam_date(event.time)
    held = reservations.held(world.reservations.of("holding", data.municipality), event.time)
    days = policies.reservation_days(world.policies.of("municipality", data.municipality), today)
    return [reservations.answer(data, _room(world, data.municipality, data.year, today, held), today, days)]


def _give_back(world: World, event: Event, data: reservations.Closing) -> Sequence[Draft]:
    reason = reservations.why_closed(data)
    if data.reservation is None or reason is None:
        return ()
    known = world.reservations.get(data.reservation)
    return reservations.release(known, reason, amsterdam_date(event.time))


def _left_the_list(world: World, event: Event, data: WaitingLeft) -> Sequence[Draft]:
    reason = reservations.why_left(data.reason)
    if reason is None:
        return ()
    open_ = sorted(world.reservations.of("granted", data.participant), key=lambda r: r.reservation)
    day = amsterdam_date(event.time)
    return [released for known in open_ for released in reservations.release(known, reason, day)]


def _use(world: World, event: Event, data: PlacementStarted | PlacementChanged) -> Sequence[Draft]:
    """A contract that begins to count takes the room that was held for it."""
    _refuse_contradiction(world, event, data)
    known = world.placements.get(data.placement)
    rung, place, since = (
        (data.rung, data.place, data.starts_on)
        if isinstance(data, PlacementStarted)
        else (known.rung if known else None, known.place if known else "", data.changed_on)
    )
    stood = any(
        statement.contract is not ContractKind.NONE
        for statement in world.statements.of("placement", data.placement)
    )
    if rung is not Rung.SHELTERED_WORK or data.contract is ContractKind.NONE or stood:
        return ()
    open_ = world.reservations.of("granted", data.participant)
    return reservations.use(open_, data.placement, place, since, amsterdam_date(event.time))


def _refuse_contradiction(world: World, event: Event, data: contracts.Fact) -> Sequence[Draft]:
    known = world.placements.get(data.placement)
    if contracts.contradicts(data, event.partner, known):
        raise Refused(
            RefusalCode.STATE_CONFLICT, "the placement is of another host or person", "data.placement"
        )
    return ()


def _on_tick(world: World, event: Event, _data: ClockTicked) -> Sequence[Draft]:
    """Expire what is overdue; say how full the number is where that is news."""
    today = amsterdam_date(event.time)
    drafts: list[Draft] = []
    for municipality in sorted(world.serves or ()):
        holding = world.reservations.of("holding", municipality)
        drafts += reservations.expire(holding, today)
        held = capacity.held_before(holding, event.time, today)
        for year, day in capacity.days(world.targets.of("municipality", municipality), today):
            said = capacity.capacity(municipality, year, day, _room(world, municipality, year, day, held))
            if world.capacities.get((municipality, year)) != capacity.stated(said):
                drafts.append(said)
    return drafts


def _room(world: World, municipality: str, year: int, day: date, held: policies.Tally) -> Room:
    of_year = numbers.numbers(world.targets.of("municipality", municipality), year)
    measure = policies.counting(world.policies.of("municipality", municipality), of_year, day)
    return room(of_year, measure, world.stock.occupied(municipality, day), held)


# What the ledger itself stated.


def _decided(world: World, event: Event, data: reservations.Decision) -> None:
    known = world.reservations[data.reservation]
    world.reservations.put(reservations.decided(known, data, event.time))


def _capacity_stated(world: World, _event: Event, data: CapacityChanged) -> None:
    world.capacities.put(capacity.stated(data))


DECIDE: Final[dict[type[Data], Decide]] = {
    ReservationRequested: _answer,
    ProposalDeclined: _give_back,
    ProposalExpired: _give_back,
    ProposalWithdrawn: _give_back,
    WaitingLeft: _left_the_list,
    PlacementStarted: _use,
    PlacementChanged: _use,
    PlacementEnded: _refuse_contradiction,
    ClockTicked: _on_tick,
}
"""What is stated because of an event."""

EVOLVE: Final[dict[type[Data], Evolve]] = {
    TargetSet: _target_set,
    PolicyAdopted: _policy_adopted,
    ParticipantRegistered: _lives,
    ParticipantMoved: _lives,
    PlacementStarted: _placement_stated,
    PlacementChanged: _placement_stated,
    PlacementEnded: _placement_stated,
    ReservationRequested: _requested,
    ReservationGranted: _decided,
    ReservationRefused: _decided,
    ReservationReleased: _decided,
    ReservationExpired: _decided,
    ReservationUsed: _decided,
    CapacityChanged: _capacity_stated,
}
"""How an event, someone's or the ledger's own, changes what is known."""
