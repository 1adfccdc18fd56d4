"""One run, from its seed to what was found."""

from __future__ import annotations

import asyncio
import logging
import random
import warnings
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any, Protocol

from shared.messaging.registry import AMSTERDAM
from tests.simulation import checks
from tests.simulation.chance import Chance, Fault
from tests.simulation.history import History
from tests.simulation.loop import Stuck, run
from tests.simulation.partners import FIRST_DAY
from tests.simulation.region_plot import RegionPlot
from tests.simulation.toy_plot import ToyPlot
from tests.simulation.world import Part, Shape, Violation, World


class Plot(Protocol):
    """What is told in a run, and what must come of it.

    Attributes:
        compares: whether the same story without faults must come to the same.
        said: what was stated, by names under which it can be left out.
    """

    compares: bool
    said: list[str]

    def parts(self, shape: Shape) -> list[Part]:
        """The services that run."""

    async def live(self, world: World) -> None:
        """From the first statement to the last rest."""

    async def check(self, world: World) -> None:
        """What must hold.

        Raises:
            Violation: it does not.
        """


@dataclass(slots=True)
class Run:
    """What came of a run.

    Attributes:
        wrong: what does not hold; empty when all does.
        struck: numbers and kinds of the faults that struck.
        said: what was stated.
        events: records in the log at the end.
        judged_anew: whether something that was refused was handed in again, and came to something else.
        outcome: all that it came to, where another run must come to the same.
    """

    seed: int
    wrong: str = ""
    history: History = field(default_factory=History)
    struck: list[tuple[int, Fault]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    events: int = 0
    judged_anew: bool = False
    outcome: dict[str, Any] = field(default_factory=dict)


def plot_of(seed: int, without: Collection[str]) -> Plot:
    """Even seeds are the toy's, odd ones a region's."""
    return ToyPlot(seed, without) if seed % 2 == 0 else RegionPlot(seed, without)


def judge(seed: int, *, muted: Collection[int] = (), without: Collection[str] = ()) -> Run:
    """Run a seed, and the same story once more with nothing going wrong: both must come to the same.

    Args:
        muted: numbers of faults that do not strike.
        without: statements that are left out.
    """
    found = simulate(seed, muted=muted, without=without)
    # A calm run repeats nothing, so there it came to what it came to first.
    if not found.wrong and not found.judged_anew and plot_of(seed, ()).compares:
        calm = simulate(seed, without=without, calm=True)
        if calm.wrong:
            found.wrong = f"even when nothing goes wrong: {calm.wrong}"
        elif difference := checks.differs(found.outcome, calm.outcome):
            found.wrong = f"comes to something else than when nothing goes wrong: {difference}"
    return found


def simulate(
    seed: int, *, muted: Collection[int] = (), without: Collection[str] = (), calm: bool = False
) -> Run:
    """Run a seed once.

    Args:
        calm: True to let nothing go wrong, with one of everything: what the story comes to, as quickly
            as that can be found.
    """
    logging.disable(logging.CRITICAL)
    # A process that is killed leaves coroutines behind that nobody awaits.
    warnings.simplefilter("ignore", RuntimeWarning)
    # What a library draws for itself, such as the jitter of a pause, comes from the seed as well.
    random.seed(seed)
    try:
        return run(_simulate(Chance(seed, muted=muted, calm=calm), seed, plot_of(seed, without)))
    except Stuck as stuck:
        return Run(seed, str(stuck))
    finally:
        logging.disable(logging.NOTSET)


async def _simulate(chance: Chance, seed: int, plot: Plot) -> Run:
    shape = Shape.of(seed)
    if chance.calm:
        shape = replace(shape, partitions=1, instances={})
    world = World(chance, shape, plot.parts(shape), datetime.combine(FIRST_DAY, time(8), AMSTERDAM))
    found = Run(seed, history=world.history, said=plot.said, struck=chance.struck)
    try:
        world.start()
        if chance.odds(0.3):
            asyncio.get_running_loop().create_task(world.provision())
        else:
            await world.provision()
        await plot.live(world)
        if not chance.calm:
            await plot.check(world)
    except Violation as wrong:
        found.wrong = str(wrong)
    found.judged_anew = bool(checks.judged_anew(world))
    if plot.compares:
        found.outcome = checks.outcome(world)
    found.events = sum(len(log) for log in world.broker.log.values())
    return found
