"""The story of Emmen through real services: what it must come to, every time it is told."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from deploy.demo import facts
from deploy.demo.people import people
from deploy.local.ports import free_port
from deploy.local.settings import LocalSettings
from tests.journeys.telling import Telling, doors_apart, tell

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

KNOWN_NUMBERS = {2017: 20, 2018: 35}


@pytest.fixture(scope="module")
def ports() -> dict[str, Any]:
    names = ("smtp", "intake", "matching", "quota", "notifications")
    return {f"{name}_port": free_port() for name in names}


@pytest.fixture(scope="module")
def make_settings(kafka: str, postgres: str, ports: dict[str, Any], tmp_path_factory: Any) -> Any:
    def make() -> LocalSettings:
        return LocalSettings(
            var=tmp_path_factory.mktemp("story"),
            kafka_bootstrap_servers=kafka,
            database_url=postgres,
            topic_prefix=f"s{uuid.uuid4().hex[:10]}",
            **ports,
        )

    return make


@pytest.fixture(scope="module")
def told(make_settings: Any) -> Telling:
    return tell(make_settings())


def test_it_reports_every_year_with_what_is_assumed_marked(told: Telling):
    assert [year["year"] for year in told.report["years"]] == list(range(2017, 2023))
    for year in told.report["years"]:
        assert set(year) == {
            "year", "target", "target_assumed", "contracts", "waiting", "bridged", "messages",
        }  # fmt: skip
        assert year["target_assumed"] is (year["year"] not in KNOWN_NUMBERS)


def test_the_known_numbers_are_the_ledgers(told: Telling):
    assert {y: told.year(y)["target"] for y in KNOWN_NUMBERS} == KNOWN_NUMBERS


def test_emmen_reaches_its_number_every_year_and_never_passes_it(told: Telling):
    for year in range(2017, 2022):
        assert told.year(year)["contracts"] == told.year(year)["target"]
    assert told.year(2022)["contracts"] <= told.year(2022)["target"]


def test_fifty_one_people_wait_at_the_end_of_2021_each_with_a_bridge(told: Telling):
    assert told.year(2021)["waiting"] == facts.WAITING_END_2021
    assert told.year(2021)["bridged"] == facts.WAITING_END_2021


def test_the_councils_money_gives_part_of_the_list_a_contract_in_2022(told: Telling):
    assert told.year(2022)["contracts"] >= told.year(2021)["contracts"] + 20
    assert told.year(2022)["waiting"] < told.year(2021)["waiting"]


def test_each_years_contracts_are_those_that_the_story_has_always_come_to(told: Telling):
    contracts = [told.year(year)["contracts"] for year in range(2017, 2023)]
    assert contracts == [20, 35, 45, 54, 61, 87]
    assert (told.year(2022)["waiting"], told.year(2022)["bridged"]) == (41, 41)


def test_what_else_happened_is_in_the_log_and_on_the_screen(told: Telling):
    fund = told.events("funds.assigned")
    assert len(fund) == 22
    assert {each["fund"] for each in fund} == {"council"}
    assert all(facts.ASSUMED in each["reason"] for each in fund)
    (deviation,) = told.events("deviations.reported")
    assert (deviation["outcome"], deviation["decided_by"]) == ("proposed", "teammanager-werk")
    assert deviation["passed"] > 0
    (changed,) = told.events("waiting.changed")
    assert changed["priority_group"] == "pro-vso"
    (back,) = [each for each in told.events("waiting.joined") if each.get("back_from")]
    jobs = [e for e in told.events("placements.started") if e["participant"] == back["participant"]]
    assert [job["rung"] for job in jobs] == ["sheltered_work", "sheltered_work"]
    (ended,) = told.events("bridges.ended")
    offers = [e for e in told.events("bridges.offered") if e["participant"] == ended["participant"]]
    assert len(offers) == 2
    assert "22x contract op kosten van de gemeenteraad" in " ".join(told.screen.split())


def test_a_bridge_is_proposed_answered_and_begun_like_a_job_but_for_the_room(told: Telling):
    made = [each for each in told.events("proposals.made") if each["rung"] == "day_activity"]
    assert len(made) >= 4
    assert {(each["host"], each.get("reservation")) for each in made} == {("buurtsupport", None)}
    begun = {each["proposal"] for each in told.events("bridges.offered") if each.get("proposal")}
    assert begun == {each["proposal"] for each in made}, "everyone of the story says yes and begins"
    taking_part = [e for e in told.events("placements.started") if e["place"] == made[0]["place"]]
    assert {each["contract"] for each in taking_part} == {"none"}
    assert {each["proposal"] for each in taking_part} == begun


def test_participant_host_and_guide_answer_one_proposal_one_after_another(told: Telling):
    answers = told.events("proposals.answered")
    by_host = [each["proposal"] for each in answers if each["by"] == "host"]
    assert by_host
    for proposal in by_host:
        said = sorted((each["answered_on"], each["by"]) for each in answers if each["proposal"] == proposal)
        assert [by for _, by in said] == ["participant", "host", "guide"]
        assert len({on for on, _ in said}) == 3
        (accepted,) = [e for e in told.events("proposals.accepted") if e["proposal"] == proposal]
        assert accepted["accepted_on"] == said[-1][0]


def test_a_merger_elsewhere_leaves_the_ledger_of_emmen_as_it_is(told: Telling):
    (merged,) = told.events("municipalities.merged")
    assert (merged["municipality"], merged["merged_on"]) == ("0014", "2019-01-01")
    assert facts.EMMEN not in merged["predecessors"]


def test_every_message_that_was_counted_lies_at_the_mail_server(told: Telling):
    assert sum(year["messages"] for year in told.report["years"]) <= len(told.mails)
    assert all(year["messages"] for year in told.report["years"])


def test_no_name_or_address_is_in_any_event(told: Telling):
    names = [person.name for person in people()]
    secrets = [part.encode() for name in names for part in (name, name.split()[-1])]
    secrets.append(b"@voorbeeld.example")
    whole = b"\n".join(value for records in told.log.values() for _, value in records)
    assert len(whole) > 100_000
    assert not [secret for secret in set(secrets) if secret in whole]


def test_told_again_on_an_empty_stack_it_is_the_same_byte_for_byte(told: Telling, make_settings: Any):
    again = tell(make_settings())
    assert again.report == told.report
    differing = {
        topic: (
            len(set(told.log[topic]) - set(again.log[topic])),
            len(set(again.log[topic]) - set(told.log[topic])),
        )
        for topic in told.log
        if set(told.log[topic]) != set(again.log[topic])
    }
    assert differing == {}
    assert again.digest == told.digest


def test_with_doors_run_apart_by_each_organisation_the_story_is_the_same(told: Telling, make_settings: Any):
    settings = make_settings()
    parts = doors_apart(settings, [settings.intake_port, free_port(), free_port()])
    apart = tell(settings, parts)
    assert apart.report == told.report
    assert apart.digest["events"] == told.digest["events"]


@pytest.mark.parametrize("name", ["intake", "matching", "quota", "notifications"])
def test_the_state_of_a_service_can_be_rebuilt_from_the_log_alone(told: Telling, name: str):
    command = [sys.executable, "-m", "deploy.cli.main", "rebuild", name]
    done = subprocess.run(
        command, env=os.environ | told.variables(), capture_output=True, text=True, check=False
    )
    assert "rebuilt is identical" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_the_screen_shows_the_table_and_where_the_services_are(told: Telling):
    assert "51" in told.screen
    assert "/docs" in told.screen
    assert Path(told.settings.home / "demo" / "report.json").name in told.screen
