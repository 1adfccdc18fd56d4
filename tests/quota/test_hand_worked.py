"""Sums that a policy officer can check with pencil and paper, on the figures that are known of Emmen.

Known: 20 places for 2017 (published 23 January 2017, from 1 January), 35 for 2018 (published 22 November
2017); 51 people waiting at the end of 2021, each with something else meanwhile; contracts of 27 to 28.7
hours a week. Everything else in these sums is assumed, and said so.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.quota.rules import council
from shared.contracts import (
    CapacityChanged,
    FiguresReported,
    Fund,
    PlacementChanged,
    ReservationGranted,
    ReservationRefused,
)
from tests.quota.statements import (
    COEVORDEN,
    EMMEN,
    asked,
    assigned,
    bridged,
    by_hours,
    ended,
    moved,
    number,
    registered,
    started,
    these,
    waits,
)
from tests.quota.support import Ledger, of_type


def hired(ledger: Ledger, first: int, last: int, on: date, hours: int = 28) -> None:
    """People number `first` to `last`, each with a contract from that day."""
    for n in range(first, last + 1):
        ledger.hear(registered(f"p-{n}"), on)
        ledger.hear(started(f"p-{n}", on, hours=hours), on)


def test_emmen_2017_the_number_comes_on_23_january_and_is_reached_in_december():
    """
    9 January: no number, so nothing can be reserved.
    23 January: 20. Twenty contracts in the course of the year: 20 - 20 = 0 free. The 21st is refused.
    """
    ledger = Ledger()
    (refused,) = ledger.hear(asked("p-1", date(2017, 1, 9)), date(2017, 1, 9))
    assert refused.reason == "no-target"
    ledger.hear(number(2017, 20, published=date(2017, 1, 23)), date(2017, 1, 23))
    hired(ledger, 1, 20, date(2017, 9, 1))
    shown = ledger.figures(date(2017, 12, 31))
    assert these(shown.target, shown.realised, shown.free, shown.over) == (20, 20, 0, 0)
    (refused,) = ledger.hear(asked("p-21", date(2017, 12, 4)), date(2017, 12, 4))
    assert isinstance(refused, ReservationRefused)


def test_emmen_2018_fifteen_places_more_because_the_twenty_of_2017_count_on():
    """
    22 November 2017: 35 for 2018. On 1 January 2018: 35 - 20 = 15 free, as told in December.
    """
    ledger = Ledger()
    ledger.hear(number(2017, 20), date(2017, 1, 23))
    hired(ledger, 1, 20, date(2017, 9, 1))
    ledger.hear(number(2018, 35), date(2017, 11, 22))
    told = of_type(ledger.tick(date(2017, 12, 4)), CapacityChanged)
    assert [(said.year, said.funds[0].free) for said in told] == [(2017, 0), (2018, 15)]
    assert ledger.figures(date(2018, 1, 1)).free == 15
    hired(ledger, 21, 35, date(2018, 3, 1))
    assert ledger.figures(date(2018, 12, 31)).realised == 35


@pytest.mark.parametrize(
    ("municipality", "in_2017", "in_2018", "more"),
    [("0106", 15, 27, 12), (COEVORDEN, 5, 9, 4), ("0118", 10, 20, 10)],
    ids=["Assen 27 - 15", "Coevorden 9 - 5", "Hoogeveen 20 - 10"],
)
def test_the_neighbours_who_reached_2017_have_the_difference_in_2018(
    municipality: str, in_2017: int, in_2018: int, more: int
):
    """That they reached it is assumed; both numbers are the annexes'."""
    ledger = Ledger()
    ledger.hear(number(2017, in_2017, municipality=municipality), date(2017, 1, 23))
    for n in range(in_2017):
        ledger.hear(registered(f"p-{n}", municipality=municipality), date(2017, 2, 1))
        ledger.hear(started(f"p-{n}", date(2017, 6, 1)), date(2017, 6, 1))
    ledger.hear(number(2018, in_2018, municipality=municipality), date(2017, 11, 22))
    assert ledger.figures(date(2018, 1, 1), municipality=municipality).free == more


@pytest.mark.parametrize(
    ("hours", "places"), [("27", "87.10"), ("28.7", "92.59")], ids=["2700 / 31", "2870 / 31"]
)
def test_a_hundred_contracts_are_87_to_93_places_of_31_hours(hours: str, places: str):
    """
    100 x 27 = 2700 hours; 2700 / 31 = 87.096.., told as 87.10: rounded up, so that no room is promised twice.
    100 x 28.7 = 2870 hours; 2870 / 31 = 92.580.., told as 92.59.
    """
    ledger = Ledger()
    ledger.hear(number(2022, 100), date(2021, 12, 1))
    ledger.hear(by_hours(31, date(2022, 1, 1)), date(2021, 12, 1))
    for n in range(100):
        ledger.hear(registered(f"p-{n}"), date(2022, 1, 3))
        contract = started(f"p-{n}", date(2022, 1, 3)).model_copy(update={"hours": Decimal(hours)})
        ledger.hear(contract, date(2022, 1, 3))
    shown = ledger.figures(date(2022, 6, 1))
    assert (shown.contracts, shown.realised, shown.free) == (100, Decimal(places), 100 - Decimal(places))
    assert shown.both_ways.contracts == 100


def test_emmen_2021_fifty_one_wait_and_the_report_says_so():
    """61 places, 61 contracts; 51 on the list, 51 with something else. The 61 is assumed."""
    ledger = Ledger()
    ledger.hear(number(2021, 61), date(2020, 11, 23))
    hired(ledger, 1, 61, date(2021, 2, 1))
    for n in range(62, 113):
        ledger.hear(waits(f"p-{n}", date(2021, 3, 1)), date(2021, 3, 1))
        ledger.hear(bridged(f"p-{n}", date(2021, 4, 1)), date(2021, 4, 1))
    shown = ledger.figures(date(2021, 12, 31))
    assert these(shown.realised, shown.waiting, shown.bridged) == (61, 51, 51)
    assert council.year(shown).text == (
        "Op 31 december 2021 waren er 61 plekken gevuld. Het aantal voor 2021 is 61 en is gehaald. "
        "Per geldbron: Rijk 61 van 61. Er wachten 51 mensen; 51 van hen hebben intussen iets anders. "
        "Voor 61 contracten was geen plek gereserveerd; ze tellen wel mee."
    )
    (report,) = of_type(ledger.tick(date(2022, 1, 3)), FiguresReported)
    assert (report.on, report.contracts, report.waiting, report.bridged) == (
        date(2021, 12, 31),
        61,
        51,
        51,
    )


def test_emmen_2022_the_councils_places_come_on_top_of_the_ministrys():
    """
    Ministry 65, council 22 from 10 January (both assumed): 65 + 22 = 87. 61 contracts: 87 - 61 = 26 free,
    4 of the ministry (65 - 61) and 22 of the council. The 5th request is the council's first.
    """
    ledger = Ledger()
    ledger.hear(number(2021, 61), date(2020, 11, 23))
    hired(ledger, 1, 61, date(2021, 2, 1))
    ledger.hear(number(2022, 65), date(2021, 11, 22))
    ledger.hear(number(2022, 22, Fund.COUNCIL), date(2022, 1, 10))
    shown = ledger.figures(date(2022, 1, 10))
    assert these(shown.target, shown.free) == (87, 26)
    assert [these(fund.fund, fund.free) for fund in shown.funds] == [(Fund.MINISTRY, 4), (Fund.COUNCIL, 22)]
    granted = [ledger.hear(asked(f"q-{n}", date(2022, 1, 11)), date(2022, 1, 11))[0].fund for n in range(5)]
    assert granted == [Fund.MINISTRY] * 4 + [Fund.COUNCIL]


def test_a_year_of_one_municipality_from_day_to_day():
    """
    Number 3, from 2021 with 1 place of the council on top: 4.
    1 January   A (32 h) and B (28 h) work on from 2020.                         2 contracts, 60 h, 2 free
    1 March     C starts, 20 h, temporary to 31 August.                          3 contracts, 80 h, 1 free
    1 April     room is held for D.                                              3 contracts, 1 held, 0 free
    15 April    E asks: refused, 4 - 3 - 1 = 0.
    1 May       D starts, 24 h, and takes the room.                              4 contracts, 104 h, 0 free
    1 June      A goes from 32 to 16 h.                                          4 contracts, 88 h, 0 free
    1 July      B moves to Coevorden.                                            3 contracts, 60 h, 1 free
    31 August   C's contract runs out.                       1 September:        2 contracts, 40 h, 2 free
    1 October   the ministry's number falls from 3 to 1: 1 + 1 = 2.              2 contracts, 40 h, 0 free
    1 November  A is paid by the council.                                        ministry 1, council 1
    """
    ledger = Ledger()
    ledger.hear(number(2021, 3), date(2020, 12, 1))
    ledger.hear(number(2021, 1, Fund.COUNCIL), date(2020, 12, 1))
    for person in "abcde":
        ledger.hear(registered(person), date(2020, 1, 1))
    ledger.hear(started("a", date(2020, 6, 1), hours=32), date(2020, 6, 1))
    ledger.hear(started("b", date(2020, 9, 1), hours=28), date(2020, 9, 1))
    ledger.hear(started("c", date(2021, 3, 1), until=date(2021, 8, 31), hours=20), date(2021, 2, 20))
    (granted,) = ledger.hear(asked("d", date(2021, 4, 1)), date(2021, 4, 1))
    (refused,) = ledger.hear(asked("e", date(2021, 4, 15)), date(2021, 4, 15))
    assert (type(granted), type(refused)) == (ReservationGranted, ReservationRefused)
    ledger.hear(started("d", date(2021, 5, 1), hours=24), date(2021, 5, 1))
    part_time = PlacementChanged.sample().model_copy(
        update={
            "placement": "pl-a-2020-06-01",
            "participant": "a",
            "changed_on": date(2021, 6, 1),
            "hours": Decimal(16),
            "ends_on": None,
            "contract": "permanent",
        }
    )
    ledger.hear(part_time, date(2021, 6, 1))
    ledger.hear(moved("b", date(2021, 7, 1), COEVORDEN), date(2021, 7, 5))
    ledger.hear(number(2021, 1, reason="Herverdeling"), date(2021, 10, 1))
    ledger.hear(assigned("pl-a-2020-06-01", Fund.COUNCIL, date(2021, 11, 1)), date(2021, 11, 1))

    def told(month: int, known_on: date | None = None) -> tuple[Any, ...]:
        shown = ledger.figures(date(2021, month, 1), known_on)
        return shown.contracts, shown.hours, shown.reserved, shown.free

    before_the_cut = date(2021, 9, 30)
    assert [told(month, before_the_cut) for month in (1, 3, 4, 5, 6, 7, 9)] == [
        (2, 60, 0, 2),
        (3, 80, 0, 1),
        (3, 80, 1, 0),
        (4, 104, 0, 0),
        (4, 88, 0, 0),
        (3, 60, 0, 1),
        (2, 40, 0, 2),
    ]
    assert told(10) == (2, 40, 0, 0)
    assert [fund.in_use for fund in ledger.figures(date(2021, 11, 1)).funds] == [1, 1]
    # On 31 December as known on 1 July nobody knew that B had moved: told on the 5th.
    assert ledger.figures(date(2021, 7, 2), date(2021, 7, 4)).contracts == 4
    assert ledger.figures(date(2021, 7, 2), municipality=COEVORDEN).contracts == 1


def test_an_end_and_a_new_start_on_the_same_day_are_one_place():
    """31 March: 1 contract. 1 April: 1 - 1 + 1 = 1."""
    ledger = Ledger()
    ledger.hear(number(2021, 1), date(2020, 12, 1))
    hired(ledger, 1, 1, date(2021, 1, 1))
    ledger.hear(ended("pl-p-1-2021-01-01", "p-1", date(2021, 3, 31)), date(2021, 3, 1))
    (granted,) = ledger.hear(asked("p-2", date(2021, 4, 1)), date(2021, 4, 1))
    assert isinstance(granted, ReservationGranted)
    ledger.hear(registered("p-2"), date(2021, 4, 1))
    ledger.hear(started("p-2", date(2021, 4, 1)), date(2021, 4, 1))
    shown = [ledger.figures(day).contracts for day in (date(2021, 3, 31), date(2021, 4, 1))]
    assert shown == [1, 1]
    assert ledger.figures(date(2021, 4, 1), municipality=EMMEN).free == 0
