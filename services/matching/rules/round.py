"""One matching round: who gets which place, and who stood in the way of those who get none.

People are taken in order. Who comes next gets a place if there is any way to give them one without
taking one away from somebody before them, also by moving those before them to other places that fit.
So the set of people served is the best by rank that there is; and since people who can be served
together form a matroid, no other way of handing out the places serves more. (With room that differs
per municipality the order still holds; then serving more can mean passing over who comes first.)

Only then is looked at what people like (`best_fit`), and only at who of them gets which place.

Whoever gets none has the proof of it in a *block*: the places they could have had, all of them given to
people who stand before them and could go nowhere but to those same places.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from services.matching.rules import best_fit


@dataclass(frozen=True, slots=True)
class Seeker:
    """Somebody who takes part in the round.

    Attributes:
        municipality: whose room it takes.
        places: places that fit, the most fitting first.
        cost: room it takes, in places.
        dislikes: how little the person likes each of the places; empty when all are alike.
    """

    participant: str
    municipality: str
    places: tuple[str, ...]
    cost: Decimal = Decimal(1)
    dislikes: tuple[int, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What came of a round.

    Attributes:
        given: place by person.
        no_room: people who found none, and for whom there is no room left after the round; so the
            next round tells them the same, if nothing else has changed.
        left: room that is left by municipality, in places; one that is not there has no limit.
        blocks: for a place that somebody could have had and did not get, the first in line of those;
            places with the same name of theirs are one block.
    """

    given: dict[str, str] = field(default_factory=dict)
    no_room: set[str] = field(default_factory=set)
    left: dict[str, Decimal] = field(default_factory=dict)
    blocks: dict[str, str] = field(default_factory=dict)

    def short(self, municipality: str, cost: Decimal) -> bool:
        """True when so much room is not left there."""
        left = self.left.get(municipality)
        return left is not None and cost > left


def hold(seekers: Sequence[Seeker], seats: Mapping[str, int], room: Mapping[str, Decimal]) -> Outcome:
    """Hold a round.

    Args:
        seekers: in the order in which they are served.
        seats: free seats by place.
        room: room by municipality, in places; one that is not there has no limit.
    """
    outcome = _Round({s.participant: s for s in seekers}, dict(seats), dict(room)).run()
    served = [s for s in seekers if s.participant in outcome.given]
    if any(map(any, (seeker.dislikes for seeker in served))):
        outcome.given = best_fit.seat(served, outcome.given, seats)
    return outcome


class _Round:
    def __init__(self, seekers: dict[str, Seeker], free: dict[str, int], room: dict[str, Decimal]) -> None:
        self._seekers = seekers
        self._free = free
        self._held_by: dict[str, list[str]] = {}
        self._outcome = Outcome(left=room)

    def run(self) -> Outcome:
        outcome = self._outcome
        for seeker in self._seekers.values():
            if not outcome.short(seeker.municipality, seeker.cost) and self._serve(seeker):
                left = outcome.left.get(seeker.municipality)
                if left is not None:
                    outcome.left[seeker.municipality] = left - seeker.cost
        for name, seeker in self._seekers.items():
            if name not in outcome.given and outcome.short(seeker.municipality, seeker.cost):
                outcome.no_room.add(name)
        return outcome

    def _serve(self, seeker: Seeker) -> bool:
        """Find the shortest way to a free seat, over the places of people who can move on."""
        blocks, free, held_by = self._outcome.blocks, self._free, self._held_by
        came_from: dict[str, str] = {}
        queue = deque([seeker])
        while queue:
            mover = queue.popleft()
            for place in mover.places:
                if place in came_from or place in blocks:
                    continue
                came_from[place] = mover.participant
                if free.get(place, 0) > 0:
                    self._move_up(place, came_from)
                    return True
                queue.extend(self._seekers[p] for p in held_by.get(place, ()))
        # Nobody reached here can ever move on, so later searches need not come here again; and what
        # was reached is why this person, and whoever comes later, gets none of these places.
        blocks.update(dict.fromkeys(came_from, seeker.participant))
        return False

    def _move_up(self, place: str, came_from: Mapping[str, str]) -> None:
        """Everyone on the way moves one place on, into the free seat at its end."""
        self._free[place] -= 1
        while True:
            mover = came_from[place]
            left = self._outcome.given.get(mover)
            self._outcome.given[mover] = place
            self._held_by.setdefault(place, []).append(mover)
            if left is None:
                return
            self._held_by[left].remove(mover)
            place = left
