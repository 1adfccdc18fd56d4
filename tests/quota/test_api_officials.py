"""What officials ask over HTTP: the forecast, the council's report, who pays, the CBS file."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from services.quota import api
from services.quota.rules.payers import in_order
from services.quota.rules.policies import Counting, Tally
from shared.contracts import (
    AnsweredBy,
    ClockTicked,
    ContractKind,
    Data,
    Fund,
    PlacementChanged,
    PlacementChangeReason,
    ProposalDeclined,
)
from shared.messaging.event import Event
from shared.web import problems
from tests.quota.statements import (
    COEVORDEN,
    EMMEN,
    asked,
    assigned,
    bridged,
    ended,
    merged,
    number,
    registered,
    started,
    waits,
)
from tests.quota.support import Ledger, Speaker, at, basis_of
from tests.quota.test_store import opened, records, runner

TODAY = date(2021, 10, 2)


def story() -> list[Event]:
    """Emmen in 2021: ministry 4, council 2; what each line adds to is in the tests."""
    speaker = Speaker()
    said: list[tuple[Data, date]] = [
        (number(2020, 3), date(2019, 12, 1)),
        (number(2021, 4), date(2020, 12, 1)),
        (number(2021, 5, source="Krant", counts=False), date(2020, 12, 9)),
        (number(2021, 2, Fund.COUNCIL, provisional=True), date(2021, 1, 4)),
        *[(registered(f"p-{n}"), date(2020, 1, 2)) for n in range(1, 9)],
        # Two of 2020: one permanent, one that ran out and went on.
        (started("p-1", date(2020, 3, 1)), date(2020, 2, 20)),
        (started("p-2", date(2020, 11, 1), until=date(2021, 4, 30), placement="pl-2"), date(2020, 10, 20)),
        (
            PlacementChanged(
                placement="pl-2",
                participant="p-2",
                changed_on=date(2021, 5, 1),
                hours=Decimal(20),
                ends_on=date(2021, 11, 30),
                contract=ContractKind.TEMPORARY,
                reason=PlacementChangeReason.EXTENSION,
            ),
            date(2021, 4, 1),
        ),
        # One that ran out and did not, one that left early.
        (started("p-3", date(2021, 1, 1), until=date(2021, 6, 30)), date(2020, 12, 20)),
        (started("p-4", date(2021, 2, 1), placement="pl-4"), date(2021, 1, 20)),
        (ended("pl-4", "p-4", date(2021, 8, 15)), date(2021, 8, 1)),
        # One by a reservation, one reservation that lapsed, one that is held.
        (asked("p-5", date(2021, 7, 1)), date(2021, 7, 1)),
        (started("p-5", date(2021, 7, 15)), date(2021, 7, 15)),
        (asked("p-6", date(2021, 7, 20)), date(2021, 7, 20)),
        (declined(f"res-p-6-{date(2021, 7, 20)}", "p-6"), date(2021, 7, 25)),
        (asked("p-7", date(2021, 9, 25)), date(2021, 9, 25)),
        # One that starts, one that stops before the end of the year.
        (started("p-8", date(2021, 11, 1), until=date(2022, 10, 31)), date(2021, 9, 20)),
        (assigned("pl-2", Fund.COUNCIL, date(2021, 5, 1)), date(2021, 5, 1)),
        (waits("p-6", date(2021, 2, 1)), date(2021, 2, 1)),
        (waits("p-7", date(2021, 3, 1)), date(2021, 3, 1)),
        (bridged("p-6", date(2021, 3, 1)), date(2021, 3, 1)),
        (merged(["9999"], COEVORDEN, date(2020, 1, 1)), date(2020, 1, 1)),
        (ClockTicked(at=at(TODAY, 6)), TODAY),
    ]
    return [
        speaker.event(data, at(on, 6) if isinstance(data, ClockTicked) else at(on, 5))
        for data, on in sorted(said, key=lambda each: each[1])
    ]


def declined(reservation: str, participant: str) -> ProposalDeclined:
    return ProposalDeclined(
        proposal="prop-1",
        participant=participant,
        place="place-1",
        reservation=reservation,
        municipality=EMMEN,
        by=AnsweredBy.HOST,
        declined_on=date(2021, 7, 25),
    )


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(database) as pool:
        *facts, tick = story()
        # Apart: of what comes together a tick is taken first.
        for batch in (facts, [tick]):
            await runner(pool).process(records(batch))
        assert await pool.fetchval("SELECT count(*) FROM dead_letters") == 0
        assert await pool.fetchval("SELECT count(*) FROM parked") == 0
        app = FastAPI()
        problems.install(app)
        app.include_router(api.router(cast("Any", SimpleNamespace(pool=pool))))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://quota/v1", params={"municipality": EMMEN}
        ) as client:
            yield client


async def test_the_forecast_is_a_sum_of_what_is_known_and_what_was_seen(http: httpx.AsyncClient):
    """
    On 2 October, 90 days to go, number 4 + 2 = 6:
    in force p-1, p-2, p-5                                                           3
    starts p-8                                                                     + 1
    p-2 runs out on 30 November; last year 1 went on (p-2) and 1 did not (p-3):
    (1 + 1) / (2 + 2) = 0.5 goes on                                                - 0.5
    1 stopped early (p-4): 1 x 90 / 365 = 0.2                                      - 0.2
    1 held; 1 used, 1 lapsed: (1 + 1) / (2 + 2) = 0.5                              + 0.5
    room 6 - 3.8 = 2.2; started since 2 October 2020: p-2, p-3, p-4, p-5: 4 x 90 / 365 = 0.99,
    less 1 and 0.5: nothing; 2 wait x 0.5 = 1                                      + 1
                                                                                   = 4.8
    """
    shown = (await http.get("/forecast")).json()
    assert [line["places"] for line in shown["lines"]] == [3, 1, 0, -0.5, -0.2, 0.5, 1]
    assert (shown["as_of"], shown["target"], shown["expected"]) == (TODAY.isoformat(), 6, 4.8)
    assert shown["low"] < 4.8 < shown["high"] <= 6
    assert shown["text"].startswith("Op 31 december 2021 verwachten we 4,8 plekken")
    assert "1 lopen af, vorig jaar gingen er 1 van de 2 door" in shown["lines"][3]["what"]


async def test_what_if_is_asked_without_touching_the_ledger(http: httpx.AsyncClient):
    before = (await http.get("/figures")).json()
    more = (await http.get("/forecast", params={"more_places": "10"})).json()
    cut = (await http.get("/forecast", params={"more_places": "-5"})).json()
    joins = {"inflow_a_year": "8", "joins_on": "2021-10-02"}
    joined = (await http.get("/forecast", params=joins)).json()
    assert (more["target"], cut["target"], joined["target"]) == (16, 1, 6)
    # A cut: 1 place, 3 + 1 contracts are agreed, nobody comes, nobody goes.
    assert cut["lines"][6]["places"] == 0
    assert cut["over"] == pytest.approx(2.8)
    # 8 x 90 / 365 = 2.0 people more, 1 from the list, room for 2.2.
    assert joined["lines"][6]["places"] == 2.2
    assert (await http.get("/figures")).json() == before


async def test_a_forecast_of_a_past_day_knows_only_what_was_known_then(http: httpx.AsyncClient):
    shown = (await http.get("/forecast", params={"as_of": "2021-07-31"})).json()
    # p-4 had not said to leave yet, p-8 was not agreed, p-7 had not been asked for.
    assert [line["places"] for line in shown["lines"]][:3] == [4, 0, 0]
    assert "0 reserveringen" in shown["lines"][5]["what"]


@pytest.mark.parametrize("wrong", [{"more_places": "NaN"}, {"more_places": "0.001"}, {"inflow_a_year": "-1"}])
async def test_a_what_if_that_makes_no_sense_is_a_problem_that_names_it(
    http: httpx.AsyncClient, wrong: dict[str, str]
):
    answer = await http.get("/forecast", params=wrong)
    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["errors"]] == [f"query.{next(iter(wrong))}"]


async def test_contracts_are_listed_with_who_pays_and_whether_room_was_held(http: httpx.AsyncClient):
    shown = (await http.get("/contracts")).json()
    assert [(c["participant"], c["fund"], c["assigned"], c["reserved"], c["since"]) for c in shown] == [
        ("p-2", "council", True, False, "2020-11-01"),
        ("p-1", "ministry", False, False, "2020-03-01"),
        ("p-5", "ministry", False, True, "2021-07-15"),
    ]
    assert {c["host"] for c in shown} == {"emco"}
    rest = (await http.get("/contracts", params={"after": shown[0]["placement"], "limit": 1})).json()
    assert rest == shown[1:2]
    earlier = (
        await http.get("/contracts", params={"as_of": "2021-04-30", "as_known_on": "2021-04-30"})
    ).json()
    assert {c["participant"]: c["fund"] for c in earlier} == {
        "p-1": "ministry",
        "p-2": "ministry",
        "p-3": "ministry",
        "p-4": "ministry",
    }


def test_what_is_over_the_first_fund_is_paid_from_the_next_and_over_all_from_the_last():
    """Ministry 2 of which 1 is assigned, council 1: the order has 1 place, then 1, and then no more."""
    ledger = Ledger()
    ledger.hear(number(2021, 2), TODAY)
    ledger.hear(number(2021, 1, Fund.COUNCIL), TODAY)
    numbers = basis_of(ledger.world, EMMEN).numbers_of(TODAY, None)
    in_force = {Fund.MINISTRY.value: Tally(1, Decimal(28)), "": Tally(3, Decimal(84))}
    paid = [in_order(numbers, Counting(), in_force, Tally(n, Decimal(28 * n))) for n in (1, 2, 3)]
    assert paid == [Fund.MINISTRY, Fund.COUNCIL, Fund.COUNCIL]
    assert in_order((), Counting(), in_force, Tally(1, Decimal(28))) is None


async def test_the_councils_report_has_a_year_each_and_what_other_sources_say(http: httpx.AsyncClient):
    """2020: number 3, 2 contracts. 2021 on 2 October: number 6, 3 contracts, 2 wait, 1 with a bridge."""
    report = (await http.get("/council", params={"first": 2020, "last": 2022})).json()
    assert [(y["year"], y["as_of"], y["target"], y["realised"], y["reached"]) for y in report["years"]] == [
        (2020, "2020-12-31", 3, 2, False),
        (2021, "2021-10-02", 6, 3, False),
    ]
    now = report["years"][1]
    assert (now["waiting"], now["bridged"], now["without_reservation"]) == (2, 1, 2)
    assert [(f["fund"], f["target"], f["realised"]) for f in now["funds"]] == [
        ("ministry", 4, 2),
        ("council", 2, 1),
    ]
    assert (report["years_reached"], report["years_over"]) == (0, 1)
    assert report["municipalities_that_reach_percent"] == 13
    assert report["differences"] == ["Voor 2021 (Rijk) noemt Krant 5; gerekend wordt met 4 (Staatscourant)."]
    then: dict[str, Any] = {"first": 2020, "last": 2021, "as_known_on": "2020-12-31"}
    assert [y["target"] for y in (await http.get("/council", params=then)).json()["years"]] == [3]


async def test_years_that_end_before_they_begin_are_a_problem(http: httpx.AsyncClient):
    answer = await http.get("/council", params={"first": 2022, "last": 2020})
    assert (answer.status_code, answer.json()["title"]) == (
        400,
        "last must be 2022 or later, and 20 years in all at most",
    )


async def test_a_report_is_shown_as_it_was_said_beside_what_is_known_now(http: httpx.AsyncClient):
    (said,) = (await http.get("/reports")).json()
    assert (said["on"], said["reported_on"], said["contracts"]) == ("2021-09-30", "2021-10-02", 3)
    shown = (await http.get("/reports/2021-09-30")).json()
    assert shown["reported"] == said
    assert shown["changes"] == []
    assert (await http.get("/reports/2021-08-31")).status_code == 404


async def test_a_years_numbers_say_where_they_come_from_and_what_others_say(http: httpx.AsyncClient):
    shown = (await http.get("/numbers", params={"year": 2022})).json()
    assert [(n["fund"], n["places"], n["provisional"], n["carried_over"]) for n in shown] == [
        ("ministry", 4, True, True),
        ("council", 2, True, True),
    ]
    assert [other["number"] for other in shown[0]["other_sources"]] == [5]
    then: dict[str, Any] = {"year": 2021, "as_known_on": "2020-11-30"}
    assert [n["places"] for n in (await http.get("/numbers", params=then)).json()] == [3]


async def test_the_cbs_file_of_a_month_has_no_bsn_and_is_named_after_it(http: httpx.AsyncClient):
    answer = await http.get("/srg", params={"year": 2021, "month": 8})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="srg-0114-2021-08.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.text), delimiter=";"))
    assert [
        (line["kenmerk"], line["einddatum_voorziening"], line["reden_beeindiging"]) for line in lines
    ] == [
        ("p-1", "", ""),
        ("p-2", "", ""),
        ("p-4", "20210815", "2"),
        ("p-5", "", ""),
    ]
    assert {line["bsn"] for line in lines} == {""}
    known: dict[str, Any] = {"year": 2021, "month": 8, "as_known_on": "2021-07-31"}
    earlier = list(csv.DictReader(io.StringIO((await http.get("/srg", params=known)).text), delimiter=";"))
    assert {line["einddatum_voorziening"] for line in earlier} == {""}


async def test_mergers_are_shown(http: httpx.AsyncClient):
    assert (await http.get("/mergers")).json() == [
        {"predecessor": "9999", "municipality": COEVORDEN, "merged_on": "2020-01-01", "source": "Wet"}
    ]
