"""Figures and the messages about one participant, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.notifications import api
from shared.web import problems
from tests.notifications.site import Site
from tests.notifications.stories import PERSON, journey, registered

OPS = {"Authorization": "Bearer ops"}


@pytest.fixture
async def http(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    process = SimpleNamespace(pool=site.pool, settings=SimpleNamespace(ops_token=SecretStr("ops")))
    app.include_router(api.router(process))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_a_year_counts_what_was_sent_in_it_by_the_clock_of_the_netherlands(
    site: Site, http: httpx.AsyncClient
) -> None:
    new_year = datetime(2020, 12, 31, 23, 30, tzinfo=UTC)
    site.vault.know("p-2", consent=False)
    async with site.sending():
        await site.take(
            registered(vault=site.vault.url, time=new_year),
            registered("p-2", vault=site.vault.url, time=new_year),
            journey()[0],
        )
        await site.at_rest()
    first = (await http.get("/v1/figures", params={"year": 2020})).json()
    assert first == {
        "year": 2020,
        "sent": 1,
        "failed": 0,
        "suppressed": 0,
        "by_template": [{"template": "advice-positive", "channel": "email", "state": "sent", "messages": 1}],
    }
    second = (await http.get("/v1/figures", params={"year": 2021})).json()
    assert (second["sent"], second["suppressed"]) == (1, 1)
    assert (await http.get("/v1/figures", params={"year": 2019})).json()["sent"] == 0


async def test_a_year_must_be_one(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/figures", params={"year": "x"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


async def test_the_messages_about_a_person_come_with_the_proof_of_each_try(
    site: Site, http: httpx.AsyncClient
) -> None:
    site.post.rcpt = ["450 later"]
    async with site.sending():
        await site.take(registered(vault=site.vault.url))
        await site.at_rest()
    (message,) = (await http.get("/v1/notifications", params={"participant": PERSON}, headers=OPS)).json()
    assert (message["template"], message["state"], message["attempt"]) == ("welcome", "sent", 2)
    assert [(each["attempt"], each["outcome"], each["reply"]) for each in message["tries"]] == [
        (1, "later", 450),
        (2, "sent", 250),
    ]
    assert message["tries"][1]["handed_over_at"] is not None


async def test_what_was_told_about_a_person_is_not_for_everyone(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/notifications", params={"participant": PERSON})
    assert answer.status_code == 401
