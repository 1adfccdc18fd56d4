"""What an event builds on, and what others that wait can build on once it is known.

Nothing orders one topic against another. What builds on a fact that is not known yet waits for it, by
name, and takes its turn when that name is provided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.matching.rules import answers, people
from services.matching.rules.proposals import State, proposal_of
from services.matching.world import World
from shared.contracts import (
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
    PlacementEnded,
    PlacementStarted,
    PlaceOffered,
    PlaceWithdrawn,
    ProposalAnswered,
    ProposalMade,
    ReservationGranted,
)
from shared.messaging.event import Event


def provides(event: Event) -> Iterable[str]:
    """What is known from now on."""
    match event.data:
        case ParticipantRegistered() as data:
            return (f"participant:{data.participant}", f"guide:{data.participant}:{event.partner}")
        case ParticipantTransferOffered() as data:
            return (f"transfer:{data.transfer}",)
        case ParticipantTransferAccepted() as data:
            return (f"guide:{data.participant}:{event.partner}",)
        case ParticipantLeft() as data:
            return (f"free:{data.participant}",)
        case ParticipantAdvised() as data:
            return (f"advice:{data.participant}",)
        case PlaceOffered() as data:
            return (f"place:{data.place}",)
        case PlacementStarted() as data:
            return (f"placement:{data.placement}",)
        case ReservationGranted() as data:
            return (f"proposal:{proposal_of(data.reservation)}",)
        case ProposalMade() as data:
            return (f"proposal:{data.proposal}",)
    return ()


def missing(world: World, event: Event, operator: str) -> Sequence[str]:
    """What the event builds on and is not known yet."""
    match event.data:
        case (
            ParticipantRegistered()
            | ParticipantTransferAccepted()
            | ParticipantTransferOffered()
            | ParticipantLeft()
            | ParticipantMoved()
            | ParticipantPaused()
            | ParticipantResumed()
            | ParticipantStepped()
            | ParticipantErased()
        ) as data:
            transfer = (
                world.transfers.get(data.transfer) if isinstance(data, ParticipantTransferAccepted) else None
            )
            return people.missing_for(world.people.get(data.participant), data, event.partner, transfer)
        case ParticipantDecided() as data:
            # Whatever the decision: one that waited must not be overtaken by the next one.
            known = {
                f"participant:{data.participant}": data.participant in world.people,
                f"advice:{data.participant}": data.participant in world.advices,
                f"partner:{operator}": world.serves is not None,
            }
            return [name for name, there in known.items() if not there]
        case PlaceChanged() | PlaceWithdrawn() | PlacementStarted() as data:
            return () if data.place in world.places else (f"place:{data.place}",)
        case PlacementEnded() as data:
            return () if data.placement in world.placements else (f"placement:{data.placement}",)
        case ProposalAnswered() as data:
            proposal = world.proposals.get(data.proposal)
            if proposal is None or proposal.state in {State.UNKNOWN, State.REQUESTED}:
                return (f"proposal:{data.proposal}",)
            person = world.people.get(data.participant)
            return answers.missing_guide(proposal, data, event.partner, person)
    return ()
