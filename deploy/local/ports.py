"""Ports of this machine: which are free, and who holds one that is not."""

from __future__ import annotations

import errno
import random
import socket
from pathlib import Path

from deploy.local.faults import LocalFault

HOST = "127.0.0.1"
_LOWEST = 20_000


def free_port() -> int:
    """A port that nothing listens on now, below those that the kernel gives to clients.

    A client that keeps trying a port of the kernel's own range is given that very port one day, talks to
    itself, and the server that comes back finds it taken.
    """
    try:
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except OSError:
        first = _LOWEST
    candidates = range(_LOWEST, first if first > _LOWEST + 1000 else _LOWEST + 10_000)
    while not is_free(port := random.choice(candidates)):  # noqa: S311  # no secret
        pass
    return port


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        # As servers do: connections of an earlier run that linger are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
        return True


def answers(port: int, host: str = HOST) -> bool:
    """Whether something accepts connections on this port."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def require_free(port: int, name: str, variable: str) -> None:
    """Refuse to start `name` on a port that another program holds.

    Args:
        port: The port it is to listen on.
        name: What is to be started, for the reader.
        variable: The setting that moves it to another port.

    Raises:
        LocalFault: The port is held; it names the holder if that can be seen.
    """
    if not is_free(port):
        raise LocalFault(
            f"Port {port}, meant for {name}, is held by {holder(port) or 'another program'}",
            f"Stop that program, or choose another port: {variable}=<port>.",
        )


def holder(port: int) -> str | None:
    """The process that listens on a port, as `pid 123 (name)`; None if it cannot be seen."""
    inodes = {f"socket:[{inode}]" for inode in _listening(port)}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if any(str(link.readlink()) in inodes for link in (entry / "fd").iterdir()):
                return f"pid {entry.name} ({(entry / 'comm').read_text(encoding='utf-8').strip()})"
        except OSError:
            continue
    return None


def _listening(port: int) -> set[str]:
    """Inodes of the sockets that listen on a port, over IPv4 and IPv6."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="utf-8").splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes
