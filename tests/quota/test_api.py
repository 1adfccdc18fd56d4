"""What can be asked of the ledger over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from services.quota import api
from shared.contracts import Fund
from shared.messaging.event import Event
from shared.web import problems
from tests.quota.statements import asked, by_hours, number, registered, started
from tests.quota.support import Speaker, at
from tests.quota.test_store import opened, records, runner

DAY = date(2021, 3, 1)


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    """The API of a ledger with a number, a contract, a reservation and a refusal."""
    speaker = Speaker()
    story: list[Event] = [
        speaker.event(number(2021, 3, provisional=True), at(date(2020, 11, 1))),
        speaker.event(number(2021, 1), at(date(2020, 12, 1))),
        speaker.event(number(2021, 1, Fund.COUNCIL), at(date(2021, 1, 4))),
        speaker.event(registered("p-1"), at(date(2021, 1, 4))),
        speaker.event(started("p-1", date(2021, 1, 1), hours=28), at(date(2021, 1, 20))),
        speaker.event(asked("p-2", DAY), at(DAY)),
        speaker.event(asked("p-3", DAY, rank=2), at(DAY)),
    ]
    async with opened(database) as pool:
        await runner(pool).process(records(story))
        app = FastAPI()
        problems.install(app)
        app.include_router(api.router(cast("Any", SimpleNamespace(pool=pool))))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://quota") as client:
            yield client


async def test_figures_tell_the_number_and_what_fills_it(http: httpx.AsyncClient):
    shown = (await http.get("/v1/figures", params={"municipality": "0114", "on": "2021-03-01"})).json()
    funds = shown.pop("funds")
    assert shown == {
        "municipality": "0114",
        "as_of": "2021-03-01",
        "as_known_on": None,
        "year": 2021,
        "unit": "contracts",
        "target": 2,
        "provisional": False,
        "contracts": 1,
        "hours": 28,
        "realised": 1,
        "both_ways": {"contracts": 1, "hours": 0.91, "hours_per_unit": 31},
        "starting": 0,
        "reserved": 1,
        "free": 0,
        "over": 0,
        "without_reservation": 1,
        "waiting": 0,
        "bridged": 0,
    }
    assert [(f["fund"], f["target"], f["in_use"], f["reserved"], f["free"]) for f in funds] == [
        ("ministry", 1, 1, 0, 0),
        ("council", 1, 0, 1, 0),
    ]


async def test_figures_can_be_asked_for_as_they_were_known(http: httpx.AsyncClient):
    asked_for = {"municipality": "0114", "on": "2021-01-10"}
    now = (await http.get("/v1/figures", params=asked_for)).json()
    then = (await http.get("/v1/figures", params=asked_for | {"known_on": "2021-01-10"})).json()
    before = (await http.get("/v1/figures", params=asked_for | {"known_on": "2020-11-15"})).json()
    assert (now["contracts"], then["contracts"]) == (1, 0)
    assert (before["target"], before["provisional"]) == (3, True)


async def test_without_a_day_the_figures_are_of_today(http: httpx.AsyncClient):
    shown = (await http.get("/v1/figures", params={"municipality": "0114"})).json()
    assert shown["as_of"] >= "2021-03-01"


async def test_a_municipality_that_is_not_known_has_no_number_and_no_contracts(http: httpx.AsyncClient):
    shown = (await http.get("/v1/figures", params={"municipality": "0106", "on": "2021-03-01"})).json()
    assert (shown["target"], shown["contracts"], shown["funds"], shown["provisional"]) == (0, 0, [], True)


async def test_what_is_no_municipality_or_no_day_is_a_problem_that_names_every_fault(http: httpx.AsyncClient):
    answer = await http.get("/v1/figures", params={"municipality": "Emmen", "on": "yesterday"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["field"] for fault in answer.json()["errors"]] == ["query.municipality", "query.on"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_days_far_away_are_a_problem_and_no_error(http: httpx.AsyncClient, day: str):
    answer = await http.get("/v1/figures", params={"municipality": "0114", "on": day})
    assert answer.status_code == 400


async def test_every_version_of_a_number_can_be_seen_with_its_source(http: httpx.AsyncClient):
    shown = (await http.get("/v1/targets", params={"municipality": "0114"})).json()
    assert [(each["fund"], each["version"], each["number"], each["provisional"]) for each in shown] == [
        ("council", 1, 1, False),
        ("ministry", 1, 3, True),
        ("ministry", 2, 1, False),
    ]
    assert {each["source"] for each in shown} == {"Staatscourant"}


async def test_reservations_are_shown_the_last_first_and_by_how_they_stand(http: httpx.AsyncClient):
    every = (await http.get("/v1/reservations", params={"municipality": "0114"})).json()
    assert [(each["participant"], each["state"]) for each in every] == [
        ("p-3", "refused"),
        ("p-2", "granted"),
    ]
    granted = (await http.get("/v1/reservations", params={"municipality": "0114", "state": "granted"})).json()
    assert [(each["participant"], each["fund"]) for each in granted] == [("p-2", "council")]


async def test_hours_count_where_the_municipality_counts_hours(database: str):
    speaker = Speaker()
    async with opened(database) as pool:
        await runner(pool).process(
            records(
                [
                    speaker.event(number(2021, 1), at(date(2021, 1, 1))),
                    speaker.event(by_hours(31, date(2021, 1, 1)), at(date(2021, 1, 1))),
                    speaker.event(asked("p-1", DAY, hours=16), at(DAY)),
                    speaker.event(asked("p-2", DAY, hours=16), at(DAY)),
                ]
            )
        )
        states = await pool.fetch("SELECT participant, state FROM reservations ORDER BY participant")
    assert [tuple(row) for row in states] == [("p-1", "granted"), ("p-2", "refused")]
