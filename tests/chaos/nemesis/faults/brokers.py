"""A broker is killed, or hangs, and comes back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from random import Random

from tests.chaos.ground.servers import apart
from tests.chaos.nemesis.faults.fault import Fault, Field


async def _kill(field: Field, chance: Random) -> str:
    node = chance.choice(field.ground.cluster.nodes)
    seconds = chance.uniform(0, 4)
    await apart(node.server.kill)
    await asyncio.sleep(seconds)
    process = await apart(node.server.start)
    await apart(lambda: node.server.wait_ready(process, 120))
    return f"node {node.server.node}, away for {seconds:.1f} s and its start"


async def _freeze(field: Field, chance: Random) -> str:
    node = chance.choice(field.ground.cluster.nodes)
    seconds = chance.uniform(1, 6)
    node.server.signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    node.server.signal(signal.SIGCONT)
    return f"node {node.server.node} for {seconds:.1f} s"


FAULTS: Sequence[Fault] = (
    Fault("broker-kill", 50, _kill, on="kafka", heavy=True),
    Fault("broker-freeze", 50, _freeze, on="kafka", heavy=True),
)
