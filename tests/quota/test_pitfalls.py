"""The pitfalls of this domain that the ledger can fall into, each by its number in the domain's list.

1 unit, 2 stock, 3 rollover, 4 mid-year change, 5 two pots, 6 number reached, 10 contract life, 11 late facts,
12 moving, 13 mergers, 14 Wsw, 21 the last place, 23 time zone, 26 sources that differ. (17, no BSN, is in
test_srg.py; 21 through several instances on PostgreSQL in test_store.py.)
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from services.quota.rules.numbers import differences
from shared.contracts import (
    CapacityChanged,
    ContractKind,
    Fund,
    PlacementChanged,
    PlacementChangeReason,
    ProposalWithdrawn,
    ProposalWithdrawReason,
    ReservationGranted,
    ReservationRefused,
    ReservationReleased,
    Rung,
    Scheme,
)
from tests.quota.statements import (
    COEVORDEN,
    EMMEN,
    asked,
    assigned,
    by_hours,
    days,
    ended,
    merged,
    moved,
    number,
    registered,
    started,
    these,
)
from tests.quota.support import Ledger, at, of_type

DAY = date(2021, 3, 1)
EVE = date(2021, 12, 31)
NEW_YEAR = date(2022, 1, 1)


def ledger_with(places: int, *people: str) -> Ledger:
    """A ledger with a number for 2021 and people who live in Emmen."""
    ledger = Ledger()
    ledger.hear(number(2021, places), date(2020, 12, 1))
    for person in people:
        ledger.hear(registered(person), date(2020, 12, 1))
    return ledger


def changed(person: str, on: date, reason: PlacementChangeReason, **more: Any) -> PlacementChanged:
    fields: dict[str, Any] = {
        "placement": f"pl-{person}-{DAY}",
        "participant": person,
        "changed_on": on,
        "hours": Decimal(28),
        "contract": ContractKind.PERMANENT,
        "reason": reason,
    }
    return PlacementChanged(**(fields | more))


def test_pitfall_1_contracts_count_and_not_people_and_both_methods_stand_side_by_side():
    """One person with two halves: 2 contracts; 14 + 14 = 28 hours over 31 is 0.90.., told as 0.91 places."""
    ledger = ledger_with(5, "p-1")
    ledger.hear(started("p-1", DAY, hours=14), DAY)
    ledger.hear(started("p-1", DAY, hours=14, placement="pl-second"), DAY)
    by_contracts = ledger.figures(DAY)
    assert (by_contracts.contracts, by_contracts.realised) == (2, Decimal(2))
    ledger.hear(by_hours(31, DAY + days(1)), DAY)
    by_policy = ledger.figures(DAY + days(1))
    assert (by_policy.contracts, by_policy.realised) == (2, Decimal("0.91"))
    for shown in (by_contracts, by_policy):
        assert (shown.both_ways.contracts, shown.both_ways.hours) == (Decimal(2), Decimal("0.91"))


def test_pitfall_1_the_hours_of_a_place_are_a_parameter():
    """Four contracts of 27 hours are 108 hours: 3.49 places of 31 hours, 3 of 36."""
    for per_unit, places in ((31, Decimal("3.49")), (36, Decimal(3))):
        ledger = ledger_with(5, *[f"p-{n}" for n in range(4)])
        ledger.hear(by_hours(per_unit, date(2021, 1, 1)), date(2021, 1, 1))
        for n in range(4):
            ledger.hear(started(f"p-{n}", DAY, hours=27), DAY)
        assert ledger.figures(DAY).realised == places


def test_pitfall_2_the_number_is_a_stock_earlier_years_count_on_and_an_end_makes_room():
    ledger = ledger_with(2, "p-1", "p-2")
    ledger.hear(started("p-1", date(2019, 5, 1)), DAY)
    ledger.hear(started("p-2", DAY), DAY)
    assert [ledger.figures(day).free for day in (EVE, NEW_YEAR)] == [0, 0]
    ledger.hear(ended(f"pl-p-2-{DAY}", "p-2", EVE), EVE)
    assert [ledger.figures(day).free for day in (EVE, NEW_YEAR)] == [0, 1]


def test_pitfall_3_a_year_without_a_number_runs_on_the_last_one_and_the_late_one_holds_from_1_january():
    """The number for 2017 came on 23 January 2017 and held from the 1st."""
    ledger = Ledger()
    ledger.hear(number(2016, 10), date(2015, 12, 1))
    ledger.hear(number(2017, 20, published=date(2017, 1, 23)), date(2017, 1, 23))
    before = ledger.figures(date(2017, 1, 10), known_on=date(2017, 1, 10))
    after = ledger.figures(date(2017, 1, 10), known_on=date(2017, 1, 23))
    assert (before.target, before.provisional, before.funds[0].set_for) == (Decimal(10), True, 2016)
    assert (after.target, after.provisional, after.funds[0].set_for) == (Decimal(20), False, 2017)


def test_pitfall_3_what_is_free_next_year_is_told_before_1_january():
    ledger = ledger_with(2, "p-1")
    ledger.hear(started("p-1", DAY), DAY)
    told = of_type(ledger.tick(date(2021, 12, 6)), CapacityChanged)
    assert [(said.year, said.provisional, said.funds[0].free) for said in told] == [
        (2021, False, Decimal(1)),
        (2022, True, Decimal(1)),
    ]


def test_pitfall_4_a_cut_ends_no_contract_and_grants_nothing():
    """3 contracts, the number falls from 4 to 2: 1 over, 0 free, and still 3 contracts."""
    ledger = ledger_with(4, "p-1", "p-2", "p-3", "p-4")
    for person in ("p-1", "p-2", "p-3"):
        ledger.hear(started(person, DAY), DAY)
    cut = number(2021, 2, published=date(2021, 6, 1), reason="Herverdeling")
    assert ledger.hear(cut, date(2021, 6, 1)) == []
    shown = ledger.figures(date(2021, 6, 2))
    assert these(shown.contracts, shown.over, shown.free) == (3, 1, 0)
    (refused,) = ledger.hear(asked("p-4", date(2021, 6, 2)), date(2021, 6, 2))
    assert isinstance(refused, ReservationRefused)
    assert refused.free == {Fund.MINISTRY: Decimal(-1)}


def test_pitfall_4_a_number_that_rises_makes_room_the_same_day():
    ledger = ledger_with(1, "p-1", "p-2")
    ledger.hear(started("p-1", DAY), DAY)
    ledger.hear(number(2021, 2), date(2021, 6, 1))
    (granted,) = ledger.hear(asked("p-2", date(2021, 6, 1)), date(2021, 6, 1))
    assert isinstance(granted, ReservationGranted)


def test_pitfall_5_contracts_fill_the_ministry_first_and_a_move_between_funds_is_a_fact_of_its_own():
    """3 contracts under ministry 2 and council 2: 2 + 1. Two are moved to the council: 1 + 2, and back."""
    ledger = ledger_with(2, "p-1", "p-2", "p-3")
    ledger.hear(number(2021, 2, Fund.COUNCIL), date(2020, 12, 1))
    for person in ("p-1", "p-2", "p-3"):
        ledger.hear(started(person, DAY), DAY)

    def paid(on: date, known_on: date | None = None) -> list[Decimal]:
        return [fund.in_use for fund in ledger.figures(on, known_on).funds]

    assert paid(DAY) == [2, 1]
    ledger.hear(assigned(f"pl-p-1-{DAY}", Fund.COUNCIL, date(2021, 7, 1)), date(2021, 8, 1))
    assert paid(date(2021, 6, 30)) == [2, 1]
    # Both that nobody assigned fill the ministry's two places; the assigned one stands with the council.
    assert paid(date(2021, 7, 1)) == [2, 1]
    ledger.hear(assigned(f"pl-p-2-{DAY}", Fund.COUNCIL, date(2021, 7, 1)), date(2021, 8, 1))
    assert paid(date(2021, 7, 1)) == [1, 2]
    assert paid(date(2021, 7, 1), known_on=date(2021, 7, 31)) == [2, 1]
    ledger.hear(assigned(f"pl-p-2-{DAY}", None, date(2021, 9, 1)), date(2021, 9, 1))
    assert [paid(date(2021, 8, 31)), paid(date(2021, 9, 1))] == [[1, 2], [2, 1]]
    assert ledger.figures(DAY).contracts == 3


def test_pitfall_5_a_request_is_paid_by_the_first_fund_with_anything_left():
    ledger = ledger_with(1, "p-1", "p-2", "p-3")
    ledger.hear(number(2021, 1, Fund.COUNCIL), date(2020, 12, 1))
    ledger.hear(started("p-1", DAY), DAY)
    (granted,) = ledger.hear(asked("p-2", DAY + days(1)), DAY + days(1))
    assert granted.fund is Fund.COUNCIL
    ledger.hear(assigned(f"pl-p-1-{DAY}", Fund.COUNCIL, DAY), DAY + days(2))
    (said,) = of_type(ledger.tick(DAY + days(3)), CapacityChanged)
    assert [(f.fund, f.in_use, f.reserved) for f in said.funds] == [
        (Fund.MINISTRY, 0, 1),
        (Fund.COUNCIL, 1, 0),
    ]


def test_pitfall_6_at_the_number_a_request_is_refused_with_its_place_in_line_and_nothing_else_happens():
    ledger = ledger_with(1, "p-1", "p-2")
    ledger.hear(started("p-1", DAY), DAY)
    said = ledger.hear(asked("p-2", DAY, rank=4, waiting_before=3), at(DAY, 13))
    assert [type(each) for each in said] == [ReservationRefused]
    assert (said[0].reason, said[0].waiting_before, said[0].free) == ("no-room", 3, {Fund.MINISTRY: 0})


def test_pitfall_10_temporary_extension_part_time_and_permanent_are_one_contract_all_along():
    ledger = ledger_with(2, "p-1")
    ledger.hear(started("p-1", DAY, until=date(2021, 8, 31), hours=32), DAY)
    temporary = {"contract": ContractKind.TEMPORARY}
    extension = changed(
        "p-1",
        date(2021, 9, 1),
        PlacementChangeReason.EXTENSION,
        hours=Decimal(32),
        ends_on=date(2022, 2, 28),
        **temporary,
    )
    part_time = changed(
        "p-1",
        date(2021, 11, 1),
        PlacementChangeReason.HOURS,
        hours=Decimal(20),
        ends_on=date(2022, 2, 28),
        **temporary,
    )
    permanent = changed("p-1", date(2022, 3, 1), PlacementChangeReason.PERMANENT, hours=Decimal(20))
    for data in (extension, part_time, permanent):
        ledger.hear(data, DAY)
    shown = [
        these(figure.contracts, figure.hours)
        for figure in map(
            ledger.figures, (DAY, date(2021, 9, 1), date(2021, 11, 1), date(2022, 3, 1), date(2023, 1, 1))
        )
    ]
    assert shown == [(1, 32), (1, 32), (1, 20), (1, 20), (1, 20)]


def test_pitfall_10_illness_leave_and_secondment_are_no_end_and_no_event_of_the_ledger():
    """Who is ill is still employed; a secondment is work elsewhere under the same contract."""
    ledger = ledger_with(1, "p-1")
    ledger.hear(started("p-1", DAY), DAY)
    ledger.hear(changed("p-1", date(2021, 6, 1), PlacementChangeReason.CORRECTION, hours=Decimal(28)), DAY)
    assert ledger.figures(date(2023, 6, 1)).contracts == 1
    assert {statement.said for statement in ledger.world.statements} == {"started", "changed"}


def test_pitfall_10_no_hours_for_a_while_is_no_end_either():
    ledger = ledger_with(1, "p-1")
    ledger.hear(started("p-1", DAY), DAY)
    ledger.hear(changed("p-1", date(2021, 6, 1), PlacementChangeReason.HOURS, hours=Decimal(0)), DAY)
    shown = ledger.figures(date(2021, 7, 1))
    assert these(shown.contracts, shown.hours) == (1, 0)


def test_pitfall_11_a_start_across_31_december_stated_late_changes_the_year_and_not_what_was_reported_of_it():
    """Reported on 3 January: 1 contract. Stated on 20 January: a second one from 15 December."""
    ledger = ledger_with(3, "p-1", "p-2")
    ledger.hear(started("p-1", DAY), DAY)
    report = ledger.figures(EVE, known_on=date(2022, 1, 3))
    ledger.hear(started("p-2", date(2021, 12, 15)), date(2022, 1, 20))
    assert ledger.figures(EVE, known_on=date(2022, 1, 3)) == report
    assert (report.contracts, ledger.figures(EVE).contracts) == (1, 2)


def test_pitfall_11_a_mistake_that_is_corrected_stays_visible_as_it_was_known():
    """Stated: from 1 December. Corrected in February: from 1 January. Corrected in March: it never was."""
    ledger = ledger_with(3, "p-1")
    placement = f"pl-p-1-{DAY}"
    ledger.hear(started("p-1", date(2021, 12, 1), placement=placement), date(2021, 12, 1))
    ledger.hear(started("p-1", NEW_YEAR, placement=placement), date(2022, 2, 1))
    ledger.hear(ended(placement, "p-1", EVE), date(2022, 3, 1))
    known = [date(2021, 12, 31), date(2022, 2, 1), date(2022, 3, 1)]
    assert [ledger.figures(EVE, day).contracts for day in known] == [1, 0, 0]
    assert [ledger.figures(NEW_YEAR, day).contracts for day in known] == [1, 1, 0]


def test_pitfall_11_what_a_placement_was_said_to_be_is_corrected_and_not_overwritten():
    """Stated as sheltered work, corrected to learn-work: it counted as far as was known before."""
    ledger = ledger_with(3, "p-1")
    ledger.hear(started("p-1", DAY, placement="pl-1"), DAY)
    ledger.hear(started("p-1", DAY, placement="pl-1", rung=Rung.LEARN_WORK), date(2021, 5, 1))
    assert ledger.figures(DAY, known_on=DAY).contracts == 1
    assert ledger.figures(DAY).contracts == 0


def test_pitfall_12_who_moves_counts_for_the_new_municipality_from_that_day_also_when_told_later():
    ledger = ledger_with(1, "p-1")
    ledger.hear(started("p-1", DAY), DAY)
    ledger.hear(moved("p-1", date(2021, 6, 1), COEVORDEN), date(2021, 9, 1))

    def both(on: date, known_on: date | None = None) -> tuple[int, int]:
        return (
            ledger.figures(on, known_on).contracts,
            ledger.figures(on, known_on, COEVORDEN).contracts,
        )

    assert [both(date(2021, 5, 31)), both(date(2021, 6, 1))] == [(1, 0), (0, 1)]
    assert both(date(2021, 6, 1), known_on=date(2021, 8, 31)) == (1, 0)
    # The number is the old municipality's again: there is room for the next.
    (granted,) = ledger.hear(asked("p-2", date(2021, 9, 2)), date(2021, 9, 2))
    assert isinstance(granted, ReservationGranted)


def test_pitfall_12_one_employer_for_several_municipalities_each_with_its_own_number():
    """EMCO in 2017: 24 contracts in all, over three municipalities; how many in each is assumed here."""
    homes = {EMMEN: 18, COEVORDEN: 4, "1681": 2}
    ledger = Ledger()
    people = [(f"p-{code}-{n}", code) for code, n_of in homes.items() for n in range(n_of)]
    for person, code in people:
        ledger.hear(registered(person, municipality=code), date(2017, 1, 1))
        ledger.hear(started(person, date(2017, 6, 1)), date(2017, 6, 1))
    assert {p.host for p in ledger.world.placements} == {"emco"}
    counted = {code: ledger.figures(date(2017, 12, 31), municipality=code).contracts for code in homes}
    assert counted == homes
    assert sum(counted.values()) == 24


def test_pitfall_13_codes_that_merge_are_added_up_from_the_day_of_the_merger_and_not_before():
    """Groningen, Haren and Ten Boer on 1 January 2019: 70 + 5 + 3 = 78 places, 2 + 1 + 0 = 3 contracts.

    The 70 is the annex's for 2018; what Haren and Ten Boer had is assumed.
    """
    ledger = Ledger()
    for code, places in (("0014", 70), ("0017", 5), ("0009", 3)):
        ledger.hear(number(2018, places, municipality=code), date(2017, 12, 1))
    for person, code in (("p-1", "0014"), ("p-2", "0014"), ("p-3", "0017")):
        ledger.hear(registered(person, municipality=code), date(2018, 1, 1))
        ledger.hear(started(person, date(2018, 6, 1)), date(2018, 6, 1))
    ledger.hear(merged(["0017", "0009"], "0014", date(2019, 1, 1)), date(2018, 11, 1))
    eve = ledger.figures(date(2018, 12, 31), municipality="0014")
    new_year = ledger.figures(date(2019, 1, 1), municipality="0014")
    assert these(eve.target, eve.contracts) == (70, 2)
    assert these(new_year.target, new_year.provisional, new_year.contracts, new_year.free) == (
        78,
        True,
        3,
        75,
    )
    # What was known before the merger was stated is known of it still.
    assert ledger.figures(date(2019, 1, 1), date(2018, 10, 1), "0014").target == 70
    # The merged municipality's own number replaces the sum.
    ledger.hear(number(2019, 81, municipality="0014"), date(2019, 2, 1))
    assert ledger.figures(date(2019, 3, 1), municipality="0014").target == 81


def test_pitfall_13_a_request_under_an_old_code_is_answered_from_the_merged_number():
    ledger = ledger_with(1, "p-1")
    ledger.hear(registered("p-9", municipality=COEVORDEN), DAY)
    ledger.hear(merged([COEVORDEN], EMMEN, date(2021, 1, 1)), DAY)
    ledger.hear(started("p-9", DAY), DAY)
    (refused,) = ledger.hear(asked("p-2", DAY, municipality=COEVORDEN), at(DAY, 13))
    assert (refused.reason, refused.free) == ("no-room", {Fund.MINISTRY: 0})


def test_pitfall_14_jobs_under_the_wsw_never_count_and_take_no_reservation():
    ledger = ledger_with(3, "p-1", "p-2", "p-3")
    ledger.hear(asked("p-1", DAY), DAY)
    said = ledger.hear(started("p-1", DAY + days(1), scheme=Scheme.WSW), DAY + days(1))
    assert said == []
    # Stated without its scheme, but older than the law: since 2015 nobody comes into the Wsw.
    ledger.hear(started("p-2", date(2009, 4, 1)), DAY + days(1))
    ledger.hear(started("p-3", date(2015, 1, 1)), DAY + days(1))
    assert ledger.figures(DAY + days(2)).contracts == 1


def test_pitfall_21_of_two_claims_on_the_last_place_one_wins_and_a_repeat_changes_nothing():
    ledger = ledger_with(1, "p-1", "p-2")
    first, second = (ledger.speaker.event(asked(p, DAY), at(DAY)) for p in ("p-1", "p-2"))
    answers = ledger.take(first, second, first, second)
    assert [type(each) for each in answers] == [ReservationGranted, ReservationRefused]
    assert ledger.take(second, first) == []


def test_pitfall_21_a_proposal_that_falls_before_its_request_is_known_waits_for_it_and_gives_the_room_back():
    ledger = ledger_with(1, "p-1", "p-2")
    fell = ProposalWithdrawn(
        proposal="prop-1",
        participant="p-1",
        place="place-1",
        reservation=f"res-p-1-{DAY}",
        municipality=EMMEN,
        reason=ProposalWithdrawReason.PLACE_WITHDRAWN,
        withdrawn_on=DAY,
    )
    assert ledger.hear(fell, at(DAY, 14)) == []
    assert [arrival.waits_for for arrival in ledger.parked.values()] == [(f"reservation:res-p-1-{DAY}",)]
    said = ledger.hear(asked("p-1", DAY), at(DAY, 13))
    assert [type(each) for each in said] == [ReservationGranted, ReservationReleased]
    assert not ledger.parked
    (granted,) = ledger.hear(asked("p-2", DAY + days(1)), DAY + days(1))
    assert isinstance(granted, ReservationGranted)


def test_pitfall_23_ultimo_is_midnight_in_amsterdam_in_winter_and_in_summer():
    """31 December ends at 23:00 UTC, 30 June at 22:00 UTC."""
    for last, hour in ((EVE, 22), (date(2021, 6, 30), 21)):
        ledger = ledger_with(3, "p-1")
        in_time = datetime(last.year, last.month, last.day, hour, 59, tzinfo=UTC)
        too_late = datetime(last.year, last.month, last.day, hour + 1, 0, tzinfo=UTC)
        ledger.hear(started("p-1", DAY, placement="pl-1"), in_time)
        ledger.hear(started("p-1", DAY, placement="pl-2"), too_late)
        assert ledger.figures(last, known_on=last).contracts == 1


def test_pitfall_26_two_sources_that_differ_are_both_kept_and_a_correction_has_a_reason():
    """The annex says 35 for 2018, the local press 36."""
    ledger = Ledger()
    ledger.hear(number(2018, 35, source="Staatscourant 2017-68246"), date(2017, 11, 22))
    ledger.hear(number(2018, 36, source="Zuidoosthoeker", counts=False), date(2018, 12, 6))
    shown = ledger.figures(date(2018, 12, 31))
    assert these(shown.target, shown.funds[0].source) == (35, "Staatscourant 2017-68246")
    (found,) = differences(list(ledger.world.targets))
    assert these(found.runs_on.number, found.other.number, found.other.source) == (35, 36, "Zuidoosthoeker")
    ledger.hear(number(2018, 36, source="Staatscourant", reason="Verschrijving"), date(2019, 1, 7))
    assert ledger.figures(date(2018, 12, 31)).target == 36
    assert ledger.figures(date(2018, 12, 31), known_on=date(2019, 1, 6)).target == 35
    assert differences(list(ledger.world.targets)) == []
    assert [t.reason for t in ledger.world.targets] == [None, None, "Verschrijving"]
