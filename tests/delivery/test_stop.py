"""A service that is asked to stop, or to share its partitions, finishes what it has in hand."""

from __future__ import annotations

import asyncio
import signal

from tests.delivery.checks import assert_intact, drained, in_hand
from tests.delivery.ledger import Ledger
from tests.delivery.site import Site

_TAKEN = "werkbedrijf_inbox_events_total"
_PATIENT = {"SESSION_TIMEOUT_SECONDS": "30"}
"""Nobody is killed here, so nobody may be taken for dead because the machine is busy."""


async def test_sigterm_commits_the_batch_in_hand_and_its_offsets(site: Site) -> None:
    """Stopped in the middle of a batch it takes that batch whole; the next start is given nothing twice."""
    toy, ledger = site.toy(), Ledger()
    await toy.started(TOY_PAUSE_S="0.5", **_PATIENT)
    await site.send(ledger.round([f"p-{n}" for n in range(50)], 100))

    await in_hand(site, toy)
    before = await _taken(site)
    assert await toy.stopped() in {0, -signal.SIGTERM}

    taken = await _taken(site)
    assert before < taken < ledger.events
    assert await site.backlog() == ledger.events - taken
    await toy.started(**_PATIENT)
    await drained(site, ledger)
    assert await toy.counted(_TAKEN, status="duplicate") == 0
    assert await assert_intact(site, ledger) == 0


async def test_an_added_instance_is_not_given_what_the_other_has_in_hand(site: Site) -> None:
    """Partitions move between two batches and never within one: nothing is processed a second time."""
    ledger, people = Ledger(), [f"p-{n}" for n in range(50)]
    first, second = site.toy("first", TOY_PAUSE_S="1"), site.toy("second")
    await first.started(**_PATIENT)
    await site.send(ledger.round(people, 4))
    await in_hand(site, first)
    joining = asyncio.create_task(second.started(**_PATIENT))
    while not joining.done() or not await second.counted(_TAKEN, status="accepted"):
        # A little at a time, so that every batch has something of every partition.
        await site.send(ledger.round(people, 2))
        await asyncio.sleep(0.3)
    await joining
    await drained(site, ledger)
    repeated = [await each.counted(_TAKEN, status="duplicate") for each in (first, second)]
    assert repeated == [0, 0]
    assert await assert_intact(site, ledger) == 0


async def _taken(site: Site) -> int:
    return int(await site.value("SELECT count(*) FROM inbox WHERE source LIKE '%:ledger'"))
