"""Contracts: what counts, on which days, for whom."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.quota.rules.contracts import Term, terms
from shared.contracts import (
    ContractKind,
    PlacementChanged,
    PlacementChangeReason,
    Rung,
)
from tests.quota.statements import COEVORDEN, EMMEN, ended, moved, number, registered, started
from tests.quota.support import Ledger

START = date(2021, 3, 1)
PL = f"pl-p-1-{START}"


def ledger_with(*data: Any) -> Ledger:
    """A ledger that knows p-1 and heard these on days one after the other."""
    ledger = Ledger()
    ledger.hear(registered("p-1"), date(2016, 1, 1))
    for n, each in enumerate(data):
        ledger.hear(each, date(2021, 1, 4) + timedelta(days=n))
    return ledger


def changed(on: date, *, hours: int = 28, until: date | None = None, **more: Any) -> PlacementChanged:
    fields: dict[str, Any] = {
        "placement": PL,
        "participant": "p-1",
        "changed_on": on,
        "hours": Decimal(hours),
        "ends_on": until,
        "contract": ContractKind.PERMANENT if until is None else ContractKind.TEMPORARY,
        "reason": PlacementChangeReason.HOURS,
    }
    return PlacementChanged(**(fields | more))


def days_of(ledger: Ledger) -> list[tuple[date, date | None, int]]:
    found: list[Term] = terms(ledger.world.statements.of("placement", PL))
    return [(term.from_on, term.until_on, int(term.hours)) for term in found]


def test_a_contract_counts_from_its_first_day_to_its_last():
    ledger = ledger_with(started("p-1", START, until=date(2021, 12, 31)))
    assert days_of(ledger) == [(START, date(2021, 12, 31), 28)]
    counts = [
        ledger.figures(day).contracts
        for day in (date(2021, 2, 28), START, date(2021, 12, 31), date(2022, 1, 1))
    ]
    assert counts == [0, 1, 1, 0]


def test_an_extension_lets_it_count_on():
    ledger = ledger_with(
        started("p-1", START, until=date(2021, 12, 31)), changed(date(2022, 1, 1), until=date(2022, 12, 31))
    )
    assert days_of(ledger) == [(START, date(2021, 12, 31), 28), (date(2022, 1, 1), date(2022, 12, 31), 28)]


def test_a_back_dated_change_of_hours_leaves_a_later_change_that_was_known_already():
    ledger = ledger_with(
        started("p-1", START), changed(date(2022, 1, 1), hours=32), changed(date(2021, 6, 1), hours=20)
    )
    assert days_of(ledger) == [
        (START, date(2021, 5, 31), 28),
        (date(2021, 6, 1), date(2021, 12, 31), 20),
        (date(2022, 1, 1), None, 32),
    ]


def test_terms_for_the_same_day_are_replaced_by_the_later_statement():
    ledger = ledger_with(started("p-1", START), changed(START, hours=30))
    assert days_of(ledger) == [(START, None, 30)]


def test_terms_from_before_the_start_hold_from_the_start():
    ledger = ledger_with(started("p-1", START), changed(date(2021, 1, 1), hours=30))
    assert days_of(ledger) == [(START, None, 30)]


def test_an_end_takes_planned_terms_with_it_and_a_late_change_before_it_does_not_undo_it():
    ledger = ledger_with(
        started("p-1", START),
        changed(date(2022, 1, 1), hours=32),
        ended(PL, "p-1", date(2021, 8, 31)),
        changed(date(2021, 6, 1), hours=20),
    )
    assert days_of(ledger) == [(START, date(2021, 5, 31), 28), (date(2021, 6, 1), date(2021, 8, 31), 20)]


def test_terms_stated_for_a_day_after_the_end_let_it_stand_again():
    ledger = ledger_with(
        started("p-1", START), ended(PL, "p-1", date(2021, 8, 31)), changed(date(2021, 10, 1))
    )
    assert days_of(ledger) == [(START, date(2021, 8, 31), 28), (date(2021, 10, 1), None, 28)]


def test_a_contract_that_ended_before_it_began_never_counts():
    ledger = ledger_with(started("p-1", START), ended(PL, "p-1", date(2021, 2, 1)))
    assert days_of(ledger) == []
    assert ledger.world.stock.changed == {}


def test_other_rungs_and_placements_without_a_contract_of_employment_do_not_count():
    for more in ({"rung": Rung.LEARN_WORK}, {"contract": ContractKind.NONE}):
        ledger = ledger_with(started("p-1", START, **more))
        assert ledger.figures(START).contracts == 0


def test_one_person_with_two_contracts_counts_twice_and_two_halves_make_one_by_hours():
    ledger = ledger_with(
        number(2021, 5),
        started("p-1", START, hours=14),
        started("p-1", START, hours=14, placement="pl-second"),
    )
    shown = ledger.figures(START)
    assert (shown.contracts, shown.hours) == (2, Decimal(28))


def test_contracts_of_earlier_years_count_on_over_new_year():
    ledger = ledger_with(number(2021, 1), started("p-1", START))
    before, after = ledger.figures(date(2021, 12, 31)), ledger.figures(date(2022, 1, 1))
    assert (before.contracts, before.free) == (after.contracts, after.free) == (1, Decimal(0))
    assert (before.provisional, after.provisional) == (False, True)


def test_a_start_stated_weeks_later_across_new_year_changes_the_old_year_and_not_what_was_known_of_it():
    ledger = Ledger()
    ledger.hear(registered("p-1"), date(2016, 1, 1))
    ledger.hear(number(2021, 5), date(2021, 1, 1))
    ledger.hear(started("p-1", date(2021, 12, 15)), date(2022, 1, 20))
    new_years_eve = date(2021, 12, 31)
    assert ledger.figures(new_years_eve).contracts == 1
    assert ledger.figures(new_years_eve, known_on=new_years_eve).contracts == 0
    assert ledger.figures(new_years_eve, known_on=date(2022, 1, 19)).contracts == 0
    assert ledger.figures(new_years_eve, known_on=date(2022, 1, 20)).contracts == 1


def test_a_contract_that_starts_later_takes_room_and_is_not_in_force():
    ledger = ledger_with(number(2021, 1), started("p-1", START))
    shown = ledger.figures(date(2021, 1, 31))
    assert (shown.contracts, shown.starting, shown.free) == (0, 1, Decimal(0))


def test_planned_changes_of_hours_make_no_second_contract_of_one():
    ledger = ledger_with(number(2021, 2), started("p-1", START), changed(date(2021, 6, 1), hours=32))
    for day in (date(2021, 1, 31), START, date(2021, 6, 1)):
        assert ledger.figures(day).free == 1
        assert ledger.occupied(EMMEN, day).contracts == 1


def test_of_two_domiciles_from_the_same_day_the_one_stated_last_holds_whichever_came_first():
    first = (moved("p-1", START, COEVORDEN), date(2021, 2, 1), "menso")
    second = (registered("p-1", START, EMMEN), date(2021, 2, 2), "buurtsupport")
    for order in ([first, second], [second, first]):
        ledger = ledger_with(started("p-1", START))
        for data, day, by in order:
            ledger.hear(data, day, by)
        assert ledger.figures(START).contracts == 1


def test_a_move_waits_for_the_registration():
    ledger = Ledger()
    ledger.hear(moved("p-1", START, COEVORDEN), date(2021, 1, 1))
    assert [arrival.waits_for for arrival in ledger.parked.values()] == [("participant:p-1",)]
    ledger.hear(registered("p-1"), date(2021, 1, 2))
    assert not ledger.parked
    assert len(ledger.world.domiciles) == 2


def test_somebody_who_moves_counts_for_the_new_municipality_from_that_day():
    ledger = ledger_with(started("p-1", START), moved("p-1", date(2021, 6, 1), COEVORDEN))
    day_before, day = date(2021, 5, 31), date(2021, 6, 1)
    counts = [
        (ledger.figures(on).contracts, ledger.figures(on, municipality=COEVORDEN).contracts)
        for on in (day_before, day)
    ]
    assert counts == [(1, 0), (0, 1)]


def test_a_contract_waits_for_the_person_and_its_changes_wait_for_it():
    ledger = Ledger()
    ledger.hear(changed(date(2021, 6, 1), hours=20), date(2021, 5, 1))
    ledger.hear(started("p-1", START), date(2021, 2, 1))
    assert len(ledger.parked) == 2
    ledger.hear(registered("p-1"), date(2021, 6, 1))
    assert not ledger.parked
    assert days_of(ledger) == [(START, date(2021, 5, 31), 28), (date(2021, 6, 1), None, 20)]


def test_another_hosts_word_about_a_placement_is_refused_and_changes_nothing():
    ledger = ledger_with(started("p-1", START))
    ledger.hear(ended(PL, "p-1", date(2021, 4, 1)), date(2021, 4, 1), by="another-host")
    assert [letter.code for letter in ledger.letters] == ["state.conflict"]
    assert days_of(ledger) == [(START, None, 28)]


def test_a_placement_is_not_taken_over_by_another_person():
    ledger = ledger_with(started("p-1", START), registered("p-2"), started("p-2", START, placement=PL))
    assert [letter.code for letter in ledger.letters] == ["state.conflict"]
    assert ledger.world.placements[PL].participant == "p-1"
    assert ledger.figures(START, municipality=EMMEN).contracts == 1
