"""The peer framework at matching's work. It has no database, so its time is read from its answers alone."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Final

from aiokafka import TopicPartition

from tests.bench import workload
from tests.bench.ground import PARTITIONS, Corner, Ground, hold, processor_s, reader
from tests.bench.tasks import MATCHING, Wave, catching_up
from tests.delivery.programs import ROOT, Program

PYTHON: Final = ROOT / "var" / "tools" / "bench" / "bin" / "python"
"""Of an environment of its own, since what it needs differs from what we pin: `make bench` makes it."""
NAME: Final = "Quix Streams"
DOES_NOT: Final = (
    "keep rows that others can ask for: its state is in files of the process, found by key alone",
    "take records, state and statements in one transaction: after a crash it states again, under another id",
    "check who may state what, refuse, set aside, or rebuild a state that can be compared",
    "see more than one person at a time: no list in order, no round, no number that is never exceeded",
)
_ABSENT: Final = f"{NAME} is not there: `make bench` installs requirements/bench.txt into var/tools/bench"
_POLL_S: Final = 0.2
_PATIENCE_S: Final = 180.0


def why_absent() -> str | None:
    """Why it cannot be measured here, or None."""
    return None if PYTHON.exists() else _ABSENT


async def measure(ground: Ground, people: int, rounds: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Events a second, all four statements of everybody at once, as when we catch up."""
    if absent := why_absent():
        tell(absent)
        return {"absent": absent}
    rates, used = [], []
    for number in range(1, rounds + 1):
        corner = await ground.corner(f"peer-{number}")
        rate, processor_us = await _lap(corner, workload.people(people))
        rates.append(rate)
        used.append(processor_us)
        tell(f"matching, round {number}: {NAME} {rate:,.0f}/s")
    return {
        "name": NAME,
        "matching": round(median(rates), 1),
        "rounds": [round(rate, 1) for rate in rates],
        "processor_us_per_event": round(median(used), 1),
        "does_not": list(DOES_NOT),
    }


async def _lap(corner: Corner, people: Sequence[str]) -> tuple[float, float]:
    state = corner.folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    program = corner.program(
        "peer", "tests.bench.rivals.elsewhere", "", STATE_FOLDER=str(state), PYTHONUNBUFFERED="1"
    )
    # The first person shows that it reads; it says so nowhere else.
    (first,), (rest,) = catching_up(corner.topics, people[:1]), catching_up(corner.topics, people[1:])
    try:
        program.start()
        await workload.preload(corner.ground.bootstrap, first.records)
        await _answered(corner, program, 1)
        hold(program, still=True)
        await workload.preload(corner.ground.bootstrap, rest.records)
        used, since = processor_s(program.pid), time.time()
        hold(program, still=False)
        await _answered(corner, program, len(people))
        used = processor_s(program.pid) - used
        return _rate(rest, await corner.last_put_on(MATCHING.answers(corner.topics)) - since), (
            1e6 * used / len(rest.records)
        )
    finally:
        corner.end()
        shutil.rmtree(state, ignore_errors=True)


def _rate(wave: Wave, seconds: float) -> float:
    return len(wave.records) / seconds


async def _answered(corner: Corner, program: Program, count: int) -> None:
    end = time.monotonic() + _PATIENCE_S
    partitions = [
        TopicPartition(topic, n) for topic in MATCHING.answers(corner.topics) for n in range(PARTITIONS)
    ]
    async with reader(corner.ground.bootstrap) as consumer:
        while sum((await consumer.end_offsets(partitions)).values()) < count:
            if not program.running or time.monotonic() > end:
                raise RuntimeError(f"{NAME} did not answer: {program.said()[-3:]}")
            await asyncio.sleep(_POLL_S)
