"""The local stack as a user has it: how soon it is ready, what it holds, and its latency under load."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console

from deploy.local import processes
from deploy.local.environment import database_of, dsn_of, secrets_of, variables_for
from deploy.local.kafka import ensure_jars
from deploy.local.ports import HOST, free_port
from deploy.local.progress import Steps
from deploy.local.running import RunningService
from deploy.local.servers import ensure_java
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack
from deploy.provision import LOCAL
from shared.messaging.topics import Topics
from tests.bench import latency, way, workload
from tests.bench.contenders import being_the_sender
from tests.bench.ground import rows
from tests.bench.latency import Region
from tests.bench.marked import ROAD
from tests.bench.sizes import Size
from tests.delivery.programs import ROOT

_PORTS: Final = (
    "kafka_port",
    "kafka_controller_port",
    "postgres_port",
    "smtp_port",
    "intake_port",
    "matching_port",
    "quota_port",
    "notifications_port",
)
_OF_ANOTHER: Final = {"KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "TOPIC_PREFIX"}
_POLL_S: Final = 0.01
_PATIENCE_S: Final = 120.0
_OK: Final = 200


RATE: Final = 200.0
"""Decisions a second, as the promise has it."""


def measure(found: dict[str, Any], folder: Path, size: Size, tell: Callable[[str], None]) -> None:
    """Start, memory and latency, added to `found`."""
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
    everybody = workload.people(alone + 2 * together)
    database = dsn_of(stack.addresses.base_dsn, database_of(by_name["notifications"], settings))
    async with being_the_sender(database):
        await latency.prepare(region, everybody)
        tell(f"{len(everybody):,} people known")
        times = await latency.measure(region, everybody[:alone], rate=RATE, warm_up_s=size.warm_up_s)
        found.setdefault("journey", {}).update({**times.figures(), "rate_per_s": RATE})
        tell(f"door to queued message: {times.figures()}")
        # What waited for a sender until now would be sent first.
        await rows(database, "DELETE FROM jobs")
    times = await latency.measure(region, everybody[alone:-together], rate=RATE, warm_up_s=1)
    found["sending"] = {**times.figures(), "rate_per_s": RATE}
    tell(f"the same with the sender at work: {times.figures()}")
    measured.begin_notes()
    async with being_the_sender(database):
        await latency.measure(region, everybody[-together:], rate=RATE, warm_up_s=1)
    found["way"] = way.hops(measured.notes())


class MeasuredStack:
    """A local stack in a folder of its own, beside any other on this machine.

    Args:
        folder: emptied first; what is downloaded is taken from where the user's own stack has it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ports = dict(zip(_PORTS, _different_ports(len(_PORTS)), strict=True))
        self.settings = LocalSettings(var=folder, **ports)  # type: ignore[arg-type]
        self._environment = {
            **{name: value for name, value in os.environ.items() if name not in _OF_ANOTHER},
            "WERKBEDRIJF_VAR": str(folder),
            **{f"WERKBEDRIJF_{name.upper()}": str(port) for name, port in ports.items()},
        }

    def empty(self) -> None:
        """An empty data folder, with the downloads in place."""
        shutil.rmtree(self._folder, ignore_errors=True)
        downloads = LocalSettings()
        with Steps(Console(stderr=True)) as steps:
            java = ensure_java(downloads, steps)
        jars = ensure_jars(downloads.home / "kafka" / "lib", java, downloads.log("maven"))
        (self._folder / "kafka").mkdir(parents=True)
        (self._folder / "kafka" / "lib").symlink_to(jars)
        if (downloads.home / "tools").exists():
            (self._folder / "tools").symlink_to(downloads.home / "tools")

    def up(self) -> float:
        """`werkbedrijf up`; seconds until it came back, which is when all is ready."""
        return self._command("up", "--clock", "scenario")

    def down(self) -> float:
        """`werkbedrijf down`; seconds until nothing is left."""
        return self._command("down")

    def ready_s(self, rounds: int) -> dict[str, float]:
        """Seconds from the start of each service's process to its first 200 on /readyz; one at a time."""
        found: dict[str, float] = {}
        for running in self._services():
            seconds = []
            for _ in range(rounds):
                process = running.process
                if process is not None:
                    processes.ask(process)
                    processes.ended(process, 40)
                started = time.perf_counter()
                running.start()
                _await_ready(running.service.port)
                seconds.append(time.perf_counter() - started)
            found[running.service.name] = round(median(seconds), 2)
        return found

    def memory_mb(self) -> dict[str, int]:
        """Resident memory of every service, MiB."""
        return {
            running.service.name: processes.memory_mb(running.process) or 0
            for running in self._services()
            if running.process is not None
        }

    def begin_notes(self) -> None:
        """Start the services on the road anew, each noting what passes."""
        for running in self._on_the_road():
            if running.process is not None:
                processes.ask(running.process)
                processes.ended(running.process, 40)
            running.start()
        for running in self._on_the_road():
            _await_ready(running.service.port)

    def notes(self) -> way.Notes:
        """What they have noted since."""
        return {
            running.service.name: way.ask(running.process.pid, Path(running.variables["NOTES"]))
            for running in self._on_the_road()
            if running.process is not None
        }

    def _on_the_road(self) -> list[RunningService]:
        return [
            replace(
                running,
                service=replace(running.service, module="tests.bench.marked"),
                variables={
                    **running.variables,
                    "STAGE": running.service.name,
                    "NOTES": str(self._folder / f"notes-{running.service.name}.json"),
                },
            )
            for running in self._services()
            if running.service.name in ROAD
        ]

    @property
    def stack(self) -> Stack:
        """What runs here."""
        return Stack(self.settings, console=Console(quiet=True))

    @property
    def tokens(self) -> Mapping[str, str]:
        """The door's token of each partner."""
        return secrets_of(self.settings).doors

    def _services(self) -> list[RunningService]:
        addresses = self.stack.addresses
        return [
            RunningService(
                each,
                self.settings,
                variables_for(
                    each,
                    self.settings,
                    bootstrap=addresses.bootstrap,
                    base_dsn=addresses.base_dsn,
                    tokens=secrets_of(self.settings),
                    clock="scenario",
                ),
            )
            for each in self.stack.parts
        ]

    def _command(self, *words: str) -> float:
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "deploy.cli.main", *words],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"werkbedrijf {' '.join(words)}: {done.stderr[-500:]}")
        return time.perf_counter() - started


def _different_ports(count: int) -> list[int]:
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return list(ports)


def _await_ready(port: int) -> None:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        connection = HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == _OK:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(_POLL_S)
    raise RuntimeError(f"nothing is ready on port {port}")
