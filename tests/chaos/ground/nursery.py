"""Where services are born: a process that has read their code already and forks each one off.

A start from nothing spends a second of a processor on reading modules, and a thousand kills are a thousand
starts. What is born here is a process like any other, the campaign's own child, with an environment, a log
and a death of its own; it only did not read its modules itself.

As a program, `python -m tests.chaos.ground.nursery <module>`: it reads the module, then a line of JSON a
birth, and answers each with the number of the process.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from shared.messaging import faults
from tests.delivery.programs import ROOT, Program

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_PATIENCE_S: Final = 10.0


class Born:
    """A child of ours that somebody else forked; what `subprocess.Popen` is for those we start ourselves."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, negative for the signal that ended it; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self) -> int:
        """The same, once it has ended."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """Gives birth to processes of one service.

    Args:
        module: what has the service's `build`.
        variables: environment of the process that reads the code; each birth adds its own.
    """

    def __init__(self, module: str, variables: Mapping[str, str]) -> None:
        _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "tests.chaos.ground.nursery", module],
            cwd=ROOT,
            env={**own, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def give_birth(self, variables: Mapping[str, str], log: Path) -> Born:
        """A process with this environment, its output added to the log."""
        asked, answered = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answered is not None
        asked.write(
            orjson.dumps({"variables": dict(variables), "log": str(log), "parent": os.getpid()}) + b"\n"
        )
        asked.flush()
        return Born(int(answered.readline()))

    def close(self) -> None:
        """No more births; what was born lives on."""
        self._process.kill()
        self._process.wait()


class BornProgram(Program):
    """A program whose processes are born."""

    def __init__(self, name: str, nursery: Nursery, variables: Mapping[str, str], folder: Path) -> None:
        super().__init__(name, "", variables, folder)
        self._nursery = nursery

    def start(self, *, crash_at: str = "", **variables: str) -> None:
        """Start it, without waiting for it."""
        assert not self.running, f"{self.name} runs already"
        told = self._environment(crash_at, variables)
        self._child = self._nursery.give_birth(told, self.log.resolve())  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class _Birth:
    variables: dict[str, str]
    log: str
    parent: int


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Read the code, then fork whenever asked."""
    module = importlib.import_module(sys.argv[1])
    gc.collect()
    gc.freeze()
    for line in sys.stdin.buffer:
        birth = _Birth(**orjson.loads(line))
        reads, writes = os.pipe()
        between = os.fork()
        if between == 0:
            # Whose parent ends is given to the campaign, which is then told of its end.
            born = os.fork()
            if born == 0:
                os.close(reads)
                os.close(writes)
                _live(module, birth)
            os.write(writes, b"%d\n" % born)
            os._exit(0)
        os.close(writes)
        os.waitpid(between, 0)
        with os.fdopen(reads, "rb") as pipe:
            sys.stdout.buffer.write(pipe.readline())
            sys.stdout.buffer.flush()


def _live(module: Any, birth: _Birth) -> None:
    give_up = time.monotonic() + _PATIENCE_S
    while os.getppid() != birth.parent:
        if time.monotonic() > give_up:
            os._exit(1)
        os.sched_yield()  # not `sleep`, which libfaketime does not get right
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != birth.parent:
        os._exit(1)
    log = os.open(birth.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for here, there in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(here, there)
    os.environ.clear()
    os.environ.update(birth.variables)
    sys.argv[1:] = []
    # All else that a service is told it asks for when it starts; where to crash it has read already.
    asked, _, count = birth.variables["WERKBEDRIJF_CRASH_AT"].partition(":")
    faults._CRASH_AT = faults.Place(asked) if asked else None  # type: ignore[misc]
    faults._left = int(count or 1)
    serve = importlib.import_module("shared.web.app").serve
    code = 0
    try:
        serve(module.build)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - an ending like any other process's, with what it was in the log
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
