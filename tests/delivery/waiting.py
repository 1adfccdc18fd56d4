"""Waiting for what must become so, without a fixed sleep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

POLL_S = 0.1
PATIENCE_S = 60.0
"""Generous: a busy machine must not fail a test, and a test that passes never waits so long."""


async def eventually(
    condition: Callable[[], Awaitable[object]], what: str, *, patience: float = PATIENCE_S
) -> None:
    """Wait until `condition` gives something true.

    Raises:
        AssertionError: it did not within `patience` seconds; with what it gave last.
    """
    end = time.monotonic() + patience
    while not (found := await condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience:.0f} s: {what}; last seen: {found!r}")
        await asyncio.sleep(POLL_S)
