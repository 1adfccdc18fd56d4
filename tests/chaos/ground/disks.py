"""Disks of a server's own, which can be made full at once: small file systems in memory.

Mounting needs a mount namespace of our own, which takes root. Without it there are no such disks, and
the campaign says that this fault was left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

OWN_NET: Final = "CHAOS_OWN_NET"
"""Set where the network is nobody else's business, and is gone with the last of our processes."""
_OWN: Final = "CHAOS_OWN_MOUNTS"
"""Set where a mount is nobody else's business, and is gone with the last of our processes."""
_ROOMY: Final = "16g"
"""A limit and no claim: memory is taken for what is written."""


def with_own_mounts(*, own_net: bool = False) -> None:
    """Go on as the same program in a mount namespace of its own, where that can be had.

    Args:
        own_net: with a network of its own besides, which reaches nothing but itself.
    """
    if os.geteuid() or not shutil.which("unshare") or os.environ.get(_OWN) is not None:
        return
    net = ["--net"] if own_net and shutil.which("nft") and shutil.which("ip") else []
    for spaces in (["--mount", *net], ["--mount"]):
        if not subprocess.run(["unshare", *spaces, "true"], capture_output=True, check=False).returncode:
            os.environ[_OWN] = "1"
            if "--net" in spaces:
                os.environ[OWN_NET] = "1"
            again = ["unshare", *spaces, "--propagation", "private", sys.executable, *sys.orig_argv[1:]]
            os.execvp("unshare", again)


class Disk:
    """The disk of one server, mounted over an empty folder."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.real = False

    def mount(self) -> None:
        """Mount it, where that can be had."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.environ.get(_OWN):
            options = f"size={_ROOMY},mode=755"
            argv = ["mount", "-t", "tmpfs", "-o", options, f"chaos-{self.name}", str(self.folder)]
            self.real = not subprocess.run(argv, capture_output=True, check=False).returncode

    def fill(self) -> None:
        """No byte more can be written."""
        state = os.statvfs(self.folder)
        self._resize(str((state.f_blocks - state.f_bfree) * state.f_frsize))

    def empty(self) -> None:
        """There is room again."""
        self._resize(_ROOMY)

    def unmount(self) -> None:
        """Give the memory back."""
        if self.real:
            subprocess.run(["umount", "--lazy", str(self.folder)], capture_output=True, check=False)
            self.real = False

    def _resize(self, size: str) -> None:
        argv = ["mount", "-o", f"remount,size={size}", str(self.folder)]
        subprocess.run(argv, capture_output=True, check=True)
