"""Two doors of two organisations, each a process with a database of its own, on a real Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
from aiokafka import AIOKafkaProducer

from deploy.partners_file import load_all
from deploy.provision import Layout, provision
from services.intake.settings import IntakeSettings
from services.intake.wiring import build, make_service
from services.intake.world import World
from shared.contracts import Data, Stream
from shared.messaging.event import encode
from shared.messaging.process import Process
from shared.messaging.rebuild import compare, rebuild
from shared.messaging.settings import Clock
from shared.messaging.topics import Topics
from tests.delivery.databases import empty_database
from tests.intake.site import BATCH
from tests.intake.support import advised, at, decided, event, place, registered, started
from tests.intake.test_people import offered, stepped, taken

PARTNERS: Final = load_all(Path(__file__).parents[2] / "deploy" / "partners")
URNS: Final = {file.record.partner: file.record.urn for file in PARTNERS}
SOON_S: Final = 20.0


@dataclass(frozen=True)
class Door:
    """A running door."""

    process: Process[World]
    settings: IntakeSettings
    http: httpx.AsyncClient

    async def state(self, partner: str, *said: tuple[Data, float]) -> list[dict[str, Any]]:
        """Hand in statements as a batch; their receipts."""
        events = [wire(partner, data, minute) for data, minute in said]
        headers = {"authorization": f"Bearer {partner}", "content-type": BATCH}
        answer = await self.http.post("/v1/events", content=orjson.dumps(events), headers=headers)
        assert answer.status_code == 202, answer.text
        receipts: list[dict[str, Any]] = answer.json()["receipts"]
        return receipts

    async def receipt(self, partner: str, number: str) -> dict[str, Any]:
        """What became of a statement."""
        answer = await self.http.get(f"/v1/receipts/{number}", headers={"authorization": f"Bearer {partner}"})
        shown: dict[str, Any] = answer.json()
        return shown


def wire(partner: str, data: Data, minutes: float) -> dict[str, Any]:
    """An event as a partner of Emmen's software sends it."""
    made: dict[str, Any] = orjson.loads(encode(event(partner, data, at(minutes))))
    return made | {"source": f"{URNS[partner]}:systeem:test"}


@asynccontextmanager
async def door(kafka: str, database: str, topics: Topics, *partners: str) -> AsyncIterator[Door]:
    """A door, running."""
    settings = IntakeSettings.model_validate(
        {
            "database_url": database,
            "kafka_bootstrap_servers": kafka,
            "topic_prefix": topics.prefix,
            "doors": partners,
            "door_tokens": {name: name for name in partners},
            "public_url": f"http://{partners[0]}.example",
            "clock": Clock.SCENARIO,
        }
    )
    process, app = build(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://door.example") as http:
            yield Door(process, settings, http)


async def soon(asked: Callable[[], Awaitable[Any]], wanted: Any = True) -> None:  # noqa: FBT002 - any value
    """What is asked becomes what is wanted before long."""
    for _ in range(int(SOON_S / 0.1)):
        found = await asked()
        if found == wanted:
            return
        await asyncio.sleep(0.1)
    assert found == wanted


async def test_each_partner_has_its_own_door_and_both_end_up_knowing_the_same(
    kafka: str, postgres: str, topic_prefix: str
) -> None:
    topics = Topics(topic_prefix)
    await provision(kafka, PARTNERS, topics=topics, layout=Layout(partitions=3, replication=1, min_insync=1))
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(empty_database(postgres)) for _ in range(3)]
        here = await stack.enter_async_context(door(kafka, databases[0], topics, "menso", "uwv"))
        there = await stack.enter_async_context(
            door(kafka, databases[1], topics, "buurtsupport", "emco", "gemeente-emmen")
        )

        async def registered_there() -> int:
            return int(await there.process.pool.fetchval("SELECT count(*) FROM partners"))

        await soon(registered_there, len(PARTNERS))
        await soon(lambda: here.process.pool.fetchval("SELECT count(*) FROM partners"), len(PARTNERS))

        (early,) = await there.state("gemeente-emmen", (decided(), 5))
        assert early["state"] == "parked"
        receipts = await here.state("menso", (registered(), 0), (offered(), 7))
        assert [each["state"] for each in receipts] == ["accepted", "accepted"]
        await here.state("uwv", (advised(), 4))

        async def state_of_the_decision() -> Any:
            return (await there.receipt("gemeente-emmen", early["id"]))["state"]

        await soon(state_of_the_decision, "accepted")
        await soon(lambda: knows(there, "transfer-offered"))
        receipts = await there.state("buurtsupport", (taken(), 8), (stepped(), 9))
        assert [each["state"] for each in receipts] == ["accepted", "accepted"]
        await there.state("emco", (place(), 1), (started(), 10))
        await soon(lambda: knows(here, "placements.started"))
        (refused,) = await here.state("menso", (stepped(), 11))
        assert refused["code"] == "person.not-yours"

        await over_the_inbox(kafka, topics)
        await soon(
            lambda: there.process.pool.fetchval(
                "SELECT count(*) FROM receipts WHERE code = 'source.not-yours'"
            ),
            1,
        )
        await soon(lambda: at_rest(here, there))
        assert await same(here, databases[1])
        await rebuild(
            make_service(here.settings),
            package="services.intake",
            bootstrap=kafka,
            topics=topics,
            operator="",
            into=databases[2],
            live=databases[0],
        )
        assert await same(here, databases[2])


async def over_the_inbox(kafka: str, topics: Topics) -> None:
    """EMCO's software writes to its inbox topic: a header without a value, and in another's name."""
    stolen = wire("menso", registered("p-9"), 12)
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        await producer.send_and_wait(
            topics.of("emco", Stream.INBOX), orjson.dumps(stolen), key=b"p-9", headers=[("x", None)]
        )
    finally:
        await producer.stop()


async def knows(of: Door, name: str) -> bool:
    """Whether a door has seen a fact about the person."""
    facts = await of.process.pool.fetchval("SELECT facts::text FROM known WHERE subject = 'participant:p-1'")
    return facts is not None and name in facts


async def at_rest(*doors: Door) -> bool:
    """Whether nothing waits to be published or for a fact."""
    for each in doors:
        if await each.process.pool.fetchval(
            "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM parked)"
        ):
            return False
    return await states_alike(*doors)


async def states_alike(*doors: Door) -> bool:
    """Whether all doors know as much."""
    rows = [
        await each.process.pool.fetch("SELECT subject, facts::text FROM known ORDER BY subject")
        for each in doors
    ]
    return all(row == rows[0] for row in rows)


async def same(of: Door, database: str) -> bool:
    """Whether a door's tables are the same as those in another database, row by row."""
    report = await compare(make_service(of.settings), of.settings.database_url.get_secret_value(), database)
    assert report.rows["known"] == 3, report
    return report.same
