"""Codes that end in others: in steps, in circles, and who may say so."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from services.quota.rules.mergers import Merger, family, successor, whole
from shared.contracts import (
    CapacityChanged,
    FiguresReported,
    Fund,
    RefusalCode,
    ReservationExpired,
    ReservationGranted,
)
from tests.quota.statements import (
    COEVORDEN,
    EMMEN,
    asked,
    assigned,
    days,
    merged,
    number,
    registered,
    started,
    these,
)
from tests.quota.support import REGISTRY, Ledger, at, of_type

DAY = date(2021, 1, 1)


def into(predecessor: str, municipality: str, year: int) -> Merger:
    return Merger(predecessor, municipality, date(year, 1, 1), "Wet", at(date(year, 1, 1)))


STEPS = [into("0001", "0002", 2018), into("0002", "0003", 2020), into("0004", "0003", 2020)]


@pytest.mark.parametrize(
    ("day", "codes", "since"),
    [
        (date(2017, 12, 31), ("0003",), None),
        (date(2019, 12, 31), ("0003",), None),
        (date(2020, 1, 1), ("0001", "0002", "0003", "0004"), 2020),
    ],
)
def test_a_municipality_is_made_of_all_that_ended_in_it_by_that_day(
    day: date, codes: tuple[str, ...], since: int | None
):
    found = whole(STEPS, "0003", day)
    assert (found.codes, found.since) == (codes, since)


def test_the_code_that_is_valid_for_an_old_one_is_found_in_steps():
    days_of = [date(2017, 12, 31), date(2018, 1, 1), date(2020, 1, 1)]
    assert [successor(STEPS, "0001", day) for day in days_of] == ["0001", "0002", "0003"]
    assert family({"0001"}, [(m.predecessor, m.municipality) for m in STEPS]) == {
        "0001",
        "0002",
        "0003",
        "0004",
    }


def test_two_codes_that_are_said_to_end_in_each_other_stop_nothing():
    circle = [into("0001", "0002", 2018), into("0002", "0001", 2019)]
    assert successor(circle, "0001", DAY) in {"0001", "0002"}
    assert whole(circle, "0001", DAY).codes == ("0001", "0002")


def test_a_code_does_not_end_in_itself():
    with pytest.raises(ValidationError, match="so it is no predecessor"):
        merged([EMMEN], EMMEN, DAY)


def test_only_the_direction_states_a_merger_and_a_municipality_only_its_own_funds():
    ledger = Ledger()
    said = ledger.speaker.event(merged([COEVORDEN], EMMEN, DAY), at(DAY), by="menso")
    refusal = REGISTRY.objection(said)
    assert refusal is not None
    assert refusal.code is RefusalCode.ROLE_NOT_ALLOWED
    assert REGISTRY.objection(ledger.speaker.event(merged([COEVORDEN], EMMEN, DAY), at(DAY))) is None
    theirs = assigned("pl-1", Fund.COUNCIL, DAY, municipality=COEVORDEN)
    refusal = REGISTRY.objection(ledger.speaker.event(theirs, at(DAY)))
    assert refusal is not None
    assert refusal.code is RefusalCode.ROLE_NOT_ALLOWED


def test_room_held_under_an_old_code_is_held_under_the_merged_number_and_expires_with_it():
    """Number 1 + 1 = 2; 1 contract in Emmen, 1 held in what was Coevorden: 2 - 1 - 1 = 0."""
    ledger = Ledger()
    ledger.world.serves = frozenset({EMMEN, COEVORDEN})
    for code in (EMMEN, COEVORDEN):
        ledger.hear(number(2020, 1, municipality=code), date(2019, 12, 1))
    ledger.hear(registered("p-1"), date(2020, 1, 1))
    ledger.hear(started("p-1", date(2020, 2, 1)), date(2020, 2, 1))
    (granted,) = ledger.hear(asked("p-2", date(2020, 12, 20), municipality=COEVORDEN), date(2020, 12, 20))
    assert isinstance(granted, ReservationGranted)
    ledger.hear(merged([COEVORDEN], EMMEN, DAY), date(2020, 12, 28))
    told = {said.municipality: said for said in of_type(ledger.tick(DAY), CapacityChanged)}
    assert set(told) == {EMMEN}
    assert told[EMMEN].funds[0].free == 0
    later = ledger.tick(granted.expires_on + days(1))
    assert [said.reservation for said in of_type(later, ReservationExpired)] == [granted.reservation]


def test_the_last_month_of_a_code_that_ends_is_reported_under_that_code():
    ledger = Ledger()
    ledger.world.serves = frozenset({EMMEN, COEVORDEN})
    for code in (EMMEN, COEVORDEN):
        ledger.hear(number(2020, 1, municipality=code), date(2019, 12, 1))
    ledger.hear(merged([COEVORDEN], EMMEN, DAY), date(2020, 11, 1))
    reports = of_type(ledger.tick(date(2021, 1, 4)), FiguresReported)
    assert sorted((r.municipality, r.on) for r in reports) == [
        (COEVORDEN, date(2020, 12, 31)),
        (EMMEN, date(2020, 12, 31)),
    ]
    reports = of_type(ledger.tick(date(2021, 2, 1)), FiguresReported)
    assert [(r.municipality, r.target) for r in reports] == [(EMMEN, 2)]


def test_a_number_that_the_merged_municipality_had_before_is_one_part_of_the_sum_only():
    """Emmen's own of 2020 counts with Coevorden's until it has one of 2021 or later; a fund at a time."""
    ledger = Ledger()
    ledger.hear(number(2020, 5), date(2019, 12, 1))
    ledger.hear(number(2020, 2, municipality=COEVORDEN), date(2019, 12, 1))
    ledger.hear(number(2020, 1, Fund.COUNCIL, municipality=COEVORDEN), date(2019, 12, 1))
    ledger.hear(merged([COEVORDEN], EMMEN, DAY), date(2020, 11, 1))
    shown = ledger.figures(DAY)
    assert [these(fund.fund, fund.target) for fund in shown.funds] == [(Fund.MINISTRY, 7), (Fund.COUNCIL, 1)]
    assert shown.funds[0].source == "0109: 2 (Staatscourant) + 0114: 5 (Staatscourant)"
    ledger.hear(number(2021, 8), date(2021, 1, 20))
    assert [fund.target for fund in ledger.figures(DAY).funds] == [8, 1]
