"""Who takes part in a round, in which order; and which places there are to give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from services.matching.rules import order
from services.matching.rules.fit import Profile
from services.matching.rules.places import Place, seats_free
from services.matching.rules.policies import DEFAULT_TERMS, Policy, Terms, in_force, terms
from services.matching.rules.waiting import Wait
from services.matching.ticking import Tick, alive, working
from services.matching.world import World
from shared.contracts import PolicyKind, Rung


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody in line for whom nothing stands yet."""

    wait: Wait
    rank: int
    policy: Policy
    terms: Terms
    hours_per_unit: Decimal | None
    profile: Profile | None
    guide: str


@dataclass(slots=True)
class Table:
    """The places of one year and their free seats."""

    year: int
    places: list[Place]
    free: Mapping[str, int]
    _serving: dict[str, list[Place]] = field(default_factory=dict)
    _named: dict[str, Place] = field(default_factory=dict)

    def place(self, name: str) -> Place:
        """The place of that name."""
        if not self._named:
            self._named = {place.place: place for place in self.places}
        return self._named[name]

    def serving(self, municipality: str) -> list[Place]:
        """Places for residents of the municipality, in order of name."""
        if municipality not in self._serving:
            self._serving[municipality] = [p for p in self.places if municipality in p.municipalities]
        return self._serving[municipality]


def candidates(world: World, tick: Tick) -> list[Candidate]:
    """Who can be proposed something, in the order of the round.

    Each municipality has its own order. Where two of them share places, the first in line of each go
    before the second of any, and of these who was granted it first.
    """
    standing = {proposal.participant for proposal in alive(world)}
    line = []
    for municipality in sorted(world.serves or ()):
        policy = in_force(world.policies, municipality, PolicyKind.ORDER, tick.today)
        if policy is None:
            continue
        adopted = terms(world.policies, municipality, tick.today)
        counting = in_force(world.policies, municipality, PolicyKind.COUNTING, tick.today)
        hours_per_unit = counting.hours_per_unit if counting else None
        waits = [wait for wait in world.waiting if wait.municipality == municipality]
        for rank, wait in enumerate(order.ranked(waits, policy), 1):
            person = world.people.get(wait.participant)
            if wait.participant not in standing and person is not None:
                profile = world.profile_of(wait.participant)
                line.append(Candidate(wait, rank, policy, adopted, hours_per_unit, profile, person.guide))
    return sorted(line, key=lambda c: (c.rank, c.wait.decided_on, c.wait.municipality))


def tables(world: World, tick: Tick) -> list[Table]:
    """Open places by the year in which somebody can start, the nearest year first.

    A year of its own, for each has its own number. Without any place there is still a round, so that
    people are told.
    """
    known = [terms(world.policies, municipality, tick.today) for municipality in sorted(world.serves or ())]
    ahead = max((each.reservation_days for each in known), default=DEFAULT_TERMS.reservation_days)
    offered = sorted(
        (p for p in world.places if p.rung is Rung.SHELTERED_WORK and p.open(tick.today, ahead)),
        key=lambda place: place.place,
    )
    free = seats_free(
        offered,
        ((p.place, p.participant) for p in working(world, tick.today)),
        ((p.place, p.participant) for p in alive(world)),
    )
    years = {place.place: max(place.from_on, tick.today).year for place in offered}
    return [
        Table(year, [place for place in offered if years[place.place] == year], free)
        for year in sorted({tick.today.year, *years.values()})
    ]
