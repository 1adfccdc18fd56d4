"""Running a program that refuses to run as root, when we are root."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.faults import LocalFault

# In order of preference. Reading everywhere is less than writing everywhere, but containers often lack it.
_CAPABILITIES = (("dac_read_search", 2), ("dac_override", 1))


@dataclass(frozen=True, slots=True)
class User:
    """An account of this machine."""

    name: str
    uid: int
    gid: int


def unprivileged(folder: Path) -> User | None:
    """Who is to run a program that refuses root: the owner of `folder`, else `postgres` or `nobody`.

    Returns:
        None when we are not root: then it runs as we do.

    Raises:
        LocalFault: This machine has no such account.
    """
    if os.geteuid() != 0:
        return None
    wanted: list[int | str] = ["postgres", "nobody"]
    if folder.exists() and (owner := folder.stat().st_uid):
        wanted.insert(0, owner)
    for who in wanted:
        try:
            entry = pwd.getpwuid(who) if isinstance(who, int) else pwd.getpwnam(who)
        except KeyError:
            continue
        return User(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise LocalFault(
        "PostgreSQL may not run as root and this machine has no account `nobody`",
        "Start as an ordinary user, or set DATABASE_URL to a server of your own.",
    )


def as_user(user: User | None, argv: Sequence[str], reach: Sequence[Path]) -> list[str]:
    """The command that runs `argv` as `user`, who must be able to reach the paths in `reach`.

    A repository below a closed folder (`/root` as a rule) is out of the user's reach. Rather than open
    that folder, the program is given one capability: to pass and read closed folders.

    Raises:
        LocalFault: A path is out of reach and this machine does not let us give that capability.
    """
    if user is None:
        return list(argv)
    if shutil.which("setpriv") is None:
        raise LocalFault(
            "PostgreSQL may not run as root and `setpriv` (package util-linux) is missing",
            "Install it, start as an ordinary user, or set DATABASE_URL to a server of your own.",
        )
    drop = ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups"]
    closed = next(
        (folder for path in reach for folder in path.resolve().parents if _shut(folder, user)), None
    )
    if closed is None:
        return [*drop, *argv]
    held = _held_capabilities()
    for name, bit in _CAPABILITIES:
        if held >> bit & 1:
            # PostgreSQL looks at its own files by access(2), which forgets capabilities without that bit.
            grant = [
                "--securebits=+no_setuid_fixup",
                f"--inh-caps=-all,+{name}",
                f"--ambient-caps=-all,+{name}",
            ]
            return [*drop, *grant, *argv]
    raise LocalFault(
        f"PostgreSQL may not run as root, and user {user.name} cannot enter {closed}",
        f"Move the repository out of {closed}, or start as an ordinary user.",
    )


def _shut(folder: Path, user: User) -> bool:
    """Whether a folder does not let the user pass."""
    state = folder.stat()
    if state.st_uid == user.uid:
        return not state.st_mode & 0o100
    if state.st_gid == user.gid:
        return not state.st_mode & 0o010
    return not state.st_mode & 0o001


def _held_capabilities() -> int:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0
