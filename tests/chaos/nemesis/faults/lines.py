"""Lines between services and servers that are cut, reset, silent, slow, or break in the middle of a word."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

from tests.chaos.ground.links import Link
from tests.chaos.nemesis.faults.fault import Fault, Field


def _drawn(field: Field, chance: Random) -> tuple[str, list[Link]]:
    name = chance.choice(sorted(field.ground.links))
    return name, field.ground.links[name]


async def _for_a_while(links: list[Link], seconds: float) -> None:
    await asyncio.sleep(seconds)
    for link in links:
        link.heal()


async def _cut(field: Field, chance: Random) -> str:
    name, links = _drawn(field, chance)
    seconds = chance.uniform(1, 6)
    for link in links:
        link.cut()
    await _for_a_while(links, seconds)
    return f"{name} for {seconds:.1f} s"


async def _hang(field: Field, chance: Random) -> str:
    name, links = _drawn(field, chance)
    seconds = chance.uniform(2, 9)
    for link in links:
        link.hang()
    await _for_a_while(links, seconds)
    return f"{name} for {seconds:.1f} s"


async def _slow(field: Field, chance: Random) -> str:
    name, links = _drawn(field, chance)
    seconds, delay_s = chance.uniform(3, 10), chance.uniform(0.01, 0.15)
    for link in links:
        link.delay_s = delay_s
    await _for_a_while(links, seconds)
    return f"{name}, {delay_s * 1000:.0f} ms a piece for {seconds:.1f} s"


async def _reset(field: Field, chance: Random) -> str:
    name, links = _drawn(field, chance)
    for link in links:
        link.reset()
    return name


async def _halve(field: Field, chance: Random) -> str:
    name, links = _drawn(field, chance)
    for link in links:
        link.halve()
    return name


FAULTS: Sequence[Fault] = (
    Fault("line-cut", 16, _cut, on="lines", heavy=True),
    Fault("line-silent", 25, _hang, on="lines", heavy=True),
    Fault("line-slow", 25, _slow, on="lines", heavy=True),
    Fault("line-reset", 9, _reset),
    Fault("line-broken-off", 12, _halve),
)
