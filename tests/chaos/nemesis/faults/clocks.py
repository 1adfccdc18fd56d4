"""Time that leaps ahead, goes back, stands still or comes twice: the region's clock, and that on the wall."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from random import Random
from typing import Final

from shared.messaging.registry import AMSTERDAM
from tests.chaos.nemesis.faults.fault import Fault, Field

_AHEAD_S: Final = (-3600, -300, -20, 0, 5, 60, 900, 7200)


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


async def _wall(field: Field, chance: Random) -> str:
    """By it messages are tried again; it stays as it is until it leaps again."""
    wall = field.ground.wall
    if not wall.real:
        return ""
    wall.set(chance.choice(_AHEAD_S))
    return f"{wall.ahead_s:+d} s against the real one"


FAULTS: Sequence[Fault] = (
    Fault("clock-leap", 30, _leap),
    Fault("clock-back", 20, _back),
    Fault("clock-twice", 20, _twice),
    Fault("wall-clock-leap", 20, _wall),
)
