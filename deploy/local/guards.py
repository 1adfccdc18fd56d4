"""What keeps a stack from harm: one command at a time, one clock, enough room."""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from deploy.local.faults import LocalFault
from deploy.local.settings import Clock, LocalSettings

_ROOM_MB = 500
"""MiB that a first start writes, downloads included, with some to spare."""
_ANOTHER_FOLDER = "choose another folder: WERKBEDRIJF_VAR=<folder>."


@contextlib.contextmanager
def alone(settings: LocalSettings) -> Iterator[None]:
    """Keep a second `up` or `down` out while one is at work.

    Raises:
        LocalFault: One is at work, the folder is not ours, or this is not Linux.
    """
    if not Path("/proc/self/stat").exists():
        raise LocalFault(
            "The local stack knows its processes by /proc, so it needs Linux",
            "Elsewhere use containers: `docker compose up --build --wait`.",
        )
    path = settings.home / "run" / "lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except PermissionError:
        raise LocalFault(
            f"{settings.home} belongs to another user", f"Work as that user, or {_ANOTHER_FOLDER}"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalFault(
                "Another `up` or `down` of this stack is at work", "Wait until it has ended, then try again."
            ) from None
        yield


def settle_clock(settings: LocalSettings, wanted: Clock | None) -> Clock:
    """The clock of this stack's data, remembered: one stack cannot live in two times.

    Raises:
        LocalFault: The data was made with the other clock.
    """
    known = clock_of(settings)
    if known and wanted and known != wanted:
        raise LocalFault(
            f"This stack's data was made with the {known} clock, not the {wanted} clock",
            "Empty it first: `make clean`.",
        )
    clock = known or wanted or "wall"
    clocks = {**_clocks(settings), settings.topic_prefix: clock}
    (settings.home / "clocks.json").write_text(json.dumps(clocks) + "\n", encoding="utf-8")
    return clock


def clock_of(settings: LocalSettings) -> Clock | None:
    """Which clock made the data of this stack; None while it has none."""
    return _clocks(settings).get(settings.topic_prefix)


def check_room(settings: LocalSettings) -> None:
    """See that there is room for what the stack writes.

    Raises:
        LocalFault: There is not.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    room = shutil.disk_usage(settings.home).free // (1024 * 1024)
    if room < _ROOM_MB:
        raise LocalFault(
            f"Only {room} MiB are free where {settings.home} is; the stack needs {_ROOM_MB}",
            f"Make room, or {_ANOTHER_FOLDER}",
        )


def _clocks(settings: LocalSettings) -> dict[str, Clock]:
    try:
        clocks: dict[str, Clock] = json.loads((settings.home / "clocks.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return clocks
