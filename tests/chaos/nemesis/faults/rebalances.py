"""A second instance of a service comes or goes, and the partitions with it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.chaos.nemesis.faults.fault import Fault, Field


async def _rebalance(field: Field, chance: Random) -> str:
    seconds = [i for i in field.ground.fleet.instances.values() if i.name != i.service]
    # Two at most beside the four: more would only show that the machine is small.
    running = [i for i in seconds if i.wanted]
    instance = chance.choice(running if len(running) > 2 else seconds)
    if instance.wanted:
        instance.wanted = False
        instance.thaw()
        if instance.program.running:
            instance.program.ask()
        return f"{instance.name} goes"
    if instance.program.running:
        return ""
    instance.start()
    return f"{instance.name} comes"


FAULTS: Sequence[Fault] = (Fault("rebalance", 9, _rebalance, on="instances"),)
