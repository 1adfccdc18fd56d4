"""`python -m tests.bench [--quick] [--only PART]`: every figure of docs/measurements.md.

Without `--only` the parts of ten minutes are measured; the long ones (growth, rebuild, scale) are asked for
by name, and are added to the report that is there.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from rich.console import Console

from deploy.local.settings import LocalSettings
from tests.bench import (
    growth,
    machine,
    peer,
    rebuilding,
    scale,
    scaled,
    stack,
    stages,
    tasks,
    throughput,
    walls,
)
from tests.bench.ground import Ground, ground
from tests.bench.report import Report
from tests.bench.sizes import FULL, QUICK, Size
from tests.bench.tasks import ROAD, SERVICES, Task

Tell = Callable[[str], None]

STACK: Final = "stack"
LONG: Final = ("growth", "rebuild", "scale")
USUAL: Final = (*SERVICES, "journey", "peer", "walls", STACK)
PARTS: Final = (*USUAL, *LONG)


def main(words: Sequence[str] | None = None) -> None:
    """Measure and write the report."""
    asked = _arguments(words)
    # What the client retries by itself it also logs as an error.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console, size = Console(stderr=True), QUICK if asked.quick else FULL
    folder = LocalSettings().home / "bench"
    started = time.monotonic()

    def tell(line: str) -> None:
        console.print(f"{time.monotonic() - started:6.0f} s  {line}", highlight=False)

    parts = tuple(asked.only or USUAL)
    report = Report.read(folder) if asked.only else Report()
    run = {"command": _command(asked), **machine.describe(), "others_before": machine.used_by_others()}
    found: dict[str, Any] = {}
    if set(parts) - {STACK}:
        with ground(folder / "log") as servers:
            asyncio.run(_measure(found, servers, parts, size, asked, tell))
    if STACK in parts:
        stack.measure(found, folder / "stack", size, tell)
    run["others_after"] = machine.used_by_others()
    run["seconds"] = round(time.monotonic() - started, 1)
    report.add(found, parts, run)
    report.write(folder)
    report.show(Console())
    tell(f"written to {folder}: report.json, report.md")


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small round: does it work at all")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be given again")
    parser.add_argument("--people", type=int, help="who are known where growth is measured; thousands only")
    parser.add_argument("--service", choices=tuple(SERVICES), action="append", help="of growth and rebuild")
    asked = parser.parse_args(words)
    if asked.people is not None and (asked.people < scaled.SMALL or asked.people % scaled.SMALL):
        parser.error(f"--people must be so many times {scaled.SMALL}")
    return asked


async def _measure(
    found: dict[str, Any],
    servers: Ground,
    parts: Sequence[str],
    size: Size,
    asked: argparse.Namespace,
    tell: Tell,
) -> None:
    services = asked.service or tuple(SERVICES)
    for name, (stage, waves) in SERVICES.items():
        if name in parts:
            found[name] = await _compared(
                servers,
                Task(name, (stage,), waves, *size.services[name], tasks.BEFOREHAND.get(name)),
                size,
                tell,
            )
    if "matching" in parts:
        await _matching_alone(found, servers, size, tell)
    if "journey" in parts:
        task = Task("journey", ROAD, tasks.journey, *size.journey)
        found["journey"] = await _compared(servers, task, size, tell)
    if "peer" in parts:
        found["peer"] = await peer.measure(servers, size.peer, size.rounds, tell)
    if "walls" in parts:
        found["walls_ms"] = await walls.measure(servers, size.walls, tell)
    if "growth" in parts:
        found["growing"] = await growth.measure(
            servers, services, asked.people or size.known, size.new, size.rounds, tell
        )
        found["growth"] = growth.worst(found["growing"])
    if "rebuild" in parts:
        sizes = {name: size.rebuild[name] for name in services}
        found["rebuild"] = await rebuilding.measure(servers, sizes, tell)
        found["rebuild_per_s"] = rebuilding.slowest(found["rebuild"])
    if "scale" in parts:
        found["scale"] = await scale.measure(servers, size.scale, size.rounds, tell)


async def _compared(servers: Ground, task: Task, size: Size, tell: Tell) -> dict[str, Any]:
    return throughput.figures(await throughput.compare(servers, task, size.rounds, tell))


async def _matching_alone(found: dict[str, Any], servers: Ground, size: Size, tell: Tell) -> None:
    found["stages_us"] = stages.table()
    task = Task("catching-up", (tasks.MATCHING,), tasks.catching_up, *size.services["matching"])
    lap = await throughput.alone(servers, task)
    found["catching_up"] = {"rate": round(lap.rate, 1), "parked": lap.parked}
    tell(f"matching, all at once: {lap.rate:,.0f}/s with {lap.parked:,} parked")


def _command(asked: argparse.Namespace) -> str:
    words = ["python -m tests.bench", *(["--quick"] if asked.quick else [])]
    words += [f"--only {part}" for part in asked.only or ()]
    words += [f"--service {name}" for name in asked.service or ()]
    return " ".join([*words, *([f"--people {asked.people}"] if asked.people else [])])


if __name__ == "__main__":
    main()
