"""How contracts are counted and how long room is held, as it was laid down."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.quota.rules.numbers import numbers
from services.quota.rules.policies import (
    DEFAULT_RESERVATION_DAYS,
    Counting,
    Tally,
    counting,
    reservation_days,
)
from shared.contracts import Fund, PolicyAdopted, Unit
from tests.quota.statements import EMMEN, asked, by_hours, held_for, number, registered, started
from tests.quota.support import Ledger

DAY = date(2021, 3, 1)


def days_held(ledger: Ledger, day: date) -> int:
    return reservation_days(ledger.world.policies.of("municipality", EMMEN), day)


def test_where_no_terms_were_adopted_room_is_held_six_weeks():
    assert days_held(Ledger(), DAY) == DEFAULT_RESERVATION_DAYS


def test_terms_hold_from_their_first_day_until_the_next_terms_whichever_was_stated_first():
    ledger = Ledger()
    ledger.hear(held_for(20, date(2021, 6, 1)), date(2021, 1, 1))
    ledger.hear(held_for(10, date(2021, 1, 1)), date(2021, 1, 2))
    found = [days_held(ledger, day) for day in (date(2020, 12, 31), DAY, date(2021, 6, 1))]
    assert found == [DEFAULT_RESERVATION_DAYS, 10, 20]


def test_of_two_policies_from_the_same_day_the_one_stated_last_is_in_force():
    ledger = Ledger()
    ledger.hear(held_for(10, DAY), date(2021, 1, 1))
    ledger.hear(held_for(20, DAY), date(2021, 1, 2))
    assert days_held(ledger, DAY) == 20


def test_the_order_of_the_waiting_list_is_not_the_ledgers_business():
    ledger = Ledger()
    ledger.hear(PolicyAdopted.sample(), DAY)
    assert len(ledger.world.policies) == 0


def test_without_a_policy_contracts_count_as_the_number_was_stated():
    ledger = Ledger()
    ledger.hear(number(2021, 2, unit=Unit.HOURS, hours_per_unit=Decimal(31)), DAY)
    ledger.hear(number(2021, 2, Fund.COUNCIL), DAY)
    measure = counting([], numbers(list(ledger.world.targets), 2021), DAY)
    assert measure == Counting(Unit.HOURS, Decimal(31))


@pytest.mark.parametrize(
    ("measure", "size", "places"),
    [
        (Counting(), Decimal(3), Decimal(3)),
        (Counting(Unit.HOURS, Decimal(31)), Decimal("80.5"), Decimal("2.60")),
        (Counting(Unit.HOURS, Decimal(36)), Decimal("80.5"), Decimal("2.24")),
    ],
)
def test_three_contracts_are_three_or_their_hours_over_those_of_a_place(
    measure: Counting, size: Decimal, places: Decimal
):
    assert measure.size(Tally(3, Decimal("80.5"))) == size
    assert measure.places(size) == places


def test_a_change_of_counting_changes_the_figures_from_its_day_on():
    ledger = Ledger()
    ledger.hear(number(2021, 2), date(2021, 1, 1))
    for n in (1, 2):
        ledger.hear(registered(f"p-{n}"), date(2021, 1, 1))
        ledger.hear(started(f"p-{n}", date(2021, 1, 1), hours=15), date(2021, 1, 1))
    ledger.hear(by_hours(31, DAY), date(2021, 2, 1))
    before, after = ledger.figures(date(2021, 2, 28)), ledger.figures(DAY)
    assert (before.unit, before.free) == (Unit.CONTRACTS, Decimal(0))
    assert (after.unit, after.free) == (Unit.HOURS, Decimal("1.03"))
    (granted,) = ledger.hear(asked("p-1", DAY), DAY)
    assert granted.fund is Fund.MINISTRY
