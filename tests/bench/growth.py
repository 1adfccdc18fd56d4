"""What an event costs where a million people are known, over what it costs where a thousand are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any, Final

from tests.bench import contenders, scaled, throughput, workload
from tests.bench.ground import Ground, rows
from tests.bench.scaled import SMALL
from tests.bench.tasks import NOTIFICATIONS, QUOTA, SERVICES, Stage, Waves, ledger
from tests.bench.throughput import Lap

_NEW: Final = 5_000_000
"""The number of the first of those who come while it is measured; nobody has it before."""
_LATER: Final = 60
"""Days between the small run and the measurement: what was asked for then has long been settled."""
_SENT: Final = (
    "UPDATE messages SET state = 'sent', attempt = 1, ended_on = queued_at::date WHERE state = 'queued'"
)
"""As the sender leaves them; it is kept from sending here, since there is nobody to send to."""


async def measure(
    ground: Ground, services: Sequence[str], people: int, new: int, rounds: int, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Each service at the same work among a thousand people and among so many.

    Args:
        people: thousands only.
        new: people who come in each round; the first round warms up and is not counted.
    """
    found = {}
    for name in services:
        stage, waves = SERVICES[name]
        corner = await ground.corner(f"growth-{name}-model")
        small = await contenders.ours(corner, [stage])
        await throughput.lap(small, waves(corner.topics, workload.people(SMALL)))
        if stage is NOTIFICATIONS:
            await rows(small.databases[name], _SENT)
        sizes = {}
        for known in (SMALL, people):
            sizes[known] = await _among(ground, stage, waves, small.databases[name], known, new, rounds)
            tell(f"{name} among {known:,}: {sizes[known]}")
        found[name] = {"people": people, "rounds": rounds, **_compared(sizes[SMALL], sizes[people])}
    return found


def worst(found: dict[str, Any]) -> float:
    """The growth of the service that grows most: of the processor of an event, its own and PostgreSQL's."""
    return max(float(each["processor"]) for each in found.values())


async def _among(
    ground: Ground, stage: Stage, waves: Waves, model: str, known: int, new: int, rounds: int
) -> dict[str, Any]:
    corner = await ground.corner(f"growth-{stage.name}-{known}")
    dsn = await corner.database(stage.name, stage.package)
    filled = await scaled.fill(dsn, model, known // SMALL)
    contender = await contenders.ours(corner, [stage], databases={stage.name: dsn})
    all_ = [
        _at(waves, stage, number)(corner.topics, workload.people(new, _NEW + number * new))
        for number in range(rounds + 1)
    ]
    laps = (await throughput.laps(contender, all_))[1:]
    await corner.drop(dsn)
    return {
        "rows": sum(filled.values()),
        "wall_us": _middle(laps, lambda lap: lap.seconds),
        "service_us": _middle(laps, lambda lap: lap.processor_s),
        "postgresql_us": _middle(laps, lambda lap: lap.database_s),
        "processor_us": _middle(laps, lambda lap: lap.processor_s + lap.database_s),
    }


def _at(waves: Waves, stage: Stage, number: int) -> Waves:
    """The same work on a later day, where that matters."""
    return partial(ledger, day=_LATER * (number + 1)) if stage is QUOTA else waves


def _middle(laps: Sequence[Lap], of: Callable[[Lap], float]) -> float:
    return round(median(lap.per_event_us(of(lap)) for lap in laps), 1)


def _compared(few: dict[str, Any], many: dict[str, Any]) -> dict[str, Any]:
    return {
        "few": few,
        "many": many,
        "processor": round(many["processor_us"] / few["processor_us"], 3),
        "service": round(many["service_us"] / few["service_us"], 3),
        "wall": round(many["wall_us"] / few["wall_us"], 3),
    }
