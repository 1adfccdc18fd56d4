"""Ending what runs beside each other, however often it has to be told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

_AGAIN_S: Final = 1.0
_TRIES: Final = 30


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> list[Any]:
    """Cancel tasks until they have ended; what each came to, as `gather` tells it.

    Told once is not enough: in Python 3.11 `wait_for` swallows a cancellation that comes with the result
    it waits for, and so do libraries.

    Raises:
        TimeoutError: some go on whatever they are told.
    """
    all_of_them = list(tasks)
    left = {task for task in all_of_them if not task.done()}
    for _ in range(_TRIES):
        for task in left:
            task.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=_AGAIN_S)
        if not left:
            return await asyncio.gather(*all_of_them, return_exceptions=True)
    raise TimeoutError(f"these do not end: {', '.join(task.get_name() for task in left)}")
