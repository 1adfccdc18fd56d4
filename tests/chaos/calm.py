"""When the region has come to rest, with the partners in it, who may have something to say at any moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import httpx

from deploy.demo.rest import NoRest, Rest
from tests.chaos.driver.driver import Driver
from tests.chaos.ground.ground import Ground
from tests.delivery.region import SERVICES
from tests.delivery.waiting import eventually

_LOOK_S: Final = 3.0
_PATIENCE_S: Final = 420.0
_SAY_S: Final = 10.0
_LATER_S: Final = 310
"""A little more than the longest pause between two tries of a message."""
_IN_HAND_S: Final = 4.0
"""Longer than a message in hand takes to be given to a mail server beside us."""


class _AtRest(Rest):
    """The demo's look at the whole system.

    Attributes:
        mind_jobs: whether messages that are still to be sent count as being under way.
    """

    mind_jobs = True

    async def _pending(self, url: str) -> tuple[int, int]:
        outbox, jobs = await super()._pending(url)
        return outbox, jobs if self.mind_jobs else 0


async def at_rest(ground: Ground, driver: Driver, say: Callable[[str], None], *, mail_s: float) -> None:
    """Wait until nothing is under way, neither in the services nor with the partners.

    What was not sent after `mail_s` seconds is not waited for: the vault is cut off, so that it stays as
    it is, queued and tried in vain, while the checker looks.

    Raises:
        AssertionError: the region does not come to rest.
    """
    urls = [ground.fleet.instances[name].program.url for name in SERVICES]
    groups = [ground.group(name) for name in SERVICES]
    began = said = time.monotonic()
    busy = "nothing was seen yet"
    async with _AtRest(ground.kafka, ground.topics, urls, groups=groups, patience_s=_LOOK_S) as rest:

        async def calm() -> bool:
            nonlocal busy, said
            if rest.mind_jobs and time.monotonic() - began > mail_s:
                rest.mind_jobs = False
                for link in ground.links["vault"]:
                    link.cut()
                await asyncio.sleep(_IN_HAND_S)
            try:
                await rest.wait()
            except (NoRest, httpx.HTTPError) as error:
                busy = str(error)
                if time.monotonic() - said > _SAY_S:
                    said = time.monotonic()
                    say(f"         {busy}")
                    # What is tried again after minutes is due now, where the clock on the wall can be set.
                    ground.wall.go_on(_LATER_S)
                return False
            # Partners may have heard something meanwhile, and have something to say about it.
            await asyncio.sleep(0.5)
            acted = bool(driver.busy)
            await driver.idle()
            return not acted

        try:
            await eventually(calm, "the region is at rest", patience=_PATIENCE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}: {busy}") from error
