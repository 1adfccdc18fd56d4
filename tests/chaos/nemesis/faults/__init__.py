"""The kinds of faults; a new kind is a file here and a line in `FAULTS`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.chaos.nemesis.faults import (
    brokers,
    clocks,
    databases,
    disks,
    flood,
    lines,
    poison,
    processes,
    rebalances,
    reordering,
    repeats,
)
from tests.chaos.nemesis.faults.fault import Fault

FAULTS: Final[Sequence[Fault]] = (
    *processes.FAULTS,
    *rebalances.FAULTS,
    *brokers.FAULTS,
    *databases.FAULTS,
    *lines.FAULTS,
    *disks.FAULTS,
    *clocks.FAULTS,
    *repeats.FAULTS,
    *reordering.FAULTS,
    *poison.FAULTS,
    *flood.FAULTS,
)
