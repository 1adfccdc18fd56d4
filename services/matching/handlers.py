"""What matching does with each event: the whole behaviour on one page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar, Final

from msgspec.structs import replace

from services.matching import depending, learning, store
from services.matching.bridging import propose_bridges
from services.matching.proposing import propose
from services.matching.rules import answers, falling, passing, proposals, waiting
from services.matching.rules.proposals import State, proposal_of
from services.matching.ticking import (
    Phase,
    Tick,
    bridge,
    change,
    come_back,
    end_bridge,
    expire,
    join,
    leave,
    seat,
    settle,
    withdraw,
)
from services.matching.world import TABLES, World
from shared.contracts import (
    ClockTicked,
    Data,
    DeviationDecided,
    ParticipantDecided,
    ParticipantTransferAccepted,
    PlaceChanged,
    PlacementEnded,
    PlacementStarted,
    PlaceOffered,
    PlaceWithdrawn,
    PolicyAdopted,
    ProposalAnswered,
    ProposalWithdrawReason,
    RefusalCode,
    ReservationGranted,
    ReservationRefused,
    ServiceName,
    Stream,
)
from shared.messaging.event import Event
from shared.messaging.identity import derived_id
from shared.messaging.refusal import Refused
from shared.messaging.registry import Registry, amsterdam_date
from shared.messaging.service import EVERYTHING, Connection, Draft, Service
from shared.messaging.transaction import Together

Decide = Callable[[World, Event, Any], Sequence[Draft]]

PHASES: Final[tuple[Phase, ...]] = (
    settle,
    expire,
    leave,
    withdraw,
    join,
    come_back,
    leave,
    change,
    end_bridge,
    bridge,
    seat,
    propose,
    propose_bridges,
)
"""What a tick sets in motion, in this order: what ends first, then what begins.

`leave` once more after who joins: a right of somebody who has a sheltered job is served at once.
"""


class Matching(Service[World]):
    """The list, places and proposals of the municipalities that the operator runs it for.

    Args:
        operator: the partner in whose name it speaks.
    """

    name: ClassVar = ServiceName.MATCHING
    streams: ClassVar = frozenset({Stream.INTAKE, Stream.PROFILES, Stream.QUOTA})
    tables: ClassVar = tuple(TABLES)

    def __init__(self, operator: str) -> None:
        self._operator = operator
        self.types = frozenset(data.TYPE for data in DECIDE.keys() | learning.EVOLVE.keys())

    def touches(self, event: Event) -> Iterable[str]:
        """Whatever the event names, and so all that it waits for or provides."""
        if isinstance(event.data, ClockTicked):
            return (EVERYTHING,)
        return learning.names(event) if event.type in self.types else ()

    def provides(self, event: Event) -> Iterable[str]:
        """What is known from now on."""
        return depending.provides(event)

    def missing(self, world: World, event: Event) -> Sequence[str]:
        """What the event builds on and is not known yet."""
        return depending.missing(world, event, self._operator)

    async def load(self, connection: Connection, events: Sequence[Event], registry: Registry) -> World:
        """Read what the events touch; a tick looks at all that stands."""
        return await store.load(connection, events, served(registry, self._operator), speaks_for(registry))

    def decide(self, world: World, event: Event) -> Sequence[Draft]:
        """What is stated because of this event."""
        rule = DECIDE.get(type(event.data))
        return () if rule is None else rule(world, event, event.data)

    def evolve(self, world: World, event: Event) -> None:
        """Remember the event."""
        learning.learn(world, event)

    async def save(self, connection: Together, world: World) -> None:
        """Write what changed."""
        await store.save(connection, world)


def served(registry: Registry, operator: str) -> frozenset[str] | None:
    """The municipalities whose list the operator keeps; None while the registry does not know it."""
    partner = registry.partners.get(operator)
    if partner is None:
        return None
    runs = [run for run in partner.services if run.service is ServiceName.MATCHING]
    return frozenset(m for run in runs for m in run.for_municipalities or partner.municipalities)


def speaks_for(registry: Registry) -> dict[str, frozenset[str]]:
    """Whose municipality each partner is or works for."""
    return {name: frozenset(partner.municipalities) for name, partner in registry.partners.items()}


def _decided(world: World, event: Event, data: ParticipantDecided) -> Sequence[Draft]:
    """Granted: the person waits (Pw art. 10b); refused or withdrawn takes effect at the tick."""
    _only_its_own(world, event, data.municipality)
    person = world.people[data.participant]
    if data.municipality not in (world.serves or ()):
        return ()
    if not waiting.joins_at_once(world.waiting.get(data.participant), data, person):
        return ()
    decision = waiting.decided(world.decisions.get((data.participant, data.municipality)), data)
    return [waiting.joins(decision, person, world.advices.get(data.participant))]


def _stated_for(world: World, event: Event, data: PolicyAdopted | DeviationDecided) -> Sequence[Draft]:
    return _only_its_own(world, event, data.municipality)


def _only_its_own(world: World, event: Event, municipality: str) -> Sequence[Draft]:
    if not learning.speaks_for(world, event, municipality):
        raise Refused(
            RefusalCode.ROLE_NOT_ALLOWED, "that is another municipality's to state", "data.municipality"
        )
    return ()


def _accepted_transfer(world: World, event: Event, data: ParticipantTransferAccepted) -> Sequence[Draft]:
    if not learning.offered_to(world, data, event.partner):
        raise Refused(
            RefusalCode.PERSON_NOT_YOURS, "the hand-over was offered to another partner", "data.transfer"
        )
    return ()


def _of_host(world: World, event: Event, data: learning.OfPlace) -> Sequence[Draft]:
    """Only the host that offered a place states what happens there."""
    if not learning.is_host(world, data, event.partner):
        raise Refused(RefusalCode.STATE_CONFLICT, "the place is another host's", "data.place")
    return ()


def _granted(world: World, _event: Event, data: ReservationGranted) -> Sequence[Draft]:
    """There is room: the place is proposed. What fell meanwhile gives the room back, once more."""
    proposal = world.proposals.get(proposal_of(data.reservation))
    if proposal is None:
        return ()
    if proposal.state is State.WITHDRAWN and proposal.made_on is None:
        reason = ProposalWithdrawReason(proposal.outcome or ProposalWithdrawReason.PARTICIPANT_LEFT)
        return [falling.withdrawn(proposal, reason, data.granted_on)]
    return [proposals.made(proposal, data)] if proposal.state is State.REQUESTED else ()


def _refused(world: World, _event: Event, data: ReservationRefused) -> Sequence[Draft]:
    """No room: the person stays in line, and is owed a bridge (Pw art. 10b(7))."""
    proposal = world.proposals.get(proposal_of(data.reservation))
    if proposal is None or proposal.state is not State.REQUESTED:
        return ()
    wait = world.waiting.get(data.participant)
    told = passing.refused(wait, proposal.rank, proposal.policy, data)
    return () if told is None else [told]


def _answered(world: World, event: Event, data: ProposalAnswered) -> Sequence[Draft]:
    """The guide's answer counts at once; another's at the tick, when all have been heard."""
    proposal = world.proposals[data.proposal]
    person = world.people.get(data.participant)
    if not answers.counts(proposal, data, event.partner, person):
        raise _not_taken(world, event, data)
    if event.partner != proposal.guide:
        return ()
    given = {(a.by, a.partner): a for a in world.answers_to(data.proposal) if a.partner == event.partner}
    given[data.by, event.partner] = answers.said(data, event.partner)
    verdict = answers.verdict(proposal, given.values())
    return () if verdict is None else [verdict]


def _not_taken(world: World, event: Event, data: ProposalAnswered) -> Refused:
    proposal = world.proposals[data.proposal]
    if proposal.participant != data.participant:
        return Refused(RefusalCode.STATE_CONFLICT, "the proposal is for somebody else", "data.participant")
    if not answers.may_answer(proposal, data, event.partner, world.people.get(data.participant)):
        return Refused(RefusalCode.PERSON_NOT_YOURS, f"not {event.partner}'s to answer", "data.by")
    if not answers.in_time(proposal, data):
        return Refused(
            RefusalCode.STATE_CONFLICT,
            f"it could be answered until {proposal.expires_on}",
            "data.answered_on",
        )
    return Refused(RefusalCode.STATE_CONFLICT, f"the proposal is {proposal.state} already", "data.proposal")


def _on_tick(world: World, event: Event, data: ClockTicked) -> Sequence[Draft]:
    """Let the phases follow each other, each on what the ones before have stated."""
    if world.serves is None:
        return ()
    tick = Tick(amsterdam_date(data.at), event.time, partial(derived_id, event))
    ahead, drafts = world.fork(), []
    for phase in PHASES:
        for stated in list(phase(ahead, tick)):
            drafts.append(stated)
            learning.learn(ahead, replace(event, data=stated))
    return drafts


DECIDE: Final[dict[type[Data], Decide]] = {
    ParticipantDecided: _decided,
    ParticipantTransferAccepted: _accepted_transfer,
    PolicyAdopted: _stated_for,
    DeviationDecided: _stated_for,
    PlaceOffered: _of_host,
    PlaceChanged: _of_host,
    PlaceWithdrawn: _of_host,
    PlacementStarted: _of_host,
    PlacementEnded: _of_host,
    ReservationGranted: _granted,
    ReservationRefused: _refused,
    ProposalAnswered: _answered,
    ClockTicked: _on_tick,
}
"""What is stated because of an event, or why it is not taken."""
