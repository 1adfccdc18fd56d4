"""On what it was measured, and how quiet it was there."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any, Final

from tests.delivery.programs import ROOT

QUIET: Final = 0.1
"""Share of the processors that others may use before figures are marked as noisy."""
_LOOK_S: Final = 3.0


def describe() -> dict[str, Any]:
    """The machine, its software, and which version of ours."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": _model(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "version": said.stdout.strip() or "not under git",
        "at": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
    }


def used_by_others() -> float:
    """Share of all processors in use while nothing of ours runs, 0 to 1; looks for some seconds."""
    busy, total = _ticks()
    time.sleep(_LOOK_S)
    busy_now, total_now = _ticks()
    return round((busy_now - busy) / max(1, total_now - total), 2)


def _ticks() -> tuple[int, int]:
    line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    fields = [int(field) for field in line.split()[1:9]]
    idle = fields[3] + fields[4]
    return sum(fields) - idle, sum(fields)


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
