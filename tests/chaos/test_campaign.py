"""The short campaign, as it runs in CI: fifty kills among all other faults, and every promise kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import orjson
import pytest

from tests.chaos.nemesis.faults import FAULTS
from tests.chaos.report import COUNTS
from tests.delivery.programs import ROOT

pytestmark = [pytest.mark.servers, pytest.mark.campaign]

_SEED: Final = os.environ.get("CHAOS_SEED", "20210104")
"""The same in each run, so that a change is told apart from another draw; `make chaos` draws a new one."""


def test_a_region_under_every_fault_keeps_every_promise(tmp_path: Path) -> None:
    """Services killed fifty times, servers, lines, disks and clocks broken besides: nothing is lost."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--seed", _SEED, "--seconds", "90", "--kills", "50",
         "--folder", str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )  # fmt: skip
    assert (tmp_path / "report.json").exists(), done.stdout[-5000:]
    report = orjson.loads((tmp_path / "report.json").read_bytes())
    assert {name: report[name] for name in COUNTS} == dict.fromkeys(COUNTS, 0), done.stdout
    assert report["trouble"] == [], done.stdout
    assert done.returncode == 0
    assert report["kills"] >= 50
    assert report["log_events"] > report["events"] > 500
    assert set(report["faults"]) <= {fault.name for fault in FAULTS}
    heavy = {fault.name for fault in FAULTS if fault.heavy} & set(report["faults"])
    assert len(report["faults"]) >= 12, report["faults"]
    assert len(heavy) >= 3, report["faults"]
