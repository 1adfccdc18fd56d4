"""A person whom the partners guide, as the campaign plays them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from shared.contracts.base import Data

if TYPE_CHECKING:
    from tests.chaos.driver.driver import Driver


@dataclass(slots=True)
class Person:
    """Somebody, and how the partners speak of them.

    Attributes:
        chance: what they and their partners will choose.
        guide: who guides them now; empty when nobody does.
        turn: one thing at a time is stated of a person, except where a journey means it otherwise.
    """

    number: int
    chance: Random
    driver: Driver
    guide: str = "menso"
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    marks: int = 0

    @property
    def id(self) -> str:
        """The id on the wire."""
        return f"p-{self.number:06d}"

    async def by(self, partner: str, data: Data) -> str:
        """A partner states something of this person, always by the same way so that its order is kept."""
        self.marks += 1
        over = "http" if (self.number + len(partner)) % 3 else "inbox"
        return await self.driver.offices[partner].say(data, over, f"{self.marks}")

    async def by_guide(self, data: Data) -> str:
        """The guide states something, if there is one."""
        return await self.by(self.guide, data) if self.guide else ""

    async def in_turn(self, do: Callable[[], Awaitable[None]]) -> None:
        """Do something when nothing else is being stated of this person."""
        async with self.turn:
            await do()

    def later(self, lowest: int, highest: int) -> int:
        """Some number of days, drawn now."""
        return self.chance.randint(lowest, highest)
