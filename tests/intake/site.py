"""A door on a real database and without Kafka: HTTP goes in, the outbox fills."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import httpx
import orjson
from fastapi import FastAPI

from services.intake import api
from services.intake.settings import IntakeSettings
from services.intake.wiring import make_service
from shared.contracts import Data
from shared.messaging import database as databases
from shared.messaging.event import encode
from shared.messaging.gatherer import Gatherer
from shared.messaging.registry import save_partner
from shared.messaging.runner import Runner
from shared.messaging.service import Outcome, Record
from shared.messaging.settings import Clock
from shared.messaging.topics import Topics
from shared.web import problems
from tests.intake.support import REGION, at, event

TOKENS: Final[Mapping[str, str]] = {name: f"token-of-{name}" for name in REGION.partners}
VAULT_TOKEN: Final = "token-of-notifications"
SINGLE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"


@dataclass
class Site:
    """What a running door has, for as far as its routes look at it."""

    pool: asyncpg.Pool[Any]
    topics: Topics
    runner: Runner[Any]
    gatherer: Gatherer
    http: httpx.AsyncClient

    async def send(self, partner: str, *wires: dict[str, Any], **headers: str) -> httpx.Response:
        """Hand in events as a batch."""
        return await self.http.post(
            "/v1/events",
            content=orjson.dumps(wires),
            headers=as_(partner) | {"content-type": BATCH} | headers,
        )

    async def receipts(self, partner: str, *wires: dict[str, Any]) -> list[dict[str, Any]]:
        """Hand in events as a batch, for the receipts."""
        answer = await self.send(partner, *wires)
        assert answer.status_code == 202, answer.text
        receipts: list[dict[str, Any]] = answer.json()["receipts"]
        return receipts

    async def over_kafka(self, partner: str, value: bytes, offset: int = 0) -> Outcome:
        """A record comes from a partner's inbox topic."""
        record = Record(f"werkbedrijf.{partner}.inbox", value, b"k", 0, offset, 1_600_000_000_000)
        (outcome,) = await self.runner.process([record])
        return outcome

    async def outbox(self) -> list[dict[str, Any]]:
        """What waits to be published."""
        rows = await self.pool.fetch("SELECT topic, key, payload FROM outbox ORDER BY id")
        return [{"topic": row["topic"], **orjson.loads(row["payload"])} for row in rows]


def as_(partner: str) -> dict[str, str]:
    """The header by which a partner is known."""
    return {"authorization": f"Bearer {TOKENS.get(partner, partner)}"}


def wire(partner: str, data: Data, minutes: float = 0, **changed: Any) -> dict[str, Any]:
    """An event as a partner's software sends it."""
    made: dict[str, Any] = orjson.loads(encode(event(partner, data, at(minutes))))
    return made | changed


@asynccontextmanager
async def site(database: str, **given: Any) -> AsyncIterator[Site]:
    """A door for all partners of the region."""
    settings = IntakeSettings(
        **{
            "database_url": database,
            "doors": tuple(REGION.partners),
            "door_tokens": TOKENS,
            "vault_token": VAULT_TOKEN,
            "public_url": "http://door.example",
            "clock": Clock.WALL,
        }
        | given
    )
    pool = await databases.open_pool(database, size=4, wait_s=10)
    await databases.migrate(pool, "services.intake")
    async with pool.acquire() as connection:
        for partner in REGION.partners.values():
            await save_partner(connection, partner)
    topics = Topics(settings.topic_prefix)
    runner = Runner(make_service(settings), pool, topics, operator="", own=settings.doors)
    gatherer = Gatherer(runner.process)
    gatherer.start()
    app = FastAPI()
    problems.install(app)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://door.example") as http:
        made = Site(pool, topics, runner, gatherer, http)
        api.install(app, made, settings)
        try:
            yield made
        finally:
            await gatherer.stop()
            await pool.close()
