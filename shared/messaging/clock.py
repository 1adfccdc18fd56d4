"""The wall clock as a source of ticks; in a scenario ticks come over the registry topic instead."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from shared.messaging.database import TRANSIENT

log = logging.getLogger(__name__)


class WallClock:
    """Ticks at whole multiples of `every_s` seconds, so that several instances tick the same tick."""

    def __init__(self, tick: Callable[[datetime], Awaitable[None]], *, every_s: int) -> None:
        self._tick = tick
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Run in the background until `stop`."""
        self._task = asyncio.create_task(self._run(), name="clock")

    async def stop(self) -> None:
        """Stop ticking."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            now = datetime.now(UTC).timestamp()
            at = (int(now) // self._every_s + 1) * self._every_s
            await asyncio.sleep(at - now)
            try:
                await self._tick(datetime.fromtimestamp(at, UTC))
            except TRANSIENT as error:
                # Nothing is lost: what is due now is due at the next tick as well.
                log.warning("a tick was skipped: %s", error)
            except Exception:
                log.exception("a tick failed; the next one is tried as usual")
