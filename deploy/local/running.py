"""The services of the local stack as processes: migrated, started, asked whether they are ready."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from deploy.local import ports, processes
from deploy.local.environment import Service
from deploy.local.faults import LocalFault
from deploy.local.processes import PidFile, Process
from deploy.local.servers import base_environment
from deploy.local.settings import LocalSettings

_MIGRATE_S = 120


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service process of this stack, whether it runs now or not.

    Attributes:
        service: Which one.
        settings: The stack it belongs to.
        variables: What it is told; empty where it is only looked at or stopped.
    """

    service: Service
    settings: LocalSettings
    variables: Mapping[str, str]

    @property
    def pid_file(self) -> PidFile:
        """Remembers its process and what that was told."""
        return PidFile(self.settings.home / "run" / f"{self.service.name}.pid")

    @property
    def process(self) -> Process | None:
        """The process if it runs."""
        found = self.pid_file.read()
        return found[0] if found else None

    @property
    def current(self) -> bool:
        """Whether it runs and was told the same as it would be told now."""
        found = self.pid_file.read()
        return found is not None and found[1] == self._fingerprint

    def require_port(self) -> None:
        """Refuse early when its port is another's."""
        if not self.process:
            variable = f"WERKBEDRIJF_{self.service.name.upper()}_PORT"
            ports.require_free(self.service.port, self.service.name, variable)

    def migration(self) -> subprocess.Popen[bytes]:
        """Begin to bring its database up to date."""
        log = self.settings.log(f"{self.service.name}-migrate")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            return subprocess.Popen(
                [*self._argv, "migrate"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def start(self) -> Process:
        """Start the process."""
        process = processes.start(
            self._argv, log=self.settings.log(self.service.name), environment=self._environment
        )
        self.pid_file.write(process, self._fingerprint)
        return process

    def wait_ready(self, process: Process) -> None:
        """Wait until it says it is ready."""
        processes.wait_ready(
            self.service.name,
            process,
            lambda: self.not_ready() is None,
            log=self.settings.log(self.service.name),
            patience=self.settings.patience_s,
        )

    def not_ready(self) -> str | None:
        """What stands in the way of its being ready; None if it is."""
        try:
            answer = httpx.get(f"{self.service.url}/readyz", timeout=5)
        except httpx.HTTPError as error:
            return type(error).__name__
        if answer.is_success:
            return None
        try:
            checks = answer.json()
        except ValueError:
            return f"HTTP {answer.status_code}"
        wrong = {name: state for name, state in checks.items() if name != "status" and state != "ok"}
        return ", ".join(f"{name}: {state}" for name, state in wrong.items()) or f"HTTP {answer.status_code}"

    @property
    def _argv(self) -> list[str]:
        return [sys.executable, "-m", self.service.module]

    @property
    def _environment(self) -> dict[str, str]:
        return {**base_environment(self.settings), **self.variables}

    @property
    def _fingerprint(self) -> str:
        told = json.dumps(dict(self.variables), sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


def migrate(running: Sequence[RunningService]) -> None:
    """Bring the databases of several services up to date, side by side.

    Raises:
        LocalFault: One of them failed.
    """
    at_work = [(each, each.migration()) for each in running]
    for each, run in at_work:
        try:
            code = run.wait(_MIGRATE_S)
        except subprocess.TimeoutExpired:
            run.kill()
            code = run.wait()
        if code:
            name, log = each.service.name, each.settings.log(f"{each.service.name}-migrate")
            cause = processes.last_words(log)
            raise LocalFault(
                f"The database of {name} could not be brought up to date: {cause}", f"All it said: {log}"
            )
