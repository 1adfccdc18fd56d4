"""Time that leaps ahead, goes back, stands still or is told twice, as the region's clock tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from random import Random

from shared.messaging.registry import AMSTERDAM
from tests.chaos.nemesis.faults.fault import Fault, Field


async def _leap(field: Field, chance: Random) -> str:
    days = chance.randint(2, 10)
    await field.driver.calendar.pass_(days)
    return f"{days} days at once"


async def _back(field: Field, chance: Random) -> str:
    calendar = field.driver.calendar
    back = chance.choice((timedelta(hours=1), timedelta(days=1), timedelta(days=3)))
    at = datetime.combine(calendar.today, time(7), AMSTERDAM) - back
    await calendar.tick(at, suffix=f"/back-{chance.random():.6f}")
    return f"{back} back"


async def _twice(field: Field, _chance: Random) -> str:
    calendar = field.driver.calendar
    at = datetime.combine(calendar.today, time(7), AMSTERDAM)
    await asyncio.gather(*[calendar.tick(at) for _ in range(3)])
    return "the same tick three times"


FAULTS: Sequence[Fault] = (
    Fault("clock-leap", 30, _leap),
    Fault("clock-back", 20, _back),
    Fault("clock-twice", 20, _twice),
)
