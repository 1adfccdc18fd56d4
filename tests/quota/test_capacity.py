"""What the ledger tells the region on a tick, and that it keeps silent without news."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from shared.contracts import CapacityChanged, Fund, ProposalExpired, Unit
from tests.quota.statements import EMMEN, asked, by_hours, days, held_for, number, registered, started
from tests.quota.support import Ledger, at, of_type

DAY = date(2021, 3, 1)


def told(stated: list[Any]) -> list[Any]:
    """Year, and per fund: the fund, its number, in use, reserved, free."""
    return [
        (said.year, [(f.fund, f.target, f.in_use, f.reserved, f.free) for f in said.funds])
        for said in of_type(stated, CapacityChanged)
    ]


def ledger_with(places: int = 2) -> Ledger:
    ledger = Ledger()
    ledger.hear(number(2021, places), date(2021, 1, 1))
    for participant in ("p-1", "p-2"):
        ledger.hear(registered(participant), date(2021, 1, 1))
    return ledger


def test_without_any_number_nothing_is_free_and_that_is_said_once():
    ledger = Ledger()
    (said,) = ledger.tick(DAY)
    assert (said.funds, said.provisional, said.as_of) == ((), True, DAY)
    assert ledger.tick(DAY + days(1)) == []


def test_a_tick_without_news_states_nothing():
    ledger = ledger_with()
    ledger.hear(started("p-1", DAY), DAY)
    assert told(ledger.tick(DAY + days(1))) == [(2021, [(Fund.MINISTRY, 2, 1, 0, 1)])]
    assert ledger.tick(DAY + days(1)) == []
    assert ledger.tick(DAY + days(2)) == []


def test_contracts_over_the_number_show_as_less_than_nothing_free():
    ledger = ledger_with(places=1)
    ledger.hear(started("p-1", DAY), DAY)
    ledger.hear(started("p-2", DAY), DAY)
    assert told(ledger.tick(DAY + days(1))) == [(2021, [(Fund.MINISTRY, 1, 2, 0, -1)])]


def test_the_next_year_is_told_of_before_1_january_with_last_years_number_and_last_years_contracts():
    """Pitfall 3: the new number may come weeks after 1 January; nobody should have to ask in vain."""
    ledger = ledger_with()
    ledger.hear(started("p-1", DAY), DAY)
    assert [said.year for said in of_type(ledger.tick(date(2021, 9, 30)), CapacityChanged)] == [2021]
    (said,) = of_type(ledger.tick(date(2021, 10, 1)), CapacityChanged)
    assert (said.year, said.as_of, said.provisional) == (2022, date(2022, 1, 1), True)
    assert (said.funds[0].target, said.funds[0].in_use, said.funds[0].free) == (2, 1, 1)
    # It is told once: on 1 January nothing is new.
    assert of_type(ledger.tick(date(2022, 1, 1)), CapacityChanged) == []


def test_next_year_is_told_of_as_soon_as_it_has_a_number():
    ledger = ledger_with()
    ledger.hear(started("p-1", DAY, until=date(2021, 12, 31)), DAY)
    ledger.hear(number(2022, 3), date(2021, 11, 22))
    said = of_type(ledger.tick(date(2021, 11, 23)), CapacityChanged)
    assert [(each.year, each.as_of, each.funds[0].free) for each in said] == [
        (2021, date(2021, 11, 23), 1),
        (2022, date(2022, 1, 1), 3),
    ]


def test_what_matching_states_on_the_same_tick_counts_from_the_next_one_in_either_order():
    tick = at(DAY + days(5), 6)
    given_back = ProposalExpired(
        proposal="prop-1",
        participant="p-1",
        place="place-1",
        reservation=f"res-p-1-{DAY}",
        municipality=EMMEN,
        expired_on=DAY + days(5),
    )
    request = asked("p-2", DAY + days(5))
    outcomes = []
    for early in (True, False):
        ledger = ledger_with()
        ledger.hear(asked("p-1", DAY), DAY)
        ledger.tick(DAY + days(4))
        for data in (given_back, request) if early else ():
            ledger.hear(data, tick)
        silent = told(ledger.tick(tick))
        for data in () if early else (given_back, request):
            ledger.hear(data, tick)
        outcomes.append((silent, told(ledger.tick(DAY + days(6)))))
    # One was given back and one was granted: the same figures as before.
    assert outcomes == [([], [])] * 2


def test_what_expires_on_a_tick_is_free_from_that_tick():
    ledger = ledger_with()
    ledger.hear(held_for(3, date(2021, 1, 1)), date(2021, 1, 1))
    ledger.hear(asked("p-1", DAY), DAY)
    assert told(ledger.tick(DAY + days(1)))[0][1][0][3:] == (1, 1)
    assert told(ledger.tick(DAY + days(4)))[0][1][0][3:] == (0, 2)


def test_hours_are_told_in_places_of_two_decimals_that_never_overstate_what_is_free():
    ledger = ledger_with()
    ledger.hear(by_hours(31, date(2021, 1, 1)), date(2021, 1, 1))
    ledger.hear(started("p-1", DAY, hours=28), DAY)
    (said,) = of_type(ledger.tick(DAY + days(1)), CapacityChanged)
    (fund,) = said.funds
    assert (said.unit, fund.in_use, fund.free) == (Unit.HOURS, Decimal("0.91"), Decimal("1.09"))
