"""What an event costs where a million people are known, over what it costs where a thousand are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any, Final

from shared.messaging.topics import Topics
from tests.bench import contenders, scaled, throughput, workload
from tests.bench.ground import Ground, rows
from tests.bench.scaled import SMALL
from tests.bench.tasks import NOTIFICATIONS, QUOTA, SERVICES, Stage, Wave, Waves, ledger
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
    """Each service at the same work among a thousand people and among so many, in turn.

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
        async with AsyncExitStack() as stack:
            few, many = [
                await stack.enter_async_context(_among(ground, stage, small.databases[name], known))
                for known in (SMALL, people)
            ]
            laps = []
            for number in range(rounds + 1):
                everybody = workload.people(new, _NEW + number * new)
                work = _at(waves, stage, number)
                laps.append([await each.once(work(each.topics, everybody)) for each in (few, many)])
        found[name] = {
            "people": people,
            "rounds": rounds,
            **_compared(laps[1:], {"few": few.rows, "many": many.rows}),
        }
        tell(f"{name}: {found[name]}")
    return found


def worst(found: dict[str, Any]) -> float:
    """The growth of the service that grows most: of the processor of an event, its own and PostgreSQL's."""
    return max(float(each["processor"]) for each in found.values())


@dataclass(frozen=True, slots=True)
class _Among:
    """A service at work among so many people; `once` takes a round of waves through it."""

    topics: Topics
    rows: int
    once: Callable[[Sequence[Wave]], Awaitable[Lap]]


@asynccontextmanager
async def _among(ground: Ground, stage: Stage, model: str, known: int) -> AsyncIterator[_Among]:
    corner = await ground.corner(f"growth-{stage.name}-{known}")
    dsn = await corner.database(stage.name, stage.package)
    filled = await scaled.fill(dsn, model, known // SMALL)
    contender = await contenders.ours(corner, [stage], databases={stage.name: dsn})
    async with throughput.at_work(contender) as once:
        yield _Among(corner.topics, sum(filled.values()), once)
    await corner.drop(dsn)


def _at(waves: Waves, stage: Stage, number: int) -> Waves:
    """The same work on a later day, where that matters."""
    return partial(ledger, day=_LATER * (number + 1)) if stage is QUOTA else waves


def _compared(laps: Sequence[Sequence[Lap]], rows: dict[str, int]) -> dict[str, Any]:
    """Medians, and ratios: that of a round is of what ran side by side in it."""
    of: dict[str, Callable[[Lap], float]] = {
        "wall": lambda lap: lap.seconds,
        "service": lambda lap: lap.processor_s,
        "postgresql": lambda lap: lap.database_s,
        "processor": lambda lap: lap.processor_s + lap.database_s,
    }
    us = {name: [[lap.per_event_us(told(lap)) for lap in each] for each in laps] for name, told in of.items()}
    return {
        **{
            size: {
                "rows": count,
                **{f"{name}_us": round(median(each[place] for each in us[name]), 1) for name in of},
            }
            for place, (size, count) in enumerate(rows.items())
        },
        **{
            name: round(median(many / few for few, many in us[name]), 3)
            for name in ("processor", "service", "wall")
        },
    }
