"""The number that a year runs on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.quota.rules.numbers import numbers
from shared.contracts import Fund
from tests.quota.statements import EMMEN, asked, number, registered
from tests.quota.support import Ledger, at


def of_year(ledger: Ledger, year: int) -> list[tuple[Fund, Decimal, bool]]:
    found = numbers(ledger.world.targets.of("municipality", EMMEN), year)
    return [(each.fund, each.places, each.provisional) for each in found]


def test_a_year_without_a_number_runs_on_the_last_one_and_is_provisional():
    ledger = Ledger()
    ledger.hear(number(2017, 20), date(2017, 1, 23))
    assert of_year(ledger, 2016) == []
    assert of_year(ledger, 2017) == [(Fund.MINISTRY, Decimal(20), False)]
    assert of_year(ledger, 2019) == [(Fund.MINISTRY, Decimal(20), True)]


def test_a_later_version_replaces_the_number_and_keeps_the_one_before():
    ledger = Ledger()
    ledger.hear(number(2018, 36, provisional=True), date(2017, 11, 1))
    ledger.hear(number(2018, 35), date(2017, 11, 22))
    assert of_year(ledger, 2018) == [(Fund.MINISTRY, Decimal(35), False)]
    assert [(t.version, t.number) for t in ledger.world.targets] == [(1, Decimal(36)), (2, Decimal(35))]


def test_each_fund_has_its_own_number_and_the_ministry_is_filled_first():
    ledger = Ledger()
    ledger.hear(number(2022, 10, Fund.COUNCIL), date(2022, 1, 1))
    ledger.hear(number(2022, 2, Fund.REDISTRIBUTION), date(2022, 1, 1))
    ledger.hear(number(2021, 50), date(2021, 1, 1))
    assert of_year(ledger, 2022) == [
        (Fund.MINISTRY, Decimal(50), True),
        (Fund.REDISTRIBUTION, Decimal(2), False),
        (Fund.COUNCIL, Decimal(10), False),
    ]


def test_a_fund_that_stops_is_stated_as_nought():
    ledger = Ledger()
    ledger.hear(number(2022, 10, Fund.COUNCIL), date(2022, 1, 1))
    ledger.hear(number(2023, 0, Fund.COUNCIL), date(2022, 12, 1))
    assert of_year(ledger, 2023) == [(Fund.COUNCIL, Decimal(0), False)]


def test_a_retroactive_number_makes_room_from_the_day_it_is_known_and_is_shown_for_the_days_before():
    ledger = Ledger()
    ledger.hear(registered("p-1"), date(2017, 1, 1))
    (refused,) = ledger.hear(asked("p-1", date(2017, 1, 9)), at(date(2017, 1, 9)))
    assert (refused.reason, refused.free) == ("no-target", {})
    ledger.hear(number(2017, 20, published=date(2017, 1, 23)), date(2017, 1, 23))
    (granted,) = ledger.hear(asked("p-1", date(2017, 1, 24)), at(date(2017, 1, 24)))
    assert granted.fund is Fund.MINISTRY
    on = date(2017, 1, 10)
    assert ledger.figures(on).target == 20
    as_known = ledger.figures(on, known_on=on)
    assert (as_known.target, as_known.provisional, as_known.funds) == (Decimal(0), True, ())
