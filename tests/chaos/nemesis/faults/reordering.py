"""One partner falls silent while the others go on: what it says comes after what builds on it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

from tests.chaos.nemesis.faults.fault import Fault, Field


async def _hold(field: Field, chance: Random) -> str:
    office = field.driver.offices[chance.choice(sorted(field.driver.offices))]
    seconds = chance.uniform(1, 5)
    office.held.clear()
    try:
        await asyncio.sleep(seconds)
    finally:
        office.held.set()
    return f"{office.partner} for {seconds:.1f} s"


FAULTS: Sequence[Fault] = (Fault("reorder", 12, _hold, on="offices"),)
