"""Many seeds, over all cores."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.chance import Fault
from tests.simulation.run import judge

_AT_ONCE: Final = 25
"""Seeds that a process takes at a time."""


@dataclass(slots=True)
class Campaign:
    """What came of many seeds.

    Attributes:
        events: records written in all runs that were judged.
        wrong: what does not hold, by seed.
    """

    seeds: int = 0
    events: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    wrong: dict[int, str] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """One line."""
        faults = ", ".join(f"{n} {kind}" for kind, n in sorted(self.faults.items()))
        return (
            f"{self.seeds} seeds, {self.events} records, {sum(self.faults.values())} faults ({faults}); "
            f"{len(self.wrong)} wrong"
        )


_Told = tuple[int, str, int, list[Fault]]


def campaign(
    seeds: Sequence[int], *, jobs: int, progress: Callable[[Campaign], None] = lambda _: None
) -> Campaign:
    """Judge every seed.

    Args:
        jobs: processes to do it with.
        progress: called after every seed.
    """
    found = Campaign()
    # A fork has everything loaded already; a fresh start takes longer than fifty seeds.
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        for seed, wrong, events, faults in pool.imap_unordered(_told, seeds, chunksize=_AT_ONCE):
            found.seeds += 1
            found.events += events
            found.faults.update(faults)
            if wrong:
                found.wrong[seed] = wrong
            progress(found)
    return found


def _told(seed: int) -> _Told:
    try:
        run = judge(seed)
    except Exception as error:  # noqa: BLE001 - a seed must not end the others
        return seed, f"the simulation broke: {error!r}", 0, []
    return seed, run.wrong, run.events, [kind for _, kind in run.struck]
