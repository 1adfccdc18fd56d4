"""The region's time: a day every few seconds, told over the registry topic like any other event."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from typing import Final

from shared.contracts import ClockTicked
from shared.contracts.base import Stream
from shared.messaging.event import Event
from shared.messaging.registry import AMSTERDAM
from tests.chaos.driver.post import Post
from tests.delivery.site import PARTNERS

FIRST_DAY: Final = date(2021, 1, 4)
_DAWN: Final = time(7)
_DAY: Final = timedelta(days=1)
_BEHIND: Final = 1_500
"""What partners have still to say of earlier days, before another day comes: a door that is slow makes days
longer and not its queue endless."""
_LOOK_S: Final = 0.1
_OFFICE_HOURS_MS: Final = 12 * 3600 * 1000
(_REGIE,) = [file.record.urn for file in PARTNERS if "regie" in file.record.roles]


class Calendar:
    """What day it is for the partners, and what they mean to do on later days."""

    def __init__(self, post: Post, *, every_s: float) -> None:
        self._post = post
        self._every_s = every_s
        self.today = FIRST_DAY
        self._said = 0
        self._plans: dict[date, list[Callable[[], Awaitable[None]]]] = defaultdict(list)
        self._running: set[asyncio.Task[None]] = set()

    def now(self) -> datetime:
        """A moment of today, later than every one given before."""
        self._said = min(self._said + 1, _OFFICE_HOURS_MS)
        return datetime.combine(self.today, _DAWN, AMSTERDAM) + timedelta(milliseconds=self._said)

    def after(self, days: int, do: Callable[[], Awaitable[None]]) -> None:
        """Do something in so many days."""
        self._plans[self.today + days * _DAY].append(do)

    async def run(self) -> None:
        """Let days pass until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            while len(self._running) > _BEHIND:  # noqa: ASYNC110 - who is done says so in no one place
                await asyncio.sleep(_LOOK_S)
            await self.pass_(1)

    async def pass_(self, days: int) -> None:
        """It is so many days later, all at once."""
        self.today += days * _DAY
        self._said = 0
        await self.tick(datetime.combine(self.today, _DAWN, AMSTERDAM))
        for day in sorted(day for day in self._plans if day <= self.today):
            for do in self._plans.pop(day):
                task = asyncio.ensure_future(_awaited(do))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def tick(self, at: datetime, suffix: str = "") -> None:
        """Tell everyone what time it is, right or wrong."""
        data = ClockTicked(at=at)
        event = Event(
            id=f"{at.isoformat()}{suffix}", source=f"{_REGIE}:systeem:regie", time=at, key=data.kafka_key,
            data=data, partner="", stream=Stream.REGISTRY,
        )  # fmt: skip
        await self._post.send(event)

    def forget(self) -> None:
        """Nothing that was meant for later is done any more."""
        self._plans.clear()

    async def idle(self) -> None:
        """Wait for what is being done because its day came."""
        while self._running:
            await asyncio.gather(*self._running)


async def _awaited(do: Callable[[], Awaitable[None]]) -> None:
    await do()
