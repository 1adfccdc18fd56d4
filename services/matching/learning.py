"""How an event, someone's fact or matching's own, changes what is known.

Facts and own events write different fields, so that they may come in any order in a replay. What was
refused when it came changes nothing here either: the same questions are asked (`is_host` and others).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any, Final

from services.matching.rules import (
    deviations,
    fit,
    people,
    places,
    policies,
    proposals,
    room,
    waiting,
    weighing,
)
from services.matching.rules.ladder import Step, StepKind
from services.matching.rules.proposals import ALIVE, proposal_of
from services.matching.world import World
from shared.contracts import (
    AnsweredBy,
    BridgeDue,
    BridgeEnded,
    BridgeOffered,
    CapacityChanged,
    Data,
    DeviationDecided,
    DeviationReported,
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
    ProposalAccepted,
    ProposalAnswered,
    ProposalDeclined,
    ProposalExpired,
    ProposalMade,
    ProposalWithdrawn,
    ReservationExpired,
    ReservationRefused,
    ReservationRequested,
    Rung,
    WaitingChanged,
    WaitingJoined,
    WaitingLeft,
    WaitingPassedOver,
)
from shared.messaging.event import Event, derived_id

Evolve = Callable[[World, Event, Any], None]
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


# What others state.


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
    if proposals.counts(world.proposals.get(data.proposal), data, event.partner, person):
        world.answers.put(proposals.said(data, event.partner))


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


# What matching itself stated.


def _joined(world: World, _event: Event, data: WaitingJoined) -> None:
    world.waiting.put(waiting.joined(data))
    _serve(world, data.participant, data.municipality, max(data.decided_on, data.joined_on))


def _left(world: World, event: Event, data: WaitingLeft) -> None:
    _serve(world, data.participant, data.municipality, data.left_on)
    wait = world.waiting.get(data.participant)
    if wait is None:
        return
    world.stays.put(waiting.left(wait, data))
    world.waiting.drop(data.participant)
    proposal = world.proposals.get(wait.proposal or "")
    if proposal is not None and proposal.state in ALIVE:
        world.proposals.put(proposals.placed(proposal, data.left_on, event.time))
        _forget_answers(world, proposal.proposal)


def _serve(world: World, participant: str, municipality: str, until: Any) -> None:
    known = world.decisions.get((participant, municipality))
    world.decisions.put(waiting.served(known or waiting.Decision(participant, municipality), until))


def _changed(world: World, _event: Event, data: WaitingChanged) -> None:
    _change_wait(world, data.participant, priority_group=data.priority_group)


def _passed_over(world: World, event: Event, data: WaitingPassedOver) -> None:
    world.passings.put(weighing.passed(data, event.time))
    _change_wait(world, data.participant, passed_over=data.reason, looked_at=data.profile)


def _weighed(world: World, event: Event, data: PlaceWeighed) -> None:
    row = weighing.weighed(data, event.time)
    world.weighings.put(row)
    world.weighed.put(row)


def _deviation_reported(world: World, _event: Event, data: DeviationReported) -> None:
    known = world.deviations.get((data.deviation, data.participant))
    world.deviations.put(deviations.reported(known, data))


def _bridge_due(world: World, _event: Event, data: BridgeDue) -> None:
    _change_wait(world, data.participant, bridge_due_on=data.due_on)


def _bridge_offered(world: World, _event: Event, data: BridgeOffered) -> None:
    _change_wait(world, data.participant, bridge=data.rung, bridged_on=data.offered_on, bridge_ended_on=None)


def _bridge_ended(world: World, _event: Event, data: BridgeEnded) -> None:
    _change_wait(world, data.participant, bridge_ended_on=data.ended_on, bridge_due_on=None)


def _requested(world: World, event: Event, data: ReservationRequested) -> None:
    known = world.proposals.get(proposal_of(data.reservation))
    world.proposals.put(proposals.requested(known, data, event.time))


def _made(world: World, _event: Event, data: ProposalMade) -> None:
    world.proposals.put(proposals.opened(world.proposals.get(data.proposal), data))
    _change_wait(world, data.participant, proposal=data.proposal, passed_over=None)


def _accepted(world: World, _event: Event, data: ProposalAccepted) -> None:
    world.proposals.put(proposals.accepted(world.proposals[data.proposal]))


def _closed(world: World, event: Event, data: ProposalDeclined | ProposalExpired | ProposalWithdrawn) -> None:
    world.proposals.put(proposals.closed(world.proposals.get(data.proposal), data, event.time))
    _forget_answers(world, data.proposal)
    wait = world.waiting.get(data.participant)
    if wait is None:
        return
    declined, refusals = wait.declined, wait.refusals
    if isinstance(data, ProposalDeclined) and data.place not in declined:
        declined = (*declined, data.place)
    if isinstance(data, ProposalDeclined) and data.by is not AnsweredBy.HOST:
        refusals += 1
    standing = None if wait.proposal == data.proposal else wait.proposal
    world.waiting.put(replace(wait, proposal=standing, declined=declined, refusals=refusals))


def _change_wait(world: World, participant: str, **changes: Any) -> None:
    wait = world.waiting.get(participant)
    if wait is not None:
        world.waiting.put(replace(wait, **changes))


def _forget_answers(world: World, proposal: str) -> None:
    for answer in world.answers_to(proposal):
        world.answers.drop((answer.proposal, answer.by, answer.partner))


def _filled(world: World, _event: Event, data: PlaceFilled) -> None:
    world.seats.put(places.filled(data))


def _freed(world: World, _event: Event, data: PlaceFreed) -> None:
    world.seats.drop((data.place, data.participant))


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
    DeviationReported: _deviation_reported,
    WaitingJoined: _joined,
    WaitingChanged: _changed,
    WaitingLeft: _left,
    WaitingPassedOver: _passed_over,
    BridgeDue: _bridge_due,
    BridgeOffered: _bridge_offered,
    BridgeEnded: _bridge_ended,
    ReservationRequested: _requested,
    ProposalMade: _made,
    ProposalAccepted: _accepted,
    ProposalDeclined: _closed,
    ProposalExpired: _closed,
    ProposalWithdrawn: _closed,
    PlaceFilled: _filled,
    PlaceFreed: _freed,
    PlaceWeighed: _weighed,
}
"""How each event changes what is known."""
