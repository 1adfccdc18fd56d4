"""Who takes part in a round, in which order; and which places there are to give."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal

from services.matching.rules import order, room
from services.matching.rules.bridges import BRIDGES
from services.matching.rules.fit import Profile
from services.matching.rules.places import Place, seats_free
from services.matching.rules.policies import DEFAULT_TERMS, Policy, Terms, in_force, terms
from services.matching.rules.room import Capacity
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
    """The places of one year, their free seats, and the room of that year.

    Attributes:
        room: what can be asked for, by municipality; one that is not there has no limit.
    """

    year: int
    places: list[Place]
    free: dict[str, int]
    room: dict[str, Decimal]
    capacities: Mapping[str, Capacity]
    _serving: dict[str, list[Place]] = field(default_factory=dict)
    _named: dict[str, Place] = field(default_factory=dict)

    def place(self, name: str) -> Place:
        """The place of that name."""
        if not self._named:
            self._named = {place.place: place for place in self.places}
        return self._named[name]

    def cost(self, municipality: str, hours: Decimal, hours_per_unit: Decimal | None) -> Decimal:
        """What a job of so many hours takes of the room."""
        return room.cost(self.capacities.get(municipality), hours, hours_per_unit)

    def counts_hours(self, municipality: str) -> bool:
        """True where hours make a difference to the room."""
        capacity = self.capacities.get(municipality)
        return capacity is not None and capacity.by_hours

    def serving(self, municipality: str) -> list[Place]:
        """Places for residents of the municipality, in order of name."""
        if municipality not in self._serving:
            self._serving[municipality] = [p for p in self.places if municipality in p.municipalities]
        return self._serving[municipality]


def candidates(world: World, tick: Tick) -> list[Candidate]:
    """Who can be proposed sheltered work, in the order of the round; a bridge keeps nobody from it."""
    return in_line(world, tick, {p.participant for p in alive(world) if not p.bridge})


def in_line(world: World, tick: Tick, standing: AbstractSet[str]) -> list[Candidate]:
    """All who wait but those for whom something stands already, in the order of the round.

    Each municipality has its own order. Where two of them share places, the first in line of each go
    before the second of any, and of these who was granted it first.
    """
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
    offered, free = _offered(world, tick, frozenset({Rung.SHELTERED_WORK}))
    years = {place.place: max(place.from_on, tick.today).year for place in offered}
    found = []
    for year in sorted({tick.today.year, *years.values()}):
        capacities = {c.municipality: c for c in world.capacities if c.year == year}
        there = [place for place in offered if years[place.place] == year]
        seats = {place.place: free[place.place] for place in there}
        found.append(Table(year, there, seats, _room(world, year, tick), capacities))
    return found


def bridge_table(world: World, tick: Tick) -> Table:
    """Open places that can bridge a wait; they take no room under any number."""
    offered, free = _offered(world, tick, BRIDGES)
    return Table(tick.today.year, offered, free, {}, {})


def _offered(world: World, tick: Tick, rungs: AbstractSet[Rung]) -> tuple[list[Place], dict[str, int]]:
    """Open places of these rungs in order of name, and their free seats."""
    known = [terms(world.policies, municipality, tick.today) for municipality in sorted(world.serves or ())]
    ahead = max((each.reservation_days for each in known), default=DEFAULT_TERMS.reservation_days)
    offered = sorted(
        (p for p in world.places if p.rung in rungs and p.open(tick.today, ahead)),
        key=lambda place: place.place,
    )
    taken = {(p.place, p.participant) for p in working(world, tick.today)}
    kept = {(p.place, p.participant): p for p in alive(world)}
    # What is known to begin as a bridge is still proposed until it does, and takes one seat.
    locked = [seat for seat, p in kept.items() if not (p.bridge and seat in taken)]
    return offered, seats_free(offered, taken, locked)


def _room(world: World, year: int, tick: Tick) -> dict[str, Decimal]:
    asked = [p for p in alive(world) if p.year == year]
    limits: dict[str, Decimal | None] = {}
    for municipality in sorted(world.serves or ()):
        known = world.capacities.get((municipality, year))
        counting = in_force(world.policies, municipality, PolicyKind.COUNTING, tick.today)
        per_unit = counting.hours_per_unit if counting else None
        since = [
            room.Asked(p.requested_at, p.requested_on, room.cost(known, p.hours, per_unit))
            for p in asked
            if p.municipality == municipality and p.requested_at is not None and p.requested_on is not None
        ]
        limits[municipality] = room.limit(known, since, tick.now, tick.today)
    return {municipality: limit for municipality, limit in limits.items() if limit is not None}
