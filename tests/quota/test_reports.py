"""What was reported of a month is said once and shown again exactly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.quota.rules import council
from shared.contracts import BridgeEnded, FiguresReported, Fund, Rung, Unit
from tests.quota.statements import EMMEN, assigned, bridged, by_hours, number, registered, started, waits
from tests.quota.support import Ledger, at, of_type

EVE = date(2021, 12, 31)
TICK = date(2022, 1, 3)


def ledger_with() -> Ledger:
    """Two contracts under 1 of the ministry and 2 of the council; one person waits with a bridge."""
    ledger = Ledger()
    ledger.hear(number(2021, 1), date(2020, 12, 1))
    ledger.hear(number(2021, 2, Fund.COUNCIL, provisional=True), date(2020, 12, 1))
    for person in ("p-1", "p-2"):
        ledger.hear(registered(person), date(2021, 1, 1))
        ledger.hear(started(person, date(2021, 2, 1)), date(2021, 2, 1))
    ledger.hear(waits("p-3", date(2021, 5, 1)), date(2021, 5, 1))
    ledger.hear(bridged("p-3", date(2021, 6, 1)), date(2021, 6, 1))
    ledger.hear(waits("p-4", date(2022, 1, 1)), date(2022, 1, 2))
    return ledger


def test_on_the_first_tick_of_a_month_the_month_before_is_reported_once():
    ledger = ledger_with()
    (report,) = of_type(ledger.tick(TICK), FiguresReported)
    assert (report.municipality, report.on, report.reported_on) == (EMMEN, EVE, TICK)
    assert (report.target, report.provisional) == (3, True)
    assert (report.contracts, report.hours, report.realised) == (2, 56, 2)
    assert (report.waiting, report.bridged) == (1, 1)
    assert [(f.fund, f.target, f.realised, f.source) for f in report.funds] == [
        (Fund.MINISTRY, 1, 1, "Staatscourant"),
        (Fund.COUNCIL, 2, 1, "Staatscourant"),
    ]
    assert of_type(ledger.tick(date(2022, 1, 4)), FiguresReported) == []
    assert [r.on for r in of_type(ledger.tick(date(2022, 2, 1)), FiguresReported)] == [date(2022, 1, 31)]


def test_who_has_nothing_to_do_any_more_is_counted_as_waiting_without():
    ledger = ledger_with()
    over = BridgeEnded(participant="p-3", municipality=EMMEN, rung=Rung.LEARN_WORK, ended_on=date(2021, 9, 1))
    ledger.hear(over, date(2021, 9, 1))
    (report,) = of_type(ledger.tick(TICK), FiguresReported)
    assert (report.waiting, report.bridged) == (1, 0)
    assert council.year(ledger.figures(date(2021, 8, 31))).bridged == 1
    ledger.hear(bridged("p-3", date(2022, 1, 10)), date(2022, 1, 10))
    assert council.year(ledger.figures(date(2022, 1, 31))).bridged == 1


def test_a_report_says_what_the_figures_of_that_day_say_as_known_then():
    ledger = ledger_with()
    ledger.hear(assigned("pl-p-1-2021-02-01", Fund.COUNCIL, date(2021, 7, 1)), date(2021, 7, 1))
    ledger.hear(by_hours(31, date(2021, 1, 1)), date(2021, 12, 1))
    (report,) = of_type(ledger.tick(TICK), FiguresReported)
    shown = council.year(ledger.figures(EVE, known_on=date(2022, 1, 2)))
    assert (report.target, report.contracts, report.realised) == (
        shown.target,
        shown.contracts,
        shown.realised,
    )
    assert [fund.realised for fund in report.funds] == [fund.realised for fund in shown.funds]
    assert (report.waiting, report.bridged) == (shown.waiting, shown.bridged)
    assert (report.unit, report.hours_per_unit) == (Unit.HOURS, Decimal(31))


def test_what_comes_to_light_later_changes_the_day_and_not_the_report_and_is_named():
    ledger = ledger_with()
    (report,) = of_type(ledger.tick(TICK), FiguresReported)
    ledger.hear(registered("p-5"), date(2022, 1, 10))
    # Recorded by its source before the report, and only now here: the report is what was said.
    ledger.hear(started("p-5", date(2021, 12, 15)), at(date(2021, 12, 20)))
    (kept,) = ledger.world.reports
    assert kept.said == report.model_dump(mode="json")
    found = council.compare(report, council.year(ledger.figures(EVE)))
    assert found.reported.contracts == 2
    assert found.now.contracts == 3
    assert found.changes == (
        "Het aantal contracten op 31 december 2021 was 2 toen dit werd gemeld op 3 januari 2022, en is nu 3.",
        (
            "Het aantal gevulde plekken op 31 december 2021 was 2 toen dit werd gemeld op 3 januari 2022, "
            "en is nu 3."
        ),
    )


def test_without_a_number_there_is_nothing_to_report():
    ledger = Ledger()
    ledger.hear(registered("p-1"), date(2021, 1, 1))
    assert of_type(ledger.tick(TICK), FiguresReported) == []


def test_a_replay_knows_the_reports_and_states_none():
    ledger = ledger_with()
    ledger.tick(TICK)
    rebuilt = Ledger(replaying=True)
    for event in ledger.stated:
        rebuilt.take(event)
    assert [r.said for r in rebuilt.world.reports] == [r.said for r in ledger.world.reports]
    assert rebuilt.stated == []


def test_the_council_is_told_how_often_the_number_was_reached_beside_all_municipalities():
    """2020: 1 of 1; 2021: 2 of 3; 2022 runs and is not counted. So 1 of 2 years."""
    ledger = ledger_with()
    ledger.hear(number(2020, 1), date(2019, 12, 1))
    ledger.hear(registered("p-9"), date(2020, 1, 1))
    ledger.hear(started("p-9", date(2020, 2, 1), until=date(2020, 12, 31)), date(2020, 2, 1))
    days = [date(2020, 12, 31), EVE, date(2022, 5, 1)]
    years = [council.year(ledger.figures(day)) for day in days]
    report = council.report(EMMEN, None, years, [])
    assert (report.years_reached, report.years_over) == (1, 2)
    assert report.text == (
        "Het aantal is gehaald in 1 van de 2 jaren. "
        "Van alle gemeenten haalt 13 procent het aantal van een jaar."
    )
    assert [year.reached for year in report.years] == [True, False, False]
