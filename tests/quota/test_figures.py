"""Figures of a day as they were known on a day: two times, kept apart."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from shared.contracts import Fund
from tests.quota.statements import asked, number, registered, started
from tests.quota.support import Ledger

EVE = date(2021, 12, 31)


def ledger_with(places: int = 3) -> Ledger:
    ledger = Ledger()
    ledger.hear(number(2021, places), date(2020, 12, 1))
    for participant in ("p-1", "p-2"):
        ledger.hear(registered(participant), date(2021, 1, 1))
    return ledger


def test_room_that_a_late_stated_contract_used_was_held_as_known_then_and_is_not_counted_twice_now():
    ledger = ledger_with()
    ledger.hear(asked("p-1", date(2021, 12, 1)), date(2021, 12, 1))
    ledger.hear(started("p-1", date(2021, 12, 15)), date(2022, 1, 10))
    then, now = ledger.figures(EVE, known_on=EVE), ledger.figures(EVE)
    assert (then.contracts, then.reserved, then.free) == (0, 1, Decimal(2))
    assert (now.contracts, now.reserved, now.free) == (1, 0, Decimal(2))
    assert now.without_reservation == 0


def test_a_day_ahead_as_known_earlier_leaves_out_what_was_agreed_and_held_in_between():
    ledger = ledger_with()
    ledger.hear(started("p-1", date(2022, 1, 15)), date(2021, 11, 20))
    ledger.hear(asked("p-2", date(2021, 12, 1)), date(2021, 12, 1))
    before, after = ledger.figures(EVE, known_on=date(2021, 11, 1)), ledger.figures(EVE)
    assert (before.starting, before.reserved, before.free) == (0, 0, Decimal(3))
    assert (after.starting, after.reserved, after.free) == (1, 1, Decimal(1))


def test_what_is_known_by_the_end_of_a_day_is_known_by_the_end_of_it_in_the_netherlands():
    ledger = ledger_with()
    # 23:30 in Amsterdam is 22:30 in winter's UTC; half an hour past midnight is the next day already.
    for hour_utc, placement in ((22, "pl-1"), (23, "pl-2")):
        data = started("p-1", date(2021, 6, 1), placement=placement)
        ledger.hear(data, ledger_time(EVE, hour_utc))
    assert ledger.figures(EVE, known_on=EVE).contracts == 1
    assert ledger.figures(EVE, known_on=date(2022, 1, 1)).contracts == 2


def ledger_time(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC)


def test_the_same_question_gives_the_same_answer_for_ever():
    ledger = ledger_with()
    ledger.hear(started("p-1", date(2021, 2, 1)), date(2021, 2, 1))
    answer = ledger.figures(date(2021, 3, 1), known_on=date(2021, 3, 1))
    ledger.hear(number(2021, 9), date(2021, 4, 1))
    ledger.hear(started("p-2", date(2021, 1, 1)), date(2021, 4, 1))
    ledger.hear(asked("p-2", date(2021, 4, 2)), date(2021, 4, 2))
    assert ledger.figures(date(2021, 3, 1), known_on=date(2021, 3, 1)) == answer
    assert ledger.figures(date(2021, 3, 1)).contracts == 2


def test_a_number_says_for_which_year_and_where_it_was_published():
    ledger = ledger_with()
    ledger.hear(number(2022, 2, Fund.COUNCIL, source="Raadsbesluit"), date(2022, 1, 10))
    ministry, council = ledger.figures(date(2022, 6, 1)).funds
    assert (ministry.set_for, ministry.provisional, ministry.source) == (2021, True, "Staatscourant")
    assert (council.set_for, council.provisional, council.source) == (2022, False, "Raadsbesluit")
