"""A broker is killed, or hangs, or does not reach its peers, and comes back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from random import Random
from typing import Final

from tests.chaos.ground import parting
from tests.chaos.ground.servers import apart
from tests.chaos.nemesis.faults.fault import Fault, Field

_SILENTLY: Final = 0.7
"""How often nobody is told that what is sent does not arrive."""


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


async def _part(field: Field, chance: Random) -> str:
    """One of a cluster stands alone, and everybody else still reaches it."""
    nodes = field.ground.cluster.nodes
    alone = chance.choice(nodes)
    others = [node.end for node in nodes if node is not alone and node.end is not None]
    if alone.end is None or not others:
        return ""
    seconds, silently = chance.uniform(3, 15), chance.random() < _SILENTLY
    parting.part(alone.end, others, silently=silently)
    try:
        await asyncio.sleep(seconds)
    finally:
        parting.join()
    return f"node {alone.server.node} from the others for {seconds:.1f} s{', silently' if silently else ''}"


FAULTS: Sequence[Fault] = (
    Fault("broker-kill", 50, _kill, on="kafka", heavy=True),
    Fault("broker-freeze", 50, _freeze, on="kafka", heavy=True),
    Fault("broker-parted", 35, _part, on="kafka", heavy=True),
)
