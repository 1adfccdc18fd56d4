"""The services as processes, and who starts them again when they have ended: systemd's part."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.local.ports import answers
from tests.chaos.ground.nursery import BornProgram, Nursery
from tests.delivery.programs import Program

_LOOK_S: Final = 0.1
_WORKS_S: Final = 1.0
_SECOND_DOOR: Final = "intake-2"
"""Messages are not sent while the vault behind the door is away, and are tried again after minutes."""
_EXPECTED: Final = frozenset({0, 1, 143, -signal.SIGTERM})
"""How a service may end: asked to, or because a server did not answer in the time set."""


class Instance:
    """One process of a service, which may run or not.

    Attributes:
        wanted: whether it should run; who finds it ended then starts it again.
        crash_at: where the next one that is started ends itself, as `place:count`.
    """

    def __init__(self, name: str, service: str, program: Program) -> None:
        self.name = name
        self.service = service
        self.program = program
        self.wanted = False
        self.frozen = False
        self.crash_at = ""
        self._answers_since: float | None = None

    @property
    def at_work_s(self) -> float:
        """Seconds for which it has been taking requests; 0 while it starts."""
        return 0.0 if self._answers_since is None else time.monotonic() - self._answers_since

    def look(self) -> None:
        """See whether it has come to take requests."""
        if self._answers_since is None and not self.frozen and answers(self.program.port):
            self._answers_since = time.monotonic()

    def start(self) -> None:
        """Start it, with the next place to crash at."""
        self.wanted, self.frozen = True, False
        crash_at, self.crash_at = self.crash_at, ""
        self.program.start(crash_at=crash_at)
        self._answers_since = None

    def freeze(self) -> bool:
        """Stop it in its tracks; False when there is nothing to stop."""
        if self.program.running and not self.frozen:
            self.program.freeze()
            self.frozen = True
            return True
        return False

    def thaw(self) -> None:
        """Let it go on."""
        if self.frozen and self.program.running:
            self.program.thaw()
        self.frozen = False


class Fleet:
    """All instances.

    Attributes:
        kills: how often each service was ended by `kill -9`, by us or at a place of its own.
        odd: endings that nobody asked for and that are no `kill -9`.
    """

    def __init__(self, folder: Path, variables: Mapping[str, Mapping[str, str]], plant: str = "") -> None:
        self.kills: Counter[str] = Counter()
        self.odd: list[str] = []
        self.instances: dict[str, Instance] = {}
        self._nurseries: list[Nursery] = []
        for service, told in variables.items():
            planted = {"CHAOS_PLANT": plant, "CHAOS_SERVICE": service} if plant else {}
            if not plant:
                self._nurseries.append(Nursery(f"services.{service}.wiring", told))
            for name in (service, f"{service}-2"):
                # The first has a name in its group and goes on at once; the second waits for a session.
                own = {**told, **planted} | ({"CONSUMER_INSTANCE": name} if name == service else {})
                # A bug is put over the code before anything else reads it, so that is read anew each time.
                program = (
                    Program(name, "tests.chaos.planted", own, folder)
                    if plant
                    else BornProgram(name, self._nurseries[-1], own, folder)
                )
                self.instances[name] = Instance(name, service, program)
        self._at_work_at: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the first instance of each and two of the door, and watch over all."""
        for instance in self.instances.values():
            if instance.name in {instance.service, _SECOND_DOOR}:
                instance.start()
        self._task = asyncio.create_task(self._watch(), name="fleet")

    async def ready(self) -> None:
        """Wait until all that should run are ready."""
        await asyncio.gather(*[i.program.ready(patience=120) for i in self.instances.values() if i.wanted])

    def running(self) -> list[Instance]:
        """Those that run now, by name."""
        return [i for i in self.instances.values() if i.wanted and i.program.running]

    def stop(self) -> None:
        """End them all."""
        if self._task is not None:
            self._task.cancel()
        for instance in self.instances.values():
            instance.wanted = False
            instance.program.kill()
        for nursery in self._nurseries:
            nursery.close()

    @property
    def failure(self) -> BaseException | None:
        """Why nobody watches over the instances any more, if so."""
        if self._task is None or not self._task.done() or self._task.cancelled():
            return None
        return self._task.exception()

    def look(self) -> None:
        """Start what has ended and should not have."""
        for instance in self.instances.values():
            if instance.wanted and not instance.program.running:
                code = instance.program.code
                if code == -signal.SIGKILL:
                    self.kills[instance.service] += 1
                elif code not in _EXPECTED:
                    self.odd.append(f"{instance.name} ended with {code}")
                instance.start()
            elif instance.wanted:
                instance.look()
                if instance.at_work_s > _WORKS_S and not instance.frozen:
                    self._at_work_at[instance.service] = time.monotonic()

    def all_at_work_since(self, moment: float) -> bool:
        """Whether each service has had an instance at work since that moment of `time.monotonic`."""
        return all(self._at_work_at.get(i.service, 0.0) > moment for i in self.instances.values())

    async def _watch(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(_LOOK_S)
