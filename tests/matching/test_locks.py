"""What a batch touches only because of what it releases: it is never waited for out of order."""

from __future__ import annotations

import asyncio
from datetime import date

from services.matching.handlers import Matching
from shared.messaging import locks
from shared.messaging.service import Status
from tests.delivery.waiting import eventually
from tests.matching.statements import place, registered, started
from tests.matching.support import Speaker, at
from tests.matching.test_store import opened, records, runner

DAY = date(2020, 11, 2)


async def test_a_batch_begins_anew_rather_than_wait_for_more_while_it_holds_some(database: str):
    """Who waits for more while holding some may wait for somebody who waits for it."""
    speaker = Speaker()
    offered, came, begun = [
        speaker.event(data, at(DAY))
        for data in (place("emco-1", DAY), registered("p-1", DAY), started("p-1", "emco-1", DAY))
    ]
    (person,) = [name for name in Matching("menso").touches(begun) if name.startswith("participant:")]
    async with opened(database, size=4) as pool:
        (parked,) = [o.status for o in await runner(pool).process(records([came, begun]))][1:]
        assert parked is Status.PARKED

        async with pool.acquire() as other, other.transaction():
            await other.execute(locks.of([person]))
            releasing = asyncio.create_task(runner(pool).process(records([offered])))

            async def waits() -> list[str]:
                rows = await pool.fetch(
                    "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                    "AND datname = current_database()"
                )
                return [row["query"] for row in rows]

            async def one_waits() -> bool:
                return bool(await waits())

            await eventually(one_waits, "the batch waits for the person")
            (waiting,) = await waits()
            assert waiting.startswith("BEGIN; ")
            assert not releasing.done()

        (outcome,) = await releasing
        assert outcome.status is Status.ACCEPTED
        assert await pool.fetchval("SELECT count(*) FROM parked") == 0
        assert await pool.fetchval("SELECT count(*) FROM placements") == 1
