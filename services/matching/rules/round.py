"""One matching round: who gets which place.

People are taken in order. Who comes next gets a place if there is any way to give them one without
taking one away from somebody before them, also by moving those before them to other places that fit.
So the set of people served is the best by rank that there is; and since people who can be served
together form a matroid, no other way of handing out the places serves more. (With room that differs
per municipality the order still holds; then serving more can mean passing over who comes first.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Seeker:
    """Somebody who takes part in the round.

    Attributes:
        municipality: whose room it takes.
        places: places that fit, the most fitting first.
        cost: room it takes, in places.
    """

    participant: str
    municipality: str
    places: tuple[str, ...]
    cost: Decimal = Decimal(1)


@dataclass(slots=True)
class Outcome:
    """What came of a round.

    Attributes:
        given: place by person.
        no_room: people who found none, and for whom there is no room left after the round; so the
            next round tells them the same, if nothing else has changed.
    """

    given: dict[str, str] = field(default_factory=dict)
    no_room: set[str] = field(default_factory=set)


def hold(seekers: Sequence[Seeker], seats: Mapping[str, int], room: Mapping[str, Decimal]) -> Outcome:
    """Hold a round.

    Args:
        seekers: in the order in which they are served.
        seats: free seats by place.
        room: room by municipality, in places; one that is not there has no limit.
    """
    return _Round({s.participant: s for s in seekers}, dict(seats), dict(room)).run()


class _Round:
    def __init__(self, seekers: dict[str, Seeker], free: dict[str, int], room: dict[str, Decimal]) -> None:
        self._seekers = seekers
        self._free = free
        self._room = room
        self._held_by: dict[str, list[str]] = {}
        self._dead: set[str] = set()
        self._outcome = Outcome()

    def run(self) -> Outcome:
        for seeker in self._seekers.values():
            left = self._room.get(seeker.municipality)
            if not self._short(seeker) and self._serve(seeker) and left is not None:
                self._room[seeker.municipality] = left - seeker.cost
        for name, seeker in self._seekers.items():
            if name not in self._outcome.given and self._short(seeker):
                self._outcome.no_room.add(name)
        return self._outcome

    def _short(self, seeker: Seeker) -> bool:
        left = self._room.get(seeker.municipality)
        return left is not None and seeker.cost > left

    def _serve(self, seeker: Seeker) -> bool:
        """Find the shortest way to a free seat, over the places of people who can move on."""
        came_from: dict[str, str] = {}
        queue = deque([seeker])
        while queue:
            mover = queue.popleft()
            for place in mover.places:
                if place in came_from or place in self._dead:
                    continue
                came_from[place] = mover.participant
                if self._free.get(place, 0) > 0:
                    self._move_up(place, came_from)
                    return True
                queue.extend(self._seekers[p] for p in self._held_by.get(place, ()))
        # Nobody reached here can ever move on, so later searches need not come here again.
        self._dead.update(came_from)
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
