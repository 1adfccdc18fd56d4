"""How somebody's fact changes what is known; what matching stated itself does so in `recalling`.

Facts and own events write different fields, so that they may come in any order in a replay. What was
refused when it came changes nothing here either: the same questions are asked (`is_host` and others).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any, Final

from msgspec.structs import replace

from services.matching.recalling import OWN, Evolve
from services.matching.rules import (
    answers,
    deviations,
    fit,
    people,
    places,
    policies,
    proposals,
    room,
    waiting,
)
from services.matching.rules.ladder import Step, StepKind
from services.matching.rules.proposals import proposal_of
from services.matching.world import World
from shared.contracts import (
    CapacityChanged,
    Data,
    DeviationDecided,
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
    ParticipantTransferOffered,
    PlaceChanged,
    PlaceFilled,
    PlaceFreed,
    PlacementEnded,
    PlacementStarted,
    PlaceOffered,
    PlaceWeighed,
    PlaceWithdrawn,
    PolicyAdopted,
    ProfileStated,
    ProposalAnswered,
    ReservationExpired,
    ReservationRefused,
    Rung,
)
from shared.messaging.event import Event
from shared.messaging.identity import derived_id

OfPlace = PlaceOffered | PlaceChanged | PlaceWithdrawn | PlacementStarted | PlacementEnded
_OF_PLACE: Final = frozenset(
    {PlaceOffered, PlaceChanged, PlaceWithdrawn, PlacementStarted, PlaceFilled, PlaceFreed, PlaceWeighed}
)


def learn(world: World, event: Event) -> None:
    """Let the event take effect."""
    rule = EVOLVE.get(type(event.data))
    if rule is not None:
        rule(world, event, event.data)


def names(event: Event) -> Iterator[str]:
    """What the event may change, waits for or makes known, as locks.

    A municipality only where it is the key: a lock that every event of Emmen takes would let one
    instance work at a time.
    """
    for name in _named_by(type(event.data)):
        value = getattr(event.data, name)
        if value is not None:
            yield f"proposal:{proposal_of(value)}" if name == "reservation" else f"{name}:{value}"


@cache
def _named_by(kind: type[Data]) -> tuple[str, ...]:
    """Which fields of a type name something; asking every event for fields it has not is slow."""
    wanted = ["participant", "placement", "proposal", "transfer", "reservation"]
    wanted += ["place"] if kind in _OF_PLACE else []
    wanted += ["municipality"] if kind.KEY == "municipality" else []
    return tuple(name for name in wanted if name in kind.model_fields)


def speaks_for(world: World, event: Event, municipality: str) -> bool:
    """True when the partner is that municipality."""
    return municipality in world.speaks_for.get(event.partner, ())


def offered_to(world: World, data: ParticipantTransferAccepted, partner: str) -> bool:
    """True when it was this partner that was asked to take this person over."""
    transfer = world.transfers.get(data.transfer)
    return transfer is not None and (transfer.participant, transfer.partner) == (data.participant, partner)


def is_host(world: World, data: OfPlace, partner: str) -> bool:
    """True when the partner is the place's host; a new place is whose offers it first."""
    if isinstance(data, PlacementStarted | PlacementEnded):
        known = world.placements.get(data.placement)
        if known is not None and (known.host, known.participant) != (partner, data.participant):
            return False
        if isinstance(data, PlacementEnded):
            return known is not None
    place = world.places.get(data.place)
    return place.host == partner if place is not None else isinstance(data, PlaceOffered)


def _registered(world: World, event: Event, data: ParticipantRegistered) -> None:
    world.people.put(people.registered(world.people.get(data.participant), data, event.partner))
    _step(world, event, data, StepKind.REGISTERED, data.rung, data.registered_on)


def _told(world: World, event: Event, data: people.OfPerson) -> None:
    world.people.put(people.told(world.people[data.participant], data, event.partner))
    if isinstance(data, ParticipantStepped):
        _step(world, event, data, StepKind.STEPPED, data.rung, data.stepped_on, data.place)


def _step(
    world: World, event: Event, data: Any, kind: StepKind, rung: Rung, on: date, place: str | None = None
) -> None:
    person = world.people.get(data.participant)
    if person is not None and person.erased:
        return
    named = derived_id(event, "step")
    world.steps.put(Step(data.participant, named, kind, rung, on, event.partner, place))


def _erased(world: World, _event: Event, data: ParticipantErased) -> None:
    person = world.people[data.participant]
    world.people.put(replace(person, erased=True))
    for partner in person.guides:
        world.profiles.drop((data.participant, partner))
    for stated in [p for p in world.profile_versions if p.participant == data.participant]:
        world.profile_versions.drop((stated.participant, stated.version))
    for step in [s for s in world.steps if s.participant == data.participant]:
        world.steps.drop((step.participant, step.step))


def _transfer_offered(world: World, _event: Event, data: ParticipantTransferOffered) -> None:
    world.transfers.put(people.Transfer(data.transfer, data.participant, data.to))


def _transfer_accepted(world: World, event: Event, data: ParticipantTransferAccepted) -> None:
    if offered_to(world, data, event.partner):
        world.people.put(people.taken_over(world.people[data.participant], event.partner))


def _profile(world: World, event: Event, data: ProfileStated) -> None:
    person = world.people.get(data.participant)
    if person is None or not person.erased:
        stated = fit.stated(data, event.partner, derived_id(event, "profile"))
        world.profiles.put(stated)
        world.profile_versions.put(stated)


def _advised(world: World, _event: Event, data: ParticipantAdvised) -> None:
    world.advices.put(waiting.advised(world.advices.get(data.participant), data))


def _decided(world: World, event: Event, data: ParticipantDecided) -> None:
    if speaks_for(world, event, data.municipality):
        known = world.decisions.get((data.participant, data.municipality))
        world.decisions.put(waiting.decided(known, data))


def _policy(world: World, event: Event, data: PolicyAdopted) -> None:
    if speaks_for(world, event, data.municipality):
        world.policies.put(policies.adopted(data))


def _place(world: World, event: Event, data: PlaceOffered | PlaceChanged) -> None:
    if is_host(world, data, event.partner):
        world.places.put(places.offered(data, event.partner))


def _place_withdrawn(world: World, event: Event, data: PlaceWithdrawn) -> None:
    if is_host(world, data, event.partner):
        world.places.put(replace(world.places[data.place], withdrawn_on=data.withdrawn_on))


def _placement(world: World, event: Event, data: PlacementStarted) -> None:
    if is_host(world, data, event.partner):
        world.placements.put(places.started(data, event.partner))
        _step(world, event, data, StepKind.STARTED, data.rung, data.starts_on, data.place)


def _placement_ended(world: World, event: Event, data: PlacementEnded) -> None:
    if is_host(world, data, event.partner):
        placement = world.placements[data.placement]
        world.placements.put(replace(placement, ended_on=data.ended_on, end_reason=data.reason))
        _step(world, event, data, StepKind.ENDED, placement.rung, data.ended_on, placement.place)


def _deviation(world: World, event: Event, data: DeviationDecided) -> None:
    if speaks_for(world, event, data.municipality):
        known = world.deviations.get((data.deviation, data.participant))
        world.deviations.put(deviations.decided(known, data))


def _answered(world: World, event: Event, data: ProposalAnswered) -> None:
    person = world.people.get(data.participant)
    if answers.counts(world.proposals.get(data.proposal), data, event.partner, person):
        world.answers.put(answers.said(data, event.partner))


def _capacity(world: World, event: Event, data: CapacityChanged) -> None:
    known = world.capacities.get((data.municipality, data.year))
    world.capacities.put(room.told(known, data, event.time))


def _room_refused(world: World, event: Event, data: ReservationRefused) -> None:
    known = world.capacities.get((data.municipality, data.year))
    world.capacities.put(room.refused(known, data, event.time))
    proposal = world.proposals.get(proposal_of(data.reservation))
    world.proposals.put(proposals.room_refused(proposal, data, event.time))


def _room_lost(world: World, event: Event, data: ReservationExpired) -> None:
    proposal = world.proposals.get(proposal_of(data.reservation))
    world.proposals.put(proposals.room_lost(proposal, data, event.time))


EVOLVE: Final[dict[type[Data], Evolve]] = {
    ParticipantRegistered: _registered,
    ParticipantStepped: _told,
    ParticipantMoved: _told,
    ParticipantPaused: _told,
    ParticipantResumed: _told,
    ParticipantLeft: _told,
    ParticipantErased: _erased,
    ParticipantTransferOffered: _transfer_offered,
    ParticipantTransferAccepted: _transfer_accepted,
    ProfileStated: _profile,
    ParticipantAdvised: _advised,
    ParticipantDecided: _decided,
    PolicyAdopted: _policy,
    PlaceOffered: _place,
    PlaceChanged: _place,
    PlaceWithdrawn: _place_withdrawn,
    PlacementStarted: _placement,
    PlacementEnded: _placement_ended,
    ProposalAnswered: _answered,
    CapacityChanged: _capacity,
    ReservationRefused: _room_refused,
    ReservationExpired: _room_lost,
    DeviationDecided: _deviation,
    **OWN,
}
"""How each event changes what is known."""
