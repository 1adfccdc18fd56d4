"""Where the wall time of a batch goes on the real servers, stage by stage; so the next limit has a name."""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from tests.bench import throughput, workload
from tests.bench.clocked import BATCHES, BESIDE, IN_A_BATCH, IN_THE_RELAY, RELAY, SAYS, WHOLE
from tests.bench.contenders import Contender, being_the_sender
from tests.bench.ground import Ground
from tests.bench.tasks import NOTIFICATIONS, SERVICES, Stage
from tests.delivery.programs import Program

_PATIENCE_S: Final = 10.0


async def measure(ground: Ground, people: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Every service at its own work: milliseconds a batch by stage, and how large its batches were."""
    found = {}
    for name, (stage, waves) in SERVICES.items():
        corner = await ground.corner(f"walls-{name}")
        contender = await _clocked(corner, stage)
        clock = _Clock(contender.programs[0])
        (lap,) = await throughput.laps(
            contender, [waves(corner.topics, workload.people(people))], around=clock.look
        )
        found[name] = _table(clock.between(), lap.events, lap.seconds)
        tell(f"walls of {name}: {found[name]['events_a_batch']:.0f} events a batch")
    return found


async def _clocked(corner: Any, stage: Stage) -> Contender:
    databases = {stage.name: await corner.database(stage.name, stage.package)}
    program = corner.program(
        stage.name, "tests.bench.clocked", databases[stage.name], STAGE=stage.name, **stage.told
    )
    made = Contender(corner, [program], databases, stage.answers(corner.topics), [program])
    if stage is NOTIFICATIONS:
        await made.held.enter_async_context(being_the_sender(databases[stage.name]))
    return made


class _Clock:
    """Asks the process for what its stages took, before and after each wave."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._said: list[dict[str, float]] = []

    def look(self) -> None:
        """Ask, and wait for the answer."""
        before, end = len(self._program.said(SAYS)), time.monotonic() + _PATIENCE_S
        os.kill(self._program.pid, signal.SIGUSR1)
        while len(said := self._program.said(SAYS)) == before:
            if time.monotonic() > end:
                raise RuntimeError(f"{self._program.name} does not say what its stages took")
            time.sleep(0.005)
        self._said.append(orjson.loads(said[-1].partition(SAYS)[2]))

    def between(self) -> dict[str, float]:
        """What the waves took, all together."""
        total: dict[str, float] = defaultdict(float)
        for before, after in zip(self._said[::2], self._said[1::2], strict=True):
            for name, seconds in after.items():
                total[name] += seconds - before.get(name, 0.0)
        return total


def _table(took: Mapping[str, float], events: int, seconds: float) -> dict[str, Any]:
    batches = max(1, int(took[BATCHES]))

    def ms(names: Sequence[str], prefix: str = "") -> dict[str, float]:
        return {name: round(1000 * took.get(prefix + name, 0.0) / batches, 2) for name in names}

    stages = ms(IN_A_BATCH)
    whole = 1000 * took[WHOLE] / batches
    return {
        "events_a_batch": round(events / batches, 1),
        "events_per_s": round(events / seconds, 1),
        "batch_ms": round(whole, 2),
        "batch": stages | {"the rest of the batch": round(max(0.0, whole - sum(stages.values())), 2)},
        "beside": ms(BESIDE),
        "relay_ms": round(1000 * took[RELAY] / batches, 2),
        "relay": ms(IN_THE_RELAY, f"{RELAY}: "),
    }
