"""The disk of a server is full for a while; a server that ends of it is started when there is room again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

from tests.chaos.ground.servers import apart
from tests.chaos.nemesis.faults.fault import Fault, Field


async def _broker(field: Field, chance: Random) -> str:
    node = chance.choice(field.ground.cluster.nodes)
    if not node.disk.real:
        return ""
    seconds = chance.uniform(2, 6)
    node.disk.fill()
    try:
        await asyncio.sleep(seconds)
    finally:
        node.disk.empty()
    # A broker whose only disk failed ends, or stays up and serves nothing: either way it is started anew.
    ended = node.server.process is None
    await apart(node.server.kill)
    process = await apart(node.server.start)
    await apart(lambda: node.server.wait_ready(process, 120))
    return f"node {node.server.node} for {seconds:.1f} s{', it ended' if ended else ''}"


async def _database(field: Field, chance: Random) -> str:
    database = field.ground.database
    if not database.disk.real:
        return ""
    seconds = chance.uniform(2, 6)
    database.disk.fill()
    try:
        await asyncio.sleep(seconds)
    finally:
        database.disk.empty()
    ended = database.server.process is None
    if ended:
        await apart(database.come_back)
    return f"for {seconds:.1f} s{', it ended' if ended else ''}"


FAULTS: Sequence[Fault] = (
    Fault("broker-disk-full", 80, _broker, on="kafka", heavy=True),
    Fault("postgres-disk-full", 60, _database, on="postgres", heavy=True),
)
