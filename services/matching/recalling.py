"""How what matching stated itself changes what is known; a replay does this and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from services.matching.rules import deviations, places, proposals, waiting, weighing
from services.matching.rules.proposals import ALIVE, proposal_of
from services.matching.world import World
from shared.contracts import (
    AnsweredBy,
    BridgeDue,
    BridgeEnded,
    BridgeOffered,
    Data,
    DeviationReported,
    PlaceFilled,
    PlaceFreed,
    PlaceWeighed,
    ProposalAccepted,
    ProposalDeclined,
    ProposalExpired,
    ProposalMade,
    ProposalWithdrawn,
    ReservationRequested,
    WaitingChanged,
    WaitingJoined,
    WaitingLeft,
    WaitingPassedOver,
)
from shared.messaging.event import Event

Evolve = Callable[[World, Event, Any], None]


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


def _bridge_offered(world: World, event: Event, data: BridgeOffered) -> None:
    _change_wait(world, data.participant, bridge=data.rung, bridged_on=data.offered_on, bridge_ended_on=None)
    proposal = world.proposals.get(data.proposal or "")
    if proposal is not None and proposal.state in ALIVE:
        world.proposals.put(proposals.placed(proposal, data.offered_on, event.time))
        _forget_answers(world, proposal.proposal)


def _bridge_ended(world: World, _event: Event, data: BridgeEnded) -> None:
    _change_wait(world, data.participant, bridge_ended_on=data.ended_on, bridge_due_on=None)


def _requested(world: World, event: Event, data: ReservationRequested) -> None:
    known = world.proposals.get(proposal_of(data.reservation))
    world.proposals.put(proposals.requested(known, data, event.time))


def _made(world: World, event: Event, data: ProposalMade) -> None:
    made = proposals.opened(world.proposals.get(data.proposal), data, event.time)
    world.proposals.put(made)
    if not made.bridge:
        _change_wait(world, data.participant, proposal=data.proposal, passed_over=None)


def _accepted(world: World, _event: Event, data: ProposalAccepted) -> None:
    world.proposals.put(proposals.accepted(world.proposals[data.proposal]))


def _closed(world: World, event: Event, data: ProposalDeclined | ProposalExpired | ProposalWithdrawn) -> None:
    closed = proposals.closed(world.proposals.get(data.proposal), data, event.time)
    world.proposals.put(closed)
    _forget_answers(world, data.proposal)
    wait = world.waiting.get(data.participant)
    if wait is None:
        return
    declined, refusals = wait.declined, wait.refusals
    if isinstance(data, ProposalDeclined) and data.place not in declined:
        declined = (*declined, data.place)
    # Who refuses a bridge has refused no sheltered work: an order that counts refusals counts it not.
    if isinstance(data, ProposalDeclined) and data.by is not AnsweredBy.HOST and not closed.bridge:
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


OWN: Final[dict[type[Data], Evolve]] = {
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
"""How each event of matching's own changes what is known."""
