"""What a tick sets in motion, phase by phase; each sees what the phases before it have stated.

Everything that hangs on more than one topic, on a date that has come, or on more than one person is
stated here and nowhere else: by then all that was said before the tick has been heard, so the same
facts give the same events however they came in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from services.matching.rules import answers, bridges, falling, ladder, places, proposals, waiting
from services.matching.rules.places import Placement, Seat
from services.matching.rules.policies import terms
from services.matching.rules.proposals import Proposal, State
from services.matching.world import World
from shared.contracts import Data, ProposalWithdrawReason, WaitingLeaveReason, WaitingLeft


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick as the phases see it.

    Attributes:
        now: its moment; what was stated at the same moment counts at the next tick.
        named: makes a name that the same tick gives again.
    """

    today: date
    now: datetime
    named: Callable[..., str]


Phase = Callable[[World, Tick], Iterator[Data]]

_WITHDRAWN_AS: Final = {
    WaitingLeaveReason.LEFT: ProposalWithdrawReason.PARTICIPANT_LEFT,
    WaitingLeaveReason.MOVED: ProposalWithdrawReason.PARTICIPANT_MOVED,
    WaitingLeaveReason.WITHDRAWN: ProposalWithdrawReason.DECISION_WITHDRAWN,
    WaitingLeaveReason.PLACED: ProposalWithdrawReason.PLACED_ELSEWHERE,
}


def alive(world: World) -> list[Proposal]:
    """Proposals for which a seat is kept, in order of name."""
    return sorted((p for p in world.proposals if p.alive), key=lambda p: p.proposal)


def standing_by_person(world: World) -> dict[str, list[Proposal]]:
    """The same by person, who may have one for sheltered work and one for a bridge."""
    found: dict[str, list[Proposal]] = defaultdict(list)
    for proposal in alive(world):
        found[proposal.participant].append(proposal)
    return found


def by_person(world: World) -> dict[str, list[Placement]]:
    """Placements by person."""
    found: dict[str, list[Placement]] = defaultdict(list)
    for placement in world.placements:
        found[placement.participant].append(placement)
    return found


def settle(world: World, _tick: Tick) -> Iterator[Data]:
    """Answers that came over other topics than the guide's."""
    answered = {answer.proposal for answer in world.answers}
    for proposal in alive(world):
        if proposal.proposal in answered:
            settled = answers.verdict(proposal, world.answers_to(proposal.proposal))
            if settled is not None:
                yield settled


def expire(world: World, tick: Tick) -> Iterator[Data]:
    """Proposals that nobody answered in time, and bridges that were accepted and do not begin."""
    placements = by_person(world)
    for proposal in alive(world):
        there = placements.get(proposal.participant, ())
        if proposal.bridge and any(proposals.led_to(proposal, placement) for placement in there):
            continue  # it begins, later
        to_begin = terms(world.policies, proposal.municipality, tick.today).reservation_days
        over = falling.expired(proposal, to_begin, tick.today)
        if over is not None:
            yield over


def leave(world: World, tick: Tick) -> Iterator[Data]:
    """People who no longer wait, and the proposals that fall with it."""
    placements = by_person(world)
    standing = standing_by_person(world)
    for wait in sorted(world.waiting, key=lambda w: w.participant):
        name = wait.participant
        leaving = waiting.leaves(
            wait,
            world.people.get(name),
            world.decisions.get((name, wait.municipality)),
            placements.get(name, ()),
            tick.today,
        )
        if leaving is None:
            continue
        for proposal in standing.get(name, ()):
            if not proposals.led_to(proposal, leaving.placement):
                yield falling.withdrawn(proposal, _WITHDRAWN_AS[leaving.reason], tick.today)
        yield WaitingLeft(
            participant=name, municipality=wait.municipality, left_on=leaving.on, reason=leaving.reason
        )


def withdraw(world: World, tick: Tick) -> Iterator[Data]:
    """Proposals that fall while the person waits on."""
    for proposal in alive(world):
        reason = falling.falls(
            proposal,
            world.places.get(proposal.place),
            world.people.get(proposal.participant),
            tick.today,
            tick.now,
        )
        if reason is not None:
            yield falling.withdrawn(proposal, reason, tick.today)


def join(world: World, tick: Tick) -> Iterator[Data]:
    """Rights that stand and have led to no wait yet, of people who moved or came back."""
    for decision in sorted(world.decisions, key=lambda d: (d.participant, d.municipality)):
        name = decision.participant
        person = world.people.get(name)
        if decision.municipality not in (world.serves or ()) or person is None:
            continue
        if waiting.joins_at_tick(world.waiting.get(name), decision, person, tick.today):
            yield waiting.joins(decision, person, world.advices.get(name), person.municipality_on)


def change(world: World, _tick: Tick) -> Iterator[Data]:
    """What a repeated grant changes for people who wait on."""
    for wait in sorted(world.waiting, key=lambda w: w.participant):
        changed = waiting.changes(wait, world.decisions.get((wait.participant, wait.municipality)))
        if changed is not None:
            yield changed


def come_back(world: World, tick: Tick) -> Iterator[Data]:
    """People who left sheltered work for a step up and stepped back since."""
    placements = by_person(world)
    for decision in sorted(world.decisions, key=lambda d: (d.participant, d.municipality)):
        name = decision.participant
        if decision.municipality not in (world.serves or ()) or name not in placements:
            continue
        joined = ladder.comes_back(
            world.waiting.get(name),
            decision,
            world.people.get(name),
            world.advices.get(name),
            placements[name],
            [stay for stay in world.stays if stay.participant == name],
            tick.today,
        )
        if joined is not None:
            yield joined


def end_bridge(world: World, tick: Tick) -> Iterator[Data]:
    """Bridges that are over, so that another is owed."""
    placements = by_person(world)
    for wait in sorted(world.waiting, key=lambda w: w.participant):
        over = bridges.ended(
            wait, world.people.get(wait.participant), placements.get(wait.participant, ()), tick.today
        )
        if over is not None:
            yield over


def bridge(world: World, tick: Tick) -> Iterator[Data]:
    """Bridges that were begun, and those that are owed by now."""
    placements, standing = by_person(world), standing_by_person(world)
    for wait in sorted(world.waiting, key=lambda w: w.participant):
        there = placements.get(wait.participant, ())
        begun = bridges.offered(wait, world.people.get(wait.participant), there, tick.today)
        if begun is not None:
            proposed = [each for each in standing.get(wait.participant, ()) if each.bridge]
            of = bridges.proposed(begun, proposed, there, tick.today)
            for other in proposed:
                if other is not of:
                    yield falling.withdrawn(other, ProposalWithdrawReason.PLACED_ELSEWHERE, tick.today)
            yield begun if of is None else begun.model_copy(update={"proposal": of.proposal})
            continue
        owed = bridges.due(wait, terms(world.policies, wait.municipality, tick.today), tick.today)
        if owed is not None:
            yield owed


def seat(world: World, tick: Tick) -> Iterator[Data]:
    """Seats that were taken or came free."""
    held = [Seat(p.place, p.participant, p.proposal, None) for p in alive(world) if p.state is State.ACCEPTED]
    held += [Seat(p.place, p.participant, p.proposal, p.placement) for p in working(world, tick.today)]
    yield from places.occupations({p.place: p for p in world.places}, world.seats, held, tick.today)


def working(world: World, today: date) -> list[Placement]:
    """Placements that are not over, in order of name."""
    return sorted((p for p in world.placements if not p.over(today)), key=lambda p: p.placement)
