"""When which fault strikes: all of it follows from the seed."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.chaos.nemesis.faults.fault import Fault
from tests.chaos.options import Options


@dataclass(frozen=True, slots=True)
class Strike:
    """One strike to come.

    Attributes:
        at_s: seconds after the campaign began.
        chance: what it draws the rest from.
    """

    at_s: float
    fault: Fault
    number: int
    chance: Random


def schedule(options: Options, faults: Sequence[Fault]) -> Iterator[Strike]:
    """Strikes in order of time, without end; each kind goes by a chance of its own."""
    wanted = [fault for fault in faults if not options.faults or fault.name in options.faults]
    chances = [options.chance("when", fault.name) for fault in wanted]
    # The first of each comes early enough for a short campaign to see every kind.
    ahead = [
        (chance.uniform(0.1, 0.7) * fault.every_s, index)
        for index, (fault, chance) in enumerate(zip(wanted, chances, strict=True))
    ]
    heapq.heapify(ahead)
    counts = [0] * len(wanted)
    while ahead:
        at_s, index = heapq.heappop(ahead)
        fault = wanted[index]
        counts[index] += 1
        yield Strike(at_s, fault, counts[index], options.chance("strike", fault.name, counts[index]))
        heapq.heappush(ahead, (at_s + chances[index].uniform(0.6, 1.4) * fault.every_s, index))
