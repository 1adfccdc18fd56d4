"""A service as a process of its own: started, killed, asked to stop, and questioned over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.local.ports import HOST, free_port
from tests.delivery.waiting import PATIENCE_S, eventually

ROOT: Final = Path(__file__).resolve().parents[2]
OPS_TOKEN: Final = "for-tests"

_PASSED_ON: Final = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
"""All that a service gets of our environment: a setting that somebody exported must not reach it."""

_QUICK: Final[Mapping[str, str]] = {
    # A member that was killed keeps its partitions for one session; thirty seconds would be a long test.
    "SESSION_TIMEOUT_SECONDS": "3",
    "CLOCK": "scenario",
    "WAIT_SECONDS": "60",
    "OPS_TOKEN": OPS_TOKEN,
}


class Program:
    """`python -m <module>`, once or several times after each other on the same port.

    Args:
        name: its name in logs.
        variables: settings of the service.
        folder: where its log goes.
        port: where its web app listens; 0 takes a free one.
    """

    def __init__(
        self, name: str, module: str, variables: Mapping[str, str], folder: Path, *, port: int = 0
    ) -> None:
        self.name = name
        self.port = port or free_port()
        self.log = folder / f"{name}.log"
        self._module = module
        self._variables = variables
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of its web app."""
        return f"http://{HOST}:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        """Number of the process that was started last."""
        assert self._child is not None, f"{self.name} was never started"
        return self._child.pid

    def start(self, *, crash_at: str = "", **variables: str) -> None:
        """Start it, without waiting for it.

        Args:
            crash_at: `place:count`; it ends itself there as `kill -9` does.
            variables: settings for this time only.
        """
        assert not self.running, f"{self.name} runs already"
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(
                # It ends with us: a test run that is killed leaves nothing behind.
                ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", self._module],
                cwd=ROOT,
                env=self._environment(crash_at, variables),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def _environment(self, crash_at: str, variables: Mapping[str, str]) -> dict[str, str]:
        own = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        own |= _QUICK
        own |= {"HTTP_PORT": str(self.port), "PUBLIC_URL": self.url, "WERKBEDRIJF_CRASH_AT": crash_at}
        return {**own, **self._variables, **variables}

    async def started(self, *, crash_at: str = "", **variables: str) -> None:
        """Start it and wait until it is ready."""
        self.start(crash_at=crash_at, **variables)
        await self.ready()

    async def ready(self, *, patience: float = PATIENCE_S) -> None:
        """Wait until it says that it is ready."""

        async def answers() -> bool:
            assert self.running, f"{self.name} ended with {self.code} while starting: {self.said()[-1:]}"
            return await self.status("/readyz") == httpx.codes.OK

        await eventually(answers, f"{self.name} is ready", patience=patience)

    def kill(self) -> None:
        """End it at once, as `kill -9` does; nothing of it is left when this returns."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def freeze(self) -> None:
        """Stop its clock, as a machine that swaps or a virtual machine that is moved does (SIGSTOP)."""
        assert self._child is not None, f"{self.name} was never started"
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on as if nothing had happened (SIGCONT)."""
        assert self._child is not None, f"{self.name} was never started"
        self._child.send_signal(signal.SIGCONT)

    def ask(self) -> None:
        """Ask it to stop (SIGTERM)."""
        assert self._child is not None, f"{self.name} was never started"
        self._child.send_signal(signal.SIGTERM)

    async def ended(self, *, patience: float = PATIENCE_S) -> int:
        """Wait until it has ended; its exit code, negative for the signal that ended it."""

        async def gone() -> bool:
            return not self.running

        await eventually(gone, f"{self.name} has ended", patience=patience)
        return self.code

    async def stopped(self) -> int:
        """Ask it to stop and wait until it has; its exit code."""
        self.ask()
        return await self.ended()

    @property
    def code(self) -> int:
        """Exit code of the last run."""
        assert self._child is not None, f"{self.name} was never started"
        assert self._child.returncode is not None, f"{self.name} runs still"
        return self._child.returncode

    def said(self, containing: str = "") -> list[str]:
        """What it logged, over all runs: the lines that contain this."""
        if not self.log.exists():
            return []
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if containing in line]

    async def status(self, path: str) -> int:
        """Status of a GET; 0 when nothing answers."""
        async with self._client(timeout=5) as client:
            try:
                return (await client.get(path)).status_code
            except httpx.TransportError:
                return 0

    async def readiness(self) -> dict[str, str]:
        """What it says of each thing that it needs."""
        async with self._client() as client:
            found: dict[str, str] = (await client.get("/readyz")).json()
            return found

    async def ops(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What an operator gets to see: a GET under /ops, or a POST of `body`."""
        async with self._client(headers={"Authorization": f"Bearer {OPS_TOKEN}"}) as client:
            answer = await (client.get(path) if body is None else client.post(path, json=dict(body)))
            answer.raise_for_status()
            return answer.json()

    async def counted(self, metric: str, **labels: str) -> float:
        """The value of one metric, summed over the labels that are not named."""
        async with self._client() as client:
            text = (await client.get("/metrics")).text
        wanted = [f"{name}={json.dumps(value)}" for name, value in labels.items()]
        lines = [line for line in text.splitlines() if line.startswith(metric)]
        return sum(float(line.rpartition(" ")[2]) for line in lines if all(w in line for w in wanted))

    def _client(self, **options: Any) -> httpx.AsyncClient:
        # Without TLS there is nothing to verify, and loading certificates costs more than the request.
        return httpx.AsyncClient(**{"base_url": self.url, "verify": False, "timeout": 30, **options})


def seconds_since(moment: float) -> float:
    """Seconds since a reading of `time.monotonic`."""
    return time.monotonic() - moment
