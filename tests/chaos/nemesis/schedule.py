"""When which fault strikes: all of it follows from the seed."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.chaos.nemesis.faults.fault import Fault
from tests.chaos.options import Options

KILL: Final = "kill"
_MORE: Final = 0.7
"""Kills are drawn more often than they are wanted: one that finds nobody at work is passed over."""


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
    every = [_every_s(options, fault) for fault in wanted]
    ahead = [
        (chance.uniform(0.1, 0.7) * min(fault.every_s, every[index]), index)
        for index, (fault, chance) in enumerate(zip(wanted, chances, strict=True))
    ]
    heapq.heapify(ahead)
    counts = [0] * len(wanted)
    while ahead:
        at_s, index = heapq.heappop(ahead)
        fault = wanted[index]
        counts[index] += 1
        yield Strike(at_s, fault, counts[index], options.chance("strike", fault.name, counts[index]))
        heapq.heappush(ahead, (at_s + chances[index].uniform(0.6, 1.4) * every[index], index))


def kills_by(options: Options, seconds: float) -> float:
    """How many kills there should have been by then, so that they are spread over the campaign."""
    return options.kills * seconds / max(options.seconds, 1.0)


def _every_s(options: Options, fault: Fault) -> float:
    if fault.name != KILL:
        return fault.every_s * options.spread
    return min(fault.every_s, _MORE * options.seconds / max(options.kills, 1))
