"""Matching on a real PostgreSQL: the same as in memory, and the API on top of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import httpx
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.matching import api, api_people, api_region
from services.matching.handlers import Matching
from services.matching.world import TABLES, World
from shared.contracts import Rung
from shared.messaging import database as db
from shared.messaging.event import Event, encode
from shared.messaging.registry import save_partner
from shared.messaging.runner import Runner
from shared.messaging.service import Record
from shared.web import problems
from tests.matching.statements import EMMEN, answered, by_decision, place, started, stepped
from tests.matching.support import OPERATOR, REGISTRY, TOPICS, Region, state_of
from tests.matching.test_interleaving import Story, shuffled, stories

DAY = date(2020, 11, 2)


@asynccontextmanager
async def opened(dsn: str, size: int = 2) -> AsyncIterator[asyncpg.Pool[Any]]:
    """A pool on a database that has matching's tables and knows the partners."""
    pool = await db.open_pool(dsn, size=size, wait_s=30)
    try:
        await db.migrate(pool, "services.matching")
        for partner in REGISTRY.partners.values():
            await save_partner(pool, partner)
        yield pool
    finally:
        await db.close_pool(pool)


def runner(pool: asyncpg.Pool[Any], *, replaying: bool = False) -> Runner[World]:
    return Runner(Matching(OPERATOR), pool, TOPICS, operator=OPERATOR, scenario=True, replaying=replaying)


def records(events: list[Event]) -> list[Record]:
    """The events as Kafka would bring them."""
    return [
        Record(TOPICS.of(e.partner, e.stream), encode(e), e.key.encode(), 0, n) for n, e in enumerate(events)
    ]


async def state_in(pool: asyncpg.Pool[Any]) -> dict[str, list[Any]]:
    """All tables, in the form that `state_of` gives of a world."""
    async with pool.acquire() as connection:
        return {name: sorted(await table.all(connection), key=table.key_of) for name, table in TABLES.items()}


async def empty(pool: asyncpg.Pool[Any]) -> None:
    tables = [*Matching.tables, "inbox", "outbox", "parked", "dead_letters", "clock"]
    await pool.execute(f"TRUNCATE {', '.join(tables)} CASCADE")


async def process(pool: asyncpg.Pool[Any], events: list[Event], random: Random, **options: bool) -> None:
    """The events through a runner, in batches cut anywhere."""
    service = runner(pool, **options)
    while events:
        size = random.randint(1, len(events))
        await service.process(records(events[:size]))
        events = events[size:]


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(story=stories(), random=st.randoms(use_true_random=False))
async def test_any_story_in_any_batches_leaves_in_the_tables_what_it_leaves_in_memory(
    database: str, story: Story, random: Random
):
    async with opened(database) as pool:
        await empty(pool)
        for part in story.parts:
            await process(pool, shuffled(part, random), random)
        assert await state_in(pool) == state_of(story.region.world)
        payloads = sorted(row["payload"] for row in await pool.fetch("SELECT payload FROM outbox"))
        assert payloads == sorted(encode(event) for event in story.region.stated)
        assert await pool.fetchval("SELECT count(*) FROM parked") == len(story.region.parked)

        await empty(pool)
        everything = [*(event for part in story.parts for event in part), *story.region.stated]
        await process(pool, everything, random, replaying=True)
        assert await state_in(pool) == state_of(story.region.world)
        assert await pool.fetchval("SELECT count(*) FROM outbox") == 0


@asynccontextmanager
async def told(database: str, events: list[Event]) -> AsyncIterator[httpx.AsyncClient]:
    """The API of a service that has heard these events."""
    async with opened(database) as pool:
        for event in events:  # one by one: in a batch, what the registry tells goes first
            await runner(pool).process(records([event]))
        app = FastAPI()
        problems.install(app)
        for routes in (api, api_people, api_region):
            app.include_router(routes.router(cast("Any", SimpleNamespace(pool=pool))))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://matching") as client:
            yield client


def a_month(region: Region) -> list[Event]:
    """Three people wait, one of them with a bridge from the second week and a contract from the third."""
    region.hear(by_decision(DAY), DAY)
    for n in (1, 2, 3):
        region.join(f"p-{n}", DAY + timedelta(days=n))
    region.hear(place("emco-1", DAY), DAY)
    region.hear(stepped("p-1", Rung.LEARN_WORK, DAY + timedelta(days=7)), DAY)
    day = DAY + timedelta(days=8)
    (made,) = region.grant_all(region.tick(day), day)
    region.hear(answered(made, day), day)
    region.hear(started("p-1", "emco-1", DAY + timedelta(days=14), made.proposal), day)
    region.tick(day + timedelta(days=1))
    return region.heard


async def test_figures_and_list_are_as_of_the_end_of_any_day(database: str):
    async with told(database, a_month(Region())) as http:

        async def on(days: int) -> tuple[int, int]:
            day = (DAY + timedelta(days=days)).isoformat()
            shown = (await http.get("/v1/figures", params={"municipality": EMMEN, "on": day})).json()
            everywhere = (await http.get("/v1/figures", params={"on": day})).json()
            line = (await http.get("/v1/waiting", params={"municipality": EMMEN, "on": day})).json()
            assert shown["waiting"] == everywhere["waiting"] == len(line)
            assert shown["bridged"] == sum(1 for each in line if each["bridge"])
            assert [each["rank"] for each in line] == list(range(1, len(line) + 1))
            return shown["waiting"], shown["bridged"]

        assert [await on(days) for days in (0, 1, 3, 6, 7, 13, 14)] == [
            (0, 0),
            (1, 0),
            (3, 0),
            (3, 0),
            (3, 1),
            (3, 1),
            (2, 0),
        ]


async def test_without_a_day_the_list_is_as_of_the_clock(database: str):
    async with told(database, a_month(Region())) as http:
        shown = (await http.get("/v1/figures", params={"municipality": EMMEN})).json()
        assert shown["on"] == "2020-11-11"
        line = (await http.get("/v1/waiting", params={"municipality": EMMEN})).json()
        assert [(each["participant"], each["rank"]) for each in line] == [("p-1", 1), ("p-2", 2), ("p-3", 3)]
        assert line[0]["policy"] == f"order-{EMMEN}-{DAY}"


async def test_a_proposal_is_shown_with_its_reasons(database: str):
    region = Region()
    events = a_month(region)
    (proposal,) = region.world.proposals
    async with told(database, events) as http:
        shown = (await http.get(f"/v1/proposals/{proposal.proposal}")).json()
        assert (shown["participant"], shown["state"], shown["rank"]) == ("p-1", "placed", 1)
        assert shown["reasons"][0]["rule"] == "order"
        assert (await http.get("/v1/proposals/prop-none")).status_code == 404


async def test_a_question_that_makes_no_sense_is_answered_with_400(database: str):
    async with told(database, a_month(Region())) as http:
        answer = await http.get("/v1/waiting", params={"municipality": "Emmen", "on": "yesterday"})
        assert answer.status_code == 400
        assert {fault["field"] for fault in answer.json()["errors"]} == {"query.municipality", "query.on"}
