"""Starting, recognising and stopping processes that outlive the command which started them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.faults import LocalFault

MARK = "WERKBEDRIJF_STACK"
"""Variable in the environment of all we start: its value is the folder of the stack it belongs to."""

_KEPT_LOG = 5 * 1024 * 1024
_POLL = 0.05

_children: dict[int, subprocess.Popen[bytes]] = {}
"""What this very process started, so that it can be reaped: a zombie would look alive to others."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process by number and start time, so that a number used again is not taken for the old one.

    Attributes:
        pid: Its number.
        started: When it started, in clock ticks since the machine did.
    """

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        child = _children.get(self.pid)
        if child is not None and child.poll() is not None:
            del _children[self.pid]
        return identify(self.pid) == self


def identify(pid: int) -> Process | None:
    """The process with this number, or None if there is none (a zombie counts as none)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name, second field, may itself hold blanks and brackets.
    fields = stat.rpartition(")")[2].split()
    # While its other threads still end it holds its ports and files, though it looks like a zombie.
    gone = fields[0] in {"Z", "X"} and int(fields[17]) <= 1
    return None if gone else Process(pid, int(fields[19]))


@dataclass(frozen=True, slots=True)
class PidFile:
    """Remembers a process on disk, with a line of the caller's own (what it was started with)."""

    path: Path

    def write(self, process: Process, note: str = "") -> None:
        """Remember `process`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(f"{process.pid} {process.started}\n{note}\n", encoding="utf-8")
        fresh.replace(self.path)

    def read(self) -> tuple[Process, str] | None:
        """The remembered process and its note if it still runs, else None."""
        try:
            first, _, rest = self.path.read_text(encoding="utf-8").partition("\n")
            pid, started = map(int, first.split())
        except (OSError, ValueError):
            return None
        process = Process(pid, started)
        return (process, rest.strip()) if process.alive else None

    def forget(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


def start(
    argv: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Start a process in a session of its own, its output added to `log`.

    Args:
        argv: Program and arguments.
        log: File for its output; one over 5 MiB is set aside as `.1` first.
        environment: All of its environment; by default that of this process.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _KEPT_LOG:
        log.replace(log.with_suffix(log.suffix + ".1"))
    with log.open("ab") as out:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            start_new_session=True,
        )
    _children[child.pid] = child
    process = identify(child.pid)
    # Gone already: a number with an impossible start time is simply never alive.
    return process or Process(child.pid, -1)


def with_parent(argv: Sequence[str]) -> list[str]:
    """The command that runs `argv`, ended by the kernel when the thread that started it ends (for tests)."""
    return ["setpriv", "--pdeathsig", "KILL", *argv]


def ask(process: Process, how: signal.Signals = signal.SIGTERM) -> None:
    """Ask a process to stop, without waiting for it."""
    if process.alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, how)


def ended(process: Process, patience: float) -> bool:
    """Wait until a process that was asked to stop has gone; kill it after `patience` seconds.

    Returns:
        Whether it went by itself.
    """
    if until(lambda: not process.alive, patience):
        return True
    kill(process)
    return False


def kill(process: Process) -> None:
    """Kill a process and what it started in its session, and wait until it is gone."""
    if process.alive:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        until(lambda: not process.alive, 10)


def until(condition: Callable[[], bool], patience: float) -> bool:
    """Wait until `condition` holds; False when it does not within `patience` seconds."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL)
    return True


def wait_ready(name: str, process: Process, ready: Callable[[], bool], *, log: Path, patience: float) -> None:
    """Wait until `ready` holds for a process just started.

    Raises:
        LocalFault: It stopped, or it was not ready within `patience` seconds; with its last words.
    """
    until(lambda: not process.alive or ready(), patience)
    if not process.alive:
        raise LocalFault(f"{name} stopped while starting: {last_words(log)}", f"All it said: {log}")
    if not ready():
        raise LocalFault(
            f"{name} is not ready after {patience:.0f} seconds: {last_words(log)}",
            f"All it said: {log}; `make down` stops what was started.",
        )


def last_words(log: Path, length: int = 300) -> str:
    """The line of a log that most likely tells the cause: its last error, else its last line."""
    try:
        lines = log.read_bytes()[-20_000:].decode(errors="replace").splitlines()
    except OSError:
        return "it said nothing"
    said = [_told(line.strip()) for line in lines if line.strip()]
    telling = [
        line for line in said if any(word in line for word in ("ERROR", "FATAL", "Exception", "Error:"))
    ]
    return (telling or said or ["it said nothing"])[-1][:length]


def _told(line: str) -> str:
    """What a log line says; the services log JSON."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    return f"{str(entry.get('level', '')).upper()} {entry.get('event')}" if isinstance(entry, dict) else line


def leader(process: Process) -> int | None:
    """Number of the process that leads its session: for what a service started, the service."""
    try:
        return os.getsid(process.pid)
    except (ProcessLookupError, PermissionError):
        return None


def memory_mb(process: Process) -> int | None:
    """Memory that a process holds, in MiB; None if it cannot be seen."""
    try:
        fields = Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return None
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") // (1024 * 1024)


def marked(folder: Path) -> Iterator[Process]:
    """Every process that carries the mark of the stack in `folder`, however it was started."""
    wanted = f"{MARK}={folder}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                carries = wanted in (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if carries and (process := identify(int(entry.name))):
                yield process
