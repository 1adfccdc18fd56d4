"""Kafka or PostgreSQL is away for a while under load: nothing is lost, and all goes on by itself."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

from deploy.local.kafka import KafkaServer
from deploy.local.postgres import PostgresServer
from tests.delivery.callers import Caller, caller
from tests.delivery.checks import assert_intact, drained
from tests.delivery.ledger import Ledger
from tests.delivery.programs import Program, seconds_since
from tests.delivery.site import PARTNERS, Site, prepared_site
from tests.delivery.waiting import eventually

OUTAGE_S: Final = float(os.environ.get("DELIVERY_OUTAGE_SECONDS", "10"))
"""How long a server is away; 60 shows the minute that is promised."""
_CALLERS: Final = 8
_PEOPLE_EACH: Final = 3
_PAUSE_S: Final = 0.05
_BACK_S: Final = 60.0
"""Within which all must have flowed on by itself."""


async def test_without_kafka_the_door_goes_on_accepting(
    own_kafka: KafkaServer, postgres: str, tmp_path: Path, programs: list[Program]
) -> None:
    """Every event is answered 202 while Kafka is stopped; afterwards all reach the reader in order."""
    own_kafka.wait_ready(own_kafka.start())
    async with prepared_site(own_kafka.bootstrap, postgres, tmp_path, programs) as site:
        async with _load(site) as (ledger, answers):
            await asyncio.sleep(1)
            await asyncio.to_thread(own_kafka.stop)
            stopped = await _outage(lambda: _accepted(answers))
            assert stopped > _CALLERS
            waiting = await site.value("SELECT count(*) FROM outbox", of=site.door_database)
            # What was in hand when Kafka stopped may have been published before it was answered.
            assert waiting >= stopped - _CALLERS
            await asyncio.to_thread(lambda: own_kafka.wait_ready(own_kafka.start()))
            await asyncio.sleep(1)
        assert {status for each in answers for status, _ in each.answers} == {httpx.codes.ACCEPTED}
        await _arrived(site, ledger)


async def test_without_postgres_the_door_says_503_and_never_202(
    own_postgres: PostgresServer, kafka: str, tmp_path: Path, programs: list[Program]
) -> None:
    """PostgreSQL is killed: nothing is answered 202 meanwhile, what was answered before is there after."""
    async with prepared_site(kafka, own_postgres.dsn, tmp_path, programs) as site:
        async with _load(site) as (ledger, answers):
            await asyncio.sleep(1)
            await asyncio.to_thread(own_postgres.kill)
            await asyncio.sleep(0.5)
            assert await _outage(lambda: _accepted(answers)) == 0
            await asyncio.to_thread(lambda: own_postgres.wait_ready(own_postgres.start()))
            before = _accepted(answers)
            started = time.monotonic()
            while _accepted(answers) < before + _CALLERS:
                assert seconds_since(started) < _BACK_S
                await asyncio.sleep(0.1)
        turned_away = sum(each.answers[httpx.codes.SERVICE_UNAVAILABLE, ""] for each in answers)
        assert turned_away > _CALLERS
        await _arrived(site, ledger)


@asynccontextmanager
async def _load(site: Site) -> AsyncIterator[tuple[Ledger, list[Caller]]]:
    """A door and a reader behind it, and callers that hand in events all the time."""
    door, toy = site.door(), site.toy()
    await asyncio.gather(door.started(), toy.started())
    # A door that has not read the registry yet parks what it is given, and says so.
    all_there = f"SELECT count(*) = {len(PARTNERS)} FROM partners"
    await eventually(lambda: site.value(all_there, of=site.door_database), "the door knows the partners")
    ledger, going_on = Ledger(), [True]
    async with caller(door) as first:
        callers = [Caller(first.client) for _ in range(_CALLERS)]
        work = [
            each.keep_delivering(
                ledger,
                [f"p-{number}-{n}" for n in range(_PEOPLE_EACH)],
                going_on=lambda: bool(going_on),
                pause_s=_PAUSE_S,
            )
            for number, each in enumerate(callers)
        ]
        flowing = asyncio.gather(*work)
        yield ledger, callers
        going_on.clear()
        await flowing
    assert [fault for each in callers for fault in each.faults] == []


async def _outage(count: Callable[[], int]) -> int:
    """Let the outage last; how much was accepted meanwhile."""
    before = count()
    await asyncio.sleep(OUTAGE_S)
    return count() - before


def _accepted(callers: list[Caller]) -> int:
    return sum(
        n for each in callers for (status, _), n in each.answers.items() if status == httpx.codes.ACCEPTED
    )


async def _arrived(site: Site, ledger: Ledger) -> None:
    await drained(site, ledger, patience=_BACK_S)
    assert await site.value("SELECT count(*) FROM outbox", of=site.door_database) == 0
    await assert_intact(site, ledger)
