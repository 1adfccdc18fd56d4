"""An event loop without a clock of its own: time passes only when nothing else is left to do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

_RESOLUTION_S: Final = 1e-6
_MOST_STEPS: Final = 200_000
"""Turns of the loop; a run takes some thousands."""


class Stuck(Exception):  # noqa: N818 - what a run ended in
    """Everybody waits for somebody, or goes round in a circle."""


class _Clock:
    """Takes the place of the selector: there are no sockets, so waiting is nothing but time passing."""

    def __init__(self) -> None:
        self.now = 0.0
        self._steps = 0

    def select(self, timeout: float | None) -> list[Any]:
        """Let time pass."""
        self._steps += 1
        if timeout is None:
            raise Stuck("nothing is scheduled and nothing is ready")
        if self._steps == _MOST_STEPS:
            raise Stuck("it goes on and on")
        self.now += timeout
        return []

    def close(self) -> None:
        """Nothing is open."""


class Loop(asyncio.BaseEventLoop):
    """asyncio's own loop, first come first served, on a clock that jumps to the next timer.

    Nothing in it depends on real time, threads or sockets, so the same program takes the same steps.
    """

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Clock()
        self._clock_resolution = _RESOLUTION_S
        # What a killed process leaves behind (futures nobody reads) is no news.
        self.set_exception_handler(lambda _loop, _context: None)

    def time(self) -> float:
        """Seconds since the beginning of the run."""
        return self._selector.now

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody wakes it from outside."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a loop of its own; what still runs then is broken off."""
    loop = Loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        # More than once: `wait_for` of Python 3.11 may swallow a cancellation that comes with its result.
        while left := asyncio.all_tasks(loop):
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.sleep(_RESOLUTION_S))
        asyncio.set_event_loop(None)
        loop.close()
