"""The very last phase of a tick: places that can bridge a wait (Pw art. 10b(7)) are proposed.

The round is the same as that for sheltered work: the same hard requirements, the same order, the same
proof for who gets none. But there is no number to stay under, so nobody is asked for room; and it takes
nobody's place in line, whatever the answer. It comes after the other, and who is proposed sheltered work
is proposed no bridge as long as that stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from services.matching.lining_up import Candidate, Table, bridge_table, in_line
from services.matching.proposing import alternatives, seeker, weighed
from services.matching.rules import bridges, fit, order, passing, proposals
from services.matching.rules.round import hold
from services.matching.rules.suiting import InLine, Suiting
from services.matching.rules.wishes import wishes
from services.matching.ticking import Tick, alive, by_person
from services.matching.world import World
from shared.contracts import AnsweredBy, Data, ProposalMade


def propose_bridges(world: World, tick: Tick) -> Iterator[Data]:
    """Propose open seats to who waits and has nothing to do meanwhile, in order of rank."""
    table = bridge_table(world, tick)
    if not any(table.free.values()):
        return
    line = _without_bridge(world, tick)
    found = wishes(Suiting([InLine(c.wait.municipality, c.profile) for c in line]), table.places, table.free)
    sought = [seeker(table, c, found, n) for n, c in enumerate(line) if n in found.places]
    outcome = hold(sought, table.free, {})
    for candidate in line:
        given = outcome.given.get(candidate.wait.participant)
        if given is not None:
            yield _made(tick, table, candidate, given)
    yield from weighed(world, tick, table, outcome, table.free)


def _without_bridge(world: World, tick: Tick) -> list[Candidate]:
    placements = by_person(world)
    standing = {proposal.participant for proposal in alive(world)}
    return [
        candidate
        for candidate in in_line(world, tick, standing)
        if bridges.has_none(candidate.wait, placements.get(candidate.wait.participant, ()), tick.today)
        and passing.rests(world.people.get(candidate.wait.participant), candidate.profile, tick.today) is None
    ]


def _made(tick: Tick, table: Table, candidate: Candidate, given: str) -> ProposalMade:
    wait, place = candidate.wait, table.place(given)
    return ProposalMade(
        proposal=proposals.proposal_named(tick.named("bridge", wait.participant)),
        participant=wait.participant,
        place=place.place,
        municipality=wait.municipality,
        rung=place.rung,
        host=place.host,
        guide=candidate.guide,
        made_on=tick.today,
        expires_on=tick.today + timedelta(days=candidate.terms.answer_days),
        rank=candidate.rank,
        policy=candidate.policy.policy,
        reasons=(
            bridges.why(wait),
            order.why_here(wait, candidate.rank, candidate.policy),
            *fit.reasons(candidate.profile, place),
        ),
        alternatives=alternatives(table, candidate, place),
        answers_needed=tuple(by for by in AnsweredBy if by in candidate.terms.answers_needed),
    )
