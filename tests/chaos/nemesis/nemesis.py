"""Strikes what the schedule says, when it says so; two faults on one thing wait for each other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict

from tests.chaos.nemesis.faults import FAULTS
from tests.chaos.nemesis.faults.fault import Field
from tests.chaos.nemesis.schedule import KILL, Strike, kills_by, schedule
from tests.chaos.options import Options

_LOOK_S = 0.1
log = logging.getLogger(__name__)


class Nemesis:
    """Breaks things until told to stop.

    Attributes:
        failed: strikes that could not be carried out, by the nemesis's own fault.
    """

    def __init__(self, options: Options, field: Field) -> None:
        self._options = options
        self._field = field
        self._taken: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._under_way: set[asyncio.Task[None]] = set()
        self._resting = False
        self._blow_ended = time.monotonic()
        self.failed: list[str] = []

    async def run(self) -> None:
        """Strike until cancelled; what is under way then is left to `rest`."""
        began = time.monotonic()
        for strike in schedule(self._options, FAULTS):
            await asyncio.sleep(max(0.0, began + strike.at_s - time.monotonic()))
            if strike.fault.name == KILL and self._enough_kills(strike.at_s):
                continue
            task = asyncio.create_task(self._strike(strike))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def rest(self) -> None:
        """Let what is under way end, and mend everything."""
        self._resting = True
        if self._under_way:
            await asyncio.wait(self._under_way)
        self._field.ground.heal()

    def _enough_kills(self, at_s: float) -> bool:
        """True when kills are ahead of their time: those wanted are spread over all of the campaign."""
        wanted = kills_by(self._options, at_s)
        return 0 < wanted < self._field.ground.fleet.kills.total()

    async def _all_stand(self) -> bool:
        """Wait until everybody has worked since the last heavy blow; False when the nemesis is to rest.

        A region that is always down proves nothing.
        """
        while not self._resting:
            if self._field.ground.fleet.all_at_work_since(self._blow_ended):
                return True
            await asyncio.sleep(_LOOK_S)
        return False

    async def _strike(self, strike: Strike) -> None:
        fault = strike.fault
        lock = self._taken[fault.on] if fault.on else contextlib.nullcontext()
        if fault.on and self._taken[fault.on].locked():
            return
        async with lock:
            if fault.heavy and not await self._all_stand():
                return
            try:
                what = await fault.strike(self._field, strike.chance)
            except Exception as error:
                log.exception("%s could not be struck", fault.name)
                self.failed.append(f"{fault.name}: {type(error).__name__}: {error}")
                return
            if fault.heavy and what:
                self._blow_ended = time.monotonic()
        if what:
            self._field.strikes.struck(fault.name, what)
