"""The CBS file: who is in it, what it says, and that no BSN is in it until the vault's holder fills it."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.quota import fill_srg
from services.quota.rules import srg
from shared.contracts import PlacementChanged, Rung, Scheme
from tests.quota.statements import COEVORDEN, EMMEN, ended, moved, registered, started
from tests.quota.support import Ledger

BSN = "123456782"
"""Made up; it passes the 11-proof."""

DECEMBER = date(2021, 12, 1)


def ledger_with(*people: str) -> Ledger:
    ledger = Ledger()
    for person in people:
        ledger.hear(registered(person), date(2021, 1, 1))
    return ledger


def rows(ledger: Ledger, month: date = DECEMBER, codes: tuple[str, ...] = (EMMEN,)) -> list[dict[str, str]]:
    provisions = [
        srg.provision(p, ledger.world.statements.of("placement", p.placement))
        for p in ledger.world.placements
    ]
    return srg.rows(codes[0], codes, month, [p for p in provisions if p], list(ledger.world.domiciles))


def short(found: list[dict[str, str]]) -> list[tuple[str, ...]]:
    names = ("kenmerk", "soort_voorziening", "begindatum_voorziening", "einddatum_voorziening")
    return [tuple(row[name] for name in (*names, "reden_beeindiging")) for row in found]


def test_a_row_a_provision_that_ran_in_the_month_with_its_kind():
    ledger = ledger_with("p-1", "p-2", "p-3", "p-4", "p-5")
    ledger.hear(started("p-1", date(2021, 3, 1)), date(2021, 3, 1))
    ledger.hear(started("p-2", date(2021, 12, 31), rung=Rung.LEARN_WORK), date(2021, 12, 31))
    ledger.hear(started("p-3", date(2022, 1, 1)), date(2021, 12, 1))
    ledger.hear(started("p-4", date(2021, 3, 1), rung=Rung.DAY_ACTIVITY), date(2021, 3, 1))
    ledger.hear(started("p-5", date(2021, 3, 1), rung=Rung.SUPPORTED_WORK), date(2021, 3, 1))
    assert short(rows(ledger)) == [
        ("p-1", "05", "20210301", "", ""),
        ("p-2", "99", "20211231", "", ""),
        ("p-5", "04", "20210301", "", ""),
    ]


def test_an_end_is_told_in_its_month_and_not_before_or_after():
    ledger = ledger_with("p-1", "p-2")
    ledger.hear(started("p-1", date(2021, 3, 1), placement="pl-1"), date(2021, 3, 1))
    ledger.hear(ended("pl-1", "p-1", date(2021, 12, 15)), date(2021, 12, 1))
    ledger.hear(started("p-2", date(2021, 3, 1), until=date(2021, 12, 31)), date(2021, 3, 1))
    assert short(rows(ledger, date(2021, 11, 1))) == [
        ("p-1", "05", "20210301", "", ""),
        ("p-2", "05", "20210301", "", ""),
    ]
    assert short(rows(ledger)) == [
        ("p-1", "05", "20210301", "20211215", "2"),
        ("p-2", "05", "20210301", "20211231", "1"),
    ]
    assert rows(ledger, date(2022, 1, 1)) == []


def test_an_extension_is_the_same_provision():
    ledger = ledger_with("p-1")
    ledger.hear(started("p-1", date(2021, 3, 1), until=date(2021, 8, 31), placement="pl-1"), date(2021, 3, 1))
    more: dict[str, Any] = {
        "placement": "pl-1",
        "participant": "p-1",
        "changed_on": date(2021, 9, 1),
        "ends_on": None,
        "contract": "permanent",
    }
    ledger.hear(PlacementChanged.sample().model_copy(update=more), date(2021, 8, 1))
    assert short(rows(ledger)) == [("p-1", "05", "20210301", "", "")]


def test_who_moved_is_in_the_new_municipalitys_file_and_a_merged_code_in_the_whole():
    ledger = ledger_with("p-1")
    ledger.hear(started("p-1", date(2021, 3, 1)), date(2021, 3, 1))
    ledger.hear(moved("p-1", date(2021, 12, 10), COEVORDEN), date(2021, 12, 10))
    assert len(rows(ledger, date(2021, 11, 1))) == 1
    assert rows(ledger) == []
    assert [row["gemeentecode"] for row in rows(ledger, codes=(COEVORDEN,))] == [COEVORDEN]
    assert [row["gemeentecode"] for row in rows(ledger, codes=(EMMEN, COEVORDEN))] == [EMMEN]


def test_pitfall_14_a_job_under_the_wsw_is_no_provision_of_this_file():
    ledger = ledger_with("p-1")
    ledger.hear(started("p-1", date(2021, 3, 1), scheme=Scheme.WSW), date(2021, 3, 1))
    assert rows(ledger) == []


def test_pitfall_17_the_ledgers_file_has_an_empty_bsn_and_a_reference():
    ledger = ledger_with("p-1")
    ledger.hear(started("p-1", date(2021, 3, 1)), date(2021, 3, 1))
    (row,) = rows(ledger)
    assert tuple(row) == srg.COLUMNS
    assert (row["bsn"], row["geboortedatum"], row["geslacht"], row["kenmerk"]) == ("", "", "", "p-1")


def vault(known: dict[str, str | None], asked: list[httpx.Request]) -> httpx.MockTransport:
    """A vault as the door answers: an entry, or 404."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        person = request.url.path.removeprefix("/v1/people/")
        if request.headers["authorization"] != "Bearer of-the-holder":
            return httpx.Response(401)
        if person not in known:
            return httpx.Response(404)
        entry = {"name": "Iemand"} | ({"bsn": known[person]} if known[person] else {})
        return httpx.Response(200, content=json.dumps(entry))

    return httpx.MockTransport(answer)


def a_file() -> str:
    ledger = ledger_with("p-1", "p-2", "p-3")
    for n, person in enumerate(("p-1", "p-1", "p-2", "p-3")):
        ledger.hear(started(person, date(2021, 3, 1), placement=f"pl-{n}"), date(2021, 3, 1))
    return srg.written(rows(ledger))


def test_the_holder_of_the_vault_fills_the_bsn_once_a_person_and_the_reference_goes():
    asked: list[httpx.Request] = []
    text, missing = fill_srg.fill(
        a_file(), "http://vault", "of-the-holder", vault({"p-1": BSN, "p-2": None}, asked)
    )
    lines = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [line["bsn"] for line in lines] == [BSN, BSN, "", ""]
    assert "kenmerk" not in lines[0]
    assert missing == ["p-2", "p-3"]
    assert [request.url.path for request in asked] == [f"/v1/people/p-{n}" for n in (1, 2, 3)]
    assert {request.headers["x-purpose"] for request in asked} == {"CBS SRG"}


def test_who_may_not_look_gets_nothing_at_all():
    with pytest.raises(httpx.HTTPStatusError):
        fill_srg.fill(a_file(), "http://vault", "of-somebody", vault({"p-1": BSN}, []))


def test_another_file_is_turned_down_with_what_its_first_line_must_be():
    with pytest.raises(ValueError, match="the first line must be statistiekjaar;"):
        srg.filled("naam;bsn\r\nx;y\r\n", lambda _: BSN)


def test_the_command_says_what_is_missing_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "srg.csv"
    file.write_text(a_file(), encoding="utf-8", newline="")
    monkeypatch.delenv("SRG_VAULT_TOKEN", raising=False)
    assert fill_srg.main([str(file), "--vault", "http://127.0.0.1:9"]) == 2
    assert "SRG_VAULT_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("SRG_VAULT_TOKEN", "of-the-holder")
    assert fill_srg.main([str(file), "--vault", "http://127.0.0.1:9"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["srg.csv"]
