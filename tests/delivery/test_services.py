"""The four services, each killed at every place while a story goes through them: it comes out the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg

from deploy.local.ports import free_port
from services.matching.handlers import Matching
from services.quota.handlers import Quota
from shared.contracts import (
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
    NotificationSuppressed,
    PlacementStarted,
    ProposalMade,
    ReservationRefused,
)
from shared.contracts.base import Stream
from shared.messaging import rebuild
from shared.messaging.faults import Place
from shared.messaging.service import Service
from tests.delivery.databases import empty_database
from tests.delivery.programs import Program
from tests.delivery.region import SERVICES, Plague, Region, region
from tests.delivery.story import FIRST_DAY, PEOPLE, advice_and_decision, answers, the_ground, tick

_PLACES: Final = (
    Place.BEFORE_OFFSET_COMMIT,
    Place.BEFORE_COMMIT,
    Place.AFTER_PUBLISH,
    Place.AFTER_COMMIT,
)
_FINAL: Final = {NotificationSent.TYPE, NotificationFailed.TYPE, NotificationSuppressed.TYPE}
_NOTIFICATIONS: Final = f"gemeente-emmen.{Stream.NOTIFICATIONS}"

Log = Mapping[str, list[dict[str, Any]]]


async def _tell(region: Region) -> None:
    """The story: each time a tick, what the services make of it, and what the partners do about that."""
    day = FIRST_DAY
    known: set[str] = set()
    await region.hand_over(PEOPLE)
    await region.tell(the_ground(day))
    await region.tell([tick(day + timedelta(days=14))])
    await region.tell(advice_and_decision(day + timedelta(days=14)))
    for days in (15, 22, 29):
        morning = day + timedelta(days=days)
        await region.tell([tick(morning)])
        for _ in range(2):
            news = [event for event in await region.stated() if event["id"] not in known]
            await region.tell(answers(news, morning, declined=PEOPLE[2:3]))
            known |= {event["id"] for event in news}


def _types(log: Log) -> Counter[str]:
    return Counter(
        event["type"] for name, events in log.items() for event in events if not name.endswith(Stream.INBOX)
    )


async def test_a_story_in_which_every_service_is_killed_everywhere_comes_out_the_same(
    kafka: str, postgres: str, tmp_path: Path, programs: list[Program]
) -> None:
    """Told in peace and told while each service is killed at each place: the same events, no letter twice."""
    ports = {name: free_port() for name in (*SERVICES, "mail")}
    async with region(kafka, postgres, tmp_path / "peace", ports, programs) as peace:
        await asyncio.gather(
            *[program.started(SESSION_TIMEOUT_SECONDS="30") for program in peace.programs.values()]
        )
        await _tell(peace)
        expected = await peace.log()
    count = _types(expected)
    assert count[ProposalMade.TYPE] >= 4
    assert count[ReservationRefused.TYPE] >= 1
    assert count[PlacementStarted.TYPE] == 3
    assert count[NotificationQueued.TYPE] >= len(PEOPLE)

    async with region(kafka, postgres, tmp_path / "plague", ports, programs) as struck:
        left = {name: [f"{place}:1" for place in _PLACES] for name in SERVICES}
        left["notifications"].insert(0, f"{Place.AFTER_SEND}:1")
        crashes = {name: len(places) for name, places in left.items()}
        plague = Plague(struck, left, Counter())
        striking = asyncio.create_task(plague.strike())
        telling = asyncio.create_task(_tell(struck))
        try:
            await asyncio.wait({striking, telling}, return_when=asyncio.FIRST_COMPLETED)
            if striking.done():
                striking.result()
            await telling
        finally:
            for task in (striking, telling):
                task.cancel()
        assert plague.crashes == crashes
        _assert_same_events(expected, await struck.log())
        await _assert_letters(struck)
        await _assert_nothing_left(struck)
        for service in (Matching(SERVICES["matching"]), Quota(SERVICES["quota"])):
            await _assert_rebuilt(struck, service, postgres)


def _assert_same_events(expected: Log, found: Log) -> None:
    for name, events in expected.items():
        if name == _NOTIFICATIONS:
            continue
        by_id = {event["id"]: event for event in events}
        assert {event["id"]: event for event in found[name]} == by_id, name
    queued = [
        {e["id"]: e for e in log[_NOTIFICATIONS] if e["type"] == NotificationQueued.TYPE}
        for log in (expected, found)
    ]
    assert queued[0] == queued[1]


async def _assert_letters(struck: Region) -> None:
    """Every message came to one end, no letter went out twice, and none that is not known of."""
    stated = (await struck.log())[_NOTIFICATIONS]
    queued = [e["data"]["notification"] for e in stated if e["type"] == NotificationQueued.TYPE]
    ends = [e["data"]["notification"] for e in stated if e["type"] in _FINAL]
    assert sorted(ends) == sorted(queued)
    letters = struck.letters()
    assert set(letters.values()) == {1}
    sent = sum(e["type"] == NotificationSent.TYPE for e in stated)
    failed = sum(e["type"] == NotificationFailed.TYPE for e in stated)
    # Where it was killed between sending and noting, nobody can know: it says so, and sends no second one.
    assert failed >= 1
    assert sent <= len(letters) <= sent + failed


async def _assert_nothing_left(struck: Region) -> None:
    for name, database in struck.databases.items():
        connection = await asyncpg.connect(database)
        try:
            for table in ("outbox", "parked", "dead_letters"):
                assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, (name, table)
        finally:
            await connection.close()


async def _assert_rebuilt(struck: Region, service: Service[Any], postgres: str) -> None:
    live = struck.databases[service.name]
    async with empty_database(postgres) as into:
        await rebuild.rebuild(
            service, package=f"services.{service.name}", bootstrap=struck.kafka, topics=struck.topics,
            operator=SERVICES[service.name], into=into, live=live,
        )  # fmt: skip
        report = await rebuild.compare(service, live, into)
    assert report.same, (service.name, report)
    assert sum(report.rows.values()) > 0
