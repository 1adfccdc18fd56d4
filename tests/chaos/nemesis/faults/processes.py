"""Services that die or freeze: `kill -9` at any moment or at a chosen place, and SIGSTOP past a session."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Final

from shared.messaging.faults import Place
from tests.chaos.ground.fleet import Instance
from tests.chaos.nemesis.faults.fault import Fault, Field

_AT_WORK_S: Final = (0.2, 5.0)
"""Seconds; those still starting are let be, nothing is learnt from killing them again and again."""
_EVERYWHERE: Final = (
    Place.BEFORE_COMMIT,
    Place.AFTER_COMMIT,
    Place.AFTER_PUBLISH,
    Place.BEFORE_OFFSET_COMMIT,
)
_ALSO: Final = {"intake": (Place.BEFORE_ANSWER,), "notifications": (Place.AFTER_SEND, Place.AFTER_SEND)}


async def _kill(field: Field, chance: Random) -> str:
    at_work = _at_work(field, chance)
    if not at_work:
        return ""
    victim = chance.choice(at_work)
    where = ""
    if chance.random() < 0.5:
        # The next one that starts ends itself in the middle of something.
        place = chance.choice((*_EVERYWHERE, *_ALSO.get(victim.service, ())))
        victim.crash_at = f"{place}:{chance.randint(1, 12)}"
        where = f", then at {victim.crash_at}"
    victim.program.kill()
    return f"{victim.name}{where}"


def _at_work(field: Field, chance: Random) -> list[Instance]:
    """Instances that have taken requests for a while."""
    seconds = chance.uniform(*_AT_WORK_S)
    return [i for i in field.ground.fleet.running() if i.at_work_s > seconds]


async def _freeze(field: Field, chance: Random) -> str:
    at_work = [instance for instance in _at_work(field, chance) if not instance.frozen]
    if not at_work:
        return ""
    victim, seconds = chance.choice(at_work), chance.uniform(1, 8)
    victim.freeze()
    await asyncio.sleep(seconds)
    victim.thaw()
    return f"{victim.name} for {seconds:.1f} s"


FAULTS: Sequence[Fault] = (Fault("kill", 2.8, _kill), Fault("freeze", 12, _freeze))
