"""All that is left to chance in a run, from one seed: delays, choices, and which faults strike where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from random import Random
from typing import Any, Final


class Fault(StrEnum):
    """What can go wrong; each at the places that `_AT` names."""

    CRASH = "crash"
    PAUSE = "pause"
    CONNECTION_LOST_BEFORE = "connection lost before the statement"
    CONNECTION_LOST_AFTER = "connection lost after the statement"
    COMMIT_LOST = "commit lost"
    COMMIT_UNKNOWN = "committed, and the connection lost"
    DATABASE_RESTART = "database restarts"
    SEND_LOST = "send lost"
    ACK_LOST = "acknowledgement lost"
    BROKER_RESTART = "broker restarts"
    OFFSETS_LOST = "offsets not committed"
    REBALANCE = "partitions move"
    REWIND = "read again from an earlier offset"


class Place(StrEnum):
    """Where a fault may strike."""

    STATEMENT = "statement"
    COMMIT = "commit"
    COMMITTED = "committed"
    SEND = "send"
    POLL = "poll"
    PROCESSED = "processed"


_AT: Final[Mapping[Place, Mapping[Fault, float]]] = {
    Place.STATEMENT: {
        Fault.CRASH: 0.006,
        Fault.PAUSE: 0.004,
        Fault.CONNECTION_LOST_BEFORE: 0.006,
        Fault.CONNECTION_LOST_AFTER: 0.006,
        Fault.DATABASE_RESTART: 0.001,
    },
    Place.COMMIT: {Fault.CRASH: 0.02, Fault.PAUSE: 0.02, Fault.COMMIT_LOST: 0.03, Fault.COMMIT_UNKNOWN: 0.05},
    Place.COMMITTED: {Fault.CRASH: 0.03},
    Place.SEND: {
        Fault.CRASH: 0.04,
        Fault.PAUSE: 0.02,
        Fault.SEND_LOST: 0.05,
        Fault.ACK_LOST: 0.08,
        Fault.BROKER_RESTART: 0.01,
    },
    Place.POLL: {Fault.REBALANCE: 0.03, Fault.BROKER_RESTART: 0.005, Fault.REWIND: 0.02},
    Place.PROCESSED: {Fault.CRASH: 0.05, Fault.PAUSE: 0.03, Fault.OFFSETS_LOST: 0.05, Fault.REBALANCE: 0.03},
}
"""How often, at a visit, before the seed has its say."""

_CALM_S: Final = 0.005
_MOST: Final = 12
"""Faults in one run at most: a run with more of them finds no more, and takes longer."""


class Chance:
    """Luck, for one run.

    Not every run has every kind of fault: what a kind of its own would show is hidden by the others
    where all come together ("swarm testing").

    Args:
        muted: numbers of faults that are drawn and do not strike; a shorter failure is found by it.
        calm: True for a run in which nothing goes wrong and nothing is late.
    """

    def __init__(self, seed: int, *, muted: Collection[int] = (), calm: bool = False) -> None:
        self.calm = calm
        self.heard: Callable[[Fault], None] = lambda _: None
        self.struck: list[tuple[int, Fault]] = []
        self.counts: Counter[Fault] = Counter()
        self._muted = frozenset(muted)
        self._drawn = 0
        self._random = Random(f"{seed}/order")
        self._faults = Random(f"{seed}/faults")
        swarm = Random(f"{seed}/swarm")
        kinds = [kind for kind in Fault if swarm.random() < 0.5]
        much = swarm.choice((0.5, 1.0, 3.0))
        self._left = 0 if calm else swarm.randint(1, _MOST)
        self._hesitates = 0.0 if calm else swarm.choice((0.02, 0.1, 0.3))
        self._slow_s = swarm.choice((0.001, 0.005, 0.02))
        self._at = {
            place: [(kind, rate * much) for kind, rate in rates.items() if kind in kinds]
            for place, rates in _AT.items()
        }

    def fault(self, place: Place) -> Fault | None:
        """The fault that strikes here and now, if any."""
        if not self._left:
            return None
        drawn = self._faults.random()
        for kind, rate in self._at[place]:
            drawn -= rate
            if drawn < 0:
                return self._strike(kind)
        return None

    def _strike(self, kind: Fault) -> Fault | None:
        number, self._drawn = self._drawn, self._drawn + 1
        self._left -= 1
        if number in self._muted:
            return None
        self.struck.append((number, kind))
        self.counts[kind] += 1
        self.heard(kind)
        return kind

    def end(self) -> None:
        """From here on nothing goes wrong any more."""
        self._left = 0

    def hesitation(self) -> float:
        """Seconds that something takes longer than no time at all; mostly 0."""
        if self._random.random() >= self._hesitates:
            return 0.0
        return self._random.random() * self._slow_s

    def linger(self) -> float:
        """Seconds until a reader that was told of news looks; in a calm run enough for large batches."""
        return _CALM_S if self.calm else self.hesitation()

    def between(self, low: float, high: float) -> float:
        """Some number of seconds."""
        return low if self.calm else self._random.uniform(low, high)

    def odds(self, chance: float) -> bool:
        """True that often; never in a calm run."""
        return not self.calm and self._random.random() < chance

    def pick(self, several: Any) -> Any:
        """One of several."""
        return self._random.choice(several)

    def at_most(self, number: int) -> int:
        """A number from 1 to `number`; the highest in a calm run."""
        return number if self.calm else self._random.randint(1, number)

    def shuffled(self, several: list[Any]) -> list[Any]:
        """The same in another order; in a calm run as they are."""
        if self.calm:
            return several
        self._random.shuffle(several)
        return several
