"""What the ledger learns: each event, someone's or its own, entered as it comes."""

from __future__ import annotations

from services.quota.rules import (
    capacity,
    contracts,
    earmarks,
    mergers,
    numbers,
    policies,
    reported,
    reservations,
    waiting,
)
from services.quota.rules.domicile import Domicile
from services.quota.world import World
from shared.contracts import (
    CapacityChanged,
    FiguresReported,
    FundAssigned,
    MunicipalitiesMerged,
    ParticipantMoved,
    ParticipantRegistered,
    PlacementStarted,
    PolicyAdopted,
    PolicyKind,
    ReservationRequested,
    ReservationUsed,
    TargetSet,
)
from shared.messaging.event import Event
from shared.messaging.identity import derived_id


def target_set(world: World, event: Event, data: TargetSet) -> None:
    """A number, as the next version of it."""
    known = world.targets.of("municipality", data.municipality)
    world.targets.put(numbers.recorded(data, event.time, known))


def policy_adopted(world: World, event: Event, data: PolicyAdopted) -> None:
    """How to count, or how long room is held; the order of the list is matching's."""
    if data.kind is PolicyKind.ORDER:
        return
    known = world.policies.of("municipality", data.municipality)
    world.policies.put(policies.recorded(data, event.time, known))


def merged(world: World, event: Event, data: MunicipalitiesMerged) -> None:
    """Codes that ended in another."""
    for merger in mergers.recorded(data, event.time):
        if world.mergers.get((merger.predecessor, merger.municipality, merger.merged_on)) is None:
            world.mergers.put(merger)


def lives(world: World, event: Event, data: ParticipantRegistered | ParticipantMoved) -> None:
    """Where somebody lives."""
    from_on = data.registered_on if isinstance(data, ParticipantRegistered) else data.moved_on
    fact = derived_id(event, "domicile")
    world.domiciles.put(Domicile(data.participant, fact, data.municipality, from_on, event.time))
    world.recount(data.participant)


def placement_stated(world: World, event: Event, data: contracts.Fact) -> None:
    """What a host says of a placement."""
    known = world.placements.get(data.placement)
    if contracts.contradicts(data, event.partner, known):
        return
    if isinstance(data, PlacementStarted):
        world.placements.put(contracts.placed(data, event.partner))
    number = len(world.statements.of("placement", data.placement)) + 1
    world.statements.put(contracts.stated(data, number, event.time))
    world.recount(data.participant)


def fund_assigned(world: World, event: Event, data: FundAssigned) -> None:
    """Who pays for a contract."""
    known = world.earmarks.of("placement", data.placement)
    world.earmarks.put(earmarks.recorded(data, event.time, known))
    world.recount(world.placements[data.placement].participant)


def waits(world: World, event: Event, data: waiting.Said) -> None:
    """Somebody's wait, as matching tells of it."""
    number = len(world.waits.of("participant", data.participant)) + 1
    world.waits.put(waiting.recorded(data, number, event.time))


def requested(world: World, event: Event, data: ReservationRequested) -> None:
    """A request, which is matching's fact."""
    if data.reservation not in world.reservations:
        world.reserve(reservations.requested(data, event.time))


def decided(world: World, event: Event, data: reservations.Decision) -> None:
    """What the ledger decided on a request."""
    known = world.reservations[data.reservation]
    world.reserve(reservations.decided(known, data, event.time))
    if isinstance(data, ReservationUsed):
        world.took_room(data.placement)


def capacity_stated(world: World, _event: Event, data: CapacityChanged) -> None:
    """What the ledger told of a year."""
    world.capacities.put(capacity.stated(data))


def figures_reported(world: World, _event: Event, data: FiguresReported) -> None:
    """What the ledger reported of a month."""
    if (data.municipality, data.on) not in world.reports:
        world.reports.put(reported.kept(data))
