"""One, two and four instances of matching on twelve partitions, and what more processors would give.

Two processors do not hold four instances, a database and a broker. What they cannot show is computed from
what one instance does and from the processor that an event takes in each process, and marked as computed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from tests.bench import contenders, throughput, workload
from tests.bench.ground import Ground
from tests.bench.tasks import MATCHING, joining
from tests.bench.throughput import Lap

INSTANCES: Final = (1, 2, 4)


async def measure(ground: Ground, people: int, rounds: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Events a second with so many instances, measured and computed."""
    measured: dict[int, Lap] = {}
    for count in INSTANCES:
        found = []
        for number in range(1, rounds + 1):
            corner = await ground.corner(f"scale-{count}-{number}")
            contender = await contenders.ours(corner, [MATCHING], instances=count)
            found.append(await throughput.lap(contender, joining(corner.topics, workload.people(people))))
        measured[count] = sorted(found, key=lambda lap: lap.rate)[len(found) // 2]
        tell(f"{count} of matching: {measured[count].rate:,.0f}/s")
    one = measured[1]
    return {str(count): _row(count, lap, one) for count, lap in measured.items()}


def _row(count: int, lap: Lap, one: Lap) -> dict[str, Any]:
    """What was measured; and computed: as many times one instance, and how many processors that takes."""
    per_event = [one.processor_s, one.database_s, one.broker_s]
    computed = count * one.rate
    busy = computed * sum(one.per_event_us(seconds) for seconds in per_event) / 1e6
    return {
        "measured": round(lap.rate, 1),
        "processor_us": {
            name: round(lap.per_event_us(seconds), 1)
            for name, seconds in zip(
                ("instances", "postgresql", "kafka"),
                (lap.processor_s, lap.database_s, lap.broker_s),
                strict=True,
            )
        },
        "computed": round(computed, 1),
        "computed_processors": round(busy, 2),
        "shown": busy <= processors(),
    }


def processors() -> int:
    """How many this machine has."""
    return os.cpu_count() or 1
