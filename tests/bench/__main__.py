"""`python -m tests.bench [--quick] [--only PART]`: every figure of docs/measurements.md, in one run."""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from deploy.local.environment import database_of, dsn_of
from deploy.local.settings import LocalSettings
from deploy.provision import LOCAL
from shared.messaging.topics import Topics
from tests.bench import latency, machine, stages, throughput, workload
from tests.bench.contenders import MATCHING, being_the_sender
from tests.bench.ground import ground, rows
from tests.bench.latency import Region
from tests.bench.report import Report
from tests.bench.stack import MeasuredStack
from tests.bench.throughput import JOINING, JOURNEY, Task

PARTS: Final = ("matching", "journey", "stack")
RATE: Final = 200.0
"""Decisions a second, as the promise has it."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done.

    Attributes:
        matching, journey: people, and for the newcomer's fewer of them.
        warm_up_s, load_s: of the latency; then `sending_s` with the sender at work.
    """

    rounds: int
    matching: tuple[int, int]
    journey: tuple[int, int]
    warm_up_s: float
    load_s: float
    sending_s: float


FULL: Final = Size(3, (10_000, 1_000), (2_000, 250), 5, 20, 10)
QUICK: Final = Size(1, (1_500, 150), (300, 50), 1, 4, 2)


def main(words: Sequence[str] | None = None) -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small round: does it work at all")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be given again")
    asked = parser.parse_args(words)
    # What the client retries by itself it also logs as an error.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console, size = Console(stderr=True), QUICK if asked.quick else FULL
    folder = LocalSettings().home / "bench"
    started = time.monotonic()

    def tell(line: str) -> None:
        console.print(f"{time.monotonic() - started:6.0f} s  {line}", highlight=False)

    report = Report({"machine": machine.describe(), "command": _command(asked)})
    report.found["others_before"] = machine.used_by_others()
    parts = asked.only or PARTS
    if "matching" in parts or "journey" in parts:
        with ground(folder / "log") as servers:
            asyncio.run(_throughput(report.found, servers, parts, size, tell))
    if "stack" in parts:
        _stack(report.found, folder / "stack", size, tell)
    report.found["others_after"] = machine.used_by_others()
    report.found["seconds"] = round(time.monotonic() - started, 1)
    report.write(folder)
    report.show(Console())
    tell(f"written to {folder}: report.json, report.md")


async def _throughput(
    found: dict[str, Any], servers: Any, parts: Sequence[str], size: Size, tell: Callable[[str], None]
) -> None:
    if "matching" in parts:
        found["stages_us"] = stages.table()
        task = Task("matching", *JOINING, *size.matching)
        found["matching"] = throughput.figures(await throughput.compare(servers, task, size.rounds, tell))
        lap = await throughput.alone(
            servers, Task("catching-up", (MATCHING,), throughput.catching_up, *size.matching)
        )
        found["catching_up"] = {"rate": round(lap.rate, 1), "parked": lap.parked}
        tell(f"matching, all at once: {lap.rate:,.0f}/s with {lap.parked:,} parked")
    if "journey" in parts:
        task = Task("journey", *JOURNEY, *size.journey)
        found["journey"] = throughput.figures(await throughput.compare(servers, task, size.rounds, tell))


def _stack(found: dict[str, Any], folder: Path, size: Size, tell: Callable[[str], None]) -> None:
    measured = MeasuredStack(folder)
    measured.empty()
    try:
        cold = measured.up()
        tell(f"stack up from empty folders: {cold:.1f} s")
        down = measured.down()
        warm = measured.up()
        tell(f"stack up with data: {warm:.1f} s")
        found["stack"] = {"cold_s": round(cold, 1), "warm_s": round(warm, 1), "down_s": round(down, 1)}
        found["ready_s"] = measured.ready_s(size.rounds)
        tell(f"services ready: {found['ready_s']}")
        time.sleep(2)
        found["rss_idle_mb"] = measured.memory_mb()
        asyncio.run(_latency(found, measured, size, tell))
        found["rss_mb"] = measured.memory_mb()
    finally:
        measured.down()


async def _latency(
    found: dict[str, Any], measured: MeasuredStack, size: Size, tell: Callable[[str], None]
) -> None:
    stack, settings = measured.stack, measured.settings
    by_name = {part.name: part for part in stack.parts}
    region = Region(
        stack.addresses.bootstrap,
        Topics(settings.topic_prefix),
        by_name["intake"].url,
        measured.tokens,
        LOCAL.partitions,
    )
    alone, together = round(RATE * (size.warm_up_s + size.load_s)), round(RATE * (1 + size.sending_s))
    everybody = workload.people(alone + together)
    database = dsn_of(stack.addresses.base_dsn, database_of(by_name["notifications"], settings))
    async with being_the_sender(database):
        await latency.prepare(region, everybody)
        tell(f"{len(everybody):,} people known")
        times = await latency.measure(region, everybody[:alone], rate=RATE, warm_up_s=size.warm_up_s)
        found.setdefault("journey", {}).update({**times.figures(), "rate_per_s": RATE})
        tell(f"door to queued message: {times.figures()}")
        # What waited for a sender until now would be sent first.
        await rows(database, "DELETE FROM jobs")
    times = await latency.measure(region, everybody[alone:], rate=RATE, warm_up_s=1)
    found["sending"] = {**times.figures(), "rate_per_s": RATE}
    tell(f"the same with the sender at work: {times.figures()}")


def _command(asked: argparse.Namespace) -> str:
    words = ["python -m tests.bench", *(["--quick"] if asked.quick else [])]
    return " ".join([*words, *[f"--only {part}" for part in asked.only or ()]])


if __name__ == "__main__":
    main()
