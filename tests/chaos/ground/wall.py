"""The machine's clock as services and PostgreSQL see it, which can be set ahead or back while they run.

libfaketime stands between them and the kernel; Kafka and the campaign itself go by the real clock. It is
taken from where Debian's package `libfaketime` or the Python one has it. Without it, or without mounts of our
own, nobody's clock moves, and the campaign says that this fault was left out.
"""

from __future__ import annotations

import importlib.util
import shlex
from pathlib import Path
from typing import Final

from tests.chaos.ground.disks import Disk

_SEEN_AFTER_S: Final = 1
"""How long a process goes by what it read before."""


class Wall:
    """The clock on the wall.

    Attributes:
        ahead_s: how many seconds it is ahead of the real one.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder.resolve() / "wall-clock"
        self._library = _library()
        # What libfaketime shares between threads stays behind when a process is killed.
        self._shared = Disk("shm", Path("/dev/shm"))
        self.ahead_s = 0
        self._furthest_s = 0

    @property
    def real(self) -> bool:
        """Whether it can be moved."""
        return self._library is not None and self._shared.real

    def hang_up(self) -> None:
        """Make it ready, before the first process that goes by it."""
        if self._library is not None:
            self._shared.mount()
        self.set(0)

    def take_down(self) -> None:
        """Nobody goes by it any more."""
        self._shared.unmount()

    def set(self, ahead_s: int) -> None:
        """It is so many seconds ahead, or behind, for everyone who goes by it."""
        self.ahead_s = ahead_s
        self._furthest_s = max(self._furthest_s, ahead_s)
        whole = self._file.with_suffix(".new")
        whole.write_text(f"{ahead_s:+d}s\n", encoding="ascii")
        whole.replace(self._file)

    def go_on(self, seconds: int) -> None:
        """It is later than it ever was: what was put off until then is due."""
        self.set(self._furthest_s + seconds)

    def variables(self) -> dict[str, str]:
        """What makes a process go by it."""
        if not self.real:
            return {}
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": str(_SEEN_AFTER_S),
            # Nobody can set the clock by which waiting is measured.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def over(self, programs: Path, folder: Path) -> Path:
        """A folder with the same programs, of which `postgres` goes by it.

        The server alone and not what starts it: that is another user, and what libfaketime shares has one.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for program in programs.iterdir():
            (folder / program.name).symlink_to(program)
        server = folder / "postgres"
        server.unlink()
        told = " ".join(f"{name}={shlex.quote(value)}" for name, value in self.variables().items())
        server.write_text(f'#!/bin/sh\nexec env {told} {shlex.quote(str(programs / "postgres"))} "$@"\n')
        server.chmod(0o755)
        return folder.resolve()


def _library() -> Path | None:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    package = importlib.util.find_spec("libfaketime")
    if package is not None and package.origin:
        found += sorted(Path(package.origin).parent.glob("vendor/libfaketime/src/libfaketime.so.1"))
    return found[0] if found else None
