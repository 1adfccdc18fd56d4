"""The four services and their partners: the story of a small region, under faults."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from typing import Any

from tests.simulation import checks
from tests.simulation.story import Region
from tests.simulation.world import Part, Shape, World, parts_of


class RegionPlot:
    """A story told until it is at rest, and every promise held against what came of it."""

    def __init__(self, seed: int, without: Collection[str]) -> None:
        self._region = Region(seed, without)
        self.said: list[str] = []
        self.compares = Shape.of(seed).scenario
        """Where every process has a clock of its own, what a tick finds depends on when it comes."""

    def parts(self, shape: Shape) -> list[Part]:
        """The four services, with one door or two."""
        return parts_of(shape)

    async def live(self, world: World) -> None:
        """Let partners state, and the clock tick when all is at rest, or whenever it does."""
        for part in self._region.parts(_told(world)):
            self.said += [event.id for event in part.said]
            await world.say(part.said)
            world.poison(part.poison)
            if world.shape.scenario:
                await world.rest()
            else:
                await asyncio.sleep(world.chance.between(0.0, 0.1))
            if part.tick is not None:
                await world.tick(part.tick)
                if world.shape.scenario:
                    await world.rest()
        world.chance.end()
        await world.rest()

    async def check(self, world: World) -> None:
        """All that was promised."""
        await checks.check(world)


def _told(world: World) -> Iterator[list[dict[str, Any]]]:
    while True:
        yield world.told()
